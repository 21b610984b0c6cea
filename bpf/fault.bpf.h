/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * fault.bpf.h: the life of a fault: open_fault() at the exception, probes (probes.bpf.h)
 * while the kernel handles it, close_fault() when the kernel accounts it, or fail_fault()
 * when it fails.
 */
#ifndef PFSTAT_BPF_FAULT_BPF_H
#define PFSTAT_BPF_FAULT_BPF_H

#include "causes.bpf.h"
#include "detail.bpf.h"
#include "filter.bpf.h"
#include "inflight.bpf.h"
#include "record.bpf.h"
#include "vma.bpf.h"

/* include/uapi/asm-generic/siginfo.h and signal.h */
#define SIGBUS        7
#define SIGKILL       9
#define SIGSEGV       11
#define SEGV_MAPERR   1
#define BUS_MCEERR_AR 4

/* arch/x86/include/asm/trap_pf.h */
#define X86_PF_PROT  0x1
#define X86_PF_WRITE 0x2
#define X86_PF_INSTR 0x10

/* At most 4 pages, 8 with KASAN; stacks have guard pages around them. */
#define THREAD_SIZE_MAX 32768

/*
 * True where do_user_addr_fault() will not handle the fault: page faults are
 * disabled, or this is an interrupt (faulthandler_disabled(), mm/memory.c).
 * Such a begin may come during an open fault and must not touch it.
 *
 * An interrupt is recognised by its stack: hard and soft interrupts and NMIs run on
 * separate stacks (x86, arm64), and regs are on the stack that faulted. preempt_count
 * would do, too, but it is a per-CPU symbol, which a kernel without CONFIG_KALLSYMS_ALL
 * does not resolve for BPF.
 */
static __always_inline bool faults_disabled(const void *regs)
{
	unsigned long stack, end;

	if (cfg.task_btf) {
		struct task_struct *task = bpf_get_current_task_btf();

		if (task->pagefault_disabled)
			return true;
		stack = (unsigned long)task->stack;
	} else {
		struct task_struct *task = (void *)bpf_get_current_task();

		/* The probe read itself disables page faults: one too high. */
		if (BPF_CORE_READ(task, pagefault_disabled) > 1)
			return true;
		stack = (unsigned long)BPF_CORE_READ(task, stack);
	}
	/* Two comparisons: up to 6.1 the verifier refuses to subtract from a pointer. */
	end = stack + THREAD_SIZE_MAX;
	barrier_var(end);
	return (unsigned long)regs < stack || (unsigned long)regs >= end;
}

#define VSYSCALL_PAGE 0xffffffffff600000ull

/* Is it a fault of the kernel's stack walk for the trace or the profile? */
static __always_inline bool is_own_walk(u32 tid)
{
	struct inflight *s;

	if (!cfg.trace_stacks && !cfg.profile)
		return false;
	s = inflight_find(tid);
	if (!s || !s->state.walking)
		return false;
	count(TALLY_STACK_WALK);
	return true;
}

static __always_inline u32 error_code_evidence(u64 error_code)
{
	return (error_code & (X86_PF_PROT | X86_PF_WRITE)) |
	       (error_code & X86_PF_INSTR) * (INFLIGHT_EXEC / X86_PF_INSTR);
}

static __always_inline int open_any_fault(u64 address, struct pt_regs *regs, u64 error_code,
					  u32 origin, bool atomics)
{
	u32 tid = current_tid();
	u32 evidence = error_code_evidence(error_code);
	struct inflight *s;

	if (!is_measured(tid, origin == ORIGIN_KERNEL))
		return 0;
	/*
	 * Spurious, or fixed up at once: never reaches handle_mm_fault, and may come
	 * during an open fault, which it must not touch. Tested first, as page faults
	 * are disabled in copy_from_kernel_nofault, too.
	 */
	if (origin == ORIGIN_KERNEL && is_kernel_half(address)) {
		record_untimed(PATH_KERN_ADDR, origin, 0, evidence, address);
		return 0;
	}
	if (origin == ORIGIN_KERNEL && (!tid || faults_disabled(regs))) {
		if (!is_own_walk(tid))
			record_untimed(PATH_FIXUP, origin, 0, evidence, address);
		return 0;
	}
	if (is_kernel_half(address)) {
		/* Ends in a signal, except on the vsyscall page, where the call is emulated. */
		evidence |= (address & ~0xfffull) == VSYSCALL_PAGE ? INFLIGHT_PATH(PATH_VSYSCALL) :
								     INFLIGHT_PATH(PATH_KERN_ADDR);
	}

	s = inflight_claim(tid, atomics);
	if (!s)
		return begin_unrecorded(tid, origin);
	if (cfg.details)
		detail_begin(s, tid, address, PT_REGS_IP(regs));
	inflight_begin(s, (struct inflight_state){ .origin = origin }, evidence);
	return 0;
}

/* Not inlined, to keep their registers out of the programs that every fault runs. */
static __noinline int open_rare_fault(u64 address, struct pt_regs *regs, u64 error_code, u32 origin)
{
	return open_any_fault(address, regs, error_code, origin, true);
}

static __noinline int open_rare_fault_plain(u64 address, struct pt_regs *regs, u64 error_code,
					    u32 origin)
{
	return open_any_fault(address, regs, error_code, origin, false);
}

static __always_inline u32 plain_tid(u32 plain)
{
	return plain & PLAIN_TID ? (u32)bpf_get_current_task_btf()->pid :
				   (u32)bpf_get_current_pid_tgid();
}

/*
 * Begins a plain fault of user mode, if the element of its thread is free and nothing is in the
 * overflow table: nearly always. false: open_any_fault() has to see to it.
 */
static __always_inline bool open_plain_fault(u32 plain, u32 tid, u64 error_code, bool atomics)
{
	struct inflight *s = inflight_at(tid);

	/* Its address stays in a register. */
	barrier_var(s);
	if (s->tid || overflow_live)
		return false;
	if (!atomics)
		s->tid = tid;
	else if (__sync_val_compare_and_swap(&s->tid, 0, tid))
		return false;
	s->state = (struct inflight_state){ .origin = ORIGIN_USER };
	s->evidence = error_code_evidence(error_code);
	if (plain & PLAIN_RSS_ANON)
		s->rss.anon = bpf_get_current_task_btf()->rss_stat.count[1];
	else if (plain & PLAIN_RSS)
		read_task_rss(&s->rss);
	s->start_ns = bpf_ktime_get_ns();
	return true;
}

/* The plain fault of user mode here, all others and all options in open_any_fault(). */
static __always_inline int open_fault(u64 address, struct pt_regs *regs, u64 error_code, u32 origin,
				      bool atomics)
{
	const u32 plain = origin == ORIGIN_USER ? cfg.plain : 0;
	u32 tid;

	if (plain & PLAIN_BEGIN && !is_kernel_half(address)) {
		tid = plain_tid(plain);
		if (plain & PLAIN_FILTER && !is_target(tid))
			return 0;
		if (open_plain_fault(plain, tid, error_code, atomics))
			return 0;
	}
	return atomics ? open_rare_fault(address, regs, error_code, origin) :
			 open_rare_fault_plain(address, regs, error_code, origin);
}

/*
 * The call of the vsyscall page is being emulated: no end will come, and the
 * emulation may cause a fault of kernel mode.
 */
static __always_inline int emulate_vsyscall(void)
{
	u32 tid = current_tid();
	struct inflight *s = inflight_find(tid);

	if (!s || s->evidence >> INFLIGHT_PATH_SHIFT != PATH_VSYSCALL + 1)
		return 0;
	record_untimed(PATH_VSYSCALL, ORIGIN_USER, 0, s->evidence, inflight_address(s));
	inflight_free(s, tid);
	return 0;
}

/*
 * Without a hook on handle_userfault: did the fault wait for the handler of a
 * userfaultfd? The VMA decides then. do_anonymous_page allocates a page before it calls
 * the handler, so the evidence is that of any first write. But the fault is retried: up
 * to 6.3 it is major, and from 6.4 on it takes mmap_lock after its VMA's lock (user
 * mode) or takes it twice.
 */
static __always_inline bool may_have_waited_for_handler(const struct inflight *s, u32 path,
							u32 major)
{
	if (!cfg.uffd_by_vma || path != PATH_ANON)
		return false;
	return major || s->state.notes & NOTE_MMAP_AGAIN ||
	       (s->state.notes & NOTE_MMAP_LOCK && s->state.origin == ORIGIN_USER);
}

/* Without a hook on task_numa_fault: INFLIGHT_PATH() of the NUMA hint, or 0. */
static __always_inline u32 numa_evidence(const struct inflight *s)
{
	u32 pages = numa_pages(), begin = s->numa_pages;

	if (pages == begin)
		return 0;
	/* Fewer: the counts were reset just before these were added. */
	return (pages > begin ? pages - begin : pages) < 1u << PMD_ORDER ?
		       INFLIGHT_PATH(PATH_NUMA) :
		       INFLIGHT_PATH(PATH_THP_NUMA);
}

/* The path of a completed fault that the table does not name. ask: read the VMA, too. */
static __always_inline u32 rare_path(struct inflight *s, u32 evidence, u64 address, u32 major,
				     bool ask, bool with_find_vma)
{
	u32 path;

	if (cfg.numa_by_task && s->state.origin != ORIGIN_GUP && !(evidence >> INFLIGHT_PATH_SHIFT))
		evidence |= numa_evidence(s);
	path = classify(evidence);
	if (evidence >> INFLIGHT_PATH_SHIFT)
		return path;
	if (ask || path >= PATH_NR || may_have_waited_for_handler(s, path, major)) {
		if (with_find_vma)
			evidence |= find_vma_evidence(address, evidence);
		else if (cfg.vma_source == VMA_CACHE)
			evidence |= vmacache_evidence(address, evidence);
		path = classify(evidence);
	}
	return path < PATH_NR ? path : PATH_UNCLASSIFIED;
}

/* Not inlined, to keep their registers out of the programs that every fault runs. */
static __noinline u32 rare_path_find(struct inflight *s, u32 evidence, u64 address, u32 major,
				     u32 ask)
{
	return rare_path(s, evidence, address, major, ask, true);
}

static __noinline u32 rare_path_plain(struct inflight *s, u32 evidence, u64 address, u32 major,
				      u32 ask)
{
	return rare_path(s, evidence, address, major, ask, false);
}

/*
 * The kernel accounted the fault at address: name its path and record it.
 * with_find_vma: this program may call bpf_find_vma.
 */
static __always_inline void close_fault(void *ctx, struct inflight *s, u32 tid, u64 now,
					u64 address, u32 major, bool with_find_vma)
{
	u32 evidence = s->evidence;
	bool doubtful = false;
	u32 path, notes = 0;

	/* Before bpf_find_vma(), which takes mmap_lock itself. */
	if (evidence >> INFLIGHT_RARE_SHIFT)
		notes = s->state.notes;
	if (major)
		evidence |= ev_bit[EV_MAJOR];
	path = path_of[evidence & INFLIGHT_INDEX_MASK];
	if (path >= PATH_NR && cfg.task_rss) {
		evidence |= ev_bit[EV_RSS_KNOWN] | rss_evidence(&s->rss, &doubtful);
		path = path_of[evidence & INFLIGHT_INDEX_MASK];
	}
	if (path >= PATH_NR || doubtful || major || evidence >> INFLIGHT_RARE_SHIFT)
		path = with_find_vma ? rare_path_find(s, evidence, address, major, doubtful) :
				       rare_path_plain(s, evidence, address, major, doubtful);
	record(ctx, s, path, major, now - s->start_ns, notes);
	inflight_free(s, tid);
}

/*
 * An end without a struct inflight: its begin found no room, or was not seen. With inherited events
 * and measured children, a task that is not a target is a child that was missed at its fork: the
 * kernel skips the fork hook if it was preempted in it (7.x), or the fork came while pfstat
 * attached. Its later faults are measured.
 */
static __always_inline void end_without_begin(u32 tid, u32 major)
{
	/* A function ends the faults of all tasks, and from before the begin is attached. */
	if (cfg.end_by_function && (!measuring || !is_target(tid)))
		return;
	if (overflow_live && end_unrecorded(tid, PATH_UNCLASSIFIED, major)) {
		count(TALLY_TABLE_FULL);
	} else if (is_target(tid)) {
		count(is_measured(tid, true) ? TALLY_END_WITHOUT_BEGIN : TALLY_END_OF_OTHERS);
	} else if (cfg.inherit_children && cfg.end_by_task) {
		set_target(tid, true);
		count(TALLY_END_WITHOUT_BEGIN);
	} else {
		count(TALLY_END_OF_OTHERS);
	}
}

static __always_inline int end_any_fault(void *ctx, u64 now, u64 address, u32 major,
					 bool with_find_vma)
{
	u32 tid = current_tid();
	struct inflight *s = inflight_find(tid);

	if (!s || (cfg.gup && s->state.origin == ORIGIN_GUP)) {
		end_without_begin(tid, major);
		return 0;
	}
	close_fault(ctx, s, tid, now, address, major, with_find_vma);
	return 0;
}

static __noinline int end_rare_fault(void *ctx, u64 now, u64 address, u32 major)
{
	return end_any_fault(ctx, now, address, major, true);
}

static __noinline int end_rare_fault_plain(void *ctx, u64 now, u64 address, u32 major)
{
	return end_any_fault(ctx, now, address, major, false);
}

/* In evidence: hooks have run, or it is rare. */
#define NOT_ONLY_ACCESS (~(X86_PF_PROT | X86_PF_WRITE | INFLIGHT_EXEC))

/* The facts of a plain fault. Up to 6.1 a new anonymous page shows in the task's count only. */
static __always_inline u32 plain_evidence(u32 plain, const struct inflight *s)
{
	u32 evidence = s->evidence;

	if (plain & PLAIN_RSS_ANON && !(evidence & NOT_ONLY_ACCESS) &&
	    bpf_get_current_task_btf()->rss_stat.count[1] > s->rss.anon)
		evidence |= cfg.plain_rss_evidence;
	return evidence;
}

/* Ends the fault if it is a plain one: its facts alone name its path, and it has no notes. */
static __always_inline bool end_plain_fault(u32 plain, struct inflight *s, u64 now)
{
	u32 evidence = plain_evidence(plain, s), path;

	if (evidence >> INFLIGHT_RARE_SHIFT)
		return false;
	path = path_of[evidence & INFLIGHT_INDEX_MASK];
	if (path >= PATH_NR)
		return false;
	record_plain(s, path, now - s->start_ns, plain & PLAIN_GROUPS);
	s->tid = 0;
	return true;
}

/*
 * The kernel accounted a fault of the current task: the plain minor one here, all others and all
 * options in end_any_fault().
 */
static __always_inline int end_event(void *ctx, u64 address, u32 major, bool with_find_vma)
{
	const u32 plain = cfg.plain;
	u64 now = bpf_ktime_get_ns();
	struct inflight *s;
	u32 tid;

	if (plain & PLAIN_END && !major) {
		tid = plain_tid(plain);
		s = inflight_at(tid);
		barrier_var(s);
		if (s->tid == tid && end_plain_fault(plain, s, now))
			return 0;
	}
	return with_find_vma ? end_rare_fault(ctx, now, address, major) :
			       end_rare_fault_plain(ctx, now, address, major);
}

/* The open fault failed, with path. */
static __always_inline int fail_fault(void *ctx, u32 path)
{
	u32 tid = current_tid();
	struct inflight *s = inflight_find(tid);
	u64 now;

	if (!s)
		return fail_unrecorded(tid, path);
	if (s->state.origin == ORIGIN_GUP)
		return 0;
	stop_causes(tid);
	now = bpf_ktime_get_ns();
	if (path == PATH_BAD_ADDRESS) {
		if (s->evidence >> INFLIGHT_PATH_SHIFT == PATH_KERN_ADDR + 1)
			path = PATH_KERN_ADDR;
		else if (s->evidence & ev_bit[EV_SPECIAL] && s->state.origin == ORIGIN_USER)
			path = PATH_GUARD_PAGE;
	}
	record(ctx, s, path, 0, now - s->start_ns, s->state.notes);
	inflight_free(s, tid);
	return 0;
}

/* The same for a fault of kernel mode; one of user mode ends at its signal. */
static __always_inline int fail_kernel_fault(void *ctx, const void *regs, u32 path)
{
	struct inflight *s = inflight_find(current_tid());

	if (!s || s->state.origin != ORIGIN_KERNEL || faults_disabled(regs))
		return 0;
	return fail_fault(ctx, path);
}

/*
 * The signal says that there is no mapping. A guard page (7.x) has one; looked up where
 * no function distinguished the two.
 */
static __always_inline u32 maperr_path(struct inflight *s, struct kernel_siginfo *info,
				       bool with_find_vma)
{
	u32 evidence, notes = s->state.notes;
	u64 address = 0;

	if (!with_find_vma || ev_bit[EV_SPECIAL])
		return PATH_BAD_ADDRESS;
	bpf_core_read(&address, sizeof(address), &info->_sifields._sigfault._addr);
	evidence = find_vma_evidence(address, 0);
	/* The look-up takes mmap_lock, which the fault did not. */
	s->state.notes = notes;
	return evidence && !is_kernel_half(address) ? PATH_GUARD_PAGE : PATH_BAD_ADDRESS;
}

/* The kernel sends the current task a signal for the access that it just made. */
static __always_inline int fault_signal(void *ctx, int sig, struct kernel_siginfo *info,
					bool with_find_vma)
{
	struct inflight *s = inflight_find(current_tid());
	int code = 0;
	u32 path;

	/* A failed access of kernel mode sends no signal: this one has another reason. */
	if (!s || s->state.origin != ORIGIN_USER)
		return 0;
	bpf_core_read(&code, sizeof(code), &info->si_code);
	if (code <= 0)
		return 0;
	if (sig == SIGBUS)
		path = code == BUS_MCEERR_AR ? PATH_HWPOISON : PATH_SIGBUS;
	else if (code != SEGV_MAPERR)
		path = PATH_BAD_ACCESS;
	else
		path = maperr_path(s, info, with_find_vma);
	return fail_fault(ctx, path);
}

/*
 * A signal is delivered to the current task: its open fault of user mode gave up
 * waiting (fault_signal_pending(), VM_FAULT_RETRY).
 */
static __always_inline int interrupt_fault(int sig)
{
	u32 tid = current_tid();
	struct inflight *s = inflight_find(tid);
	u32 path = sig == SIGKILL ? PATH_KILLED : PATH_INTERRUPTED;

	if (!s)
		return fail_unrecorded(tid, path);
	/* Untimed: if its end program was skipped, it ended long ago. */
	record_leftover_as(s, path);
	inflight_free(s, tid);
	return 0;
}

#endif
