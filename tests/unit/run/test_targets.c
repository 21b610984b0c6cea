// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_targets.c: adding threads, and the kernel's events of CPUs that come online.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
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
	static const struct run_options machine;
	struct symbols symbols = { 0 };
	struct run run = {
		.options = &machine,
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

/* --- threads */

static int add_result; /* of each new thread */
static int added; /* threads */

int __wrap_session_add_task(struct session *s, int tid);
bool __wrap_session_has_task(const struct session *s, int tid);

int __wrap_session_add_task(struct session *s, int tid)
{
	(void)s;
	(void)tid;
	added += !add_result;
	return add_result;
}

bool __wrap_session_has_task(const struct session *s, int tid)
{
	(void)s;
	(void)tid;
	return added;
}

/* Of this process, with a descriptor that is read before each thread; fills the message. */
static int add_this_process(int signals, int result, char message[512])
{
	int pid = getpid();
	struct run_options options = { .pids = &pid, .nr_pids = 1 };
	struct run run = { .options = &options, .signals = signals };
	int saved = dup(STDERR_FILENO), pipes[2], code;
	ssize_t len;

	run.plan.end = END_PERF;
	add_result = result;
	added = 0;
	assert_int_equal(pipe2(pipes, O_NONBLOCK | O_CLOEXEC), 0);
	dup2(pipes[1], STDERR_FILENO);
	code = targets_add_process(&run, pid);
	dup2(saved, STDERR_FILENO);
	len = read(pipes[0], message, 511);
	message[len > 0 ? len : 0] = '\0';
	close(saved);
	close(pipes[0]);
	close(pipes[1]);
	return code;
}

static void threads_are_added_until_none_is_new(void **state)
{
	char message[512];

	(void)state;
	assert_int_equal(add_this_process(-1, 0, message), 0);
	assert_int_equal(added, 1);
	assert_string_equal(message, "");
	assert_int_equal(add_this_process(-1, -ESRCH, message), EXIT_FAILED);
	assert_non_null(strstr(message, "No such process"));
}

/* It has created threads since they were counted. */
static void too_many_threads_name_the_limit(void **state)
{
	char message[512], expected[128];
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(add_this_process(-1, -EMFILE, message), EXIT_FAILED);
	snprintf(expected, sizeof(expected),
		 "pfstat: process %d: %llu open files are needed, and the limit is %llu", getpid(),
		 2ull * limit.rlim_cur, (unsigned long long)limit.rlim_cur);
	assert_memory_equal(message, expected, strlen(expected));
	assert_non_null(strstr(message, "(ulimit -n "));
}

static void a_signal_ends_adding_threads(void **state)
{
	char message[512];
	sigset_t set;
	int fd;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(add_this_process(fd, 0, message), EXIT_FAILED);
	assert_int_equal(added, 0);
	assert_string_equal(message, "pfstat: interrupted before the measurement began\n");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpu_is_added_to_the_session_and_to_symbols),
		cmocka_unit_test(cpu_that_is_refused_is_reported),
		cmocka_unit_test(other_events_are_ignored),
		cmocka_unit_test(lost_events_are_reported),
		cmocka_unit_test(threads_are_added_until_none_is_new),
		cmocka_unit_test(too_many_threads_name_the_limit),
		cmocka_unit_test(a_signal_ends_adding_threads),
	};

	return cmocka_run_group_tests_name("targets", tests, NULL, NULL);
}
