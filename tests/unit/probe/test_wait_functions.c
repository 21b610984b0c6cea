// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_wait_functions.c: the addresses of functions that faults sleep in, from invented
 * /proc/kallsyms. tests/unit/symbols/test_symbols.c has more.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probe/probe_wait_functions.h"

static int read_text(struct wait_range found[WAIT_NR], const char *text)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int err;

	assert_non_null(f);
	memset(found, 0xff, WAIT_NR * sizeof(*found));
	err = wait_functions_read(found, f);
	fclose(f);
	return err;
}

static void expect_none_but(const struct wait_range found[WAIT_NR], enum wait_function but)
{
	for (int i = 0; i < WAIT_NR; i++)
		if (i != (int)but) {
			assert_int_equal(found[i].begin, 0);
			assert_int_equal(found[i].end, 0);
		}
}

/* An alias has the same address, and a longer name is another function's. */
static void a_function_ends_where_the_next_begins(void **state)
{
	struct wait_range found[WAIT_NR];

	(void)state;
	assert_int_equal(read_text(found, "ffffffff81000000 T _stext\n"
					  "ffffffff81000100 t handle_mm_fault\n"
					  "ffffffff81000100 t an_alias\n"
					  "ffffffff81000180 T the_next\n"
					  "ffffffffc0000000 t drain_all_pages_of\t[module]\n"),
			 0);
	assert_int_equal(found[WAIT_handle_mm_fault].begin, 0xffffffff81000100);
	assert_int_equal(found[WAIT_handle_mm_fault].end, 0xffffffff81000180);
	expect_none_but(found, WAIT_handle_mm_fault);
}

static void hidden_addresses_are_eacces(void **state)
{
	struct wait_range found[WAIT_NR];

	(void)state;
	assert_int_equal(read_text(found, "0000000000000000 T _stext\n"
					  "0000000000000000 t handle_mm_fault\n"
					  "0000000000000000 T the_next\n"),
			 -EACCES);
	expect_none_but(found, WAIT_NR);
}

/* The file ends in the middle: nothing is trusted. */
static void a_function_without_an_end_clears_all(void **state)
{
	struct wait_range found[WAIT_NR];

	(void)state;
	assert_int_equal(read_text(found, "ffffffff81000100 t handle_mm_fault\n"
					  "ffffffff81000180 t do_page_fault\n"
					  "short\n"),
			 0);
	expect_none_but(found, WAIT_NR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_ends_where_the_next_begins),
		cmocka_unit_test(hidden_addresses_are_eacces),
		cmocka_unit_test(a_function_without_an_end_clears_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
