/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * made_up_kernels.h: plans of made-up kernels that are like stock ones.
 */
#ifndef PFSTAT_TESTS_MADE_UP_KERNELS_H
#define PFSTAT_TESTS_MADE_UP_KERNELS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/probe_classify.h"
#include "probe/probe_plan.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))
#define E(fact)   EV(fact)

/* What a look-up of the VMA says. */
#define ANON      E(VMA_ANON)
#define FILE_     E(VMA_FILE)
#define SHARED    (E(VMA_FILE) | E(VMA_SHARED))
#define HUGE_FILE (E(VMA_FILE) | E(HUGETLB))
#define VMA_FACTS (E(VMA_ANON) | E(VMA_FILE) | E(VMA_SHARED))

static const enum hook not_in_5_10[] = { HOOK_do_anonymous_page, HOOK_folio_add_new_anon_rmap };
static const enum hook not_in_6_1[] = { HOOK_do_anonymous_page, HOOK_folio_add_new_anon_rmap,
					HOOK_bad_area };
static const enum hook not_in_6_12[] = { HOOK_wp_page_copy, HOOK_page_add_new_anon_rmap,
					 HOOK_bad_area };

struct kernel {
	const char *name;
	const enum hook *without;
	size_t nr_without;
	bool old_mm; /* task rss counters, no filemap tracepoints */
	bool vmacache, find_vma;
};

static const struct kernel k5_10 = { "5.10", not_in_5_10, NR(not_in_5_10), true, true, false };
static const struct kernel k6_1 = { "6.1", not_in_6_1, NR(not_in_6_1), true, false, true };
static const struct kernel k6_12 = { "6.12", not_in_6_12, NR(not_in_6_12), false, false, true };
/* No way to look a VMA up (5.15 by tracepoints). */
static const struct kernel k_blind = { "blind", not_in_6_1, NR(not_in_6_1), true, false, false };

static const struct kernel *const kernels[] = { &k5_10, &k6_1, &k6_12, &k_blind };

/* All hooks of the kernel, or all but one more (HOOK_NR: none). */
static inline struct plan plan_of(const struct kernel *k, struct plan_request request,
				  enum hook missing)
{
	struct caps caps = { .task_rss = k->old_mm,
			     .vmacache = k->vmacache,
			     .find_vma = k->find_vma,
			     .task_btf = k->find_vma };
	struct plan plan;

	for (size_t i = 0; i <= k->nr_without; i++) {
		enum hook h = i < k->nr_without ? k->without[i] : missing;

		if (h == HOOK_NR)
			continue;
		caps.hook_fentry[h] = caps.hook_kprobe[h] = -ENOENT;
		caps.hook_tracepoint[h] = -ENOENT;
	}
	caps.hook_fentry[HOOK_ptep_clear_flush] = -EINVAL;
	if (k->old_mm)
		caps.hook_tracepoint[HOOK_mm_filemap_fault] =
			caps.hook_tracepoint[HOOK_mm_filemap_map_pages] = -ENOENT;
	plan_make(&plan, &request, &caps);
	assert_int_equal(plan.verdict, 0);
	return plan;
}

static inline struct plan plan_without(const struct kernel *k, enum attach_mode mode,
				       enum hook missing)
{
	return plan_of(k, (struct plan_request){ .mode = mode }, missing);
}

static inline struct plan plan_on(const struct kernel *k, enum attach_mode mode)
{
	return plan_without(k, mode, HOOK_NR);
}

/* The hook on handle_mm_fault sees the VMA of every fault. */
static inline struct plan plan_with_gup(const struct kernel *k)
{
	return plan_of(k, (struct plan_request){ .mode = ATTACH_FENTRY, .gup = true }, HOOK_NR);
}

/* The next subset of mask after this one, 0 after the last. */
static inline uint32_t next_subset(uint32_t subset, uint32_t mask)
{
	return (subset - mask) & mask;
}

/* Could a fault leave this? Facts about one VMA do not contradict each other. */
static inline bool makes_sense(uint32_t evidence)
{
	if ((evidence & E(VMA_ANON)) && (evidence & (E(VMA_FILE) | E(VMA_SHARED))))
		return false;
	if ((evidence & E(VMA_SHARED)) && !(evidence & E(VMA_FILE)))
		return false;
	/* probe_alloc() sets both. */
	return !(evidence & E(ALLOC_ZERO)) || (evidence & E(ALLOC));
}

/* The facts that need a comparison of the task's page counts (up to 6.1). */
static inline uint32_t compared_by_task_rss(const struct plan *plan)
{
	uint32_t compared = E(RSS_ANON) | E(RSS_FILE);

	if (plan->hook[HOOK_do_swap_page].method <= METHOD_UNNEEDED)
		compared |= E(SWAP);
	return plan->task_rss ? compared & plan->facts : 0;
}

static inline uint32_t to_index(const struct plan *plan, uint32_t evidence)
{
	uint32_t index = 0;

	for (int e = 0; e < EV_NR; e++)
		if (evidence & (1u << e))
			index |= plan->ev_bit[e];
	return index;
}

static inline const char *name_of(int path)
{
	return path == PATH_ASK ? "ask" : path_name(path);
}

#endif
