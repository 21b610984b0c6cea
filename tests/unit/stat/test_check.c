// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_check.c: made-up books of a made-up kernel against made-up counters.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stat/stat_check.h"

/* Too large for a stack. */
struct fixture {
	struct snapshot total;
	enum exactness exact[PATH_NR][ORIGIN_NR];
	struct check_kernel kernel_counters;
	struct check_input in;
	struct check out;
};

static int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	if (!fx)
		return -1;
	fx->in = (struct check_input){
		.total = &fx->total,
		.exact = (const enum exactness(*)[ORIGIN_NR])fx->exact,
		.kernel_counters = &fx->kernel_counters,
		.per_task = true,
		.perf_end = true,
		.vma_lock = true,
	};
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* n faults; those with an exception have an event and a run of the end program. */
static void faults(struct fixture *fx, unsigned int path, unsigned int origin, unsigned int major,
		   uint64_t n)
{
	fx->total.sums[path][origin][major].buckets[40] += n;
	if (origin == ORIGIN_GUP || !path_completes(path))
		return;
	fx->total.events += n;
	fx->total.end_runs += n;
}

static void tasks(struct fixture *fx, uint64_t minor, uint64_t major)
{
	fx->kernel_counters.tasks[0] = (struct check_span){ minor, minor };
	fx->kernel_counters.tasks[1] = (struct check_span){ major, major };
}

static void vmstat(struct fixture *fx, enum check_counter counter, uint64_t low, uint64_t high)
{
	fx->in.per_task = false;
	fx->kernel_counters.has_counter[counter] = true;
	fx->kernel_counters.counter[counter] = (struct check_span){ low, high };
}

static const struct check_row *row(struct fixture *fx, const char *source, const char *counter)
{
	for (unsigned int i = 0; i < fx->out.nr_rows; i++)
		if (!strcmp(fx->out.row[i].source, source) &&
		    !strcmp(fx->out.row[i].counter, counter))
			return &fx->out.row[i];
	fail_msg("no row %s %s", source, counter);
	return NULL;
}

static uint64_t reason(const struct check_row *row, const char *name)
{
	for (unsigned int i = 0; i < row->nr_reasons; i++)
		if (!strcmp(row->reason[i].name, name))
			return row->reason[i].count;
	return 0;
}

static void expect(struct fixture *fx, const char *book, const char *counter,
		   enum check_verdict verdict)
{
	assert_string_equal(check_verdict_name(row(fx, book, counter)->verdict),
			    check_verdict_name(verdict));
}

static void test_equal(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 90);
	faults(fx, PATH_ANON, ORIGIN_KERNEL, 0, 10);
	faults(fx, PATH_SWAP, ORIGIN_USER, 1, 7);
	faults(fx, PATH_BAD_ADDRESS, ORIGIN_USER, 0, 3);
	tasks(fx, 100, 7);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(fx->out.nr_rows, 4);
	expect(fx, "perf", "events", CHECK_EQUAL);
	expect(fx, "tasks", "minor", CHECK_EQUAL);
	expect(fx, "tasks", "major", CHECK_EQUAL);
	expect(fx, "tasks", "faults", CHECK_EQUAL);
	assert_int_equal(row(fx, "tasks", "faults")->pfstat, 107);
}

static void test_nothing_measured(void **state)
{
	struct fixture *fx = *state;

	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	expect(fx, "tasks", "faults", CHECK_EQUAL);
}

/* They began, so they are no get_user_pages faults, unless something else says why they did not
 * end. */
static void test_unresolved(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	fx->total.sums[PATH_UNRESOLVED][ORIGIN_USER][0].untimed = 20;
	tasks(fx, 130, 0);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
	assert_int_equal(reason(row(fx, "tasks", "faults"), "gup"), 10);
	assert_int_equal(row(fx, "tasks", "faults")->unexplained, 20);
}

static void test_privileged_exec(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	fx->total.sums[PATH_UNRESOLVED][ORIGIN_USER][0].untimed = 20;
	fx->total.tallies[TALLY_PRIVILEGED_EXEC] = 20;
	tasks(fx, 130, 0);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(reason(row(fx, "tasks", "faults"), "privileged_exec"), 20);
	assert_int_equal(reason(row(fx, "tasks", "faults"), "gup"), 10);
}

static void test_kernel_thread(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	fx->total.sums[PATH_UNRESOLVED][ORIGIN_KERNEL][0].untimed = 20;
	fx->total.tallies[TALLY_KERNEL_THREAD] = 20;
	tasks(fx, 130, 0);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(reason(row(fx, "tasks", "faults"), "kernel_thread"), 20);
	assert_int_equal(reason(row(fx, "tasks", "faults"), "gup"), 10);
}

/* Its severity is not known, so both rows may use it, and the sum must. */
static void test_missed(void **state)
{
	struct fixture *fx = *state;

	fx->in.gup = true;
	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	fx->total.events += 5;
	tasks(fx, 103, 2);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(reason(row(fx, "perf", "events"), "missed"), 5);
	assert_int_equal(reason(row(fx, "tasks", "minor"), "missed"), 3);
	assert_int_equal(reason(row(fx, "tasks", "major"), "missed"), 2);
	assert_int_equal(reason(row(fx, "tasks", "faults"), "missed"), 5);
	expect(fx, "tasks", "faults", CHECK_EXPLAINED);
}

/* The kernel has less than was missed for certain: no explanation. */
static void test_missed_but_not_counted(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	fx->total.events += 5;
	tasks(fx, 100, 0);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
	expect(fx, "tasks", "minor", CHECK_EQUAL);
	expect(fx, "tasks", "faults", CHECK_UNEXPLAINED);
	assert_int_equal(row(fx, "tasks", "faults")->unexplained, 5);
}

static void test_gup_unseen(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 101);
	tasks(fx, 602, 0);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	expect(fx, "tasks", "minor", CHECK_EXPLAINED);
	assert_int_equal(reason(row(fx, "tasks", "minor"), "gup"), 501);
}

/* With --gup they are on pfstat's side, and nothing else may be missing. */
static void test_gup_seen(void **state)
{
	struct fixture *fx = *state;

	fx->in.gup = true;
	faults(fx, PATH_ANON, ORIGIN_USER, 0, 101);
	faults(fx, PATH_ANON, ORIGIN_GUP, 0, 501);
	tasks(fx, 602, 0);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	expect(fx, "tasks", "faults", CHECK_EQUAL);

	tasks(fx, 603, 0);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
	assert_int_equal(row(fx, "tasks", "minor")->unexplained, 1);
	assert_false(row(fx, "tasks", "minor")->surplus);

	fx->total.tallies[TALLY_GUP_NESTED] = 1;
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(reason(row(fx, "tasks", "minor"), "gup_nested"), 1);
}

static void test_surplus(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 101);
	tasks(fx, 100, 0);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
	expect(fx, "tasks", "minor", CHECK_UNEXPLAINED);
	assert_true(row(fx, "tasks", "minor")->surplus);
	assert_int_equal(row(fx, "tasks", "minor")->unexplained, 1);
	expect(fx, "tasks", "major", CHECK_EQUAL);
}

/* As many faults, but of the other severity. */
static void test_severity(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	faults(fx, PATH_SWAP, ORIGIN_USER, 1, 10);
	tasks(fx, 99, 11);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
	expect(fx, "tasks", "minor", CHECK_UNEXPLAINED);
	expect(fx, "tasks", "faults", CHECK_EQUAL);
}

static void test_end_without_begin(void **state)
{
	struct fixture *fx = *state;

	fx->in.gup = true;
	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	fx->total.events += 2;
	fx->total.end_runs += 2;
	fx->total.tallies[TALLY_END_WITHOUT_BEGIN] = 2;
	tasks(fx, 102, 0);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(reason(row(fx, "tasks", "minor"), "end_without_begin"), 2);

	/* A second event of the same thread: none of them was a fault more. */
	tasks(fx, 100, 0);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	expect(fx, "tasks", "minor", CHECK_EQUAL);
}

/* More runs than events: pfstat counted an end twice. */
static void test_runs_over_events(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	fx->total.events = 99;
	tasks(fx, 100, 0);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
	expect(fx, "perf", "events", CHECK_UNEXPLAINED);
	expect(fx, "tasks", "faults", CHECK_EQUAL);
}

static void test_busy_attach(void **state)
{
	struct fixture *fx = *state;

	fx->in.gup = true;
	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	fx->kernel_counters.tasks[0] = (struct check_span){ 95, 120 };
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	expect(fx, "tasks", "minor", CHECK_EXPLAINED);
	assert_int_equal(reason(row(fx, "tasks", "minor"), "bracket"), 25);

	fx->kernel_counters.tasks[0] = (struct check_span){ 95, 99 };
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
	assert_int_equal(row(fx, "tasks", "minor")->unexplained, 1);

	fx->kernel_counters.tasks[0] = (struct check_span){ 103, 120 };
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
	assert_int_equal(row(fx, "tasks", "minor")->unexplained, 3);
}

/* From 6.16 on the exit hook comes first, and the task may fault behind it. */
static void test_late(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 102);
	tasks(fx, 100, 0);
	fx->kernel_counters.ended = fx->kernel_counters.early = 1;
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(reason(row(fx, "tasks", "minor"), "late"), 2);

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 1);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);

	/* Up to 6.15 there is no such fault. */
	fx->kernel_counters.early = 0;
	check_make(&fx->out, &fx->in);
	assert_int_equal(row(fx, "tasks", "minor")->unexplained, 3);
}

/* Its faults are in no book, and how many they were nobody knows. */
static void test_exit_missed(void **state)
{
	struct fixture *fx = *state;

	fx->in.gup = true;
	faults(fx, PATH_ANON, ORIGIN_USER, 0, 683);
	tasks(fx, 483, 0);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);

	fx->kernel_counters.exit_missed = 2;
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(reason(row(fx, "tasks", "minor"), "exit_missed"), 200);

	/* It explains no fault that the kernel has and pfstat has not. */
	tasks(fx, 684, 0);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
}

static void rusage(struct fixture *fx, uint64_t minor, uint64_t major)
{
	fx->kernel_counters.has_rusage = true;
	fx->kernel_counters.rusage[0] = minor;
	fx->kernel_counters.rusage[1] = major;
}

static void test_rusage(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	tasks(fx, 101, 0);
	rusage(fx, 101, 0);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(reason(row(fx, "wait4", "minor"), "gup"), 1);

	/* A child that nobody waited for. */
	rusage(fx, 60, 0);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(reason(row(fx, "wait4", "minor"), "not_waited"), 40);

	/* It knows of tasks that the other book lacks: so pfstat lacks them. */
	rusage(fx, 150, 0);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
	assert_int_equal(row(fx, "wait4", "minor")->unexplained, 49);
}

/* A child that was not measured: its events are there, in no other book is it. */
static void test_birth_missed(void **state)
{
	struct fixture *fx = *state;

	fx->in.gup = true;
	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	fx->total.tallies[TALLY_END_OF_OTHERS] = 40;
	fx->total.events += 40;
	fx->total.end_runs += 40;
	tasks(fx, 100, 0);
	rusage(fx, 140, 0);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(reason(row(fx, "wait4", "minor"), "birth_missed"), 40);

	/* fexit sees the ends of everybody: it says nothing of the command's children. */
	fx->in.perf_end = false;
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
	assert_int_equal(row(fx, "wait4", "minor")->unexplained, 40);
}

static void test_rusage_of_other_tasks(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	tasks(fx, 100, 0);
	rusage(fx, 5000, 3);
	fx->kernel_counters.rusage_scope = "counts the children";
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	expect(fx, "wait4", "faults", CHECK_INFORMATION);
}

static void test_no_book(void **state)
{
	struct fixture *fx = *state;

	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	strcpy(fx->kernel_counters.error, "/proc/1/task/1/stat: No such process");
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
	assert_string_equal(fx->out.error, fx->kernel_counters.error);
	/* What could be compared is. */
	assert_int_equal(fx->out.nr_rows, 1);
}

static void test_end_by_fexit(void **state)
{
	struct fixture *fx = *state;

	fx->in.perf_end = false;
	fx->in.gup = true;
	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	fx->total.events = 0;
	fx->total.probe_misses = 4;
	tasks(fx, 103, 0);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(fx->out.nr_rows, 3);
	assert_int_equal(reason(row(fx, "tasks", "minor"), "marker_missed"), 3);
}

static void test_pgfault(void **state)
{
	struct fixture *fx = *state;

	fx->in.gup = true;
	faults(fx, PATH_ANON, ORIGIN_USER, 0, 100);
	faults(fx, PATH_SWAP, ORIGIN_USER, 1, 10);
	vmstat(fx, CHECK_pgfault, 110, 110);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	expect(fx, "vmstat", "pgfault", CHECK_EQUAL);

	vmstat(fx, CHECK_pgfault, 112, 112);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);

	/* Of those that failed some came to handle_mm_fault. */
	faults(fx, PATH_SIGBUS, ORIGIN_USER, 0, 5);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(reason(row(fx, "vmstat", "pgfault"), "failed"), 2);

	vmstat(fx, CHECK_pgfault, 109, 109);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
	assert_true(row(fx, "vmstat", "pgfault")->surplus);
}

/* Up to 6.3 each call counts: never less than the faults. */
static void test_pgfault_of_calls(void **state)
{
	struct fixture *fx = *state;

	fx->in.vma_lock = false;
	fx->in.gup = true;
	faults(fx, PATH_SHARED_WRITE, ORIGIN_USER, 1, 64);
	fx->total.sums[PATH_SHARED_WRITE][ORIGIN_USER][1].retries = 64;
	vmstat(fx, CHECK_pgfault, 130, 130);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	assert_int_equal(reason(row(fx, "vmstat", "pgfault"), "retries"), 64);
	assert_int_equal(reason(row(fx, "vmstat", "pgfault"), "calls"), 2);

	vmstat(fx, CHECK_pgfault, 63, 63);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);
}

static void test_paths_of_counters(void **state)
{
	struct fixture *fx = *state;

	fx->in.gup = true;
	faults(fx, PATH_THP, ORIGIN_USER, 0, 4);
	vmstat(fx, CHECK_thp_fault_alloc, 4, 4);
	vmstat(fx, CHECK_pswpin, 99, 99);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	expect(fx, "vmstat", "thp_fault_alloc", CHECK_EQUAL);
	expect(fx, "vmstat", "pswpin", CHECK_INFORMATION);

	/* Another thread had mapped one first; but more than pfstat saw there cannot be. */
	vmstat(fx, CHECK_thp_fault_alloc, 3, 3);
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	vmstat(fx, CHECK_thp_fault_alloc, 5, 5);
	check_make(&fx->out, &fx->in);
	assert_false(fx->out.ok);

	/* What is inferred is never equal, and never wrong. */
	fx->exact[PATH_THP][ORIGIN_USER] = INFERRED;
	check_make(&fx->out, &fx->in);
	assert_true(fx->out.ok);
	expect(fx, "vmstat", "thp_fault_alloc", CHECK_EXPLAINED);
	vmstat(fx, CHECK_thp_fault_alloc, 4, 4);
	check_make(&fx->out, &fx->in);
	expect(fx, "vmstat", "thp_fault_alloc", CHECK_EXPLAINED);
}

/* A counter that this kernel lacks has no row. */
static void test_counter_missing(void **state)
{
	struct fixture *fx = *state;

	vmstat(fx, CHECK_pgfault, 0, 0);
	check_make(&fx->out, &fx->in);
	assert_int_equal(fx->out.nr_rows, 2);
	assert_true(fx->out.ok);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equal),
		TEST(nothing_measured),
		TEST(unresolved),
		TEST(privileged_exec),
		TEST(kernel_thread),
		TEST(missed),
		TEST(missed_but_not_counted),
		TEST(gup_unseen),
		TEST(gup_seen),
		TEST(surplus),
		TEST(severity),
		TEST(end_without_begin),
		TEST(runs_over_events),
		TEST(busy_attach),
		TEST(late),
		TEST(exit_missed),
		TEST(rusage),
		TEST(birth_missed),
		TEST(rusage_of_other_tasks),
		TEST(no_book),
		TEST(end_by_fexit),
		TEST(pgfault),
		TEST(pgfault_of_calls),
		TEST(paths_of_counters),
		TEST(counter_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
