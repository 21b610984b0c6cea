// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_serve_sandbox.c: serve/sandbox.c: what a process can still do in it. Each case is a child
 * of its own, as there is no way out of the sandbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/serve_sandbox.h"

/* Runs check in a sandbox without needs; it returns 0 or the line that failed. */
static void check_in_sandbox(int (*check)(const char *kept))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		const struct sandbox_needs needs = { .prog_fd = -1 };
		struct error error;
		char kept[64];
		int line;

		if (sandbox_enter(&needs, kept, sizeof(kept), &error))
			_exit(1);
		line = check(kept);
		if (line)
			fprintf(stderr, "# line %d; kept: %s\n", line, kept);
		_exit(line ? 2 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* capget(2) is refused, too. */
static int check_capabilities(const char *kept)
{
	static const char *const none[] = {
		"CapInh:\t0000000000000000\n",
		"CapPrm:\t0000000000000000\n",
		"CapEff:\t0000000000000000\n",
		"CapAmb:\t0000000000000000\n",
		"NoNewPrivs:\t1\n",
		"Seccomp:\t2\n",
	};
	char text[8192] = "";
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (strcmp(kept, "no capability") != 0)
		return __LINE__;
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return __LINE__;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (!strstr(text, none[i]))
			return __LINE__;
	return 0;
}

static void test_capabilities(void **state)
{
	(void)state;
	check_in_sandbox(check_capabilities);
}

static int check_refused(const char *kept)
{
	char *const argv[] = { "true", NULL };

	(void)kept;
	errno = 0;
	if (execv("/bin/true", argv) != -1 || errno != EPERM)
		return __LINE__;
	errno = 0;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != -1 || errno != EPERM)
		return __LINE__;
	errno = 0;
	if (mount("none", "/tmp", "tmpfs", 0, NULL) != -1 || errno != EPERM)
		return __LINE__;
	errno = 0;
	if (unlink("/nonexistent") != -1 || errno != EPERM)
		return __LINE__;
	errno = 0;
	return chmod("/nonexistent", 0) == -1 && errno == EPERM ? 0 : __LINE__;
}

static void test_refused_calls(void **state)
{
	(void)state;
	check_in_sandbox(check_refused);
}

static void *do_nothing(void *arg)
{
	return arg;
}

/* What serving needs: files, sockets, threads. */
static int check_allowed(const char *kept)
{
	pthread_t thread;
	char text[16];
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

	(void)kept;
	if (fd < 0 || read(fd, text, sizeof(text)) <= 0 || close(fd))
		return __LINE__;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || listen(fd, 1) || close(fd))
		return __LINE__;
	if (pthread_create(&thread, NULL, do_nothing, NULL) || pthread_join(thread, NULL))
		return __LINE__;
	return 0;
}

static void test_allowed_calls(void **state)
{
	(void)state;
	check_in_sandbox(check_allowed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_refused_calls),
		cmocka_unit_test(test_allowed_calls),
	};

	return cmocka_run_group_tests_name("serve_sandbox", tests, NULL, NULL);
}
