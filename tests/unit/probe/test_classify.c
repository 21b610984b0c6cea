// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_classify.c: the evidence rows against what faults were measured to leave
 * behind, each fact set by hand, on plans of made-up kernels that are like stock ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "made_up_kernels.h"

struct signature {
	const char *scenario;
	uint32_t evidence;
	/* When not 0, there is no answer without this VMA. */
	uint32_t vma;
	enum fault_path path;
};

/* As close_fault() does it: first what costs nothing, then the rest. */
static int classify(const struct plan *plan, const struct signature *s, bool *asked)
{
	static uint8_t path_of[1 << EV_INDEX_BITS];
	static struct plan filled;
	uint32_t evidence = s->evidence & ~compared_by_task_rss(plan);
	int path;

	if (memcmp(&filled, plan, sizeof(filled))) {
		filled = *plan;
		classify_fill(path_of, plan->facts, plan->ev_bit, plan->vma_source != VMA_UNKNOWN);
	}
	path = path_of[to_index(plan, evidence)];
	if (path == PATH_ASK && plan->task_rss) {
		evidence = s->evidence | E(RSS_KNOWN);
		path = path_of[to_index(plan, evidence)];
	}
	*asked = path == PATH_ASK;
	if (*asked)
		path = path_of[to_index(plan, evidence | s->vma)];
	return path == PATH_ASK ? PATH_UNCLASSIFIED : path;
}

static void expect_signatures(const char *where, const struct plan *plan,
			      const struct signature *signatures, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const struct signature *s = &signatures[i];
		bool asked;
		int path = classify(plan, s, &asked);

		if (path != (int)s->path)
			fail_msg("%s, %s: %s, should be %s", where, s->scenario, name_of(path),
				 path_name(s->path));
		if (asked != !!s->vma)
			fail_msg("%s, %s: the VMA is %slooked up", where, s->scenario,
				 asked ? "" : "not ");
	}
}

/* What an error code says. */
#define R      0
#define W      E(WRITE)
#define PW     (E(PRESENT) | E(WRITE))
#define ZEROED (E(ALLOC) | E(ALLOC_ZERO))

/* design.md, section 3: rss_stat fires at each change (6.2 and later). */
static const struct signature tracepoints_6_12[] = {
	{ "anon first write", W | E(RSS_ANON) | ZEROED, 0, PATH_ANON },
	{ "anon first read", R, ANON, PATH_ANON_ZERO },
	{ "write after zero page", PW | E(RSS_ANON) | ZEROED, 0, PATH_WP_COPY },
	{ "copy after fork", PW | E(ALLOC), 0, PATH_WP_COPY },
	{ "reuse after fork", PW, ANON, PATH_WP_REUSE },
	{ "THP write", W | E(RSS_ANON) | E(ALLOC_HUGE), 0, PATH_THP },
	{ "THP write that fell back", W | E(RSS_ANON) | ZEROED, 0, PATH_ANON },
	{ "swap-in", R | E(RSS_ANON) | E(SWAP) | E(ALLOC) | E(MAJOR), 0, PATH_SWAP },
	{ "swap-in by a write", W | E(RSS_ANON) | E(SWAP) | E(ALLOC), 0, PATH_SWAP },
	{ "swap-in from the swap cache", R | E(RSS_ANON) | E(SWAP), 0, PATH_SWAP },
	{ "shmem write", W | E(RSS_FILE) | E(ALLOC), 0, PATH_SHARED_WRITE },
	{ "shmem huge write", W | E(RSS_FILE) | E(ALLOC_HUGE), 0, PATH_SHARED_WRITE },
	{ "file read, cached", R | E(RSS_FILE) | E(MAP_PAGES), 0, PATH_FILE_AROUND },
	{ "file read, disk", R | E(RSS_FILE) | E(ALLOC) | E(MAJOR) | E(FILEMAP_FAULT), 0,
	  PATH_FILE_READ },
	{ "file read, disk, retried",
	  R | E(RSS_FILE) | E(ALLOC) | E(MAJOR) | E(FILEMAP_FAULT) | E(MAP_PAGES), 0,
	  PATH_FILE_READ },
	{ "shmem read", R | E(RSS_FILE) | E(ALLOC), 0, PATH_FILE_READ },
	{ "private file write", W | E(RSS_ANON) | E(ALLOC) | E(FILEMAP_FAULT), 0, PATH_FILE_COW },
	{ "private file read, then write", PW | E(RSS_FILE) | E(RSS_ANON) | E(ALLOC), 0,
	  PATH_WP_COPY },
	{ "private file write, reused", PW, FILE_, PATH_WP_REUSE },
	{ "shared file write", W | E(RSS_FILE) | E(FILEMAP_FAULT), 0, PATH_SHARED_WRITE },
	{ "shared file read, then write", PW, SHARED, PATH_WP_SHARED },
	{ "write after huge zero page (7.x)", PW | E(RSS_ANON) | E(ALLOC_HUGE), 0, PATH_THP_WP },
	{ "hugetlb write", W, HUGE_FILE, PATH_HUGETLB },
	{ "hugetlb copy", PW, HUGE_FILE, PATH_HUGETLB_WP },
	{ "hugetlb read of a shared mapping", R, HUGE_FILE | E(VMA_SHARED), PATH_HUGETLB },
	{ "raced read of a file", R, FILE_, PATH_SPURIOUS },
	{ "raced read of a present page", E(PRESENT), 0, PATH_SPURIOUS },
};

/* The same where the task's own counts change, and filemap has no tracepoints. */
static const struct signature tracepoints_6_1[] = {
	{ "anon first write", W | E(RSS_ANON) | ZEROED, 0, PATH_ANON },
	{ "anon first read", R, ANON, PATH_ANON_ZERO },
	{ "write after zero page", PW | E(RSS_ANON) | ZEROED, 0, PATH_WP_COPY },
	{ "copy after fork", PW | E(ALLOC), 0, PATH_WP_COPY },
	{ "reuse after fork", PW, ANON, PATH_WP_REUSE },
	/* Huge pages go to the mm's counts. */
	{ "THP write", W | E(ALLOC_HUGE), 0, PATH_THP },
	{ "THP write that fell back", W | E(RSS_ANON) | ZEROED, 0, PATH_ANON },
	{ "swap-in", R | E(RSS_ANON) | E(SWAP) | E(ALLOC), 0, PATH_SWAP },
	{ "shmem write", W | E(RSS_FILE) | E(ALLOC), 0, PATH_SHARED_WRITE },
	{ "file read, cached", R | E(RSS_FILE), 0, PATH_FILE_AROUND },
	{ "file read, disk", R | E(RSS_FILE) | E(ALLOC), 0, PATH_FILE_READ },
	{ "private file write", W | E(RSS_ANON) | E(ALLOC), 0, PATH_FILE_COW },
	{ "private file read, then write", PW | E(RSS_ANON) | E(ALLOC), 0, PATH_WP_COPY },
	{ "shared file write", W | E(RSS_FILE), 0, PATH_SHARED_WRITE },
	{ "shared file read, then write", PW, SHARED, PATH_WP_SHARED },
	{ "hugetlb write", W, HUGE_FILE, PATH_HUGETLB },
};

static void test_signatures_by_tracepoints(void **state)
{
	struct plan plan = plan_on(&k6_12, ATTACH_TRACEPOINT);

	(void)state;
	assert_int_equal(plan.vma_source, VMA_FIND);
	expect_signatures("6.12 by tracepoints", &plan, tracepoints_6_12, NR(tracepoints_6_12));
	plan = plan_on(&k6_1, ATTACH_TRACEPOINT);
	expect_signatures("6.1 by tracepoints", &plan, tracepoints_6_1, NR(tracepoints_6_1));
	plan = plan_on(&k5_10, ATTACH_TRACEPOINT);
	assert_int_equal(plan.vma_source, VMA_CACHE);
	expect_signatures("5.10 by tracepoints", &plan, tracepoints_6_1, NR(tracepoints_6_1));
}

/* The hook on handle_mm_fault sees the VMA of each. */
static const struct signature functions_6_12[] = {
	{ "anon write", W | ANON | E(ANON_PAGE), 0, PATH_ANON },
	{ "anon read", R | ANON | E(ANON_PAGE), 0, PATH_ANON_ZERO },
	/* folio_add_new_anon_rmap runs for a new page, too. */
	{ "anon write, marked as a copy", W | ANON | E(ANON_PAGE) | E(WP_COPY), 0, PATH_ANON },
	{ "THP write", W | ANON | E(HUGE_ANON), 0, PATH_THP },
	{ "THP write, marked as a copy", W | ANON | E(HUGE_ANON) | E(WP_COPY), 0, PATH_THP },
	{ "THP read", R | ANON | E(HUGE_ANON), 0, PATH_THP_ZERO },
	{ "THP write that fell back", W | ANON | E(HUGE_ANON) | E(ANON_PAGE), 0, PATH_ANON },
	{ "THP read that fell back", R | ANON | E(HUGE_ANON) | E(ANON_PAGE), 0, PATH_ANON_ZERO },
	{ "swap-in", R | ANON | E(SWAP) | E(MAJOR), 0, PATH_SWAP },
	{ "swap-in by a write, copied", W | ANON | E(SWAP) | E(WP) | E(WP_COPY), 0, PATH_SWAP },
	{ "copy after fork", PW | ANON | E(WP) | E(WP_COPY), 0, PATH_WP_COPY },
	{ "copy of a private file page", PW | FILE_ | E(WP) | E(WP_COPY), 0, PATH_WP_COPY },
	{ "reuse", PW | ANON | E(WP), 0, PATH_WP_REUSE },
	{ "reuse of a private file page", PW | FILE_ | E(WP), 0, PATH_WP_REUSE },
	{ "write notify", PW | SHARED | E(WP), 0, PATH_WP_SHARED },
	{ "shared file write", W | SHARED | E(DO_FAULT), 0, PATH_SHARED_WRITE },
	{ "private file write", W | FILE_ | E(DO_FAULT), 0, PATH_FILE_COW },
	{ "private file write, marked as a copy", W | FILE_ | E(DO_FAULT) | E(WP_COPY), 0,
	  PATH_FILE_COW },
	{ "file read, disk", R | FILE_ | E(DO_FAULT) | E(MAP_PAGES) | E(MAJOR), 0, PATH_FILE_READ },
	{ "file read, no fault-around", R | FILE_ | E(DO_FAULT), 0, PATH_FILE_READ },
	{ "file read of a shared mapping", R | SHARED | E(DO_FAULT), 0, PATH_FILE_READ },
	{ "file read, cached", R | FILE_ | E(MAP_PAGES), 0, PATH_FILE_AROUND },
	{ "hugetlb populate", W | HUGE_FILE, 0, PATH_HUGETLB },
	{ "hugetlb copy", PW | HUGE_FILE, 0, PATH_HUGETLB_WP },
	{ "an entry that is not of swap", R | ANON | E(SPECIAL), 0, PATH_DEVICE },
	{ "a marker for userfaultfd, then a new page", W | ANON | E(SPECIAL) | E(ANON_PAGE), 0,
	  PATH_ANON },
	{ "present, nothing ran", PW | ANON, 0, PATH_SPURIOUS },
	{ "present read, nothing ran", E(PRESENT) | FILE_, 0, PATH_SPURIOUS },
};

/* do_anonymous_page is inlined, wp_page_copy is there, and the task's counts. */
static const struct signature functions_6_1[] = {
	{ "anon write", W | ANON | E(RSS_ANON), 0, PATH_ANON },
	{ "anon read", R | ANON, 0, PATH_ANON_ZERO },
	{ "THP write", W | ANON | E(HUGE_ANON), 0, PATH_THP },
	{ "THP read", R | ANON | E(HUGE_ANON), 0, PATH_THP_ZERO },
	{ "THP write that fell back", W | ANON | E(HUGE_ANON) | E(RSS_ANON), 0, PATH_ANON },
	{ "swap-in", R | ANON | E(SWAP) | E(RSS_ANON), 0, PATH_SWAP },
	{ "swap-in by a write", W | ANON | E(SWAP) | E(RSS_ANON) | E(WP), 0, PATH_SWAP },
	{ "copy of the zero page", PW | ANON | E(WP) | E(WP_COPY) | E(RSS_ANON), 0, PATH_WP_COPY },
	{ "copy after fork", PW | ANON | E(WP) | E(WP_COPY), 0, PATH_WP_COPY },
	{ "reuse", PW | ANON | E(WP), 0, PATH_WP_REUSE },
	{ "write notify", PW | SHARED | E(WP), 0, PATH_WP_SHARED },
	{ "shared file write", W | SHARED | E(DO_FAULT) | E(RSS_FILE), 0, PATH_SHARED_WRITE },
	{ "private file write", W | FILE_ | E(DO_FAULT) | E(RSS_ANON), 0, PATH_FILE_COW },
	{ "file read", R | FILE_ | E(DO_FAULT), 0, PATH_FILE_READ },
	{ "file read, cached", R | FILE_ | E(MAP_PAGES), 0, PATH_FILE_AROUND },
	{ "hugetlb", W | HUGE_FILE, 0, PATH_HUGETLB },
	{ "present, nothing ran", PW | ANON, 0, PATH_SPURIOUS },
};

static void test_signatures_by_functions(void **state)
{
	struct plan plan = plan_with_gup(&k6_12);

	(void)state;
	assert_true(plan.facts & E(ANON_PAGE));
	assert_int_equal(plan.hook[HOOK_folio_add_new_anon_rmap].method, METHOD_FENTRY);
	expect_signatures("6.12 by fentry", &plan, functions_6_12, NR(functions_6_12));
	plan = plan_with_gup(&k6_1);
	assert_false(plan.facts & E(ANON_PAGE));
	assert_int_equal(plan.hook[HOOK_wp_page_copy].method, METHOD_FENTRY);
	expect_signatures("6.1 by fentry", &plan, functions_6_1, NR(functions_6_1));
	plan = plan_with_gup(&k5_10);
	expect_signatures("5.10 by fentry", &plan, functions_6_1, NR(functions_6_1));
}

/* Without it (by default, and by kprobes) do_wp_page and __do_fault see the VMA. */
static const struct signature no_mm_fault_6_1[] = {
	{ "anon write", W | E(RSS_ANON), 0, PATH_ANON },
	{ "anon read", R, ANON, PATH_ANON_ZERO },
	{ "THP write", W | E(HUGE_ANON), 0, PATH_THP },
	{ "copy", PW | ANON | E(WP) | E(WP_COPY), 0, PATH_WP_COPY },
	{ "write notify", PW | SHARED | E(WP), 0, PATH_WP_SHARED },
	{ "private file write", W | FILE_ | E(DO_FAULT) | E(RSS_ANON), 0, PATH_FILE_COW },
	{ "file read, cached", R | E(MAP_PAGES), 0, PATH_FILE_AROUND },
	{ "hugetlb", W | E(HUGETLB), 0, PATH_HUGETLB },
};

static const struct signature no_mm_fault_6_12[] = {
	{ "anon write", W | E(ANON_PAGE), 0, PATH_ANON },
	{ "anon read", R | E(ANON_PAGE), 0, PATH_ANON_ZERO },
	{ "THP write", W | E(HUGE_ANON), 0, PATH_THP },
	{ "THP read", R | E(HUGE_ANON), 0, PATH_THP_ZERO },
	{ "copy", PW | ANON | E(WP) | E(WP_COPY), 0, PATH_WP_COPY },
	{ "shared file write", W | SHARED | E(DO_FAULT), 0, PATH_SHARED_WRITE },
	{ "file read, cached", R | E(MAP_PAGES), 0, PATH_FILE_AROUND },
	{ "swap-in", R | E(SWAP), 0, PATH_SWAP },
};

static void test_signatures_without_leg(void **state)
{
	(void)state;
	for (enum attach_mode mode = ATTACH_FENTRY; mode <= ATTACH_KPROBE; mode++) {
		struct plan plan = plan_on(&k6_12, mode);

		expect_signatures("6.12 without handle_mm_fault", &plan, no_mm_fault_6_12,
				  NR(no_mm_fault_6_12));
		plan = plan_on(&k6_1, mode);
		expect_signatures("6.1 without handle_mm_fault", &plan, no_mm_fault_6_1,
				  NR(no_mm_fault_6_1));
		plan = plan_on(&k5_10, mode);
		expect_signatures("5.10 without handle_mm_fault", &plan, no_mm_fault_6_1,
				  NR(no_mm_fault_6_1));
	}
}

/*
 * Inlining is per build: from 6.2 on without do_anonymous_page. Huge pages are
 * in rss_stat there, so a small page is known by its allocation.
 */
static const struct signature functions_6_12_inlined[] = {
	{ "anon write", W | ANON | E(RSS_ANON) | ZEROED, 0, PATH_ANON },
	{ "anon read", R, ANON, PATH_ANON_ZERO },
	{ "THP write", W | ANON | E(HUGE_ANON) | E(RSS_ANON), 0, PATH_THP },
	{ "THP read", R | ANON | E(HUGE_ANON), 0, PATH_THP_ZERO },
	{ "THP write that fell back", W | ANON | E(HUGE_ANON) | E(RSS_ANON) | ZEROED, 0,
	  PATH_ANON },
	{ "private file write", W | FILE_ | E(DO_FAULT) | E(RSS_ANON) | E(ALLOC), 0,
	  PATH_FILE_COW },
};

static void test_do_anonymous_page_inlined(void **state)
{
	struct plan plan = plan_without(&k6_12, ATTACH_FENTRY, HOOK_do_anonymous_page);

	(void)state;
	expect_signatures("6.12 without do_anonymous_page", &plan, functions_6_12_inlined,
			  NR(functions_6_12_inlined));
}

/* Which paths a mapping can have; the rest are wrong there. */
#define P(path) (1ull << PATH_##path)

static uint64_t paths_of_vma(uint32_t vma)
{
	const uint64_t any = P(UNCLASSIFIED) | P(SPURIOUS) | P(SWAP) | P(DEVICE);
	const uint64_t wp = P(WP_COPY) | P(WP_REUSE);
	const uint64_t read = P(FILE_READ) | P(FILE_AROUND);

	if (vma & E(HUGETLB))
		return P(HUGETLB) | P(HUGETLB_WP);
	if (vma & E(VMA_ANON))
		return any | wp | P(ANON) | P(ANON_ZERO) | P(THP) | P(THP_ZERO) | P(THP_WP);
	if (vma & E(VMA_SHARED))
		return any | read | P(SHARED_WRITE) | P(WP_SHARED);
	return any | read | wp | P(FILE_COW);
}

static void expect_of_vma(const struct plan *plan, uint32_t evidence, uint32_t vma)
{
	const struct signature s = { "", evidence, vma, 0 };
	bool asked;
	int path = classify(plan, &s, &asked);

	if (!(paths_of_vma(vma) & 1ull << path))
		fail_msg("%s: facts %#x, evidence %#x is %s, but the VMA is %#x", plan->attach,
			 plan->facts, evidence, name_of(path), vma);
}

static const uint32_t vmas[] = { ANON, FILE_, SHARED, HUGE_FILE, HUGE_FILE | E(VMA_SHARED) };

/* The error code, and the severity, which the end sets. */
static const uint32_t no_marks[] = {
	R, W, PW, E(PRESENT), R | E(MAJOR), W | E(MAJOR), PW | E(MAJOR),
};

/* All probes lost: coarser, by the VMA, and never a path that the VMA excludes. */
static void lose_all(const struct plan *plan)
{
	for (size_t i = 0; i < NR(no_marks); i++)
		for (size_t v = 0; v < NR(vmas); v++) {
			/* handle_mm_fault saw the VMA, or it is looked up when no row matches. */
			expect_of_vma(plan, no_marks[i] | vmas[v], vmas[v]);
			/* A present hugetlb page without its fact may be called spurious. */
			if ((no_marks[i] & E(PRESENT)) && (vmas[v] & E(HUGETLB)))
				continue;
			expect_of_vma(plan, no_marks[i], vmas[v]);
		}
}

/* Where only the facts of handle_mm_fault are left. */
static const struct signature coarser[] = {
	{ "write, anon", W | ANON, 0, PATH_ANON },
	{ "read, anon", R | ANON, 0, PATH_ANON_ZERO },
	{ "write, private file", W | FILE_, 0, PATH_FILE_COW },
	{ "write, shared file", W | SHARED, 0, PATH_SHARED_WRITE },
	{ "read, file", R | FILE_, 0, PATH_SPURIOUS },
};

/* By tracepoints, where the VMA is looked up. */
static const struct signature coarser_asked[] = {
	{ "write, anon", W, ANON, PATH_ANON },
	{ "write, private file", W, FILE_, PATH_FILE_COW },
	{ "write, shared file", W, SHARED, PATH_SHARED_WRITE },
	{ "major read, file", R | E(MAJOR), FILE_, PATH_FILE_READ },
	{ "write of a present page, private file", PW, FILE_, PATH_WP_REUSE },
};

static void test_lost_marks(void **state)
{
	struct plan plan = plan_with_gup(&k6_12);

	(void)state;
	expect_signatures("probes lost", &plan, coarser, NR(coarser));
	plan = plan_on(&k6_12, ATTACH_TRACEPOINT);
	expect_signatures("probes lost", &plan, coarser_asked, NR(coarser_asked));
	for (size_t k = 0; k < NR(kernels); k++)
		for (enum attach_mode mode = ATTACH_AUTO; mode < ATTACH_NR; mode++)
			for (int missing = 0; missing <= HOOK_NR; missing++) {
				struct plan plan = plan_without(kernels[k], mode, missing);

				if (plan.vma_source != VMA_UNKNOWN)
					lose_all(&plan);
			}
}

/* The signatures with handle_mm_fault again, each with one fact lost. */
static void lose_one(const struct plan *plan, const struct signature *signatures, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		uint32_t evidence = signatures[i].evidence;
		uint32_t vma = evidence & (VMA_FACTS | E(HUGETLB));
		uint32_t probes = evidence & ~(vma | E(PRESENT) | E(WRITE));

		for (int e = 0; e < EV_NR; e++)
			if (probes & (1u << e))
				expect_of_vma(plan, evidence & ~(1u << e), vma);
	}
}

static void test_one_lost_mark(void **state)
{
	struct plan plan = plan_with_gup(&k6_12);

	(void)state;
	lose_one(&plan, functions_6_12, NR(functions_6_12));
	plan = plan_with_gup(&k6_1);
	lose_one(&plan, functions_6_1, NR(functions_6_1));
	plan = plan_with_gup(&k5_10);
	lose_one(&plan, functions_6_1, NR(functions_6_1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures_by_tracepoints),
		cmocka_unit_test(test_signatures_by_functions),
		cmocka_unit_test(test_signatures_without_leg),
		cmocka_unit_test(test_do_anonymous_page_inlined),
		cmocka_unit_test(test_lost_marks),
		cmocka_unit_test(test_one_lost_mark),
	};

	return cmocka_run_group_tests_name("classify", tests, NULL, NULL);
}
