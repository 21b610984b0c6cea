// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_evidence_rows.c: the evidence rows, against themselves and against the table made
 * of them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "made_up_kernels.h"

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
		cmocka_unit_test(test_exactness_is_the_best_row),
		cmocka_unit_test(each_path_has_a_row),
	};

	return cmocka_run_group_tests_name("evidence_rows", tests, NULL, NULL);
}
