/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/evidence.h: the facts about an open fault that pfstat can see, one row each.
 *
 * Hooks do not decide paths: each sets the bit of its fact. At the end of the fault the
 * bits index a table that user space computed before load from the rows of
 * src/probe/classify.c. The plan gives each fact that is watched in this run a bit of the
 * index, and the others none (ev_bit[] 0), so the table stays small.
 *
 * The first two have the bits of the x86 page-fault error code.
 */
#ifndef PFSTAT_BPF_SHARED_EVIDENCE_H
#define PFSTAT_BPF_SHARED_EVIDENCE_H

/* clang-format off */
#define EVIDENCE(X)                                                                                \
	X(PRESENT, "the page was mapped; its protection refused the access")                       \
	X(WRITE, "a write access")                                                                 \
	X(HUGETLB, "hugetlb_fault ran, or the VMA is VM_HUGETLB")                                  \
	X(HUGE_ANON, "do_huge_pmd_anonymous_page ran")                                             \
	X(ANON_PAGE, "do_anonymous_page ran")                                                      \
	X(SWAP, "do_swap_page found a swap entry, or the count of swap entries fell")              \
	X(SPECIAL, "do_swap_page found an entry that is not of swap (softleaf)")                  \
	X(WP, "do_wp_page ran")                                                                    \
	X(WP_COPY, "a write-protected page was replaced by a copy")                                \
	X(DO_FAULT, "__do_fault ran (the VMA's fault operation)")                                  \
	X(ACCESS_FLAGS, "ptep_set_access_flags ran: the page was there, and became young or dirty") \
	X(MAP_PAGES, "filemap_map_pages ran (fault-around)")                                       \
	X(FILEMAP_FAULT, "filemap_fault ran")                                                      \
	X(RSS_KNOWN, "the task's own page counts were compared (up to 6.1)")                        \
	X(RSS_ANON, "the count of anonymous pages changed")                                        \
	X(RSS_FILE, "the count of file or shmem pages changed")                                    \
	X(ALLOC, "a small movable page was allocated")                                             \
	X(ALLOC_ZERO, "a zeroed movable page was allocated")                                       \
	X(ALLOC_HUGE, "a movable page of PMD size was allocated")                                  \
	X(MAJOR, "the kernel accounted the fault as major")                                        \
	X(VMA_ANON, "the VMA is anonymous (no vm_ops)")                                            \
	X(VMA_FILE, "the VMA has vm_ops")                                                          \
	X(VMA_SHARED, "the VMA is VM_SHARED")

enum evidence {
#define EV_ENUM(name, text) EV_##name,
	EVIDENCE(EV_ENUM)
#undef EV_ENUM
	EV_NR
};
/* clang-format on */

#define EV(name) (1u << EV_##name)

/* The most facts that one run can watch; the table has 2^EV_INDEX_BITS entries. */
#define EV_INDEX_BITS 20

#endif
