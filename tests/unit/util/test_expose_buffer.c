// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_expose_buffer.c: what is appended to an exposition: text that is valid UTF-8,
 * numbers that are exact and short.
 */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/buffer.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static void invalid_utf8_is_replaced(void **state)
{
	/* Unicode 15, table 3-8 and its neighbours: one U+FFFD for each part that breaks off. */
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain", "plain" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\x7f\x01\t", "\x7f\x01\t" },
		{ "\xff", "?" },
		{ "\x80\xbf", "??" },
		{ "\xc0\xaf", "??" },
		{ "\xc1\xbf", "??" },
		{ "\xe0\x80\xaf", "???" },
		{ "\xed\xa0\x80", "???" },
		{ "\xed\x9f\xbf", "\xed\x9f\xbf" },
		{ "\xf0\x80\x80\xaf", "????" },
		{ "\xf4\x90\x80\x80", "????" },
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
		{ "\xf5\x80", "??" },
		{ "a\xe2\x82", "a?" },
		{ "a\xe2\x82z", "a?z" },
		{ "\xf0\x9f\x98\\", "?\\" },
		{ "\xc3\xc3\xa9", "?\xc3\xa9" },
	};
	struct buffer b = { 0 }, want = { 0 };

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		b.len = want.len = 0;
		for (const char *c = cases[i].out; *c; c++)
			put(&want, *c == '?' ? "\xef\xbf\xbd" : c, *c == '?' ? 3 : 1);
		put_utf8(&b, cases[i].in);
		assert_int_equal(b.len, want.len);
		assert_memory_equal(b.data, want.data, b.len);
		assert_int_equal(utf8_is_valid(cases[i].in), !strcmp(cases[i].in, cases[i].out));
	}
	buffer_free(&b);
	buffer_free(&want);
}

static void expect_number(struct buffer *b, const char *want)
{
	put_char(b, '\0');
	assert_string_equal(b->data, want);
	b->len = 0;
}

static void numbers_are_exact(void **state)
{
	static const uint64_t seconds[] = { 0,          1,     10,         999999999, 1000000000,
					    1000000001, 12345, 1500000000, UINT64_MAX };
	static const char *const texts[] = {
		"0",           "0.000000001", "0.00000001", "0.999999999",          "1",
		"1.000000001", "0.000012345", "1.5",        "18446744073.709551615"
	};
	struct buffer b = { 0 };
	char want[32];

	(void)state;
	for (size_t i = 0; i < NR(seconds); i++) {
		put_seconds(&b, seconds[i]);
		expect_number(&b, texts[i]);
	}
	for (uint64_t power = 1, i = 0; i < 20; power *= 10, i++)
		for (uint64_t by = 0; by < 3; by++) {
			put_u64(&b, power - 1 + by);
			snprintf(want, sizeof(want), "%" PRIu64, power - 1 + by);
			expect_number(&b, want);
		}
	buffer_free(&b);
}

/* Digits that carry precision: without zeros at both ends. */
static int significant_digits(const char *text)
{
	int digits = 0, zeros = 0;

	for (; *text && *text != 'e'; text++) {
		if (*text < '0' || *text > '9' || (*text == '0' && !digits))
			continue;
		digits++;
		zeros = *text == '0' ? zeros + 1 : 0;
	}
	return digits - zeros;
}

/* Reads back, and printf finds no form with fewer digits that does. */
static void expect_shortest(struct buffer *b, double value)
{
	char text[40], other[40];
	int precision = 1;

	b->len = 0;
	put_double(b, value);
	snprintf(text, sizeof(text), "%.*s", (int)b->len, b->data);
	if (strtod(text, NULL) != value)
		fail_msg("%.17g became %s", value, text);
	do
		snprintf(other, sizeof(other), "%.*e", precision - 1, value);
	while (strtod(other, NULL) != value && precision++ < 17);
	if (significant_digits(text) > precision)
		fail_msg("%s is longer than %s", text, other);
}

static void doubles_read_back(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	srand(2);
	for (int i = 0; i < 20000; i++) {
		union {
			uint64_t bits;
			double value;
		} u = { (uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand() };

		if (isfinite(u.value))
			expect_shortest(&b, u.value);
		expect_shortest(&b, (double)rand() / 1000);
	}
	b.len = 0;
	put_double(&b, 0.1);
	expect_number(&b, "0.1");
	put_double(&b, NAN);
	expect_number(&b, "NaN");
	put_double(&b, INFINITY);
	expect_number(&b, "+Inf");
	put_double(&b, -INFINITY);
	expect_number(&b, "-Inf");
	put_double(&b, 1700000000.25);
	expect_number(&b, "1700000000.25");
	put_double(&b, 0x1p-24);
	expect_number(&b, "5.960464477539063e-08");
	put_double(&b, DBL_MAX);
	expect_number(&b, "1.7976931348623157e+308");
	buffer_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(invalid_utf8_is_replaced),
		cmocka_unit_test(numbers_are_exact),
		cmocka_unit_test(doubles_read_back),
	};

	return cmocka_run_group_tests_name("expose buffer", tests, NULL, NULL);
}
