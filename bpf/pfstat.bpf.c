// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * pfstat.bpf.c: the doors. Every program that the kernel may run is here, and
 * each is a stub that names its hook and calls fault.bpf.h. User space loads
 * only those that its plan names (src/plan.c).
 */
#include "fault.bpf.h"
#include "hooks.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * Begin. Interrupts are off in both tracepoints. The plain variant is for
 * kernels without atomic compare and exchange in BPF (before 5.12).
 */
#define BEGIN_DOORS(suffix, atomics)                                                               \
	SEC("tp_btf/page_fault_user")                                                              \
	int BPF_PROG(begin_user##suffix, unsigned long address, struct pt_regs *regs,              \
		     unsigned long error_code)                                                     \
	{                                                                                          \
		return open_fault(address, regs, error_code, ORIGIN_USER, atomics);                      \
	}                                                                                          \
	SEC("tp_btf/page_fault_kernel")                                                            \
	int BPF_PROG(begin_kernel##suffix, unsigned long address, struct pt_regs *regs,            \
		     unsigned long error_code)                                                     \
	{                                                                                          \
		return open_fault(address, regs, error_code, ORIGIN_KERNEL, atomics);                    \
	}

BEGIN_DOORS(, true)
BEGIN_DOORS(_plain, false)

/*
 * End: software events page-faults-min and -maj, which mm_account_fault()
 * fires last thing in handle_mm_fault. The _vma variants may call
 * bpf_find_vma; a kernel without it refuses a program that names it.
 */
#define END_DOORS(suffix, with_find_vma)                                                           \
	SEC("perf_event")                                                                          \
	int end_minor##suffix(struct bpf_perf_event_data *ctx)                                     \
	{                                                                                          \
		return end_event(ctx->addr, 0, with_find_vma);                                     \
	}                                                                                          \
	SEC("perf_event")                                                                          \
	int end_major##suffix(struct bpf_perf_event_data *ctx)                                     \
	{                                                                                          \
		return end_event(ctx->addr, 1, with_find_vma);                                     \
	}

END_DOORS(, false)
END_DOORS(_vma, true)

/* Marks on functions, for both ways; see hooks.h. */
#define MARK_DOORS(function, fact)                                                                 \
	SEC("fentry/" #function)                                                                   \
	int BPF_PROG(fentry_##function)                                                            \
	{                                                                                          \
		return mark(EV_##fact);                                                            \
	}                                                                                          \
	SEC("kprobe/" #function)                                                                   \
	int BPF_KPROBE(kprobe_##function)                                                          \
	{                                                                                          \
		return mark(EV_##fact);                                                            \
	}

MARK_HOOKS(MARK_DOORS)

#define VMF_DOORS(function, fact)                                                                  \
	SEC("fentry/" #function)                                                                   \
	int BPF_PROG(fentry_##function, struct vm_fault *vmf)                                      \
	{                                                                                          \
		struct slot *s = slot_find(bpf_get_current_pid_tgid());                                         \
                                                                                                   \
		if (s)                                                                             \
			s->evidence |= ev_bit[EV_##fact] | vma_evidence(vmf->vma);                 \
		return 0;                                                                          \
	}                                                                                          \
	SEC("kprobe/" #function)                                                                   \
	int BPF_KPROBE(kprobe_##function, struct vm_fault *vmf)                                    \
	{                                                                                          \
		struct slot *s = slot_find(bpf_get_current_pid_tgid());                                         \
                                                                                                   \
		if (s)                                                                             \
			s->evidence |= ev_bit[EV_##fact] |                                         \
				       vma_evidence_probe(BPF_CORE_READ(vmf, vma));                \
		return 0;                                                                          \
	}

VMF_HOOKS(VMF_DOORS)

/*
 * The leg: handle_mm_fault itself. Counts its calls, sees the VMA, and is the
 * only place where get_user_pages faults (regs NULL) can be timed.
 */
#define LEG_DOORS(suffix, atomics)                                                                 \
	SEC("fentry/handle_mm_fault")                                                              \
	int BPF_PROG(fentry_handle_mm_fault##suffix, struct vm_area_struct *vma,                   \
		     unsigned long address, unsigned int flags, struct pt_regs *regs)              \
	{                                                                                          \
		return regs ? enter_mm_fault(vma_evidence(vma)) :                                  \
			      enter_gup(vma_evidence(vma), flags, atomics);                        \
	}

LEG_DOORS(, true)
LEG_DOORS(_plain, false)

SEC("fexit/handle_mm_fault")
int BPF_PROG(fexit_handle_mm_fault, struct vm_area_struct *vma, unsigned long address,
	     unsigned int flags, struct pt_regs *regs, unsigned int ret)
{
	return regs ? exit_mm_fault() : exit_gup(ret, flags);
}

/*
 * The end where perf events are refused: completed faults only, as the
 * software events would tell them.
 */
SEC("fexit/handle_mm_fault")
int BPF_PROG(fexit_end, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
	     struct pt_regs *regs, unsigned int ret)
{
	if (!regs)
		return exit_gup(ret, flags);
	if (ret & (VM_FAULT_RETRY | VM_FAULT_ERROR))
		return 0;
	return end_event(address, (ret & VM_FAULT_MAJOR) || (flags & FAULT_FLAG_TRIED), false);
}

/*
 * Failures. A synchronous SIGSEGV or SIGBUS (si_code > 0: sent by the kernel)
 * ends a fault of user mode; where functions can be hooked, bad_area*() ends
 * one of kernel mode as well (its EFAULT sends no signal).
 */
SEC("tp_btf/signal_generate")
int BPF_PROG(signal_generate, int sig, struct kernel_siginfo *info, struct task_struct *task)
{
	int code = 0;

	if (sig != 11 && sig != 7)
		return 0;
	/* SEND_SIG_NOINFO and SEND_SIG_PRIV are 0 and 1: not pointers. */
	if ((unsigned long)info > 1)
		bpf_core_read(&code, sizeof(code), &info->si_code);
	if (code <= 0 || (u32)task->pid != current_tid())
		return 0;
	return fail_fault(sig == 11 ? PATH_BAD_ADDRESS : PATH_SIGBUS);
}

#define FAIL_DOORS(function)                                                                       \
	SEC("fentry/" #function)                                                                   \
	int BPF_PROG(fentry_##function, struct pt_regs *regs)                                      \
	{                                                                                          \
		return fail_kernel_fault(regs);                                                    \
	}                                                                                          \
	SEC("kprobe/" #function)                                                                   \
	int BPF_KPROBE(kprobe_##function, struct pt_regs *regs)                                    \
	{                                                                                          \
		return fail_kernel_fault(regs);                                                    \
	}

FAIL_DOORS(bad_area_nosemaphore)
FAIL_DOORS(bad_area_access_error)
/* 5.10 only: for an address in no VMA. */
FAIL_DOORS(bad_area)

/*
 * Tracepoints as marks. rss_stat is used from 6.2 on, where it fires at each
 * change; before, the task's own counts say more. member: include/linux/mm_types_task.h.
 */
SEC("tp_btf/rss_stat")
int BPF_PROG(tp_rss_stat, struct mm_struct *mm, int member)
{
	/* Anonymous pages are told by their allocation: a new one, or a copy. */
	if (member == 1 || in_reclaim())
		return 0;
	return mark(member == 2 ? EV_SWAP : EV_RSS_FILE);
}

/* gfp bits 1 and 3 of include/linux/gfp_types.h: unchanged from 5.10 to 7.3. */
#define GFP_HIGHMEM_MOVABLE	0x0a
#define GFP_ZERO		0x100
#define PMD_ORDER		9

/*
 * Only user and page-cache pages are highmem and movable: page tables, slabs
 * and what an interrupt allocates are not. page is NULL when it failed.
 */
SEC("tp_btf/mm_page_alloc")
int BPF_PROG(tp_mm_page_alloc, struct page *page, unsigned int order, unsigned int gfp)
{
	if ((gfp & GFP_HIGHMEM_MOVABLE) != GFP_HIGHMEM_MOVABLE || !page)
		return 0;
	if (in_reclaim())
		return 0;
	if (order >= PMD_ORDER)
		return mark(EV_ALLOC_HUGE);
	/* Read-ahead into the page cache, or a large anonymous folio, which is zeroed later. */
	if (order)
		return 0;
	return mark_alloc(gfp & GFP_ZERO);
}

SEC("tp_btf/mm_filemap_fault")
int BPF_PROG(tp_mm_filemap_fault)
{
	return mark(EV_FILEMAP_FAULT);
}

SEC("tp_btf/mm_filemap_map_pages")
int BPF_PROG(tp_mm_filemap_map_pages)
{
	return mark(EV_MAP_PAGES);
}

/* Whoever is born is measured or not as its creator is. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(inherit_target, struct task_struct *parent, struct task_struct *child)
{
	bool thread = parent->tgid == child->tgid;

	set_target(child->pid, (thread ? cfg.inherit_threads : cfg.inherit_children) &&
				       is_target(parent->pid));
	return 0;
}

/* The task is gone: whatever it left open has no end. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(task_exit, struct task_struct *task)
{
	u32 tid = current_tid();
	struct slot *s = slot_find(tid);

	if (!s)
		return 0;
	record_leftover(s);
	slot_free(s, tid);
	return 0;
}
