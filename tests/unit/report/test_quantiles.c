// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_quantiles.c: quantiles of histograms, against sorted samples, by rank, and at the
 * edges.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/report.h"
#include "shared/hist.h"

#define SECOND 1000000000ull

static struct hist_tables tables;

static uint64_t random_next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static int compare_u64(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* The exact order statistic: the smallest sample that q of all are at or below. */
static void expect_quantile(const uint64_t *sorted, unsigned int n, unsigned int percent,
			    const uint64_t *buckets)
{
	unsigned int rank = (n * percent + 99) / 100;
	uint64_t truth = sorted[rank ? rank - 1 : 0];
	uint64_t got = snapshot_quantile(buckets, sorted[n - 1], percent / 100.0);

	if (got < truth || (double)got > (double)truth * exp2(1 / 8.0))
		fail_msg("p%u of %u: %llu, exactly %llu", percent, n, (unsigned long long)got,
			 (unsigned long long)truth);
}

static void test_quantiles_of_random_samples(void **state)
{
	uint64_t seed = 20240607, samples[1000];

	(void)state;
	for (unsigned int round = 0; round < 300; round++) {
		unsigned int n = 1 + random_next(&seed) % 1000;
		uint64_t buckets[HIST_SLOTS] = { 0 };

		for (unsigned int i = 0; i < n; i++) {
			/* 60 ns to 68 s, even over the magnitudes */
			unsigned int shift = 5 + random_next(&seed) % 30;

			samples[i] = 60 + (random_next(&seed) & ((2ull << shift) - 1));
			buckets[hist_slot(&tables, samples[i])]++;
		}
		qsort(samples, n, sizeof(samples[0]), compare_u64);
		for (unsigned int percent = 0; percent <= 100; percent++)
			expect_quantile(samples, n, percent, buckets);
	}
}

/* Counts where q * count is whole: the next sample must not be taken. */
static void test_quantile_ranks(void **state)
{
	uint64_t buckets[HIST_SLOTS] = { 0 };
	static const unsigned int percents[] = { 50, 90, 99 };

	(void)state;
	for (unsigned int hundreds = 1; hundreds <= 3000; hundreds++) {
		for (size_t i = 0; i < 3; i++) {
			buckets[100] = (uint64_t)hundreds * percents[i];
			buckets[101] = (uint64_t)hundreds * (100 - percents[i]);
			assert_int_equal(
				snapshot_quantile(buckets, SECOND * 999, percents[i] / 100.0),
				tables.upper[100]);
			buckets[100]--;
			buckets[101]++;
			assert_int_equal(
				snapshot_quantile(buckets, SECOND * 999, percents[i] / 100.0),
				tables.upper[101]);
		}
	}
}

static void test_quantile_edges(void **state)
{
	uint64_t buckets[HIST_SLOTS] = { 0 };

	(void)state;
	assert_int_equal(snapshot_quantile(buckets, 5, 0.5), 0);
	buckets[10] = 1;
	buckets[20] = 1ull << 62;
	assert_int_equal(snapshot_quantile(buckets, SECOND, 0), tables.upper[10]);
	assert_int_equal(snapshot_quantile(buckets, SECOND, -1), tables.upper[10]);
	assert_int_equal(snapshot_quantile(buckets, SECOND, 0.5), tables.upper[20]);
	assert_int_equal(snapshot_quantile(buckets, SECOND, 1), tables.upper[20]);
	assert_int_equal(snapshot_quantile(buckets, SECOND, 2), tables.upper[20]);
	assert_int_equal(snapshot_quantile(buckets, 70, 1), 70);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantiles_of_random_samples),
		cmocka_unit_test(test_quantile_ranks),
		cmocka_unit_test(test_quantile_edges),
	};

	histogram_fill_tables(&tables);
	return cmocka_run_group_tests_name("quantiles", tests, NULL, NULL);
}
