// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_snapshot.c: reports made of made-up counters: differences, severities,
 * order, losses.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/report.h"
#include "shared/hist.h"

#define SECOND 1000000000ull

/* A run under test: two snapshots and what comes of them. Too large for a stack. */
struct fixture {
	struct hist_tables tables;
	struct snapshot before, after;
	enum exactness exact[PATH_NR][ORIGIN_NR];
	struct report report;
};

static int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	if (!fx)
		return -1;
	histogram_fill_tables(&fx->tables);
	fx->before.mono_ns = 100 * SECOND;
	fx->after.mono_ns = 102 * SECOND;
	fx->after.wall_ns = 1700000000 * SECOND;
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* n faults of ns each, as the kernel side would count them. */
static void add_faults(struct fixture *fx, struct snapshot *snap, unsigned int path,
		       unsigned int origin, unsigned int major, uint64_t n, uint64_t ns)
{
	struct fault_sum *cell = &snap->sums[path][origin][major];

	cell->buckets[hist_slot(&fx->tables, ns)] += n;
	cell->sum_ns += n * ns;
	if (ns > cell->max_ns)
		cell->max_ns = ns;
}

static const struct report *report(struct fixture *fx)
{
	snapshot_report(&fx->report, &fx->before, &fx->after, fx->exact, "fentry");
	return &fx->report;
}

static const struct report_row *find_row(const struct report *r, const char *path,
					 const char *origin)
{
	for (unsigned int i = 0; i < r->nr_rows; i++)
		if (!strcmp(r->rows[i].path, path) && !strcmp(r->rows[i].origin, origin))
			return &r->rows[i];
	fail_msg("no row %s %s", path, origin);
	return NULL;
}

/* The count of a reason of loss; 0 when it is not reported. */
static uint64_t loss(const struct report *r, const char *reason)
{
	for (unsigned int i = 0; i < r->nr_lost; i++) {
		if (!strcmp(r->lost[i].reason, reason)) {
			assert_true(r->lost[i].count > 0);
			assert_true(strlen(r->lost[i].text) > 0);
			return r->lost[i].count;
		}
	}
	return 0;
}

static void test_empty(void **state)
{
	const struct report *r = report(*state);

	assert_int_equal(r->nr_rows, 0);
	assert_int_equal(r->nr_lost, 0);
	assert_int_equal(r->duration_ns, 2 * SECOND);
	assert_int_equal(r->wall_ns, 1700000000 * SECOND);
	assert_string_equal(r->attach, "fentry");
	assert_string_equal(r->total.path, "total");
	assert_string_equal(r->total.origin, "");
	assert_int_equal(r->total.count, 0);
	assert_int_equal(r->total.p99_ns, 0);
	assert_true(r->total.rate == 0);
	assert_true(r->total.share == 0);
}

static void test_single(void **state)
{
	struct fixture *fx = *state;
	const struct report_row *row;
	const struct report *r;

	add_faults(fx, &fx->after, PATH_SWAP, ORIGIN_KERNEL, 1, 1, 123457);
	fx->after.sums[PATH_SWAP][ORIGIN_KERNEL][1].access[ACCESS_WRITE] = 1;
	fx->after.sums[PATH_SWAP][ORIGIN_KERNEL][1].retries = 2;
	fx->exact[PATH_SWAP][ORIGIN_KERNEL] = INFERRED;
	r = report(fx);
	assert_int_equal(r->nr_rows, 1);
	row = find_row(r, "swap", "kernel");
	assert_string_equal(row->exactness, "inferred");
	assert_int_equal(row->count, 1);
	assert_int_equal(row->minor, 0);
	assert_int_equal(row->major, 1);
	assert_int_equal(row->access[ACCESS_READ], 0);
	assert_int_equal(row->access[ACCESS_WRITE], 1);
	assert_int_equal(row->retries, 2);
	/* The maximum caps every quantile: one sample is told exactly. */
	assert_int_equal(row->sum_ns, 123457);
	assert_int_equal(row->avg_ns, 123457);
	assert_int_equal(row->p50_ns, 123457);
	assert_int_equal(row->p99_ns, 123457);
	assert_int_equal(row->max_ns, 123457);
	assert_true(row->rate == 0.5);
	assert_true(row->share == 1);
	assert_int_equal(row->buckets[hist_slot(&fx->tables, 123457)], 1);
}

static void test_only_differences_count(void **state)
{
	struct fixture *fx = *state;
	const struct report_row *row;
	const struct report *r;

	add_faults(fx, &fx->before, PATH_ANON, ORIGIN_USER, 0, 1000, 5000);
	add_faults(fx, &fx->before, PATH_SWAP, ORIGIN_USER, 1, 10, 900000);
	fx->before.sums[PATH_ANON][ORIGIN_USER][0].untimed = 3;
	fx->before.sums[PATH_ANON][ORIGIN_USER][0].access[ACCESS_WRITE] = 1003;
	fx->before.sums[PATH_ANON][ORIGIN_USER][0].retries = 7;
	memcpy(fx->after.sums, fx->before.sums, sizeof(fx->after.sums));
	/* Of this interval only: the earlier 5,000 ns are not its maximum. */
	fx->after.sums[PATH_ANON][ORIGIN_USER][0].max_ns = 0;
	add_faults(fx, &fx->after, PATH_ANON, ORIGIN_USER, 0, 20, 1000);
	fx->after.sums[PATH_ANON][ORIGIN_USER][0].untimed = 4;
	fx->after.sums[PATH_ANON][ORIGIN_USER][0].access[ACCESS_WRITE] = 1024;
	fx->after.sums[PATH_ANON][ORIGIN_USER][0].retries = 9;
	r = report(fx);
	assert_false(r->is_total);
	assert_int_equal(r->nr_rows, 1);
	row = find_row(r, "anon", "user");
	assert_int_equal(row->count, 21);
	assert_int_equal(row->untimed, 1);
	assert_int_equal(row->minor, 21);
	assert_int_equal(row->sum_ns, 20000);
	assert_int_equal(row->avg_ns, 1000);
	assert_int_equal(row->max_ns, 1000);
	assert_int_equal(row->access[ACCESS_WRITE], 21);
	assert_int_equal(row->retries, 2);
	assert_true(row->rate == 10.5);
	assert_int_equal(row->buckets[hist_slot(&fx->tables, 5000)], 0);
}

static void test_from_the_start(void **state)
{
	struct fixture *fx = *state;

	add_faults(fx, &fx->after, PATH_ANON, ORIGIN_USER, 0, 5, 1000);
	fx->after.tallies[TALLY_TABLE_FULL] = 2;
	snapshot_report(&fx->report, NULL, &fx->after, fx->exact, "kprobe");
	assert_true(fx->report.is_total);
	assert_int_equal(fx->report.total.count, 5);
	assert_int_equal(loss(&fx->report, "table_full"), 2);
}

/* A counter that fell (it should not) must not become 2^64 faults. */
static void test_never_below_zero(void **state)
{
	struct fixture *fx = *state;

	add_faults(fx, &fx->before, PATH_ANON, ORIGIN_USER, 0, 5, 1000);
	fx->before.tallies[TALLY_TABLE_FULL] = 2;
	fx->before.mono_ns = fx->after.mono_ns + 1;
	assert_int_equal(report(fx)->nr_rows, 0);
	assert_int_equal(fx->report.nr_lost, 0);
	assert_int_equal(fx->report.duration_ns, 0);
	assert_true(fx->report.total.rate == 0);
}

static void test_severities_merge(void **state)
{
	struct fixture *fx = *state;
	const struct report_row *row;

	add_faults(fx, &fx->after, PATH_SWAP, ORIGIN_USER, 0, 90, 2000);
	add_faults(fx, &fx->after, PATH_SWAP, ORIGIN_USER, 1, 10, 300000);
	fx->after.sums[PATH_SWAP][ORIGIN_USER][1].untimed = 4;
	row = find_row(report(fx), "swap", "user");
	assert_int_equal(fx->report.nr_rows, 1);
	assert_int_equal(row->count, 104);
	assert_int_equal(row->minor, 90);
	assert_int_equal(row->major, 14);
	assert_int_equal(row->sum_ns, 90 * 2000 + 10 * 300000);
	assert_int_equal(row->avg_ns, 31800);
	assert_int_equal(row->max_ns, 300000);
	assert_int_equal(row->buckets[hist_slot(&fx->tables, 2000)], 90);
	assert_int_equal(row->buckets[hist_slot(&fx->tables, 300000)], 10);
	assert_int_equal(row->p90_ns, fx->tables.upper[hist_slot(&fx->tables, 2000)]);
	assert_int_equal(row->p99_ns, 300000);
}

/* Neither minor nor major, as in the kernel's accounting; yet in the count. */
static void test_failed_faults_have_no_severity(void **state)
{
	static const unsigned int failing[] = {
		PATH_BAD_ADDRESS,
		PATH_SIGBUS,
		PATH_FIXUP,
		PATH_UNRESOLVED,
	};
	struct fixture *fx = *state;
	const struct report *r;

	for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
		add_faults(fx, &fx->after, failing[i], ORIGIN_USER, 0, 3, 1000);
		add_faults(fx, &fx->after, failing[i], ORIGIN_USER, 1, 2, 1000);
	}
	add_faults(fx, &fx->after, PATH_UNCLASSIFIED, ORIGIN_USER, 0, 7, 1000);
	r = report(fx);
	for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
		const struct report_row *row = find_row(r, path_name(failing[i]), "user");

		assert_int_equal(row->count, 5);
		assert_int_equal(row->minor, 0);
		assert_int_equal(row->major, 0);
	}
	assert_int_equal(find_row(r, "unclassified", "user")->minor, 7);
	assert_int_equal(r->total.count, 27);
	assert_int_equal(r->total.minor, 7);
	assert_int_equal(r->total.major, 0);
}

static void test_order_and_total(void **state)
{
	struct fixture *fx = *state;
	static const char *const order[][2] = {
		{ "swap", "user" }, /* most time */
		{ "wp_copy", "user" }, /* 100,000 ns, 100 faults */
		{ "anon", "kernel" }, /* the same time: fewer faults, and by name */
		{ "anon", "user" },    { "file_around", "user" },
		{ "hugetlb", "gup" }, /* counted only */
	};
	const struct report *r;
	double shares = 0;

	add_faults(fx, &fx->after, PATH_FILE_AROUND, ORIGIN_USER, 0, 10, 10000);
	add_faults(fx, &fx->after, PATH_ANON, ORIGIN_USER, 0, 10, 10000);
	add_faults(fx, &fx->after, PATH_ANON, ORIGIN_KERNEL, 0, 10, 10000);
	add_faults(fx, &fx->after, PATH_WP_COPY, ORIGIN_USER, 0, 100, 1000);
	add_faults(fx, &fx->after, PATH_SWAP, ORIGIN_USER, 1, 1, 600000);
	fx->after.sums[PATH_HUGETLB][ORIGIN_GUP][0].untimed = 5;
	r = report(fx);
	assert_int_equal(r->nr_rows, 6);
	for (unsigned int i = 0; i < r->nr_rows; i++) {
		assert_string_equal(r->rows[i].path, order[i][0]);
		assert_string_equal(r->rows[i].origin, order[i][1]);
		shares += r->rows[i].share;
	}
	assert_true(fabs(shares - 1) < 1e-9);
	assert_true(r->rows[0].share == 0.6);
	assert_true(r->total.share == 1);
	assert_int_equal(r->total.count, 136);
	assert_int_equal(r->total.untimed, 5);
	assert_int_equal(r->total.minor, 135);
	assert_int_equal(r->total.major, 1);
	assert_int_equal(r->total.sum_ns, 1000000);
	assert_int_equal(r->total.avg_ns, 1000000 / 131);
	assert_int_equal(r->total.max_ns, 600000);
	assert_true(r->total.rate == 68);
	assert_int_equal(r->total.buckets[hist_slot(&fx->tables, 10000)], 30);
}

static void test_untimed_only(void **state)
{
	struct fixture *fx = *state;
	const struct report_row *row;

	fx->after.sums[PATH_UNRESOLVED][ORIGIN_USER][0].untimed = 4;
	/* A maximum that no fault of this interval owns. */
	fx->after.sums[PATH_UNRESOLVED][ORIGIN_USER][0].max_ns = 77;
	row = find_row(report(fx), "unresolved", "user");
	assert_int_equal(row->count, 4);
	assert_int_equal(row->untimed, 4);
	assert_int_equal(row->avg_ns, 0);
	assert_int_equal(row->p50_ns, 0);
	assert_int_equal(row->max_ns, 0);
	assert_true(row->share == 0);
}

/* Every reason at once: also the proof that they fit the report. */
static void test_all_losses(void **state)
{
	struct fixture *fx = *state;
	const struct report *r;

	for (unsigned int i = 0; i < TALLY_NR; i++) {
		fx->before.tallies[i] = 10;
		fx->after.tallies[i] = 11 + i;
	}
	fx->after.events = 100;
	fx->after.end_runs = 97;
	fx->after.probe_misses = 8;
	fx->after.in_flight = 2;
	add_faults(fx, &fx->after, PATH_UNCLASSIFIED, ORIGIN_USER, 0, 5, 1000);
	add_faults(fx, &fx->after, PATH_UNCLASSIFIED, ORIGIN_KERNEL, 0, 1, 1000);
	fx->after.sums[PATH_UNRESOLVED][ORIGIN_USER][0].untimed = 9;
	r = report(fx);
	assert_int_equal(loss(r, "end_without_begin"), 1 + TALLY_END_WITHOUT_BEGIN);
	assert_int_equal(loss(r, "end_of_others"), 0);
	assert_int_equal(loss(r, "table_full"), 1 + TALLY_TABLE_FULL);
	assert_int_equal(loss(r, "vma_busy"), 1 + TALLY_VMA_BUSY);
	assert_int_equal(loss(r, "gup_nested"), 1 + TALLY_GUP_NESTED);
	assert_int_equal(loss(r, "privileged_exec"), 1 + TALLY_PRIVILEGED_EXEC);
	assert_int_equal(loss(r, "kernel_thread"), 1 + TALLY_KERNEL_THREAD);
	assert_int_equal(loss(r, "missed"), 3);
	assert_int_equal(loss(r, "marker_missed"), 8);
	assert_int_equal(loss(r, "unclassified"), 6);
	assert_int_equal(loss(r, "unresolved"), 9);
	assert_int_equal(loss(r, "in_flight"), 2);
	assert_int_equal(loss(r, "no_detail"), 1 + TALLY_NO_DETAIL);
	assert_int_equal(loss(r, "trace_lost"), 1 + TALLY_TRACE_LOST);
	/* What a filter leaves out, and pfstat's own walks, are no loss. */
	assert_int_equal(loss(r, "filtered"), 0);
	assert_int_equal(loss(r, "filtered_failed"), 0);
	assert_int_equal(loss(r, "stack_walk"), 0);
	assert_int_equal(r->filtered, 2 + TALLY_FILTERED + TALLY_FILTERED_FAILED);
	assert_int_equal(r->nr_lost, TALLY_NR - 4 + 5);
}

static void test_missed(void **state)
{
	static const struct {
		uint64_t events[2], runs[2], missed;
	} cases[] = {
		{ { 0, 100 }, { 0, 100 }, 0 },
		{ { 0, 100 }, { 0, 97 }, 3 },
		/* No perf events: fexit is the end, and nothing to compare with. */
		{ { 0, 0 }, { 0, 97 }, 0 },
		/* What an earlier interval missed is not told again. */
		{ { 100, 200 }, { 90, 190 }, 0 },
		{ { 100, 200 }, { 90, 185 }, 5 },
		/* Runs counted after the events were read, here and there. */
		{ { 100, 200 }, { 105, 200 }, 0 },
		{ { 100, 200 }, { 105, 207 }, 0 },
		{ { 100, 200 }, { 105, 199 }, 1 },
	};
	struct fixture *fx = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fx->before.events = cases[i].events[0];
		fx->before.end_runs = cases[i].runs[0];
		fx->after.events = cases[i].events[1];
		fx->after.end_runs = cases[i].runs[1];
		assert_int_equal(loss(report(fx), "missed"), cases[i].missed);
	}
	/* Where the end is a function, what the kernel skipped is counted, and no events are. */
	fx->before.events = fx->after.events = 0;
	fx->before.end_misses = 2;
	fx->after.end_misses = 7;
	assert_int_equal(loss(report(fx), "missed"), 5);
}

static void test_marker_misses_are_a_difference(void **state)
{
	struct fixture *fx = *state;

	fx->before.probe_misses = 5;
	fx->after.probe_misses = 5;
	assert_int_equal(loss(report(fx), "marker_missed"), 0);
	fx->after.probe_misses = 6;
	assert_int_equal(loss(report(fx), "marker_missed"), 1);
}

static void test_overflow_bucket(void **state)
{
	struct fixture *fx = *state;
	const struct report_row *row;

	add_faults(fx, &fx->after, PATH_SWAP, ORIGIN_USER, 1, 1, 300 * SECOND);
	add_faults(fx, &fx->after, PATH_SWAP, ORIGIN_USER, 1, 1, 500 * SECOND);
	row = find_row(report(fx), "swap", "user");
	assert_int_equal(row->buckets[HIST_SLOTS - 1], 2);
	/* The bucket has no end: its faults are told by the maximum. */
	assert_int_equal(row->p50_ns, 500 * SECOND);
	assert_int_equal(row->max_ns, 500 * SECOND);
}

/* The maximum may have been kept on the other side of an interval's edge. */
static void test_max_agrees_with_buckets(void **state)
{
	struct fixture *fx = *state;
	struct fault_sum *cell = &fx->after.sums[PATH_ANON][ORIGIN_USER][0];
	unsigned int slot = hist_slot(&fx->tables, 5000);
	const struct report_row *row;

	add_faults(fx, &fx->after, PATH_ANON, ORIGIN_USER, 0, 1, 5000);
	cell->max_ns = 900;
	row = find_row(report(fx), "anon", "user");
	assert_int_equal(row->max_ns, fx->tables.upper[slot]);
	assert_int_equal(row->p99_ns, fx->tables.upper[slot]);

	cell->max_ns = fx->tables.upper[slot - 1];
	assert_int_equal(find_row(report(fx), "anon", "user")->max_ns, fx->tables.upper[slot]);
	cell->max_ns = fx->tables.upper[slot - 1] + 1;
	assert_int_equal(find_row(report(fx), "anon", "user")->max_ns, cell->max_ns);

	memset(cell->buckets, 0, sizeof(cell->buckets));
	cell->buckets[HIST_SLOTS - 1] = 1;
	assert_int_equal(find_row(report(fx), "anon", "user")->max_ns,
			 fx->tables.upper[HIST_SLOTS - 2] + 1);

	memset(cell->buckets, 0, sizeof(cell->buckets));
	cell->buckets[0] = 1;
	cell->max_ns = 40;
	assert_int_equal(find_row(report(fx), "anon", "user")->max_ns, 40);
}

static void test_maximum_of_both_severities(void **state)
{
	struct fixture *fx = *state;

	add_faults(fx, &fx->after, PATH_SWAP, ORIGIN_USER, 0, 1, 7000);
	add_faults(fx, &fx->after, PATH_SWAP, ORIGIN_USER, 1, 1, 6000);
	/* Nothing new in these cells: their maxima are not of this interval. */
	fx->after.sums[PATH_SWAP][ORIGIN_KERNEL][0].max_ns = 99999;
	add_faults(fx, &fx->after, PATH_ANON, ORIGIN_USER, 0, 1, 5000);
	fx->after.sums[PATH_ANON][ORIGIN_USER][1].max_ns = 88888;
	assert_int_equal(find_row(report(fx), "swap", "user")->max_ns, 7000);
	assert_int_equal(find_row(&fx->report, "anon", "user")->max_ns, 5000);
	assert_int_equal(fx->report.total.max_ns, 7000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),
		TEST(test_single),
		TEST(test_only_differences_count),
		TEST(test_from_the_start),
		TEST(test_never_below_zero),
		TEST(test_severities_merge),
		TEST(test_failed_faults_have_no_severity),
		TEST(test_order_and_total),
		TEST(test_untimed_only),
		TEST(test_all_losses),
		TEST(test_missed),
		TEST(test_marker_misses_are_a_difference),
		TEST(test_overflow_bucket),
		TEST(test_max_agrees_with_buckets),
		TEST(test_maximum_of_both_severities),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
