// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_intern.c: equal bytes have one number, numbers count from 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "util/intern.h"

static void numbers(void **state)
{
	struct intern t = { 0 };
	char text[16];
	int i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "name %d", i);
		assert_int_equal(intern_text(&t, text), i);
	}
	for (i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "name %d", i);
		assert_int_equal(intern_text(&t, text), i);
		assert_string_equal(interned(&t, i), text);
	}
	assert_int_equal(t.nr, 10000);
	intern_free(&t);
	assert_int_equal(t.nr, 0);
}

/* The length counts, and so does a '\0'. */
static void bytes(void **state)
{
	struct intern t = { 0 };

	(void)state;
	assert_int_equal(intern(&t, "a\0b", 3), 0);
	assert_int_equal(intern(&t, "a\0c", 3), 1);
	assert_int_equal(intern(&t, "a", 1), 2);
	assert_int_equal(intern(&t, "", 0), 3);
	assert_int_equal(intern(&t, "a\0b", 3), 0);
	assert_int_equal(intern_text(&t, ""), 3);
	assert_memory_equal(interned(&t, 1), "a\0c", 4);
	intern_free(&t);
}

static void aligned(void **state)
{
	struct intern t = { 0 };
	size_t len;

	(void)state;
	for (len = 0; len < 100; len++)
		assert_int_equal(intern(&t,
					"0123456789012345678901234567890123456789"
					"0123456789012345678901234567890123456789"
					"01234567890123456789",
					len),
				 len);
	for (len = 0; len < 100; len++)
		assert_int_equal((uintptr_t)interned(&t, len) % _Alignof(max_align_t), 0);
	intern_free(&t);
}

static void closed(void **state)
{
	struct intern t = { .closed = true };

	(void)state;
	assert_int_equal(intern_text(&t, "first"), -ENOSPC);
	t.closed = false;
	assert_int_equal(intern_text(&t, "first"), 0);
	t.closed = true;
	assert_int_equal(intern_text(&t, "second"), -ENOSPC);
	assert_int_equal(intern_text(&t, "first"), 0);
	intern_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(bytes),
		cmocka_unit_test(aligned),
		cmocka_unit_test(closed),
	};

	return cmocka_run_group_tests_name("intern", tests, NULL, NULL);
}
