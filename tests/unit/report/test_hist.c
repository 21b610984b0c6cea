// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_hist.c: the histogram against its definition: bucket i holds every
 * latency in (2^((i-1)/8), 2^(i/8)] seconds. The reference is computed without
 * src/report/histogram.c, with schoolbook integers: T ns <= 2^(i/8) s exactly when
 * T^8 * 2^192 <= 2^(i+192) * 10^72, whole numbers on both sides for every i.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/report.h"
#include "shared/hist.h"

/* 24 digits to the base 2^32: (2^64)^8 * 2^192 < 2^704. */
#define DIGITS 24
struct big {
	uint32_t digit[DIGITS];
};

struct fixture {
	struct hist_tables tables;
	/* bound[s]: 2^(i+192) * 10^72 for i = s + HIST_MIN. */
	struct big bound[HIST_SLOTS];
};

static void big_times(struct big *b, uint32_t by)
{
	uint64_t carry = 0;

	for (int i = 0; i < DIGITS; i++) {
		carry += (uint64_t)b->digit[i] * by;
		b->digit[i] = (uint32_t)carry;
		carry >>= 32;
	}
	assert_int_equal(carry, 0);
}

static struct big big_product(const struct big *a, const struct big *b)
{
	struct big p = { 0 };

	for (int i = 0; i < DIGITS; i++) {
		uint64_t carry = 0;

		if (!a->digit[i])
			continue;
		for (int j = 0; i + j < DIGITS; j++) {
			carry += (uint64_t)a->digit[i] * b->digit[j] + p.digit[i + j];
			p.digit[i + j] = (uint32_t)carry;
			carry >>= 32;
		}
		assert_int_equal(carry, 0);
	}
	return p;
}

static int big_compare(const struct big *a, const struct big *b)
{
	for (int i = DIGITS - 1; i >= 0; i--)
		if (a->digit[i] != b->digit[i])
			return a->digit[i] < b->digit[i] ? -1 : 1;
	return 0;
}

/* T^8 * 2^192 */
static struct big big_of_ns(uint64_t ns)
{
	struct big b = { .digit = { (uint32_t)ns, (uint32_t)(ns >> 32) } };

	for (int i = 0; i < 3; i++)
		b = big_product(&b, &b);
	memmove(&b.digit[6], &b.digit[0], sizeof(b.digit) - 6 * sizeof(b.digit[0]));
	memset(&b.digit[0], 0, 6 * sizeof(b.digit[0]));
	return b;
}

/* The first slot whose bound in seconds is not below ns; the last one has none. */
static unsigned int reference_slot(const struct fixture *fx, uint64_t ns)
{
	struct big power = big_of_ns(ns);
	unsigned int s = 0;

	while (s < HIST_SLOTS - 1 && big_compare(&power, &fx->bound[s]) > 0)
		s++;
	return s;
}

static int setup(void **state)
{
	static struct fixture fx;
	struct big bound = { .digit = { 1 } };

	histogram_fill_tables(&fx.tables);
	for (int i = 0; i < 72; i++)
		big_times(&bound, 10);
	for (unsigned int s = 0; s < HIST_SLOTS; s++) {
		fx.bound[s] = bound;
		big_times(&bound, 2);
	}
	*state = &fx;
	return 0;
}

static void expect_slot(const struct fixture *fx, uint64_t ns)
{
	unsigned int got = hist_slot(&fx->tables, ns), want = reference_slot(fx, ns);

	if (got != want)
		fail_msg("%llu ns: slot %u, should be %u", (unsigned long long)ns, got, want);
}

static void expect_slots_around(const struct fixture *fx, uint64_t ns)
{
	for (uint64_t by = 0; by <= 3; by++) {
		if (ns >= by)
			expect_slot(fx, ns - by);
		if (ns + by >= ns)
			expect_slot(fx, ns + by);
	}
}

/* Written down once, from the definition: 2^-24 s, 1 us and so on. */
static void test_known_values(void **state)
{
	const struct fixture *fx = *state;
	static const struct {
		uint64_t ns;
		int index;
	} known[] = {
		{ 0, -192 },          { 59, -192 }, /* 2^-24 s = 59.6 ns */
		{ 60, -191 },         { 1000, -159 }, /* log2(1e-6) * 8 = -159.45 */
		{ 1000000, -79 }, /* -79.73 */
		{ 500000000, -8 }, /* half a second is the bound itself */
		{ 500000001, -7 },    { 1000000000, 0 },    { 1000000001, 1 }, { 2000000000, 8 },
		{ 128000000000, 56 }, { 215269482304, 62 }, /* 2^(62/8) s = 215.2694823049 s */
		{ 215269482305, 63 }, { UINT64_MAX, 63 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal((int)hist_slot(&fx->tables, known[i].ns) + HIST_MIN,
				 known[i].index);
}

static void test_bounds_are_exact(void **state)
{
	const struct fixture *fx = *state;

	for (unsigned int s = 0; s < HIST_SLOTS - 1; s++) {
		uint64_t upper = fx->tables.upper[s];
		struct big in = big_of_ns(upper), out = big_of_ns(upper + 1);

		assert_true(big_compare(&in, &fx->bound[s]) <= 0);
		assert_true(big_compare(&out, &fx->bound[s]) > 0);
		assert_true(upper < fx->tables.upper[s + 1]);
		assert_int_equal(hist_slot(&fx->tables, upper), s);
		assert_int_equal(hist_slot(&fx->tables, upper + 1), s + 1);
		expect_slots_around(fx, upper);
	}
	assert_true(fx->tables.upper[HIST_SLOTS - 1] == UINT64_MAX);
	for (unsigned int s = 0; s < HIST_SLOTS; s++)
		assert_true(histogram_upper(s) == fx->tables.upper[s]);
}

static void test_every_short_latency(void **state)
{
	for (uint64_t ns = 0; ns <= 100000; ns++)
		expect_slot(*state, ns);
}

static void test_around_powers_of_two(void **state)
{
	for (unsigned int e = 0; e < 64; e++)
		for (uint64_t m = 16; m < 32; m++)
			expect_slots_around(*state, e >= 4 ? m << (e - 4) : m >> (4 - e));
	expect_slots_around(*state, UINT64_MAX);
}

static void test_random_latencies(void **state)
{
	uint64_t x = 88172645463325252ull;

	for (int i = 0; i < 200000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		expect_slot(*state, x >> (i % 64));
	}
}

static void test_monotone(void **state)
{
	const struct fixture *fx = *state;
	unsigned int last = 0;

	for (uint64_t ns = 1; ns < UINT64_MAX / 2; ns += ns / 512 + 1) {
		unsigned int s = hist_slot(&fx->tables, ns);

		assert_true(s == last || s == last + 1);
		last = s;
	}
	assert_int_equal(last, HIST_SLOTS - 1);
}

/* One comparison must be enough: a guess's span holds at most one bound. */
static void test_guess_is_off_by_one_at_most(void **state)
{
	const struct fixture *fx = *state;

	for (unsigned int g = 0; g < HIST_GUESSES; g++) {
		unsigned int e = g >> HIST_GUESS_BITS, m = g & 15;
		uint64_t low = e >= 4 ? (16ull + m) << (e - 4) : (16ull + m) >> (4 - e);
		uint64_t high = e >= 4 ? low + (1ull << (e - 4)) - 1 : low;

		/* Below 16 ns some guesses have no value of their own. */
		if (hist_guess_index(low) != g)
			continue;
		assert_int_equal(hist_guess_index(high), g);
		assert_int_equal(fx->tables.guess[g], reference_slot(fx, low));
		assert_in_range(reference_slot(fx, high) - fx->tables.guess[g], 0, 1);
	}
}

static void test_log2(void **state)
{
	(void)state;
	assert_int_equal(hist_log2(0), 0);
	for (unsigned int e = 0; e < 64; e++) {
		assert_int_equal(hist_log2(1ull << e), e);
		assert_int_equal(hist_log2((1ull << e) | ((1ull << e) - 1)), e);
	}
}

/*
 * Both sides the same: hist_slot() reads the tables and the latency, nothing
 * else, so what holds for this copy holds for the one in .rodata.
 */
static void test_depends_on_tables_only(void **state)
{
	const struct fixture *fx = *state;
	struct hist_tables copy, again;

	memset(&copy, 0xa5, sizeof(copy));
	memset(&again, 0x5a, sizeof(again));
	histogram_fill_tables(&copy);
	histogram_fill_tables(&again);
	assert_memory_equal(copy.upper, again.upper, sizeof(copy.upper));
	assert_memory_equal(copy.guess, again.guess, sizeof(copy.guess));
	assert_memory_equal(copy.near, again.near, sizeof(copy.near));
	for (uint64_t ns = 0; ns < UINT64_MAX / 2; ns += ns / 64 + 1)
		assert_int_equal(hist_slot(&copy, ns), hist_slot(&fx->tables, ns));

	/* Other tables, other slots: all at 7, and bounds nothing can pass. */
	memset(copy.guess, 7, sizeof(copy.guess));
	memset(copy.near, 7, sizeof(copy.near));
	memset(copy.upper, 0xff, sizeof(copy.upper));
	for (uint64_t ns = 0; ns < UINT64_MAX / 2; ns += ns / 64 + 1)
		assert_int_equal(hist_slot(&copy, ns), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_values),
		cmocka_unit_test(test_bounds_are_exact),
		cmocka_unit_test(test_every_short_latency),
		cmocka_unit_test(test_around_powers_of_two),
		cmocka_unit_test(test_random_latencies),
		cmocka_unit_test(test_monotone),
		cmocka_unit_test(test_guess_is_off_by_one_at_most),
		cmocka_unit_test(test_log2),
		cmocka_unit_test(test_depends_on_tables_only),
	};

	return cmocka_run_group_tests_name("hist", tests, setup, NULL);
}
