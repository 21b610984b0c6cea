// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_unseen.c: when "No page faults" is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "stat/stat_unseen.h"

static void a_total_without_faults_is_compared(void **state)
{
	struct unseen_counts counts = { .events = 300 };
	struct report total = { 0 };

	(void)state;
	assert_int_equal(unseen_faults(&total, &counts), 300);
	counts = (struct unseen_counts){ .faults = 300, .gup = 64 };
	assert_int_equal(unseen_faults(&total, &counts), 236);
	counts.events = 280;
	assert_int_equal(unseen_faults(&total, &counts), 280);
	counts = (struct unseen_counts){ .faults = 64, .gup = 64 };
	assert_int_equal(unseen_faults(&total, &counts), 0);
	counts = (struct unseen_counts){ 0 };
	assert_int_equal(unseen_faults(&total, &counts), 0);
}

static void a_total_with_faults_is_not_compared(void **state)
{
	const struct unseen_counts counts = { .events = 300, .faults = 300 };
	struct report total = { .total.count = 1 };

	(void)state;
	assert_int_equal(unseen_faults(&total, &counts), 0);
	total = (struct report){ .filtered = 1 };
	assert_int_equal(unseen_faults(&total, &counts), 0);
}

static void what_is_named_as_lost_is_not_unseen(void **state)
{
	const struct unseen_counts counts = { .events = 3 };
	struct report total = {
		.lost = { { "end_without_begin", "", 1 }, { "missed", "", 2 } },
		.nr_lost = 2,
	};

	(void)state;
	assert_int_equal(unseen_faults(&total, &counts), 0);
	total.nr_lost = 1;
	assert_int_equal(unseen_faults(&total, &counts), 2);
}

static struct unseen_counts counts_of(const struct run_options *options, bool of_task)
{
	const struct run run = { .options = options, .only.of_task = of_task };
	struct unseen_counts counts;

	unseen_counts_make(&counts, &run, 1000, 2000);
	return counts;
}

static void counts_are_of_the_targets(void **state)
{
	struct run_options options = { .tid = 1 };
	struct unseen_counts counts = counts_of(&options, false);
	char *command[] = { "true", NULL };

	(void)state;
	/* It may do nothing but O_DIRECT. */
	assert_int_equal(counts.events, 1000);
	assert_int_equal(counts.faults, 0);
	options.gup = true;
	counts = counts_of(&options, false);
	assert_int_equal(counts.faults, 2000);
	assert_int_equal(counts.gup, 0);

	options = (struct run_options){ .workload = command };
	counts = counts_of(&options, false);
	assert_int_equal(counts.events, 1000);
	assert_int_equal(counts.faults, 2000);
	assert_true(counts.gup > 0 && counts.gup < 100);
	options.no_inherit = true;
	counts = counts_of(&options, false);
	assert_int_equal(counts.events, 0);
	assert_int_equal(counts.faults, 2000);
}

static void filters_of_tasks_and_the_machine_have_no_counts(void **state)
{
	struct run_options options = { .tid = 1, .gup = true };
	struct unseen_counts counts = counts_of(&options, true);

	(void)state;
	assert_int_equal(counts.events, 0);
	assert_int_equal(counts.faults, 0);
	options.tid = 0;
	counts = counts_of(&options, false);
	assert_int_equal(counts.events, 0);
	assert_int_equal(counts.faults, 0);
}

static void faults_of_the_targets_are_read(void **state)
{
	int pids[] = { getpid(), getpid() };
	struct run_options options = { .pids = pids, .nr_pids = 1 };
	const struct run run = { .options = &options, .workload.pid = getpid() };
	char *command[] = { "true", NULL };
	uint64_t once = unseen_read_faults(&run);

	(void)state;
	assert_true(once > 0);
	options.nr_pids = 2;
	assert_true(unseen_read_faults(&run) >= 2 * once);
	options = (struct run_options){ .tid = getpid() };
	assert_true(unseen_read_faults(&run) >= once);
	options = (struct run_options){ .workload = command };
	assert_true(unseen_read_faults(&run) >= once);
	options = (struct run_options){ 0 };
	assert_int_equal(unseen_read_faults(&run), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_total_without_faults_is_compared),
		cmocka_unit_test(a_total_with_faults_is_not_compared),
		cmocka_unit_test(what_is_named_as_lost_is_not_unseen),
		cmocka_unit_test(counts_are_of_the_targets),
		cmocka_unit_test(filters_of_tasks_and_the_machine_have_no_counts),
		cmocka_unit_test(faults_of_the_targets_are_read),
	};

	return cmocka_run_group_tests_name("unseen", tests, NULL, NULL);
}
