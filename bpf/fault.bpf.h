/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * fault.bpf.h: the life of a fault: open_fault() at the exception, mark()
 * while the kernel works on it, close_fault() when the kernel accounts it.
 * The doors in pfstat.bpf.c only call these.
 */
#ifndef PFSTAT_FAULT_BPF_H
#define PFSTAT_FAULT_BPF_H

#include "record.bpf.h"

/* include/linux/mm.h and mm_types.h; values unchanged from 5.10 to 7.3. */
#define VM_SHARED		0x8
#define VM_HUGETLB		0x400000
#define FAULT_FLAG_WRITE	0x1
#define FAULT_FLAG_TRIED	0x20
#define FAULT_FLAG_INSTRUCTION	0x100
#define VM_FAULT_SIGBUS		0x2
#define VM_FAULT_MAJOR		0x4
#define VM_FAULT_HWPOISON	0x30 /* and HWPOISON_LARGE */
#define VM_FAULT_SIGSEGV	0x40
#define VM_FAULT_RETRY		0x400
#define VM_FAULT_ERROR		0x873

/* include/linux/sched.h */
#define PF_MEMALLOC		0x800

/* arch/x86/include/asm/trap_pf.h */
#define X86_PF_PROT		0x1
#define X86_PF_WRITE		0x2
#define X86_PF_INSTR		0x10

/* At most 4 pages, 8 with KASAN; stacks have guard pages around them. */
#define THREAD_SIZE_MAX		32768

/*
 * True where do_user_addr_fault() will not handle the fault: page faults are
 * disabled, or this is an interrupt (faulthandler_disabled(), mm/memory.c).
 * Such a begin may come in the middle of an open fault and must not touch it.
 *
 * An interrupt is known by its stack: hard and soft interrupts and NMIs have
 * stacks of their own (x86, arm64), and regs lie on the stack that faulted.
 * preempt_count would say it, too, but it is a per-CPU symbol, which a kernel
 * without CONFIG_KALLSYMS_ALL does not resolve for BPF.
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

		/* The probe read disables page faults itself: one too high. */
		if (BPF_CORE_READ(task, pagefault_disabled) > 1)
			return true;
		stack = (unsigned long)BPF_CORE_READ(task, stack);
	}
	/* Two comparisons: up to 6.1 the verifier lets nobody subtract from a pointer. */
	end = stack + THREAD_SIZE_MAX;
	barrier_var(end);
	return (unsigned long)regs < stack || (unsigned long)regs >= end;
}

/* Only what is watched is read; the rest is compiled away by the verifier. */
static __always_inline void read_task_rss(struct task_rss *rss)
{
	struct task_struct *task;

	if (!cfg.task_btf) {
		task = (void *)bpf_get_current_task();
		bpf_core_read(rss, sizeof(*rss), &task->rss_stat);
		return;
	}
	task = bpf_get_current_task_btf();
	rss->events = task->rss_stat.events;
	if (ev_bit[EV_RSS_ANON])
		rss->anon = task->rss_stat.count[1];
	if (cfg.swap_by_rss)
		rss->swap = task->rss_stat.count[2];
	if (ev_bit[EV_RSS_FILE]) {
		rss->file = task->rss_stat.count[0];
		rss->shmem = task->rss_stat.count[3];
	}
}

/*
 * What the fault changed in the task's own page counts. Up to 6.1 they are
 * folded into the mm every 64 faults, at the start of handle_mm_fault
 * (check_sync_rss_stat), which clears events and counts: then the value at the
 * end is the difference. Doubtful: folded and no change, as the fold may have
 * come in the second call of a retried fault, after the change (5.10, where the
 * first write to a shared page is retried).
 */
static __always_inline u32 rss_evidence(const struct task_rss *begin, bool *doubtful)
{
	struct task_rss end = {};
	bool folded;
	u32 ev = 0;

	read_task_rss(&end);
	folded = end.events <= begin->events;
	if (ev_bit[EV_RSS_ANON] && end.anon > (folded ? 0 : begin->anon))
		ev |= ev_bit[EV_RSS_ANON];
	if (cfg.swap_by_rss && end.swap < (folded ? 0 : begin->swap))
		ev |= ev_bit[EV_SWAP];
	if (ev_bit[EV_RSS_FILE] && (end.file > (folded ? 0 : begin->file) ||
				    end.shmem > (folded ? 0 : begin->shmem)))
		ev |= ev_bit[EV_RSS_FILE];
	*doubtful = folded && !ev;
	return ev;
}

static __always_inline u32 vma_facts(unsigned long flags, const void *vm_ops)
{
	u32 ev = vm_ops ? ev_bit[EV_VMA_FILE] : ev_bit[EV_VMA_ANON];

	if (flags & VM_SHARED)
		ev |= ev_bit[EV_VMA_SHARED];
	if (flags & VM_HUGETLB)
		ev |= ev_bit[EV_HUGETLB];
	return ev;
}

static __always_inline u32 vma_evidence(struct vm_area_struct *vma)
{
	return vma_facts(vma->vm_flags, vma->vm_ops);
}

/* The same, for a pointer that the verifier does not know. */
static __always_inline u32 vma_evidence_probe(struct vm_area_struct *vma)
{
	return vma_facts(BPF_CORE_READ(vma, vm_flags), BPF_CORE_READ(vma, vm_ops));
}

/*
 * Up to 6.0 find_vma() leaves the VMA that it found in the task's own cache
 * (mm/vmacache.c), so the fault's VMA is there; no lock is needed to read it.
 */
static __always_inline u32 vmacache_evidence(u64 address)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	int i;

#pragma unroll
	for (i = 0; i < 4; i++) {
		struct vm_area_struct *vma = BPF_CORE_READ(task, vmacache.vmas[i]);

		if (vma && BPF_CORE_READ(vma, vm_start) <= address &&
		    address < BPF_CORE_READ(vma, vm_end))
			return vma_evidence_probe(vma);
	}
	return 0;
}

static long found_vma(struct task_struct *task, struct vm_area_struct *vma, u32 *ev)
{
	*ev = vma_evidence(vma);
	return 0;
}

/* The kernel's own look-up, by trylock: a hint that may fail (5.17). */
static __always_inline u32 find_vma_evidence(u64 address)
{
	u32 ev = 0;

	if (bpf_find_vma(bpf_get_current_task_btf(), address, found_vma, &ev, 0))
		count(TALLY_VMA_BUSY);
	return ev;
}

/* id as bpf_get_current_pid_tgid() gives it: the tid is its lower half. */
static __always_inline struct slot *slot_of(u64 id)
{
	return &slots[hist_below(id, NR_SLOTS)];
}

/* The slot of the current task's open fault; NULL when there is none. */
static __always_inline struct slot *slot_find(u64 id)
{
	struct slot *s = slot_of(id);
	u32 tid = id;

	if (s->tid == tid)
		return s;
	return overflow_live ? bpf_map_lookup_elem(&slots_overflow, &tid) : NULL;
}

static __always_inline void slot_free(struct slot *s, u32 tid)
{
	if (!s->in_overflow) {
		s->tid = 0;
		return;
	}
	if (!bpf_map_delete_elem(&slots_overflow, &tid))
		__sync_fetch_and_add(&overflow_live, -1);
}

/*
 * A record that the task left open: no end came for it. Either the fault never
 * reached handle_mm_fault's accounting (a bad address that no hook saw, a
 * signal while it retried), or the end program's run was missed.
 */
static __always_inline void record_leftover(struct slot *s)
{
	record_untimed(PATH_UNRESOLVED, s->state.origin, s->evidence);
}

static __noinline struct slot *slot_overflow(u32 tid)
{
	struct slot zero = { .tid = tid, .in_overflow = 1 };
	struct slot *s = bpf_map_lookup_elem(&slots_overflow, &tid);

	if (s) {
		record_leftover(s);
		return s;
	}
	if (bpf_map_update_elem(&slots_overflow, &tid, &zero, BPF_NOEXIST)) {
		count(TALLY_TABLE_FULL);
		return NULL;
	}
	__sync_fetch_and_add(&overflow_live, 1);
	return bpf_map_lookup_elem(&slots_overflow, &tid);
}

/*
 * A slot for a fault that begins now. cmpxchg, as two tasks whose tids share a
 * slot may begin at once on two CPUs; 5.10 to 5.11 have no such instruction
 * (atomics false): there the later writer wins, and the other one's end finds
 * no begin, which is counted.
 */
static __always_inline struct slot *slot_claim(u32 tid, bool atomics)
{
	struct slot *s = slot_of(tid);

	if (s->tid == tid) {
		record_leftover(s);
		return s;
	}
	if (s->tid || (overflow_live && bpf_map_lookup_elem(&slots_overflow, &tid)))
		return slot_overflow(tid);
	if (!atomics)
		s->tid = tid;
	else if (__sync_val_compare_and_swap(&s->tid, 0, tid))
		return slot_overflow(tid);
	return s;
}

/* A new life for a claimed slot. */
static __always_inline void slot_begin(struct slot *s, struct slot_state state, u32 evidence)
{
	s->state = state;
	s->evidence = evidence;
	if (cfg.task_rss)
		read_task_rss(&s->rss);
	s->start_ns = bpf_ktime_get_ns();
}

#define VSYSCALL_PAGE 0xffffffffff600000ull

static __always_inline bool is_kernel_half(u64 address)
{
	return (s64)address < 0;
}

static __always_inline int open_fault(u64 address, const void *regs, u64 error_code, u32 origin,
				       bool atomics)
{
	u32 tid = current_tid();
	u32 evidence = (error_code & (X86_PF_PROT | X86_PF_WRITE)) |
		       (error_code & X86_PF_INSTR) * (SLOT_EXEC / X86_PF_INSTR);
	struct slot *s;

	if (!is_target(tid))
		return 0;
	if (origin == ORIGIN_KERNEL && (!tid || faults_disabled(regs))) {
		record_untimed(PATH_FIXUP, origin, evidence);
		return 0;
	}
	/*
	 * Never reaches handle_mm_fault; may hold a whole fault inside (vsyscall
	 * emulation) or come inside one (spurious kernel fault). Another user access
	 * to the kernel half ends in a signal, which is waited for.
	 */
	if (is_kernel_half(address) &&
	    (origin == ORIGIN_KERNEL || (address & ~0xfffull) == VSYSCALL_PAGE)) {
		record_untimed(PATH_UNRESOLVED, origin, evidence);
		return 0;
	}

	s = slot_claim(tid, atomics);
	if (s)
		slot_begin(s, (struct slot_state){ .origin = origin }, evidence);
	return 0;
}

/* A fact was witnessed; counts only while a fault of this task is open. */
static __always_inline int mark(enum evidence fact)
{
	struct slot *s = slot_find(bpf_get_current_pid_tgid());

	if (s)
		s->evidence |= ev_bit[fact];
	return 0;
}

/*
 * The task reclaims memory in the middle of its fault: the pages that it unmaps
 * or allocates (zram) then are not the fault's.
 */
static __always_inline bool in_reclaim(void)
{
	struct task_struct *task;

	if (cfg.task_btf)
		return bpf_get_current_task_btf()->flags & PF_MEMALLOC;
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, flags) & PF_MEMALLOC;
}

static __always_inline int mark_alloc(bool zeroed)
{
	struct slot *s = slot_find(bpf_get_current_pid_tgid());

	if (s)
		s->evidence |= ev_bit[EV_ALLOC] | (zeroed ? ev_bit[EV_ALLOC_ZERO] : 0);
	return 0;
}

static __always_inline u32 classify(u32 evidence)
{
	return path_of[evidence & ((1 << EV_INDEX_BITS) - 1)];
}

/*
 * The kernel accounted the fault at address: name its path and record it.
 * with_find_vma: this program may call bpf_find_vma.
 */
static __always_inline void close_fault(struct slot *s, u32 tid, u64 now, u64 address, u32 major,
					bool with_find_vma)
{
	u32 evidence = s->evidence;
	bool doubtful = false;
	u32 path;

	if (major)
		evidence |= ev_bit[EV_MAJOR];
	path = classify(evidence);
	if (path >= PATH_NR && cfg.task_rss) {
		evidence |= ev_bit[EV_RSS_KNOWN] | rss_evidence(&s->rss, &doubtful);
		path = classify(evidence);
	}
	if (path >= PATH_NR || doubtful) {
		if (with_find_vma)
			evidence |= find_vma_evidence(address);
		else if (cfg.vma_source == VMA_CACHE)
			evidence |= vmacache_evidence(address);
		path = classify(evidence);
		if (path >= PATH_NR)
			path = PATH_UNCLASSIFIED;
	}
	record(s, path, major, now - s->start_ns);
	slot_free(s, tid);
}

/* The spine's end: mm_account_fault() fired the software event. */
static __always_inline int end_event(u64 address, u32 major, bool with_find_vma)
{
	u64 now = bpf_ktime_get_ns();
	u32 tid = current_tid();
	struct slot *s = slot_find(tid);

	if (!s || (cfg.gup && s->state.origin == ORIGIN_GUP)) {
		count(is_target(tid) ? TALLY_END_WITHOUT_BEGIN : TALLY_END_OF_OTHERS);
		return 0;
	}
	close_fault(s, tid, now, address, major, with_find_vma);
	return 0;
}

/* The fault failed at address: path says how. */
static __always_inline int fail_fault(u32 path)
{
	u64 now = bpf_ktime_get_ns();
	u32 tid = current_tid();
	struct slot *s = slot_find(tid);

	if (!s || s->state.origin == ORIGIN_GUP)
		return 0;
	record(s, path, 0, now - s->start_ns);
	slot_free(s, tid);
	return 0;
}

/* The same for a fault of kernel mode; one of user mode waits for its signal. */
static __always_inline int fail_kernel_fault(const void *regs)
{
	struct slot *s = slot_find(bpf_get_current_pid_tgid());

	if (!s || s->state.origin != ORIGIN_KERNEL || faults_disabled(regs))
		return 0;
	return fail_fault(PATH_BAD_ADDRESS);
}

/* handle_mm_fault was entered for an exception of this task (regs not NULL). */
static __always_inline int enter_mm_fault(u32 vma_ev)
{
	struct slot *s = slot_find(bpf_get_current_pid_tgid());

	if (!s)
		return 0;
	s->evidence |= vma_ev;
	s->state.in_mm_fault = 1;
	s->state.calls++;
	return 0;
}

/* ... and left again: completed (then the record is closed already), or not. */
static __always_inline int exit_mm_fault(void)
{
	struct slot *s = slot_find(bpf_get_current_pid_tgid());

	if (s)
		s->state.in_mm_fault = 0;
	return 0;
}

/*
 * handle_mm_fault was entered with no registers: get_user_pages and its kin.
 * A retry of the same fault says FAULT_FLAG_TRIED and keeps its record.
 */
static __always_inline int enter_gup(u32 vma_ev, u32 flags, bool atomics)
{
	u32 tid = current_tid();
	struct slot *s;

	if (!is_target(tid))
		return 0;
	s = slot_find(tid);
	if (s && s->state.origin == ORIGIN_GUP && (flags & FAULT_FLAG_TRIED)) {
		s->state.calls++;
		return 0;
	}
	if (s && s->state.origin != ORIGIN_GUP && s->state.in_mm_fault) {
		count(TALLY_GUP_NESTED);
		return 0;
	}
	s = slot_claim(tid, atomics);
	if (!s)
		return 0;
	slot_begin(s, (struct slot_state){ .origin = ORIGIN_GUP, .in_mm_fault = 1, .calls = 1 },
		   vma_ev | (flags & FAULT_FLAG_WRITE ? EV(WRITE) : 0) |
			   (flags & FAULT_FLAG_INSTRUCTION ? SLOT_EXEC : 0));
	return 0;
}

static __always_inline int exit_gup(u32 ret, u32 flags)
{
	u64 now = bpf_ktime_get_ns();
	u32 tid = current_tid();
	struct slot *s = slot_find(tid);

	if (!s || s->state.origin != ORIGIN_GUP)
		return 0;
	if (ret & VM_FAULT_MAJOR)
		s->state.major = 1;
	if (ret & VM_FAULT_ERROR) {
		record(s, ret & (VM_FAULT_SIGBUS | VM_FAULT_HWPOISON) ? PATH_SIGBUS :
			  ret & VM_FAULT_SIGSEGV		      ? PATH_BAD_ADDRESS :
									PATH_UNRESOLVED,
		       0, now - s->start_ns);
		slot_free(s, tid);
		return 0;
	}
	if (ret & VM_FAULT_RETRY)
		return 0;
	/* mm_account_fault(): a retried fault counts as major. */
	close_fault(s, tid, now, 0, s->state.major || (flags & FAULT_FLAG_TRIED), false);
	return 0;
}

#endif
