// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_web_secret_file.c: http/secret_file.c: what can be read as a file of the configuration.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/http_secret_file.h"

static char folder[] = "/tmp/pfstat-test-XXXXXX";
static char path[64];

static void write_file(size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	for (size_t i = 0; i < len; i++)
		putc('a' + i % 26, f);
	assert_int_equal(fclose(f), 0);
}

static void test_sizes(void **state)
{
	static const size_t sizes[] = { 0, 1, 16383, 16384, 16385, 1 << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t len = 1;
		char *text;

		write_file(sizes[i]);
		text = secret_file_read(path, &len);
		assert_non_null(text);
		assert_int_equal(len, sizes[i]);
		assert_int_equal(strlen(text), sizes[i]);
		for (size_t c = 0; c < len; c++)
			assert_int_equal(text[c], 'a' + c % 26);
		secret_free(text);
	}
}

static void test_too_large(void **state)
{
	size_t len;

	(void)state;
	write_file((1 << 20) + 1);
	errno = 0;
	assert_null(secret_file_read(path, &len));
	assert_int_equal(errno, EFBIG);
	/* Without an end. */
	assert_null(secret_file_read("/dev/zero", &len));
	assert_int_equal(errno, EFBIG);
}

static void test_unreadable(void **state)
{
	size_t len;

	(void)state;
	assert_null(secret_file_read(folder, &len));
	assert_int_equal(errno, EISDIR);
	unlink(path);
	assert_null(secret_file_read(path, &len));
	assert_int_equal(errno, ENOENT);
}

/* Nobody writes into it: neither opening nor reading it blocks. */
static void test_fifo(void **state)
{
	size_t len = 1;
	char *text;

	(void)state;
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	text = secret_file_read(path, &len);
	assert_non_null(text);
	assert_int_equal(len, 0);
	secret_free(text);
	secret_free(NULL);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_fifo),
	};

	return cmocka_run_group_tests_name("web_secret_file", tests, set_up, tear_down);
}
