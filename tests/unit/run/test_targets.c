// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_targets.c: the kernel's events of CPUs that come online.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/run_setup.h"

/* What session and symbols were called with, -1: not at all. */
struct calls {
	int session, symbols;
	int reported, err;
	int nr;
};

static struct calls calls;
static int session_result;

int __wrap_session_add_cpu(struct session *s, int cpu);
int __wrap_symbols_add_cpu(struct symbols *s, int cpu);

int __wrap_session_add_cpu(struct session *s, int cpu)
{
	(void)s;
	calls.session = cpu;
	return session_result;
}

int __wrap_symbols_add_cpu(struct symbols *s, int cpu)
{
	(void)s;
	calls.symbols = cpu;
	return 0;
}

static void keep_report(void *arg, int cpu, int err)
{
	(void)arg;
	calls.reported = cpu;
	calls.err = err;
	calls.nr++;
}

/* Handles one message; NULL: the socket fails. */
static void handle_message(const char *message, int result)
{
	struct symbols symbols = { 0 };
	struct run run = {
		.request.cpu_online = keep_report,
		.symbols = &symbols,
	};
	int fds[2];

	calls = (struct calls){ -1, -1, 0, 0, 0 };
	session_result = result;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds), 0);
	run.cpus = fds[0];
	if (message)
		assert_int_equal(send(fds[1], message, strlen(message) + 1, 0),
				 strlen(message) + 1);
	else
		run.cpus = -1;
	targets_handle_cpus(&run);
	close(fds[0]);
	close(fds[1]);
}

static void cpu_is_added_to_the_session_and_to_symbols(void **state)
{
	(void)state;
	handle_message("online@/devices/system/cpu/cpu13", 0);
	assert_int_equal(calls.session, 13);
	assert_int_equal(calls.symbols, 13);
	assert_int_equal(calls.nr, 1);
	assert_int_equal(calls.err, 0);
}

static void cpu_that_is_refused_is_reported(void **state)
{
	(void)state;
	handle_message("online@/devices/system/cpu/cpu1", -EMFILE);
	assert_int_equal(calls.reported, 1);
	assert_int_equal(calls.err, -EMFILE);
}

static void other_events_are_ignored(void **state)
{
	(void)state;
	handle_message("offline@/devices/system/cpu/cpu1", 0);
	assert_int_equal(calls.session, -1);
	assert_int_equal(calls.nr, 0);
	handle_message("add@/devices/virtual/block/loop0", 0);
	assert_int_equal(calls.session, -1);
	assert_int_equal(calls.nr, 0);
}

static void lost_events_are_reported(void **state)
{
	(void)state;
	handle_message(NULL, 0);
	assert_int_equal(calls.session, -1);
	assert_int_equal(calls.symbols, -1);
	assert_int_equal(calls.nr, 1);
	assert_true(calls.reported < 0);
	assert_int_equal(calls.err, -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpu_is_added_to_the_session_and_to_symbols),
		cmocka_unit_test(cpu_that_is_refused_is_reported),
		cmocka_unit_test(other_events_are_ignored),
		cmocka_unit_test(lost_events_are_reported),
	};

	return cmocka_run_group_tests_name("targets", tests, NULL, NULL);
}
