// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_preemption.c: whether the kernel preempts, from what it says of itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/probe_preemption.h"

#define DYNAMIC "#1 SMP PREEMPT_DYNAMIC Debian 6.12.1-1 (2026-01-01)"

static void the_model_in_use_decides(void **state)
{
	(void)state;
	assert_false(preemption_possible("none (voluntary) full \n", NULL, DYNAMIC));
	assert_false(preemption_possible("(none) voluntary full \n", "preempt=full", DYNAMIC));
	assert_true(preemption_possible("none voluntary (full) \n", "preempt=none", DYNAMIC));
	assert_true(preemption_possible("full (lazy) \n", NULL, DYNAMIC));
	assert_true(preemption_possible("(undefined)", NULL, DYNAMIC));
}

static void without_it_the_version_and_the_command_line_do(void **state)
{
	(void)state;
	assert_false(preemption_possible(NULL, NULL, "#1 SMP Debian 5.10.1-1"));
	assert_true(preemption_possible(NULL, NULL, "#1 SMP PREEMPT Debian 5.10.1-1"));
	assert_true(preemption_possible(NULL, NULL, "#1 SMP PREEMPT_RT Debian 5.10.1-1"));
	assert_false(preemption_possible(NULL, "quiet preempt=none\n", DYNAMIC));
	assert_false(preemption_possible(NULL, "preempt=voluntary quiet", DYNAMIC));
	assert_true(preemption_possible(NULL, "preempt=full quiet", DYNAMIC));
	assert_true(preemption_possible(NULL, "nopreempt=none", DYNAMIC));
}

static void when_in_doubt_it_does(void **state)
{
	(void)state;
	assert_true(preemption_possible(NULL, NULL, DYNAMIC));
	assert_true(preemption_possible("", "quiet", DYNAMIC));
	assert_true(preemption_possible("(", NULL, DYNAMIC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_model_in_use_decides),
		cmocka_unit_test(without_it_the_version_and_the_command_line_do),
		cmocka_unit_test(when_in_doubt_it_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
