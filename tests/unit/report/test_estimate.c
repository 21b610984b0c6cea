// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_estimate.c: the sums over the periods of --duty, the errors that follow, and the scaled
 * report.
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
#define MS     1000000ull

struct fixture {
	struct hist_tables tables;
	struct snapshot before, after;
	enum exactness exact[PATH_NR][ORIGIN_NR];
	struct fault_totals last, totals;
	struct estimate estimate;
	struct report_duty duty;
	struct report report;
};

static int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	if (!fx)
		return -1;
	histogram_fill_tables(&fx->tables);
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* n faults of ns each in the window of this period. */
static void take(struct fixture *fx, unsigned int path, unsigned int major, uint64_t n, uint64_t ns)
{
	struct fault_sum *sum = &fx->after.sums[path][ORIGIN_USER][major];

	sum->buckets[hist_slot(&fx->tables, ns)] += n;
	sum->sum_ns += n * ns;
	sum->access[ACCESS_WRITE] += n;
	if (ns > sum->max_ns)
		sum->max_ns = ns;
	fx->totals.of[path][ORIGIN_USER].count += n;
	fx->totals.of[path][ORIGIN_USER].sum_ns += n * ns;
}

static void end_period(struct fixture *fx, uint64_t open_ns, uint64_t period_ns)
{
	estimate_add(&fx->estimate, &fx->last, &fx->totals, open_ns);
	fx->last = fx->totals;
	fx->duty.open_ns += open_ns;
	fx->after.mono_ns += period_ns;
}

static void make_report(struct fixture *fx)
{
	snapshot_report(&fx->report, &fx->before, &fx->after, fx->exact, "tracepoint");
	estimate_report(&fx->report, &fx->duty, &fx->estimate);
}

static void assert_near(double value, double expected)
{
	if (fabs(value - expected) > 1e-3 * fabs(expected) + 1e-9)
		fail_msg("%g, not %g", value, expected);
}

/* 100, 300, 200 faults: mean 200, and the squares of the differences add up to 20000. */
static void errors_are_those_of_the_periods(void **state)
{
	static const unsigned int counts[] = { 100, 300, 200 };
	struct fixture *fx = *state;

	for (int i = 0; i < 3; i++) {
		take(fx, PATH_ANON, 0, counts[i], 1000);
		end_period(fx, 100 * MS, SECOND);
	}
	make_report(fx);
	assert_int_equal(fx->report.total.count, 6000);
	assert_int_equal(fx->report.rows[0].count, 6000);
	assert_near(fx->duty.factor, 10);
	/* sqrt(n / (n - 1) * 20000) * 10 */
	assert_near(fx->report.total.error.count, sqrt(1.5 * 20000) * 10);
	assert_near(fx->report.rows[0].error.sum_ns, sqrt(1.5 * 20000) * 10 * 1000);
	assert_near(fx->duty.margin, 9.925);
	assert_int_equal(fx->duty.nr, 3);
}

/* A window twice as long has twice the faults: no difference to explain. */
static void windows_of_different_length_are_no_error(void **state)
{
	struct fixture *fx = *state;

	take(fx, PATH_ANON, 0, 10000, 1000);
	end_period(fx, 100 * MS, SECOND);
	take(fx, PATH_ANON, 0, 20000, 1000);
	end_period(fx, 200 * MS, SECOND);
	make_report(fx);
	assert_int_equal(fx->report.total.count, 200000);
	/* Only that of independent faults is left. */
	assert_near(fx->report.total.error.count, sqrt(30000) * 2 / 0.3);
	assert_near(fx->report.total.error.sum_ns, 0);
}

/* Both paths go up and down together: their shares are certain, their counts are not. */
static void shares_have_errors_of_their_own(void **state)
{
	static const unsigned int counts[] = { 10000, 40000, 25000 };
	struct fixture *fx = *state;

	for (int i = 0; i < 3; i++) {
		take(fx, PATH_ANON, 0, 3 * counts[i], 1000);
		take(fx, PATH_WP_COPY, 0, counts[i], 1000);
		end_period(fx, 100 * MS, SECOND);
	}
	make_report(fx);
	assert_int_equal(fx->report.nr_rows, 2);
	assert_int_equal(fx->report.rows[1].path_id, PATH_WP_COPY);
	assert_true(fx->report.rows[1].error.count > 0.3 * (double)fx->report.rows[1].count);
	assert_near(fx->report.rows[1].error.share, sqrt(0.25 * 0.75 / 300000));
}

static void one_period_has_no_error(void **state)
{
	struct fixture *fx = *state;

	take(fx, PATH_ANON, 0, 100, 1000);
	end_period(fx, 100 * MS, SECOND);
	make_report(fx);
	assert_true(fx->duty.margin == 0);
	assert_true(fx->report.total.error.count == 0);
	assert_int_equal(fx->report.total.count, 1000);
}

static void no_window_scales_nothing(void **state)
{
	struct fixture *fx = *state;

	end_period(fx, 0, SECOND);
	make_report(fx);
	assert_int_equal(fx->report.total.count, 0);
	assert_near(fx->duty.factor, 1);
	assert_int_equal(fx->duty.nr, 0);
}

/* A factor that rounds: 1 / 0.3. */
static void scaled_rows_still_add_up(void **state)
{
	struct fixture *fx = *state;
	const struct report *r = &fx->report;

	take(fx, PATH_SWAP, 1, 7, 90000);
	take(fx, PATH_SWAP, 0, 5, 700);
	take(fx, PATH_ANON, 0, 1, 500);
	take(fx, PATH_BAD_ADDRESS, 0, 2, 900);
	fx->after.sums[PATH_UNRESOLVED][ORIGIN_USER][0].untimed = 1;
	fx->after.sums[PATH_UNRESOLVED][ORIGIN_USER][0].access[ACCESS_READ] = 1;
	end_period(fx, 300 * MS, SECOND);
	make_report(fx);
	for (unsigned int i = 0; i < r->nr_rows; i++) {
		const struct report_row *row = &r->rows[i];
		uint64_t sum = row->untimed;

		for (unsigned int s = 0; s < HIST_SLOTS; s++)
			sum += row->buckets[s];
		assert_int_equal(sum, row->count);
		assert_int_equal(row->access[0] + row->access[1] + row->access[2], row->count);
		if (row->minor + row->major)
			assert_int_equal(row->minor + row->major, row->count);
	}
	assert_int_equal(r->total.untimed, 3);
	/* The maximum is measured. */
	assert_int_equal(r->total.max_ns, 90000);
}

static void ends_at_the_edges_are_no_loss(void **state)
{
	struct fixture *fx = *state;

	fx->after.tallies[TALLY_END_WITHOUT_BEGIN] = 5;
	fx->after.tallies[TALLY_VMA_BUSY] = 2;
	end_period(fx, 100 * MS, SECOND);
	make_report(fx);
	assert_int_equal(fx->report.nr_lost, 1);
	assert_string_equal(fx->report.lost[0].reason, "vma_busy");
	assert_int_equal(fx->duty.edge_ends, 5);
}

static void margins_are_those_of_student(void **state)
{
	(void)state;
	assert_true(estimate_margin(0) == 0 && estimate_margin(1) == 0);
	assert_near(estimate_margin(2), 63.657);
	assert_near(estimate_margin(11), 3.169);
	/* From here on to 0.4 %. */
	assert_true(fabs(estimate_margin(12) - 3.106) < 0.012);
	assert_near(estimate_margin(31), 2.750);
	assert_near(estimate_margin(1000000), 2.576);
}

/* A fixed sequence, so the test never fails by chance. */
static uint64_t draw(uint64_t *random, uint64_t limit)
{
	*random = *random * 6364136223846793005ull + 1442695040888963407ull;
	return (*random >> 33) % limit;
}

/* Faults of the load up to time t: 1 in 10 us, in bursts of 100 ms with pauses of 150 ms. */
static uint64_t load_at(uint64_t t)
{
	uint64_t rest = t % (250 * MS);

	return t / (250 * MS) * 10000 + (rest < 100 * MS ? rest : 100 * MS) / 10000;
}

/* 400 runs of 60 windows each of 10 %, of bursts as long as a window or longer. */
static void margins_hold_for_bursts(void **state)
{
	const uint64_t period = SECOND, window = 100 * MS;
	struct fixture *fx = *state;
	uint64_t random = 1;
	unsigned int run, inside = 0;

	for (run = 0; run < 400; run++) {
		double truth = (double)load_at(60 * period), off;

		memset(&fx->after, 0, sizeof(fx->after));
		memset(&fx->totals, 0, sizeof(fx->totals));
		memset(&fx->last, 0, sizeof(fx->last));
		memset(&fx->estimate, 0, sizeof(fx->estimate));
		fx->duty = (struct report_duty){ 0 };
		for (uint64_t p = 0; p < 60; p++) {
			const uint64_t at = p * period, start = draw(&random, period);
			const uint64_t end = start + window, wrap = end > period ? end - period : 0;

			take(fx, PATH_ANON, 0,
			     load_at(at + (wrap ? period : end)) - load_at(at + start) +
				     load_at(at + wrap) - load_at(at),
			     1000);
			end_period(fx, window, period);
		}
		make_report(fx);
		off = fabs((double)fx->report.total.count - truth);
		inside += off <= fx->duty.margin * fx->report.total.error.count;
	}
	/* 99 of 100, and not all: a margin that is too wide says nothing. */
	assert_in_range(inside, 390, 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(errors_are_those_of_the_periods, setup, teardown),
		cmocka_unit_test_setup_teardown(windows_of_different_length_are_no_error, setup,
						teardown),
		cmocka_unit_test_setup_teardown(shares_have_errors_of_their_own, setup, teardown),
		cmocka_unit_test_setup_teardown(one_period_has_no_error, setup, teardown),
		cmocka_unit_test_setup_teardown(no_window_scales_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(scaled_rows_still_add_up, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_at_the_edges_are_no_loss, setup, teardown),
		cmocka_unit_test(margins_are_those_of_student),
		cmocka_unit_test_setup_teardown(margins_hold_for_bursts, setup, teardown),
	};

	return cmocka_run_group_tests_name("estimate", tests, NULL, NULL);
}
