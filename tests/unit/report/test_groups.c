// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_groups.c: rows of --by: differences, order, what is folded, sums that stay
 * whole; and how it is told that a process has ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proc/liveness.h"
#include "report/group_report.h"
#include "shared/hist.h"

#define SECOND   1000000000ull
#define MAX_ROWS 16

static struct hist_tables tables;

static void take(struct group_faults *cell, uint64_t n, uint64_t ns)
{
	cell->buckets[hist_slot(&tables, ns)] += n;
	cell->sum_ns += n * ns;
	if (ns > cell->max_ns[0])
		cell->max_ns[0] = ns;
}

static void test_read(void **state)
{
	struct group_faults cell = { .untimed = 2, .major = 3, .max_ns = { 700, 900 } };
	struct report_row row;

	(void)state;
	take(&cell, 5, 700);
	take(&cell, 1, 300);
	group_read(&row, &cell, 2);
	assert_int_equal(row.count, 8);
	assert_int_equal(row.untimed, 2);
	assert_int_equal(row.major, 3);
	assert_int_equal(row.sum_ns, 5 * 700 + 300);
	assert_int_equal(row.max_ns, 700);
	group_read(&row, &cell, 3);
	assert_int_equal(row.max_ns, 900);
}

static void test_since(void **state)
{
	struct group_faults cell = { .major = 1 };
	struct report_row before, now;

	(void)state;
	take(&cell, 10, 1000);
	group_read(&before, &cell, 0);
	take(&cell, 4, 2000);
	cell.untimed = 3;
	cell.major = 2;
	group_read(&now, &cell, 0);
	group_since(&now, &before);
	assert_int_equal(now.count, 7);
	assert_int_equal(now.untimed, 3);
	assert_int_equal(now.major, 1);
	assert_int_equal(now.sum_ns, 8000);
	assert_int_equal(now.max_ns, 2000);
	assert_int_equal(now.buckets[hist_slot(&tables, 1000)], 0);
	assert_int_equal(now.buckets[hist_slot(&tables, 2000)], 4);
}

struct rows {
	struct group_row rows[MAX_ROWS];
	struct group_row *sorted[MAX_ROWS];
	struct group_report r;
};

/* Row i has i + 1 faults of ns / (i + 1) and more, and i major ones. */
static void fill(struct rows *rows, unsigned int nr)
{
	memset(rows, 0, sizeof(*rows));
	rows->r.rows = rows->rows;
	rows->r.sorted = rows->sorted;
	rows->r.nr_rows = nr;
	rows->r.by[0] = DIM_CPU;
	for (unsigned int i = 0; i < nr; i++) {
		struct group_faults cell = { .major = i };

		take(&cell, i + 1, 1000 * (nr - i) * (nr - i));
		group_read(&rows->rows[i].n, &cell, 0);
		rows->rows[i].key.dim[0][0] = i;
	}
}

static void take_rest(struct report_row *row, uint64_t n, uint64_t ns)
{
	struct group_faults cell = { .untimed = 1 };

	take(&cell, n, ns);
	group_read(row, &cell, 0);
}

/* What the table prints adds up to its total. */
static void assert_whole(const struct group_report *r)
{
	struct report_row sum = r->more;
	unsigned int i;

	for (i = 0; i < r->shown; i++)
		snapshot_add_row(&sum, &r->sorted[i]->n);
	snapshot_add_row(&sum, &r->other);
	snapshot_add_row(&sum, &r->exited);
	assert_int_equal(sum.count, r->total.count);
	assert_int_equal(sum.untimed, r->total.untimed);
	assert_int_equal(sum.major, r->total.major);
	assert_int_equal(sum.sum_ns, r->total.sum_ns);
	assert_int_equal(sum.max_ns, r->total.max_ns);
	assert_memory_equal(sum.buckets, r->total.buckets, sizeof(sum.buckets));
}

static void test_sums(void **state)
{
	struct rows rows;
	uint64_t count = 0;
	double share = 0;

	(void)state;
	for (unsigned int top = 0; top < 10; top++) {
		fill(&rows, 8);
		take_rest(&rows.r.other, 100, 5000);
		take_rest(&rows.r.exited, 3, 70 * SECOND);
		group_report_make(&rows.r, SORT_TOTAL, top, SECOND);
		assert_whole(&rows.r);
		assert_int_equal(rows.r.total.count, 36 + 101 + 4);
		assert_int_equal(rows.r.total.max_ns, 70 * SECOND);
		assert_int_equal(rows.r.total.major, 28);
	}
	for (unsigned int i = 0; i < 8; i++) {
		count += rows.r.sorted[i]->n.count;
		share += rows.r.sorted[i]->n.share;
	}
	assert_int_equal(count, 36);
	share += rows.r.other.share + rows.r.exited.share;
	assert_true(share > 0.9999 && share < 1.0001);
	assert_true(rows.r.total.rate == 141);
}

static void test_top(void **state)
{
	/* Rows, top; how many are shown. Never one alone is folded. */
	static const unsigned int cases[][3] = {
		{ 8, 0, 8 },  { 8, 3, 3 }, { 8, 6, 6 }, { 8, 7, 8 }, { 8, 8, 8 },
		{ 8, 20, 8 }, { 0, 5, 0 }, { 1, 1, 1 }, { 3, 1, 1 },
	};
	struct rows rows;

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fill(&rows, cases[i][0]);
		group_report_make(&rows.r, SORT_TOTAL, cases[i][1], SECOND);
		assert_int_equal(rows.r.shown, cases[i][2]);
		assert_int_equal(rows.r.nr_rows, cases[i][0]);
		assert_whole(&rows.r);
	}
}

static uint64_t value(const struct report_row *row, enum sort sort)
{
	const uint64_t values[SORT_NR] = {
		[SORT_TOTAL] = row->sum_ns, [SORT_COUNT] = row->count, [SORT_MAJOR] = row->major,
		[SORT_AVG] = row->avg_ns,   [SORT_P50] = row->p50_ns,  [SORT_P99] = row->p99_ns,
		[SORT_MAX] = row->max_ns,
	};

	return values[sort];
}

static void test_sort(void **state)
{
	struct rows rows;

	(void)state;
	for (int sort = 0; sort < SORT_NR; sort++) {
		fill(&rows, 8);
		group_report_make(&rows.r, sort, 0, SECOND);
		for (unsigned int i = 1; i < 8; i++)
			assert_true(value(&rows.r.sorted[i - 1]->n, sort) >
				    value(&rows.r.sorted[i]->n, sort));
	}
}

/* Rows that are alike come by their keys, whatever order they were filled in. */
static void test_sort_ties(void **state)
{
	struct rows rows;

	(void)state;
	fill(&rows, 6);
	for (unsigned int i = 0; i < 6; i++) {
		rows.rows[i].n = rows.rows[0].n;
		rows.rows[i].key.dim[0][0] = 5 - i;
	}
	group_report_make(&rows.r, SORT_MAX, 0, SECOND);
	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(rows.r.sorted[i]->key.dim[0][0], i);
}

/* --- alive */

static bool stat_ended(const char *text, uint64_t start_ns, bool is_thread)
{
	struct procfs_stat stat;

	return !procfs_parse_stat(text, &stat) && liveness_stat_ended(&stat, start_ns, is_thread);
}

static void test_stat(void **state)
{
	static const struct {
		const char *stat;
		uint64_t start_ns;
		bool process, thread; /* has it ended? */
	} cases[] = {
#define STAT(comm, state, threads, start)                                                          \
	"12 (" comm ") " state " 1 12 12 0 -1 4194304 100 0 0 0 1 2 0 0 20 0 " threads " 0 " start \
	" 1000 2 18446744073709551615"
		{ STAT("a", "S", "1", "500"), 5009999999, false, false },
		{ STAT("a", "S", "1", "500"), 4999999999, true, true },
		{ STAT("a", "S", "1", "500"), 5010000000, true, true },
		{ STAT("a", "Z", "1", "500"), 5000000000, true, true },
		{ STAT("a", "Z", "3", "500"), 5000000000, false, true },
		{ STAT("a) S 9 (b", "S", "1", "500"), 5000000000, false, false },
		{ "", 5000000000, false, false },
		{ "12 (a) S 1", 5000000000, false, false },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(stat_ended(cases[i].stat, cases[i].start_ns, false),
				 cases[i].process);
		assert_int_equal(stat_ended(cases[i].stat, cases[i].start_ns, true),
				 cases[i].thread);
	}
}

static void test_alive(void **state)
{
	struct liveness a;
	pid_t child;

	(void)state;
	liveness_open(&a);
	child = fork();
	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	/* A task of another pid namespace. */
	assert_false(liveness_has_ended(&a, 0, 1, false, true));
	assert_true(liveness_has_ended(&a, child, 1, false, false));
	assert_false(liveness_has_ended(&a, getpid(), 1, false, false));
	/* It cannot be this old: its id is in use again. */
	assert_true(liveness_has_ended(&a, getpid(), 1, false, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read), cmocka_unit_test(test_since),
		cmocka_unit_test(test_sums), cmocka_unit_test(test_top),
		cmocka_unit_test(test_sort), cmocka_unit_test(test_sort_ties),
		cmocka_unit_test(test_stat), cmocka_unit_test(test_alive),
	};

	histogram_fill_tables(&tables);
	return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
