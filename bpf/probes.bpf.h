/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probes.bpf.h: what a hook does to the open fault of its task, if there is one: sets
 * a fact, names a path, or notes something that is counted beside the path.
 */
#ifndef PFSTAT_BPF_PROBES_BPF_H
#define PFSTAT_BPF_PROBES_BPF_H

#include "inflight.bpf.h"
#include "vma.bpf.h"

/* Read and write protection of 7.x (mm/userfaultfd.c); the bit of VM_UFFD_MINOR moves. */
#define VM_UFFD_RWP (1ull << 43)

/* include/linux/sched.h */
#define PF_MEMALLOC 0x800

/* A fact was witnessed; counts only while a fault of this task is open. */
static __always_inline int probe_fact(enum evidence fact)
{
	struct inflight *s = inflight_find(bpf_get_current_pid_tgid());

	if (s)
		s->evidence |= ev_bit[fact];
	return 0;
}

/* A function that is a path by itself: the first one names it. */
static __always_inline void decide(struct inflight *s, enum fault_path path)
{
	if (!(s->evidence >> INFLIGHT_PATH_SHIFT))
		s->evidence |= INFLIGHT_PATH(path);
}

static __always_inline int probe_path(enum fault_path path)
{
	struct inflight *s = inflight_find(bpf_get_current_pid_tgid());

	if (s)
		decide(s, path);
	return 0;
}

/* Something to count beside the path. */
static __always_inline void add_note(struct inflight *s, u32 what)
{
	s->state.notes |= what;
	s->evidence |= INFLIGHT_RARE;
}

static __always_inline int note_stack(void)
{
	struct inflight *s = inflight_find(bpf_get_current_pid_tgid());

	if (s)
		add_note(s, NOTE_STACK);
	return 0;
}

static __always_inline int note_mmap_lock(void)
{
	struct inflight *s = inflight_find(bpf_get_current_pid_tgid());

	if (s)
		add_note(s, s->state.notes & NOTE_MMAP_LOCK ? NOTE_MMAP_AGAIN : NOTE_MMAP_LOCK);
	return 0;
}

/*
 * do_swap_page: of swap, or of one of the other things that a page-table entry
 * without a page may say (migration, device memory, guard and poison markers).
 * x86 keeps the type in the top 5 bits; types below 22 are swap areas on all
 * configurations from 5.10 to 7.3 (MAX_SWAPFILES), the special ones are above.
 */
static __always_inline int probe_swap(unsigned long entry)
{
#ifdef __TARGET_ARCH_x86
	return probe_fact(entry >> 59 < 22 ? EV_SWAP : EV_SPECIAL);
#else
	return probe_fact(EV_SWAP);
#endif
}

/* What do_wp_page or __do_fault looks at. */
static __always_inline void probe_vmf(struct inflight *s, const void *vmf, u32 evidence,
				      unsigned long vm_flags)
{
	s->evidence |= evidence;
	s->vmf = (unsigned long)vmf;
	if (vm_flags & (VM_PFNMAP | VM_MIXEDMAP))
		decide(s, PATH_PFN);
}

/* PAGE_MAPPING_KSM, FOLIO_MAPPING_KSM: both low bits of page->mapping, 5.10 to 7.3. */
#define MAPPING_KSM 0x3

/* A write-protected page is being copied; it may be one of KSM. */
static __always_inline int probe_copy(void)
{
	struct inflight *s = inflight_find(bpf_get_current_pid_tgid());
	unsigned long mapping;
	struct vm_fault *vmf;
	struct page *page;

	if (!s)
		return 0;
	s->evidence |= ev_bit[EV_WP_COPY];
	if (!(s->evidence & ev_bit[EV_WP]))
		return 0;
	vmf = (void *)(unsigned long)s->vmf;
	page = BPF_CORE_READ(vmf, page);
	mapping = page ? (unsigned long)BPF_CORE_READ(page, mapping) : 0;
	/* In the tail pages of a folio the word is something else, and no pointer. */
	if ((mapping & MAPPING_KSM) == MAPPING_KSM && is_kernel_half(mapping))
		decide(s, PATH_KSM_COPY);
	return 0;
}

/* handle_userfault: whatever happened before, and whatever the handler lets follow. */
static __always_inline int probe_userfault(unsigned long reason)
{
	struct inflight *s = inflight_find(bpf_get_current_pid_tgid());
	u32 path = reason == VM_UFFD_MISSING                     ? PATH_UFFD_MISSING :
		   reason == VM_UFFD_WP || reason == VM_UFFD_RWP ? PATH_UFFD_WP :
								   PATH_UFFD_MINOR;

	if (s)
		s->evidence =
			(s->evidence & ((1u << INFLIGHT_PATH_SHIFT) - 1)) | INFLIGHT_PATH(path);
	return 0;
}

/*
 * do_set_pmd maps the huge page whole where the mapping is aligned for it
 * (transhuge_vma_suitable(), thp_vma_suitable_order()); else small pages of it,
 * as also when the folio is smaller than a PMD (6.1 calls it for any). So the
 * path is inferred.
 */
static __always_inline int probe_set_pmd(struct vm_fault *vmf)
{
	const unsigned long size = 4096ul << PMD_ORDER;
	struct vm_area_struct *vma = BPF_CORE_READ(vmf, vma);
	unsigned long from = BPF_CORE_READ(vmf, address) & ~(size - 1);
	unsigned long start = BPF_CORE_READ(vma, vm_start);

	if (BPF_CORE_READ(vma, vm_flags) & VM_NOHUGEPAGE || from < start ||
	    from + size > BPF_CORE_READ(vma, vm_end) ||
	    ((start >> 12) - BPF_CORE_READ(vma, vm_pgoff)) & ((1 << PMD_ORDER) - 1))
		return 0;
	return probe_path(PATH_FILE_HUGE);
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

static __always_inline int probe_alloc(bool zeroed)
{
	struct inflight *s = inflight_find(bpf_get_current_pid_tgid());

	if (s)
		s->evidence |= ev_bit[EV_ALLOC] | (zeroed ? ev_bit[EV_ALLOC_ZERO] : 0);
	return 0;
}

static __always_inline int note_order(u32 order)
{
	struct inflight *s = inflight_find(bpf_get_current_pid_tgid());

	/* Smaller ones are tried after larger ones: the last is the one taken. */
	if (!s)
		return 0;
	s->state.notes &= (1 << NOTE_ORDER) - 1;
	add_note(s, order << NOTE_ORDER);
	return 0;
}

#endif
