// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * pfstat.bpf.c: the programs. Each is a few lines that name its hook and call
 * fault.bpf.h, probes.bpf.h or gup.bpf.h. User space loads only the programs that its
 * plan names (src/probe/plan.c).
 */
#include "causes.bpf.h"
#include "cgroup_counters.bpf.h"
#include "end_sw_event.bpf.h"
#include "exec.bpf.h"
#include "exit_counters.bpf.h"
#include "fault.bpf.h"
#include "groups.bpf.h"
#include "gup.bpf.h"
#include "probes.bpf.h"
#include "slab.bpf.h"
#include "stack_table.bpf.h"
#include "worker_mm.bpf.h"
#include "shared/hook_rows.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* kind: BPF_PROG or BPF_KPROBE; args: up to the last argument that call reads. */
#define PROGRAM(section, kind, name, call, args...)                                                \
	SEC(section)                                                                               \
	int kind(name, ##args)                                                                     \
	{                                                                                          \
		return call;                                                                       \
	}

/* Programs of a function, and of a tracepoint. */
#define FENTRY(function, name, call, args...)                                                      \
	PROGRAM("fentry/" #function, BPF_PROG, name, call, ##args)
#define KPROBE(function, name, call, args...)                                                      \
	PROGRAM("kprobe/" #function, BPF_KPROBE, name, call, ##args)
#define PROGRAMS(function, call, args...)                                                          \
	FENTRY(function, fentry_##function, call, ##args)                                          \
	KPROBE(function, kprobe_##function, call, ##args)
#define TRACEPOINT(tracepoint, program, call, args...)                                             \
	PROGRAM("tp_btf/" #tracepoint, BPF_PROG, program, call, ##args)

/*
 * Begin. Interrupts are off in both tracepoints. The plain variant is for
 * kernels without atomic compare and exchange in BPF (before 5.12).
 */
#define BEGIN_PROGRAM(mode, name, origin, atomics)                                                 \
	TRACEPOINT(page_fault_##mode, name,                                                        \
		   open_fault(address, regs, error_code, origin, atomics), unsigned long address,  \
		   struct pt_regs *regs, unsigned long error_code)
#define BEGIN_PROGRAMS(suffix, atomics)                                                            \
	BEGIN_PROGRAM(user, begin_user##suffix, ORIGIN_USER, atomics)                              \
	BEGIN_PROGRAM(kernel, begin_kernel##suffix, ORIGIN_KERNEL, atomics)

BEGIN_PROGRAMS(, true)
BEGIN_PROGRAMS(_plain, false)

/*
 * End: software events page-faults-min and -maj, which mm_account_fault()
 * fires last thing in handle_mm_fault. The _vma variants may call
 * bpf_find_vma; a kernel without it refuses them.
 */
#define END_PROGRAM(name, major, with_find_vma)                                                    \
	SEC("perf_event")                                                                          \
	int name(struct bpf_perf_event_data *ctx)                                                  \
	{                                                                                          \
		return end_event(ctx, ctx->addr, major, with_find_vma);                            \
	}
#define END_PROGRAMS(suffix, with_find_vma)                                                        \
	END_PROGRAM(end_minor##suffix, 0, with_find_vma)                                           \
	END_PROGRAM(end_major##suffix, 1, with_find_vma)

END_PROGRAMS(, false)
END_PROGRAMS(_vma, true)

/* Probes; see shared/hook_rows.h. */
#define PROBE_PROGRAMS(function, fact) PROGRAMS(function, probe_fact(EV_##fact))
#define COPY_PROGRAMS(function, fact)  PROGRAMS(function, probe_copy())
#define PATH_PROGRAMS(function, path)  PROGRAMS(function, probe_path(PATH_##path))

PROBE_HOOKS(PROBE_PROGRAMS)
COPY_HOOKS(COPY_PROGRAMS)
PATH_HOOKS(PATH_PROGRAMS)

#define VMF_PROGRAMS(function, fact)                                                               \
	FENTRY(function, fentry_##function,                                                        \
	       ON_OPEN_FAULT(s, probe_vmf(s, vmf, ev_bit[EV_##fact] | vma_evidence(vmf->vma),      \
					  vmf->vma->vm_flags)),                                    \
	       struct vm_fault *vmf)                                                               \
	KPROBE(function, kprobe_##function,                                                        \
	       ON_OPEN_FAULT(s, probe_vmf_kprobe(s, vmf, ev_bit[EV_##fact])),                      \
	       struct vm_fault *vmf)

VMF_HOOKS(VMF_PROGRAMS)

PROGRAMS(do_swap_page, probe_swap(BPF_CORE_READ(vmf, orig_pte.pte)), struct vm_fault *vmf)
PROGRAMS(handle_userfault, probe_userfault(reason), struct vm_fault *vmf, unsigned long reason)
/* Small pages may map a folio of that size: then do_huge_pmd_numa_page decides. */
PROGRAMS(task_numa_fault,
	 probe_path(cfg.huge_by_pages &&pages >= 1 << PMD_ORDER ? PATH_THP_NUMA : PATH_NUMA),
	 int last_cpupid, int node, int pages)
PROGRAMS(do_set_pmd, probe_set_pmd(vmf), struct vm_fault *vmf)
/* expand_stack does the same on 5.10 only; since 6.1 another function has that name. */
PROGRAMS(expand_stack_locked, note_stack())
PROGRAMS(expand_stack, note_stack())
PROGRAMS(lock_mm_and_find_vma, note_mmap_lock())
PROGRAMS(pagefault_out_of_memory, fail_fault(ctx, PATH_OOM))

/*
 * handle_mm_fault itself: counts its calls, sees the VMA, and is the only function
 * where get_user_pages faults (regs NULL) can be timed.
 */
#define MM_FAULT_ARGS                                                                              \
	struct vm_area_struct *vma, unsigned long address, unsigned int flags, struct pt_regs *regs
#define ENTER(evidence, atomics)                                                                   \
	regs ? enter_mm_fault(evidence) : enter_gup(vma, evidence, address, flags, atomics)

FENTRY(handle_mm_fault, fentry_handle_mm_fault, ENTER(vma_evidence(vma), true), MM_FAULT_ARGS)
FENTRY(handle_mm_fault, fentry_handle_mm_fault_plain, ENTER(vma_evidence(vma), false),
       MM_FAULT_ARGS)

#define FEXIT(name, completed)                                                                     \
	PROGRAM("fexit/handle_mm_fault", BPF_PROG, name,                                           \
		regs ? completed : exit_gup(ctx, ret, flags), MM_FAULT_ARGS, unsigned int ret)

FEXIT(fexit_handle_mm_fault, exit_mm_fault())
/*
 * The end where perf events are refused: of completed faults only, as with the
 * software events.
 */
FEXIT(fexit_end, exit_fault(ctx, address, ret, flags, false))
FEXIT(fexit_end_vma, exit_fault(ctx, address, ret, flags, true))

/* By kprobe no return is seen: a get_user_pages fault ends where the page is looked up again. */
KPROBE(handle_mm_fault, kprobe_handle_mm_fault, ENTER(vma_evidence_probe(vma), true), MM_FAULT_ARGS)
KPROBE(handle_mm_fault, kprobe_handle_mm_fault_plain, ENTER(vma_evidence_probe(vma), false),
       MM_FAULT_ARGS)

#define LOOKUP_PROGRAM(function, call) KPROBE(function, kprobe_##function, call(ctx))

LOOKUP_HOOKS(LOOKUP_PROGRAM)

/*
 * Failures. A synchronous SIGSEGV or SIGBUS (si_code > 0: sent by the kernel) ends a
 * fault of user mode. A failed access of kernel mode sends no signal (EFAULT); it ends
 * at bad_area*(), where functions can be hooked. The delivery of any signal ends a fault
 * that gave up waiting.
 */
#define SIGNAL_PROGRAM(suffix, with_find_vma)                                                      \
	SEC("tp_btf/signal_generate")                                                              \
	int BPF_PROG(signal_generate##suffix, int sig, struct kernel_siginfo *info,                \
		     struct task_struct *task)                                                     \
	{                                                                                          \
		/* SEND_SIG_NOINFO and SEND_SIG_PRIV are 0 and 1: not pointers. */                 \
		if ((sig != SIGSEGV && sig != SIGBUS) || (unsigned long)info <= 1 ||               \
		    (u32)task->pid != current_tid())                                               \
			return 0;                                                                  \
		return fault_signal(ctx, sig, info, with_find_vma);                                \
	}

SIGNAL_PROGRAM(, false)
SIGNAL_PROGRAM(_vma, true)

TRACEPOINT(signal_deliver, signal_deliver, interrupt_fault(sig), int sig)

PROGRAMS(bad_area_nosemaphore, fail_kernel_fault(ctx, regs, PATH_BAD_ADDRESS), struct pt_regs *regs)
PROGRAMS(bad_area_access_error, fail_kernel_fault(ctx, regs, PATH_BAD_ACCESS), struct pt_regs *regs)
/* 5.10 only: for an address in no VMA. */
PROGRAMS(bad_area, fail_kernel_fault(ctx, regs, PATH_BAD_ADDRESS), struct pt_regs *regs)

TRACEPOINT(emulate_vsyscall, tp_emulate_vsyscall, emulate_vsyscall())

/* From 6.4 on a fault takes mmap_lock only when the lock of its VMA did not do. */
SEC("tp_btf/mmap_lock_acquire_returned")
int BPF_PROG(tp_mmap_lock_acquire_returned)
{
	if (cfg.lock_cause_here)
		end_cause(CAUSE_LOCK);
	return cfg.lock_by_tracepoint ? note_mmap_lock() : 0;
}

/* Where a cause begins or ends. */
#define CAUSE_PROGRAM(tracepoint, cause, which)                                                    \
	TRACEPOINT(tracepoint, tp_##tracepoint, which##_cause(CAUSE_##cause))

CAUSE_HOOKS(CAUSE_PROGRAM)

/* These fire for all kinds of locks, when a task has to wait. */
TRACEPOINT(contention_begin, tp_contention_begin, is_mmap_lock(lock) ? begin_cause(CAUSE_LOCK) : 0,
	   void *lock)

TRACEPOINT(contention_end, tp_contention_end, is_mmap_lock(lock) ? end_cause(CAUSE_LOCK) : 0,
	   void *lock)

TRACEPOINT(sched_switch, tp_sched_switch, switch_tasks(ctx, preempt, prev, next), bool preempt,
	   struct task_struct *prev, struct task_struct *next)

/* User space runs these to return entries of a slab. */
#define SLAB_RETURN(program, slab)                                                                 \
	SEC("raw_tp")                                                                              \
	int program(void *ctx)                                                                     \
	{                                                                                          \
		return slab_give_back(&slab##_slab, &slab##_index, &slab##_free);                  \
	}

/* A metric's label names it (pfstat_bpf_program_runs), so the old name stays. */
SLAB_RETURN(scope_return, cgroup)
SLAB_RETURN(group_return, group)
SLAB_RETURN(profile_stack_return, profile_stack)
SLAB_RETURN(profile_fault_return, profile_fault)

/*
 * Tracepoints as probes. rss_stat is used from 6.2 on, where it fires at each change;
 * up to 6.1 the task's own counts are better. member: include/linux/mm_types_task.h.
 */
/* Anonymous pages, member 1: the allocation shows them: a new one, or a copy. */
TRACEPOINT(rss_stat, tp_rss_stat,
	   member == 1 || in_reclaim() ? 0 : probe_fact(member == 2 ? EV_SWAP : EV_RSS_FILE),
	   struct mm_struct *mm, int member)

/* gfp bits 1 and 3 of include/linux/gfp_types.h: unchanged from 5.10 to 7.3. */
#define GFP_HIGHMEM_MOVABLE 0x0a
#define GFP_ZERO            0x100

/*
 * Only user and page-cache pages are highmem and movable; page tables, slabs
 * and the allocations of interrupts are not. page is NULL when the allocation failed.
 */
SEC("tp_btf/mm_page_alloc")
int BPF_PROG(tp_mm_page_alloc, struct page *page, unsigned int order, unsigned int gfp)
{
	if ((gfp & GFP_HIGHMEM_MOVABLE) != GFP_HIGHMEM_MOVABLE || !page)
		return 0;
	if (in_reclaim())
		return 0;
	if (order >= PMD_ORDER)
		return probe_fact(EV_ALLOC_HUGE);
	/* Read-ahead into the page cache, or a large anonymous folio, which is zeroed later. */
	if (order)
		return cfg.orders ? note_order(order) : 0;
	return probe_alloc(gfp & GFP_ZERO);
}

TRACEPOINT(mm_filemap_fault, tp_mm_filemap_fault, probe_fact(EV_FILEMAP_FAULT))

TRACEPOINT(mm_filemap_map_pages, tp_mm_filemap_map_pages, probe_fact(EV_MAP_PAGES))

/*
 * A new task is measured if its creator is, and if this kind of task inherits.
 * sched_process_fork would not do: create_io_thread() (io_uring) and vhost_task_create()
 * call copy_process() without it. Both are in copy_process(), as the creator.
 */
SEC("tp_btf/task_newtask")
int BPF_PROG(inherit_target, struct task_struct *child)
{
	bool thread = (u32)child->tgid == bpf_get_current_pid_tgid() >> 32;
	bool measured =
		(thread ? cfg.inherit_threads : cfg.inherit_children) && is_target(current_tid());

	set_target(child->pid, measured);
	inherit_gap(child, measured);
	return 0;
}

TRACEPOINT(task_rename, tp_task_rename, announce_worker(task, comm), struct task_struct *task,
	   const char *comm)

SEC("tp_btf/sched_process_exec")
int BPF_PROG(task_exec, struct task_struct *task, int old_tid)
{
	return follow_exec(task, old_tid);
}

/* The task exits: its open fault has no end. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(task_exit, struct task_struct *task)
{
	u32 tid = current_tid();
	struct inflight *s = inflight_find(tid);
	u32 path;

	keep_exit_counters(task);
	/* The low bits are the signal that ended it. */
	path = task->exit_code & 0x7f ? PATH_KILLED : PATH_UNRESOLVED;
	if (!s)
		return fail_unrecorded(tid, path);
	record_leftover_as(s, path);
	inflight_free(s, tid);
	return 0;
}
