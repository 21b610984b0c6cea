// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_option_values.c: the values of options: seconds, times with a unit, lists of
 * processes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/run.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static void test_good_seconds(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "1", 1000000000 },
		{ "1.5", 1500000000 },
		{ "0.001", 1000000 },
		{ ".5", 500000000 },
		{ "2.", 2000000000 },
		{ "0010", 10000000000 },
		{ "0.1", 100000000 },
		{ "86400", 86400000000000 },
		{ "31622400", 31622400000000000 },
	};

	(void)state;
	for (size_t i = 0; i < NR(good); i++) {
		uint64_t ns = 0;

		if (!option_parse_seconds(good[i].text, &ns))
			fail_msg("%s is refused", good[i].text);
		assert_true(ns == good[i].ns);
	}
}

static void test_bad_seconds(void **state)
{
	static const char *const bad[] = {
		"",
		"0",
		"-1",
		"+1",
		"1x",
		"0.0005",
		"nan",
		"inf",
		"1e400",
		"1e-400",
		" 1",
		"1 ",
		"x",
		".",
		"-",
		"1,5",
		"1..5",
		"1.5.",
		"0.0",
		"-0.5",
		"0x10",
		"1e1",
		"1e",
		"1s",
		"1:0",
		"1e99",
		"NAN",
		"1e-400",
		"--1",
		"\n1",
		"1\n",
		"31622401",
		"99999999999999999999",
		"0.000999999",
		"infinity",
		"\xd9\xa1",
	};

	(void)state;
	for (size_t i = 0; i < NR(bad); i++) {
		uint64_t ns;

		if (option_parse_seconds(bad[i], &ns))
			fail_msg("\"%s\" is taken for %llu ns", bad[i], (unsigned long long)ns);
	}
}

static void test_good_pids(void **state)
{
	static const struct {
		const char *text;
		size_t nr;
		int pids[4];
	} good[] = {
		{ "1", 1, { 1 } },           { "1,2", 2, { 1, 2 } },
		{ "3,1,2", 3, { 3, 1, 2 } }, { "4194304", 1, { 4194304 } },
		{ "007", 1, { 7 } },
	};

	(void)state;
	for (size_t i = 0; i < NR(good); i++) {
		struct run_options opts = { 0 };
		struct error error;

		if (run_parse_pids(&opts, good[i].text, &error))
			fail_msg("%s: %s", good[i].text, error.text);
		assert_int_equal(opts.nr_pids, good[i].nr);
		for (size_t p = 0; p < good[i].nr; p++)
			assert_int_equal(opts.pids[p], good[i].pids[p]);
		free(opts.pids);
	}
}

static void test_bad_pids(void **state)
{
	static const char *const bad[] = {
		"",     "0",       "-1",         "+1",         "1x",
		"1.5",  "abc",     " 1",         "1 ",         "1,",
		",1",   "1,,2",    ",",          "1, 2",       "1;2",
		"0x10", "1,0",     "1,-2",       "1,x",        "1,2,",
		"nan",  "4194305", "2147483648", "4294967297", "99999999999999999999",
		"1e3",
	};

	(void)state;
	for (size_t i = 0; i < NR(bad); i++) {
		struct run_options opts = { 0 };
		struct error error = { 0 };

		if (!run_parse_pids(&opts, bad[i], &error))
			fail_msg("\"%s\" is taken for a list of pids", bad[i]);
		assert_true(strlen(error.text) > 0);
		free(opts.pids);
	}
}

/* -p 1 -p 2 is -p 1,2, and who is named twice is measured once. */
static void test_pids_add_up(void **state)
{
	struct run_options opts = { 0 };
	struct error error;

	(void)state;
	assert_int_equal(run_parse_pids(&opts, "1,2", &error), 0);
	assert_int_equal(run_parse_pids(&opts, "3", &error), 0);
	assert_int_equal(opts.nr_pids, 3);
	assert_int_equal(run_parse_pids(&opts, "2,2,1", &error), 0);
	assert_int_equal(opts.nr_pids, 3);
	free(opts.pids);
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} times[] = {
		{ "10ms", 10000000 },
		{ "2.5us", 2500 },
		{ "1s", 1000000000 },
		{ "800ns", 800 },
		{ "3600s", 3600000000000 },
		{ "0.5ns", 0 },
		{ "0ms", 0 },
		{ "10", 0 },
		{ "ms", 0 },
		{ "", 0 },
		{ "-1ms", 0 },
		{ "1 ms", 0 },
		{ "1m", 0 },
		{ "1msx", 0 },
		{ "1e3ms", 0 },
		{ "3601s", 0 },
		{ "1.2.3s", 0 },
		{ "nans", 0 },
	};

	(void)state;
	for (size_t i = 0; i < NR(times); i++) {
		uint64_t ns = 0;

		if (option_parse_time(times[i].text, &ns) != (times[i].ns != 0))
			fail_msg("\"%s\" is %s", times[i].text, times[i].ns ? "refused" : "taken");
		assert_true(ns == times[i].ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_seconds), cmocka_unit_test(test_bad_seconds),
		cmocka_unit_test(test_good_pids),    cmocka_unit_test(test_bad_pids),
		cmocka_unit_test(test_pids_add_up),  cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests_name("option_values", tests, NULL, NULL);
}
