// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_names.c: the names of paths, origins and exactness, and the times that people read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/report.h"

#define SECOND 1000000000ull

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(path_name(PATH_ANON), "anon");
	assert_string_equal(path_name(PATH_UNCLASSIFIED), "unclassified");
	assert_string_equal(path_name(PATH_NR), "?");
	assert_string_equal(path_name(PATH_ASK), "?");
	assert_true(strlen(path_help(PATH_SWAP)) > 0);
	assert_string_equal(path_help(PATH_NR), "");
	assert_true(path_completes(PATH_ANON));
	assert_true(path_completes(PATH_UNCLASSIFIED));
	assert_false(path_completes(PATH_SIGBUS));
	assert_false(path_completes(PATH_NR));
	assert_string_equal(origin_name(ORIGIN_USER), "user");
	assert_string_equal(origin_name(ORIGIN_KERNEL), "kernel");
	assert_string_equal(origin_name(ORIGIN_GUP), "gup");
	assert_string_equal(origin_name(ORIGIN_NR), "?");
	assert_string_equal(exactness_name(EXACT), "exact");
	assert_string_equal(exactness_name(INFERRED), "inferred");
	assert_string_equal(exactness_name(NOT_VISIBLE), "not_visible");
}

static void test_render_time(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} times[] = {
		{ 0, "0ns" },
		{ 1, "1ns" },
		{ 812, "812ns" },
		{ 999, "999ns" },
		{ 1000, "1.00us" },
		{ 1004, "1.00us" },
		{ 1005, "1.01us" },
		{ 1250, "1.25us" },
		{ 9994, "9.99us" },
		{ 9995, "10.0us" },
		{ 34000, "34.0us" },
		{ 99949, "99.9us" },
		{ 99950, "100us" },
		{ 999499, "999us" },
		{ 999500, "1.00ms" },
		{ 34000000, "34.0ms" },
		{ 999499999, "999ms" },
		{ 999500000, "1.00s" },
		{ 2100000000, "2.10s" },
		{ 215269482304, "215s" },
		{ 12345 * SECOND, "12345s" },
		{ UINT64_MAX, "18446744074s" },
	};
	char buf[FORMAT_TIME_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		assert_string_equal(format_time(buf, times[i].ns), times[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_render_time),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
