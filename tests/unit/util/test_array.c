// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_array.c: arrays that grow, and the search in sorted ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/array.h"

static void reserve_grows(void **state)
{
	uint32_t *items = NULL, cap = 0, i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		uint32_t before = cap;

		assert_int_equal(array_reserve(items, cap, i + 1), 0);
		assert_true(cap > i);
		/* So that appending takes constant time. */
		assert_true(cap == before || cap >= 2 * before);
		items[i] = i;
	}
	for (i = 0; i < 100000; i++)
		assert_int_equal(items[i], i);
	free(items);
}

static void reserve_keeps_what_is_enough(void **state)
{
	char *items = NULL, *before;
	size_t cap = 0;

	(void)state;
	assert_int_equal(array_reserve(items, cap, 1000), 0);
	before = items;
	assert_int_equal(array_reserve(items, cap, 1000), 0);
	assert_int_equal(array_reserve(items, cap, 0), 0);
	assert_ptr_equal(items, before);
	free(items);
}

static void reserve_of_nothing_is_not_null(void **state)
{
	uint64_t *items = NULL;
	unsigned int cap = 0;

	(void)state;
	assert_int_equal(array_reserve(items, cap, 0), 0);
	assert_non_null(items);
	free(items);
}

static void too_much_leaves_the_array(void **state)
{
	uint64_t *items = NULL, *before;
	size_t cap = 0, cap_before;

	(void)state;
	assert_int_equal(array_reserve(items, cap, 10), 0);
	before = items;
	cap_before = cap;
	items[9] = 42;
	assert_int_equal(array_reserve(items, cap, SIZE_MAX), -ENOMEM);
	assert_int_equal(array_reserve(items, cap, SIZE_MAX / 8), -ENOMEM);
	assert_int_equal(array_reserve(items, cap, SIZE_MAX / 2 + 2), -ENOMEM);
	assert_ptr_equal(items, before);
	assert_int_equal(cap, cap_before);
	assert_int_equal(items[9], 42);
	free(items);
}

static void count_up_to(void **state)
{
	const struct {
		uint64_t at;
		char padding[5];
	} items[] = { { 10, "" }, { 20, "" }, { 20, "" }, { 30, "" }, { UINT64_MAX, "" } };
	const struct {
		uint64_t key;
		size_t count;
	} cases[] = { { 0, 0 },  { 9, 0 },  { 10, 1 }, { 19, 1 },        { 20, 3 },
		      { 29, 3 }, { 30, 4 }, { 31, 4 }, { UINT64_MAX, 5 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
			array_count_up_to(items, ARRAY_SIZE(items), sizeof(items[0]), cases[i].key),
			cases[i].count);
	assert_int_equal(array_count_up_to(NULL, 0, sizeof(items[0]), 1), 0);
	assert_int_equal(array_count_up_to(items, 1, sizeof(items[0]), 9), 0);
	assert_int_equal(array_count_up_to(items, 1, sizeof(items[0]), 10), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reserve_grows),
		cmocka_unit_test(reserve_keeps_what_is_enough),
		cmocka_unit_test(reserve_of_nothing_is_not_null),
		cmocka_unit_test(too_much_leaves_the_array),
		cmocka_unit_test(count_up_to),
	};

	return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}
