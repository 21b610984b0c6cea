// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_classify.c: the evidence rows, against themselves and against what
 * faults were measured to leave behind, each fact set by hand, on plans of
 * made-up kernels that are like stock ones.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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
static struct plan plan_of(const struct kernel *k, struct plan_request request, enum hook missing)
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

static struct plan plan_without(const struct kernel *k, enum attach_mode mode, enum hook missing)
{
	return plan_of(k, (struct plan_request){ .mode = mode }, missing);
}

static struct plan plan_on(const struct kernel *k, enum attach_mode mode)
{
	return plan_without(k, mode, HOOK_NR);
}

/* The hook on handle_mm_fault sees the VMA of every fault. */
static struct plan plan_with_gup(const struct kernel *k)
{
	return plan_of(k, (struct plan_request){ .mode = ATTACH_FENTRY, .gup = true }, HOOK_NR);
}

/* The next subset of mask after this one, 0 after the last. */
static uint32_t next_subset(uint32_t subset, uint32_t mask)
{
	return (subset - mask) & mask;
}

/* Could a fault leave this? Facts about one VMA do not contradict each other. */
static bool makes_sense(uint32_t evidence)
{
	if ((evidence & E(VMA_ANON)) && (evidence & (E(VMA_FILE) | E(VMA_SHARED))))
		return false;
	if ((evidence & E(VMA_SHARED)) && !(evidence & E(VMA_FILE)))
		return false;
	/* probe_alloc() sets both. */
	return !(evidence & E(ALLOC_ZERO)) || (evidence & E(ALLOC));
}

/* The facts that need a comparison of the task's page counts (up to 6.1). */
static uint32_t compared_by_task_rss(const struct plan *plan)
{
	uint32_t compared = E(RSS_ANON) | E(RSS_FILE);

	if (plan->hook[HOOK_do_swap_page].method <= METHOD_UNNEEDED)
		compared |= E(SWAP);
	return plan->task_rss ? compared & plan->facts : 0;
}

static uint32_t to_index(const struct plan *plan, uint32_t evidence)
{
	uint32_t index = 0;

	for (int e = 0; e < EV_NR; e++)
		if (evidence & (1u << e))
			index |= plan->ev_bit[e];
	return index;
}

static const char *name_of(int path)
{
	return path == PATH_ASK ? "ask" : path_name(path);
}

static void add_decided(const struct plan *plan, bool *decides)
{
	uint32_t evidence = 0;

	do {
		const struct evidence_row *row = classify_row(plan->facts, evidence);

		if (row && makes_sense(evidence))
			decides[row - evidence_rows] = true;
		evidence = next_subset(evidence, plan->facts);
	} while (evidence);
}

static void test_every_row_decides_something(void **state)
{
	struct plan plan = plan_without(&k6_12, ATTACH_FENTRY, HOOK_do_anonymous_page);
	static bool decides[256];

	(void)state;
	assert_true(nr_evidence_rows <= NR(decides));
	add_decided(&plan, decides);
	for (size_t k = 0; k < NR(kernels); k++)
		for (enum attach_mode mode = ATTACH_FENTRY; mode < ATTACH_NR; mode++) {
			plan = plan_on(kernels[k], mode);
			add_decided(&plan, decides);
		}
	plan = plan_with_gup(&k6_12);
	add_decided(&plan, decides);
	for (size_t i = 0; i < nr_evidence_rows; i++)
		if (!decides[i])
			fail_msg("row %zu (%s, set %#x, clear %#x) never decides", i,
				 path_name(evidence_rows[i].path), evidence_rows[i].set,
				 evidence_rows[i].clear);
}

static void test_rows_are_well_formed(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_evidence_rows; i++) {
		const struct evidence_row *row = &evidence_rows[i];

		assert_int_equal(row->set & row->clear, 0);
		assert_int_equal((row->set | row->clear) & ~((1u << EV_NR) - 1), 0);
		/* Evidence of something: nothing at all is no evidence. */
		assert_int_not_equal(row->set, 0);
		assert_true(row->path < PATH_NR);
		assert_true(row->exactness == EXACT || row->exactness == INFERRED);
		assert_true(path_completes(row->path));
		assert_int_not_equal(row->path, PATH_UNCLASSIFIED);
	}
}

static void test_no_two_rows_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_evidence_rows; i++)
		for (size_t j = 0; j < i; j++)
			if (evidence_rows[i].set == evidence_rows[j].set &&
			    evidence_rows[i].clear == evidence_rows[j].clear)
				fail_msg("rows %zu (%s) and %zu (%s) have the same evidence", j,
					 path_name(evidence_rows[j].path), i,
					 path_name(evidence_rows[i].path));
}

/* Every path that ends is some row's or some hook's, but for what none knows. */
static void test_every_path_has_a_row(void **state)
{
	(void)state;
	for (int path = 0; path < PATH_NR; path++) {
		bool found = false;

		for (size_t i = 0; i < nr_evidence_rows; i++)
			found |= (int)evidence_rows[i].path == path;
		found |= !!classify_named(path);
		if (found != (path_completes(path) && path != PATH_UNCLASSIFIED))
			fail_msg("%s: %s", path_name(path), found ? "has a row" : "has no row");
	}
}

static void test_path_names(void **state)
{
	(void)state;
	for (unsigned int path = 0; path < PATH_NR; path++) {
		const char *name = path_name(path);

		assert_true(strlen(name) > 0);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
		for (unsigned int other = 0; other < path; other++)
			assert_string_not_equal(name, path_name(other));
		assert_true(strlen(path_help(path)) > 0);
	}
}

/* What the rows say; -1: nothing, and nothing is known of the VMA. */
static int by_rows(const struct plan *plan, uint32_t evidence)
{
	const struct evidence_row *row = classify_row(plan->facts, evidence);

	if (row)
		return row->path;
	return evidence & (E(VMA_ANON) | E(VMA_FILE)) ? PATH_UNCLASSIFIED : -1;
}

/* Would the page counts, not compared yet, make it another path? */
static bool rss_matters(const struct plan *plan, uint32_t evidence, bool ask_vma)
{
	const uint32_t rss = (E(RSS_ANON) | E(RSS_FILE) | E(SWAP)) & plan->facts;
	uint32_t more = 0;
	int path = by_rows(plan, evidence);

	if (!(plan->facts & E(RSS_KNOWN)) || (evidence & E(RSS_KNOWN)))
		return false;
	do {
		int other = by_rows(plan, evidence | more);

		if (other == -1 && !ask_vma)
			other = PATH_UNCLASSIFIED;
		if (other != (path == -1 && !ask_vma ? PATH_UNCLASSIFIED : path))
			return true;
		more = next_subset(more, rss);
	} while (more);
	return false;
}

/* All of the table, with ask_vma and without, is what classify_row() says. */
static void compare_table(const struct plan *plan)
{
	static uint8_t asks[1 << EV_INDEX_BITS], knows[1 << EV_INDEX_BITS];
	uint32_t evidence = 0, count = 0;

	classify_fill(asks, plan->facts, plan->ev_bit, 1);
	classify_fill(knows, plan->facts, plan->ev_bit, 0);
	do {
		uint32_t index = to_index(plan, evidence);
		int path = by_rows(plan, evidence);

		if (rss_matters(plan, evidence, false))
			assert_int_equal(knows[index], PATH_ASK);
		else
			assert_int_equal(knows[index], path == -1 ? PATH_UNCLASSIFIED : path);
		/* Only where there is no answer, and nothing is known of the VMA. */
		if (path == -1 || rss_matters(plan, evidence, true))
			assert_int_equal(asks[index], PATH_ASK);
		else
			assert_int_equal(asks[index], path);
		evidence = next_subset(evidence, plan->facts);
		count++;
	} while (evidence);
	/* No entry beyond is anything but harmless. */
	for (; count < 1 << EV_INDEX_BITS; count++)
		assert_int_equal(knows[count], PATH_UNCLASSIFIED);
}

static void test_table_agrees_with_rows(void **state)
{
	(void)state;
	for (size_t k = 0; k < NR(kernels); k++)
		for (enum attach_mode mode = ATTACH_AUTO; mode < ATTACH_NR; mode++) {
			struct plan plan = plan_on(kernels[k], mode);

			compare_table(&plan);
		}
	for (size_t k = 0; k < NR(kernels); k++) {
		struct plan plan = plan_with_gup(kernels[k]);

		compare_table(&plan);
	}
}

/* A run that watches nothing but the error code: nearly all has to be asked for. */
static void test_table_without_facts(void **state)
{
	static uint8_t path_of[1 << EV_INDEX_BITS];
	const uint32_t ev_bit[EV_NR] = { [EV_PRESENT] = 1, [EV_WRITE] = 2 };

	(void)state;
	classify_fill(path_of, E(PRESENT) | E(WRITE), ev_bit, 1);
	assert_int_equal(path_of[0], PATH_ASK);
	assert_int_equal(path_of[2], PATH_ASK);
	assert_int_equal(path_of[3], PATH_ASK);
	classify_fill(path_of, E(PRESENT) | E(WRITE), ev_bit, 0);
	assert_int_equal(path_of[0], PATH_UNCLASSIFIED);
}

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

static void test_exactness_is_the_best_row(void **state)
{
	const uint32_t all = (1u << EV_NR) - 1;

	(void)state;
	assert_int_equal(classify_exactness(all, PATH_ANON), EXACT);
	assert_int_equal(classify_exactness(all, PATH_SPURIOUS), EXACT);
	assert_int_equal(classify_exactness(all, PATH_WP_REUSE), EXACT);
	assert_int_equal(classify_exactness(all, PATH_DEVICE), INFERRED);
	assert_int_equal(classify_exactness(all, PATH_BAD_ADDRESS), NOT_VISIBLE);
	assert_int_equal(classify_exactness(0, PATH_ANON), NOT_VISIBLE);
	assert_int_equal(classify_exactness(E(HUGETLB), PATH_HUGETLB), EXACT);
	assert_int_equal(classify_exactness(E(PRESENT) | E(WRITE) | E(VMA_ANON), PATH_ANON),
			 INFERRED);
}

/* A path without a row could never be counted, or would never be shown as exact. */
static void each_path_has_a_row(void **state)
{
	(void)state;
	for (enum fault_path path = 0; path < PATH_NR; path++) {
		bool by_evidence = false;

		for (size_t i = 0; i < nr_evidence_rows; i++)
			by_evidence |= evidence_rows[i].path == path;
		if (!path_completes(path))
			assert_non_null(classify_ended(path));
		else if (path != PATH_UNCLASSIFIED)
			assert_null(classify_ended(path));
		if (!by_evidence && !classify_named(path) && !classify_ended(path))
			fail_msg("no row names %s", path_name(path));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_decides_something),
		cmocka_unit_test(test_rows_are_well_formed),
		cmocka_unit_test(test_no_two_rows_alike),
		cmocka_unit_test(test_every_path_has_a_row),
		cmocka_unit_test(test_path_names),
		cmocka_unit_test(test_table_agrees_with_rows),
		cmocka_unit_test(test_table_without_facts),
		cmocka_unit_test(test_signatures_by_tracepoints),
		cmocka_unit_test(test_signatures_by_functions),
		cmocka_unit_test(test_signatures_without_leg),
		cmocka_unit_test(test_do_anonymous_page_inlined),
		cmocka_unit_test(test_lost_marks),
		cmocka_unit_test(test_one_lost_mark),
		cmocka_unit_test(test_exactness_is_the_best_row),
		cmocka_unit_test(each_path_has_a_row),
	};

	return cmocka_run_group_tests_name("classify", tests, NULL, NULL);
}
