// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_symbols_cpu.c: records of mappings on CPUs that come online during a measurement. No
 * CPU goes offline here: one that is online is added once more, or was left out at first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "symbols/symbols.h"

/* Of a mapping that only the children have. */
/* In the part of memory that ThreadSanitizer leaves to programs. */
#define ADDRESS 0x7e8000000000

static struct symbols symbols;

static int run_here_only(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
	return cpu;
}

/* false: perf events are refused. */
static bool open_symbols(const int *tids, unsigned int nr)
{
	int events;

	assert_int_equal(symbols_open(&symbols, tids, nr, &events), 0);
	if (events)
		print_message("perf events are refused: %s\n", strerror(-events));
	return !events;
}

static int close_symbols(void **state)
{
	(void)state;
	symbols_close(&symbols);
	return 0;
}

/* The pid of a child that maps code, and has exited. */
static int child_maps(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(mmap((void *)ADDRESS, 4096, PROT_READ | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return pid;
}

static void expect_mapping(int pid)
{
	struct symbol_frame frame;

	symbols_frame_user(&symbols, pid, ADDRESS + 16, UINT64_MAX, &frame);
	assert_non_null(frame.module);
	assert_string_equal(frame.module, "//anon");
}

static void cpu_of_the_machine(void **state)
{
	int cpu = run_here_only(), before, after;

	(void)state;
	if (!open_symbols(NULL, 0))
		skip();
	before = child_maps();
	assert_int_equal(symbols_add_cpu(&symbols, cpu), 0);
	after = child_maps();
	symbols_read(&symbols);
	expect_mapping(before);
	expect_mapping(after);
}

/* No event yet, as on a CPU that is offline at first. */
static void new_cpu_of_threads(void **state)
{
	int cpu = run_here_only(), tid = getpid(), pid;
	struct symbol_frame frame;

	(void)state;
	if (!open_symbols(&tid, 0))
		skip();
	pid = child_maps();
	assert_int_equal(symbols_add_cpu(&symbols, cpu), 0);
	symbols_frame_user(&symbols, pid, ADDRESS, UINT64_MAX, &frame);
	assert_null(frame.module);
	pid = child_maps();
	symbols_read(&symbols);
	expect_mapping(pid);
}

/* Their events are still there: nothing is recorded twice. */
static void known_cpu_of_threads(void **state)
{
	struct address_spaces_totals totals;
	int cpu = run_here_only(), tid = getpid(), pid;

	(void)state;
	if (!open_symbols(&tid, 1))
		skip();
	assert_int_equal(symbols_add_cpu(&symbols, cpu), 0);
	pid = child_maps();
	symbols_read(&symbols);
	expect_mapping(pid);
	address_spaces_totals(symbols.spaces, &totals);
	assert_int_equal(totals.exited, 1);
}

static void no_such_cpu(void **state)
{
	int tid = getpid();

	(void)state;
	if (!open_symbols(&tid, 1))
		skip();
	assert_int_equal(symbols_add_cpu(&symbols, -1), -EINVAL);
	assert_int_equal(symbols_add_cpu(&symbols, 1 << 20), -EINVAL);
}

#define TEST(function) cmocka_unit_test_teardown(function, close_symbols)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cpu_of_the_machine),
		TEST(new_cpu_of_threads),
		TEST(known_cpu_of_threads),
		TEST(no_such_cpu),
	};

	return cmocka_run_group_tests_name("symbols_cpu", tests, NULL, NULL);
}
