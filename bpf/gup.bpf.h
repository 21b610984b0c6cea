/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * gup.bpf.h: handle_mm_fault itself, hooked with --gup: its calls for an exception,
 * and the faults of get_user_pages and similar functions, which raise none.
 */
#ifndef PFSTAT_BPF_GUP_BPF_H
#define PFSTAT_BPF_GUP_BPF_H

#include "fault.bpf.h"
#include "inflight.bpf.h"
#include "probes.bpf.h"
#include "record.bpf.h"

/* include/linux/mm_types.h; values unchanged from 5.10 to 7.3. */
#define FAULT_FLAG_WRITE       0x1
#define FAULT_FLAG_TRIED       0x20
#define FAULT_FLAG_INSTRUCTION 0x100
#define VM_FAULT_OOM           0x1
#define VM_FAULT_SIGBUS        0x2
#define VM_FAULT_MAJOR         0x4
#define VM_FAULT_HWPOISON      0x30 /* and HWPOISON_LARGE */
#define VM_FAULT_SIGSEGV       0x40
#define VM_FAULT_RETRY         0x400
#define VM_FAULT_ERROR         0x873

/* handle_mm_fault was entered for an exception of this task (regs not NULL). */
static __always_inline int enter_mm_fault(u32 vma_ev)
{
	struct inflight *s = inflight_find(current_tid());

	if (!s)
		return 0;
	s->evidence |= vma_ev;
	s->state.in_mm_fault = 1;
	s->state.calls++;
	return 0;
}

/* ... and returned: the fault is complete (then it is recorded already), or not. */
static __always_inline int exit_mm_fault(void)
{
	return ON_OPEN_FAULT(s, s->state.in_mm_fault = 0);
}

/*
 * handle_mm_fault was entered without registers: get_user_pages and similar functions.
 * A retry of the same fault has FAULT_FLAG_TRIED and stays the same fault.
 */
static __always_inline int enter_gup(struct vm_area_struct *vma, u32 vma_ev, u64 address, u32 flags,
				     bool atomics)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 tid = current_tid();
	struct inflight *s;

	if (!is_measured(tid, true))
		return 0;
	s = inflight_find(tid);
	if (s && s->state.origin == ORIGIN_GUP && (flags & FAULT_FLAG_TRIED) &&
	    !(cfg.gup_by_lookup && gup_accounted(s))) {
		s->state.calls++;
		return 0;
	}
	/* Where its return is not seen, in_mm_fault only says that it was entered once. */
	if (s && s->state.origin != ORIGIN_GUP && s->state.in_mm_fault && !cfg.gup_by_lookup) {
		count(TALLY_GUP_NESTED);
		return 0;
	}
	s = inflight_claim(tid, atomics);
	if (!s) {
		record_untimed(PATH_UNRESOLVED, ORIGIN_GUP, 0, 0, address);
		return 0;
	}
	/* Of another process: process_vm_readv(2), ptrace(2), /proc/PID/mem. */
	if (cfg.details && BPF_CORE_READ(vma, vm_mm) != BPF_CORE_READ(task, mm))
		address += ADDRESS_OF_OTHER;
	if (cfg.details)
		detail_begin(s, tid, address, 0);
	inflight_begin(
		s, (struct inflight_state){ .origin = ORIGIN_GUP, .in_mm_fault = 1, .calls = 1 },
		vma_ev | (flags & FAULT_FLAG_WRITE ? EV(WRITE) : 0) |
			(flags & FAULT_FLAG_INSTRUCTION ? INFLIGHT_EXEC : 0));
	if (cfg.gup_by_lookup)
		read_task_flt(&s->gup.min_flt, &s->gup.maj_flt);
	return 0;
}

/*
 * Where the return of handle_mm_fault is not seen: get_user_pages looks the page
 * up again as soon as the fault is handled.
 */
static __always_inline int gup_lookup(void *ctx)
{
	u64 now = bpf_ktime_get_ns();
	u32 tid = current_tid();
	struct inflight *s = inflight_find(tid);
	enum gup_end end;

	if (!s || s->state.origin != ORIGIN_GUP)
		return 0;
	end = gup_accounted(s);
	if (end)
		close_fault(ctx, s, tid, now, inflight_address(s), end == GUP_MAJOR, false);
	return 0;
}

/*
 * A new call of get_user_pages begins: a fault that an earlier call left open has no
 * end, and must not end at the first look-up of this call.
 */
static __always_inline int gup_call(void *ctx)
{
	u32 tid = current_tid();
	struct inflight *s = inflight_find(tid);

	if (!s || s->state.origin != ORIGIN_GUP)
		return 0;
	record_leftover(s);
	inflight_free(s, tid);
	return 0;
}

/* The end of completed faults where perf events are refused. */
static __always_inline int exit_fault(void *ctx, u64 address, u32 ret, u32 flags,
				      bool with_find_vma)
{
	if (ret & (VM_FAULT_RETRY | VM_FAULT_ERROR))
		return exit_mm_fault();
	stop_causes(current_tid());
	return end_event(ctx, address, (ret & VM_FAULT_MAJOR) || (flags & FAULT_FLAG_TRIED),
			 with_find_vma);
}

static __always_inline u32 failed_path(u32 ret)
{
	if (ret & VM_FAULT_HWPOISON)
		return PATH_HWPOISON;
	if (ret & VM_FAULT_SIGBUS)
		return PATH_SIGBUS;
	if (ret & VM_FAULT_SIGSEGV)
		return PATH_BAD_ADDRESS;
	return ret & VM_FAULT_OOM ? PATH_OOM : PATH_UNRESOLVED;
}

static __always_inline int exit_gup(void *ctx, u32 ret, u32 flags)
{
	u32 tid = current_tid();
	struct inflight *s = inflight_find(tid);
	u64 now;

	if (!s || s->state.origin != ORIGIN_GUP)
		return 0;
	if (!(ret & VM_FAULT_RETRY))
		stop_causes(tid);
	now = bpf_ktime_get_ns();
	if (ret & VM_FAULT_MAJOR)
		s->state.major = 1;
	if (ret & VM_FAULT_ERROR) {
		record(ctx, s, failed_path(ret), 0, now - s->start_ns, s->state.notes);
		inflight_free(s, tid);
		return 0;
	}
	if (ret & VM_FAULT_RETRY)
		return 0;
	/* mm_account_fault(): a retried fault counts as major. */
	close_fault(ctx, s, tid, now, inflight_address(s),
		    s->state.major || (flags & FAULT_FLAG_TRIED), false);
	return 0;
}

#endif
