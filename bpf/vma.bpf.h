/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * vma.bpf.h: the evidence of a fault's VMA, and where to find the VMA: in the arguments of
 * a hook, in the task (up to 6.0), by bpf_find_vma() (5.17), or in the mm's maple tree.
 */
#ifndef PFSTAT_BPF_VMA_BPF_H
#define PFSTAT_BPF_VMA_BPF_H

#include "maple.bpf.h"
#include "state.bpf.h"

/* include/linux/mm.h; values unchanged from 5.10 to 7.3. */
#define VM_SHARED       0x8
#define VM_UFFD_MISSING 0x200
#define VM_PFNMAP       0x400
#define VM_UFFD_WP      0x1000
#define VM_HUGETLB      0x400000
#define VM_MIXEDMAP     0x10000000
#define VM_NOHUGEPAGE   0x40000000

/* include/uapi/asm-generic/errno-base.h */
#define EBUSY 16

static __always_inline bool is_kernel_half(u64 address)
{
	return (s64)address < 0;
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
 * The path that the VMA names where no other evidence does: INFLIGHT_PATH() of it, or 0.
 * A fault in memory of a userfaultfd that changed nothing itself was resolved by the
 * handler. evidence: of the fault.
 */
static __always_inline u32 vma_path(unsigned long flags, bool has_userfaultfd, u32 evidence)
{
	if (flags & (VM_PFNMAP | VM_MIXEDMAP))
		return INFLIGHT_PATH(PATH_PFN);
	if (!has_userfaultfd || !cfg.uffd_by_vma)
		return 0;
	if (evidence & EV(PRESENT))
		return flags & VM_UFFD_WP ? INFLIGHT_PATH(PATH_UFFD_WP) : 0;
	if (flags & VM_UFFD_MISSING)
		return INFLIGHT_PATH(PATH_UFFD_MISSING);
	return flags & VM_UFFD_WP ? 0 : INFLIGHT_PATH(PATH_UFFD_MINOR);
}

static __always_inline bool has_userfaultfd(struct vm_area_struct *vma)
{
	return bpf_core_field_exists(vma->vm_userfaultfd_ctx.ctx) && vma->vm_userfaultfd_ctx.ctx;
}

static __always_inline bool has_userfaultfd_probe(struct vm_area_struct *vma)
{
	return bpf_core_field_exists(vma->vm_userfaultfd_ctx.ctx) &&
	       BPF_CORE_READ(vma, vm_userfaultfd_ctx.ctx);
}

/* The facts and the path of the VMA, for a pointer that the verifier does not know. */
static __always_inline u32 vma_answer_probe(struct vm_area_struct *vma, u32 evidence)
{
	return vma_evidence_probe(vma) |
	       vma_path(BPF_CORE_READ(vma, vm_flags), has_userfaultfd_probe(vma), evidence);
}

/*
 * The VMA of the current task that holds address; 0: none, or not found. Without a lock:
 * in the maple tree (6.1), or, up to 6.0, in the task's cache of find_vma()
 * (mm/vmacache.c), which has the VMA of the fault. The faulting task mostly holds a lock,
 * and the result is checked.
 * Global, so that the verifier checks it once.
 */
__noinline u64 current_vma(u64 address)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	int i;

	if (bpf_core_field_exists(mm->mm_mt))
		return (u64)maple_find_vma(mm, address);
	if (!bpf_core_field_exists(task->vmacache))
		return 0;
#pragma unroll
	for (i = 0; i < 4; i++) {
		struct vm_area_struct *vma = BPF_CORE_READ(task, vmacache.vmas[i]);

		if (vma && BPF_CORE_READ(vma, vm_start) <= address &&
		    address < BPF_CORE_READ(vma, vm_end))
			return (u64)vma;
	}
	return 0;
}

/*
 * In an address: it is in the memory of another process, so no VMA of the task is its own.
 * x86 and arm64 have no addresses with only this one of the upper bits.
 */
#define ADDRESS_OF_OTHER (1ull << 62)

static __always_inline bool is_of_other(u64 address)
{
	return address >> 62 == 1;
}

static __always_inline struct vm_area_struct *fault_vma(u64 address)
{
	return (void *)current_vma(address);
}

static __always_inline u32 vmacache_evidence(u64 address, u32 evidence)
{
	struct vm_area_struct *vma = fault_vma(address);

	return vma ? vma_answer_probe(vma, evidence) : 0;
}

/* Two words: if the answer depended on the previous one, the verifier would not terminate. */
struct vma_question {
	u32 evidence;
	u32 answer;
};

static long found_vma(struct task_struct *task, struct vm_area_struct *vma,
		      struct vma_question *question)
{
	question->answer = vma_evidence(vma) |
			   vma_path(vma->vm_flags, has_userfaultfd(vma), question->evidence);
	return 0;
}

/*
 * The kernel's own look-up (5.17), by trylock; where that is refused, a look-up without the
 * lock. Global, so that the verifier checks it once, not once per state of each caller.
 */
__noinline u32 find_vma_evidence(u64 address, u32 evidence)
{
	struct vma_question question = { .evidence = evidence };
	struct task_struct *task = bpf_get_current_task_btf();
	struct vm_area_struct *vma;

	/* Any other error means that there is none. */
	if (bpf_find_vma(task, address, found_vma, &question, 0) != -EBUSY)
		return question.answer;
	vma = fault_vma(address);
	if (vma)
		return vma_answer_probe(vma, evidence);
	count(TALLY_VMA_BUSY);
	return 0;
}

#endif
