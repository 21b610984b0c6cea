/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probes.bpf.h: what a hook does to the open fault of its task, if there is one: it sets
 * a fact, names a path, or notes something that is counted in addition to the path.
 */
#ifndef PFSTAT_BPF_PROBES_BPF_H
#define PFSTAT_BPF_PROBES_BPF_H

#include "inflight.bpf.h"
#include "vma.bpf.h"

/* Read and write protection of 7.x (mm/userfaultfd.c); the bit of VM_UFFD_MINOR moves. */
#define VM_UFFD_RWP (1ull << 43)

/* include/linux/sched.h */
#define PF_MEMALLOC 0x800

/* Runs statement on s, the current task's open fault, if there is one. Its value is 0. */
#define ON_OPEN_FAULT(s, statement)                                                                \
	({                                                                                         \
		struct inflight *s = inflight_find(current_tid());                                 \
                                                                                                   \
		if (s)                                                                             \
			statement;                                                                 \
		0;                                                                                 \
	})

/* Sets a fact of the task's open fault. */
static __always_inline int probe_fact(enum evidence fact)
{
	return ON_OPEN_FAULT(s, s->evidence |= ev_bit[fact]);
}

/* A function that is a path by itself ran: the first one names the path. */
static __always_inline void name_path(struct inflight *s, enum fault_path path)
{
	if (!(s->evidence >> INFLIGHT_PATH_SHIFT))
		s->evidence |= INFLIGHT_PATH(path);
}

static __always_inline int probe_path(enum fault_path path)
{
	return ON_OPEN_FAULT(s, name_path(s, path));
}

/* Something to count in addition to the path. */
static __always_inline void set_note(struct inflight *s, u32 what)
{
	s->state.notes |= what;
	s->evidence |= INFLIGHT_RARE;
}

static __always_inline int note_stack(void)
{
	return ON_OPEN_FAULT(s, set_note(s, NOTE_STACK));
}

static __always_inline int note_mmap_lock(void)
{
	return ON_OPEN_FAULT(
		s, set_note(s, s->state.notes & NOTE_MMAP_LOCK ? NOTE_MMAP_AGAIN : NOTE_MMAP_LOCK));
}

/*
 * do_swap_page: the entry is of swap, or one of the other non-present entries (migration,
 * device memory, guard and poison markers). x86 has the type in the top 5 bits; types
 * below 22 are swap areas in all configurations from 5.10 to 7.3 (MAX_SWAPFILES), the
 * others are above.
 */
static __always_inline int probe_swap(unsigned long entry)
{
#ifdef __TARGET_ARCH_x86
	return probe_fact(entry >> 59 < 22 ? EV_SWAP : EV_SPECIAL);
#else
	return probe_fact(EV_SWAP);
#endif
}

/* do_wp_page or __do_fault runs. */
static __always_inline void probe_vmf(struct inflight *s, const void *vmf, u32 evidence,
				      unsigned long vm_flags)
{
	s->evidence |= evidence;
	s->vmf = (unsigned long)vmf;
	if (vm_flags & (VM_PFNMAP | VM_MIXEDMAP))
		name_path(s, PATH_PFN);
}

/* The same, for a pointer that the verifier does not know. */
static __always_inline void probe_vmf_kprobe(struct inflight *s, struct vm_fault *vmf, u32 evidence)
{
	struct vm_area_struct *vma = BPF_CORE_READ(vmf, vma);

	probe_vmf(s, vmf, evidence | vma_evidence_probe(vma), BPF_CORE_READ(vma, vm_flags));
}

/* PAGE_MAPPING_KSM, FOLIO_MAPPING_KSM: both low bits of page->mapping, 5.10 to 7.3. */
#define MAPPING_KSM 0x3

/* A write-protected page is being copied; it may be a page of KSM. */
static __always_inline int probe_copy(void)
{
	struct inflight *s = inflight_find(current_tid());
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
	/* In the tail pages of a folio the word has another meaning, and is no pointer. */
	if ((mapping & MAPPING_KSM) == MAPPING_KSM && is_kernel_half(mapping))
		name_path(s, PATH_KSM_COPY);
	return 0;
}

/* handle_userfault: it names the path, whatever ran before or runs later. */
static __always_inline int probe_userfault(unsigned long reason)
{
	struct inflight *s = inflight_find(current_tid());
	u32 path = reason == VM_UFFD_MISSING                     ? PATH_UFFD_MISSING :
		   reason == VM_UFFD_WP || reason == VM_UFFD_RWP ? PATH_UFFD_WP :
								   PATH_UFFD_MINOR;

	if (s)
		s->evidence =
			(s->evidence & ((1u << INFLIGHT_PATH_SHIFT) - 1)) | INFLIGHT_PATH(path);
	return 0;
}

/*
 * do_set_pmd maps the huge page by a PMD where the mapping is aligned for it
 * (transhuge_vma_suitable(), thp_vma_suitable_order()), else small pages of it; also
 * when the folio is smaller than a PMD (6.1 calls it for any). So the path is inferred.
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
 * The task reclaims memory during its fault: the pages that it unmaps or allocates
 * (zram) are no evidence of the fault.
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
	return ON_OPEN_FAULT(s, s->evidence |=
				ev_bit[EV_ALLOC] | (zeroed ? ev_bit[EV_ALLOC_ZERO] : 0));
}

static __always_inline int note_order(u32 order)
{
	struct inflight *s = inflight_find(current_tid());

	/* Larger orders are tried first: the last one is used. */
	if (!s)
		return 0;
	s->state.notes &= (1 << NOTE_ORDER) - 1;
	set_note(s, order << NOTE_ORDER);
	return 0;
}

#endif
