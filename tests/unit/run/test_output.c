// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_output.c: an output whose reader has gone, and one that cannot be written.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/run_output.h"
#include "util/exit_status.h"

static int put_x(const struct output *out, const void *record)
{
	(void)record;
	fputc('x', out->file);
	return 0;
}

static void end_with_x(const struct output *out, const void *summary)
{
	put_x(out, summary);
}

static const struct format format = { .name = "x", .record = put_x, .end = end_with_x };

/* Without a buffer a record meets the error, and a flush has nothing to write any more. */
static int write_all(struct output *out)
{
	setvbuf(out->file, NULL, _IONBF, 0);
	output_begin(out);
	output_record(out, NULL);
	assert_true(out->closed);
	output_flush(out);
	output_record(out, NULL);
	output_end(out, NULL);
	return output_close(out, 0);
}

static void reader_that_has_gone_is_no_error(void **state)
{
	struct output out;
	char name[32];
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	snprintf(name, sizeof(name), "/dev/fd/%d", fds[1]);
	assert_int_equal(output_open(&out, name, &format, NULL), 0);
	close(fds[0]);
	assert_int_equal(write_all(&out), 0);
	assert_int_equal(out.error, 0);
	close(fds[1]);
}

static void full_disk_is_an_error(void **state)
{
	struct output out;

	(void)state;
	assert_int_equal(output_open(&out, "/dev/full", &format, NULL), 0);
	assert_int_equal(write_all(&out), EXIT_FAILED);
	assert_int_equal(out.error, -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_that_has_gone_is_no_error),
		cmocka_unit_test(full_disk_is_an_error),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
