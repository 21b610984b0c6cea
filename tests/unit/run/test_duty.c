// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_duty.c: the option --duty, and when the windows of a period are due.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/run.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))
#define MS        1000000ull

static void good_values_are_taken(void **state)
{
	static const struct {
		const char *text;
		struct duty_options options;
	} good[] = {
		{ "10", { 1000 * MS, 100 * MS } },
		{ "1", { 1000 * MS, 10 * MS } },
		{ "0.5", { 1000 * MS, 5 * MS } },
		{ "99.9", { 1000 * MS, 999 * MS } },
		{ "10/100ms", { 100 * MS, 10 * MS } },
		{ "2.5/2s", { 2000 * MS, 50 * MS } },
		{ "50/2ms", { 2 * MS, 1 * MS } },
		/* All the time: nothing to estimate. */
		{ "100", { 0, 0 } },
		{ "100.0/10s", { 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < NR(good); i++) {
		struct duty_options options;
		struct error error;

		if (duty_parse(&options, good[i].text, &error))
			fail_msg("%s: %s", good[i].text, error.text);
		assert_int_equal(options.period_ns, good[i].options.period_ns);
		assert_int_equal(options.window_ns, good[i].options.window_ns);
	}
}

static void bad_values_are_refused(void **state)
{
	static const struct {
		const char *text, *reason;
	} bad[] = {
		{ "", "PERCENT" },        { "0", "PERCENT" },
		{ "0.0", "PERCENT" },     { "101", "PERCENT" },
		{ "100.1", "PERCENT" },   { "-1", "PERCENT" },
		{ "1e1", "PERCENT" },     { "ten", "PERCENT" },
		{ "10%", "PERCENT" },     { "nan", "PERCENT" },
		{ ".", "PERCENT" },       { "1.2.3", "PERCENT" },
		{ "/1s", "PERCENT" },     { "10/", "PERIOD" },
		{ "10/1", "PERIOD" },     { "10/s", "PERIOD" },
		{ "10/1s/1s", "PERIOD" }, { "10/0s", "PERIOD" },
		{ "10/-1s", "PERIOD" },   { "10/2h", "PERIOD" },
		{ "10/9ms", "window" },   { "0.01", "window" },
		{ "10 /1s", "PERCENT" },  { "0000000000000000000000000000010", "PERCENT" },
	};

	(void)state;
	for (size_t i = 0; i < NR(bad); i++) {
		struct duty_options options;
		struct error error;

		if (duty_parse(&options, bad[i].text, &error) != -EINVAL)
			fail_msg("%s is taken", bad[i].text);
		if (!strstr(error.text, bad[i].reason))
			fail_msg("%s: %s", bad[i].text, error.text);
	}
}

static void check_due(uint64_t start, uint64_t at, uint64_t due, uint64_t next)
{
	uint64_t then;

	assert_int_equal(duty_due(1000, start, 100, at, &then), due);
	assert_int_equal(then, next);
}

static void a_window_is_due_at_its_start(void **state)
{
	(void)state;
	check_due(300, 0, 0, 300);
	check_due(300, 299, 0, 300);
	check_due(300, 300, 100, 1000);
	/* However late it is. */
	check_due(300, 999, 100, 1000);
	check_due(0, 0, 100, 1000);
	check_due(900, 899, 0, 900);
	check_due(900, 900, 100, 1000);
}

static void what_is_beyond_the_period_is_due_at_its_begin(void **state)
{
	(void)state;
	check_due(930, 0, 30, 930);
	check_due(930, 929, 30, 930);
	check_due(930, 930, 100, 1000);
	check_due(999, 0, 99, 999);
}

/* Over all starts each moment is measured equally often. */
static void no_moment_is_preferred(void **state)
{
	unsigned int measured[100] = { 0 };

	(void)state;
	for (uint64_t start = 0; start < 100; start++) {
		uint64_t next, wrapped = duty_due(100, start, 30, 0, &next);

		if (!start)
			wrapped = 0;
		for (uint64_t t = 0; t < wrapped; t++)
			measured[t]++;
		for (uint64_t t = start; t < start + 30 - wrapped; t++)
			measured[t]++;
	}
	for (size_t t = 0; t < NR(measured); t++)
		assert_int_equal(measured[t], 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_values_are_taken),
		cmocka_unit_test(bad_values_are_refused),
		cmocka_unit_test(a_window_is_due_at_its_start),
		cmocka_unit_test(what_is_beyond_the_period_is_due_at_its_begin),
		cmocka_unit_test(no_moment_is_preferred),
	};

	return cmocka_run_group_tests_name("duty", tests, NULL, NULL);
}
