// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_check.c: pfstat --check. It must end with 0, its kernel side must be
 * what getrusage says, and it must notice a difference that is really there.
 */
#include "live.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static json_t *check_of(struct test *test)
{
	json_t *check;

	check(test, test->total, "no total");
	check = json_object_get(test->total, "check");
	check(test, check, "the total has no check");
	return check;
}

static json_t *find_row(struct test *test, const char *book, const char *counter)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(check_of(test), "rows"), i,
			   row) if (!strcmp(word(test, row, "book"), book) &&
				    !strcmp(word(test, row, "counter"), counter)) return row;
	return NULL;
}

static json_t *row_of(struct test *test, const char *book, const char *counter)
{
	json_t *row = find_row(test, book, counter);

	check(test, row, "the check has no row %s %s", book, counter);
	return row;
}

static uint64_t reason_of(const json_t *row, const char *reason)
{
	return json_integer_value(json_object_get(json_object_get(row, "reasons"), reason));
}

/* Preemptible kernels can keep the ends of tasks from pfstat, which then says so. */
static void check_kernel_side(struct test *test, const char *counter, uint64_t want)
{
	json_t *row = row_of(test, "tasks", counter);
	uint64_t low = number(test, row, "kernel_low"), high = number(test, row, "kernel_high");

	if (reason_of(row, "exit_missed"))
		return;
	check(test, low == want && high == want, "%s: getrusage says %llu, the check %llu to %llu",
	      counter, (unsigned long long)want, (unsigned long long)low, (unsigned long long)high);
}

/* The verdict, and the kernel's side of it against what faultgen's processes used. */
static void check_books(struct test *test)
{
	uint64_t minor = number(test, test->result, "minflt");
	uint64_t major = number(test, test->result, "majflt");

	if (test->result2) {
		minor += number(test, test->result2, "minflt");
		major += number(test, test->result2, "majflt");
	}
	check(test, json_is_true(json_object_get(check_of(test), "ok")), "the check is not ok");
	check_kernel_side(test, "minor", minor);
	check_kernel_side(test, "major", major);
	test_note(test, "kernel %llu, pfstat %llu",
		  (unsigned long long)number(test, row_of(test, "tasks", "faults"), "kernel_low"),
		  (unsigned long long)number(test, row_of(test, "tasks", "faults"), "pfstat"));
}

/* One process, of one thread, or two at a time, the other of four. */
static void measure(struct test *test, const char *kind, const char *kind2, const char *option)
{
	char pids[40];
	const char *const args[] = { "--check", "-p", pids, option, NULL };

	gen_start(test, &test->gen, kind, test->count, 1, NULL);
	snprintf(pids, sizeof(pids), "%d", (int)test->gen.pid);
	if (kind2) {
		gen_start(test, &test->gen2, kind2, test->count, 4, NULL);
		snprintf(pids, sizeof(pids), "%d,%d", (int)test->gen.pid, (int)test->gen2.pid);
	}
	stat_start(test, args);
	test->result = gen_go(test, &test->gen);
	if (kind2)
		test->result2 = gen_go(test, &test->gen2);
	stat_end(test, SIGINT, 0);
	gen_end(test, &test->gen);
	if (kind2)
		gen_end(test, &test->gen2);
	check_books(test);
}

void test_check_kinds(struct test *test)
{
	static const char *const kinds[][2] = { { "anon", "wp_copy" },
						{ "file_cow", "shmem_write" },
						{ "bad_address", "mix" } };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		measure(test, kinds[i][0], kinds[i][1], NULL);
		test_release(test);
	}
	/* They raise no event: the kernel has them, pfstat says what they are. */
	measure(test, "gup", NULL, NULL);
	check(test, reason_of(row_of(test, "tasks", "minor"), "gup") == test->count,
	      "the get_user_pages faults are not the reason");
	if (test->way != FENTRY)
		return;
	test_release(test);
	measure(test, "gup", NULL, "--gup");
	check(test, !strcmp(word(test, row_of(test, "tasks", "faults"), "verdict"), "equal"),
	      "with --gup something is still missing");
}

/* Threads and children that end meanwhile; both witnesses. */
void test_check_command(struct test *test)
{
	char count[24];
	const char *const args[] = { "--check",
				     "--",
				     "sh",
				     "-c",
				     "\"$0\" --spawn anon \"$1\" 4; ls / | wc -l; :",
				     test->opts->faultgen,
				     count,
				     NULL };
	uint64_t tasks, rusage;

	snprintf(count, sizeof(count), "%llu", (unsigned long long)test->count);
	stat_start(test, args);
	stat_end(test, 0, 0);
	check(test, json_is_true(json_object_get(check_of(test), "ok")), "the check is not ok");
	check(test, number(test, check_of(test), "living") == 0, "a task still lives");
	tasks = number(test, row_of(test, "tasks", "faults"), "kernel_low");
	rusage = number(test, row_of(test, "wait4", "faults"), "kernel_low");
	if (reason_of(row_of(test, "tasks", "faults"), "exit_missed"))
		test_skip(test, "the kernel skipped exits: the tasks have %llu, wait4 %llu",
			  (unsigned long long)tasks, (unsigned long long)rusage);
	/* From 6.16 on the tasks' book lacks what they do when they end. */
	check(test, rusage >= tasks && rusage - tasks <= 2 * number(test, check_of(test), "ended"),
	      "the tasks have %llu, wait4 %llu", (unsigned long long)tasks,
	      (unsigned long long)rusage);
}

/* The children's faults are in wait4's book only: said, and no failure. */
void test_check_no_inherit(struct test *test)
{
	const char *const args[] = { "--check", "--no-inherit",    "--", "sh",
				     "-c",      "ls / | wc -l; :", NULL };

	stat_start(test, args);
	stat_end(test, 0, 0);
	check(test, json_is_true(json_object_get(check_of(test), "ok")), "the check is not ok");
	check(test, !strcmp(word(test, row_of(test, "wait4", "faults"), "verdict"), "information"),
	      "wait4 counts other tasks");
	check(test,
	      number(test, row_of(test, "wait4", "faults"), "kernel_low") >
		      number(test, row_of(test, "tasks", "faults"), "kernel_high"),
	      "wait4 has no more than the tasks");
}

void test_check_machine(struct test *test)
{
	const char *const args[] = { "--check", NULL };
	json_t *row;

	gen_start(test, &test->gen, "anon", test->count, 4, NULL);
	stat_start(test, args);
	test->result = gen_go(test, &test->gen);
	stat_end(test, SIGINT, 0);
	check(test, json_is_true(json_object_get(check_of(test), "ok")), "the check is not ok");
	row = row_of(test, "vmstat", "pgfault");
	check(test, number(test, row, "kernel_high") >= test->count, "pgfault grew by less");
}

/* A /proc/vmstat that stands still: pfstat has faults that this kernel does not own up to. */
void test_check_false_books(struct test *test)
{
	const char *const argv[] = {
		"unshare",
		"-m",
		"sh",
		"-c",
		"f=$(mktemp) && cat /proc/vmstat > \"$f\" && mount --bind \"$f\" /proc/vmstat &&"
		" rm \"$f\" && exec \"$0\" --json --check",
		test->opts->pfstat,
		NULL
	};
	json_t *row;

	gen_start(test, &test->gen, "anon", test->count, 1, NULL);
	proc_start(test, &test->stat, argv);
	check(test, proc_line(test, &test->stat, &test->stat.err, "Measuring"), "not measured: %s",
	      test->stat.err.text ? test->stat.err.text : "");
	test->result = gen_go(test, &test->gen);
	stat_end(test, SIGINT, 1);
	row = row_of(test, "vmstat", "pgfault");
	check(test,
	      !strcmp(word(test, row, "verdict"), "unexplained") &&
		      number(test, row, "unexplained") >= test->count,
	      "%s by %llu", word(test, row, "verdict"),
	      (unsigned long long)number(test, row, "unexplained"));
}
