// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_error.c: errors with a text, and the exit statuses of errors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "util/error.h"
#include "util/exit_status.h"

static void text_of_an_error(void **state)
{
	struct error error = { 0 };

	(void)state;
	assert_int_equal(error_set(&error, -ENOENT, "cannot open %s: %d", "file", 7), -ENOENT);
	assert_int_equal(error.code, -ENOENT);
	assert_string_equal(error.text, "cannot open file: 7");
}

static void long_texts_are_cut(void **state)
{
	struct error error;
	char name[2000];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	error_set(&error, -EIO, "%s", name);
	assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

static void exit_statuses(void **state)
{
	(void)state;
	assert_int_equal(exit_code_of(-EPERM), EXIT_PRIVILEGE);
	assert_int_equal(exit_code_of(-EACCES), EXIT_PRIVILEGE);
	assert_int_equal(exit_code_of(-ENOENT), EXIT_FAILED);
	assert_int_equal(fail_errno(EXIT_KERNEL, "test", -ENOSYS), EXIT_KERNEL);
	assert_int_equal(fail_with(EXIT_USAGE, "test"), EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_an_error),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(exit_statuses),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
