/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * maple.bpf.h: finds a VMA in the maple tree of its mm (6.1 and later) without a lock,
 * for when bpf_find_vma() is refused because another thread maps or unmaps.
 *
 * Nodes are freed by RCU, and programs run in a read-side section; VMAs are freed by RCU
 * only since 6.4. So each read may fail, and the VMA is checked at the end. Source:
 * lib/maple_tree.c, mtree_range_walk(), 6.1 to 7.3.
 */
#ifndef PFSTAT_BPF_MAPLE_BPF_H
#define PFSTAT_BPF_MAPLE_BPF_H

#include "state.bpf.h"

/* lib/maple_tree.c, include/linux/maple_tree.h */
#define MAPLE_NODE_MASK       255ull
#define MAPLE_TYPE_SHIFT      3
#define MAPLE_TYPE_MASK       0xf
#define MAPLE_LEAF_64         1
#define MAPLE_ARANGE_64       3
#define MAPLE_RANGE64_PIVOTS  15
#define MAPLE_ARANGE64_PIVOTS 9

/* Pivots read at a time: the stack is small. */
#define MAPLE_PIVOTS_READ 5

/* Each node below the root has at least 5 children: enough for the largest number of VMAs. */
#define MAPLE_DEPTH 8

static __always_inline u32 maple_type(u64 entry)
{
	return entry >> MAPLE_TYPE_SHIFT & MAPLE_TYPE_MASK;
}

/*
 * The slot of the maple node that holds index; in a leaf it is a VMA. 0: none.
 * Global, so that the verifier checks it once, not once per level and call.
 */
__noinline u64 maple_slot(u64 entry, u64 index)
{
	const struct maple_arange_64 *inner = (void *)(entry & ~MAPLE_NODE_MASK);
	const struct maple_range_64 *node = (void *)(entry & ~MAPLE_NODE_MASK);
	u64 pivots[MAPLE_PIVOTS_READ] = {}, next = 0;
	bool arange = maple_type(entry) == MAPLE_ARANGE_64;
	int nr = arange ? MAPLE_ARANGE64_PIVOTS : MAPLE_RANGE64_PIVOTS;
	int slot, part = MAPLE_PIVOTS_READ;

	/* Kernels without maple trees never call this, but the verifier still checks it. */
	if (!bpf_core_type_exists(struct maple_arange_64))
		return 0;
	/* A pivot of 0 behind the first one: the node's last slot. */
	for (slot = 0; slot < MAPLE_RANGE64_PIVOTS && slot < nr; slot++, part++) {
		/* Pivots are at the same place in all types; a shorter type has fewer. */
		if (part == MAPLE_PIVOTS_READ) {
			if (bpf_probe_read_kernel(pivots, sizeof(pivots),
						  (void *)&node->pivot + slot * sizeof(u64)))
				return 0;
			part = 0;
		}
		if (index <= pivots[part] || (slot && !pivots[part]))
			break;
	}
	if (bpf_probe_read_kernel(&next, sizeof(next),
				  (arange ? (void *)&inner->slot : (void *)&node->slot) +
					  slot * sizeof(void *)))
		return 0;
	return next;
}

/* From the root down to the leaf's entry for index; 0: none. */
static __always_inline u64 maple_walk(u64 entry, u64 index)
{
	bool leaf = false;
	int depth;

	for (depth = 0; depth < MAPLE_DEPTH && !leaf; depth++) {
		if (entry <= 4096)
			return 0;
		leaf = maple_type(entry) <= MAPLE_LEAF_64;
		entry = maple_slot(entry, index);
	}
	return leaf ? entry : 0;
}

/* The VMA of mm that holds address; NULL when there is none, or it has changed. */
static __always_inline struct vm_area_struct *maple_find_vma(struct mm_struct *mm, u64 address)
{
	struct vm_area_struct *vma =
		(void *)maple_walk((u64)BPF_CORE_READ(mm, mm_mt.ma_root), address);

	if (!vma || BPF_CORE_READ(vma, vm_mm) != mm || address < BPF_CORE_READ(vma, vm_start) ||
	    address >= BPF_CORE_READ(vma, vm_end))
		return NULL;
	return vma;
}

#endif
