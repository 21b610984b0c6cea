// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_session_tasks.c: which tasks are measured already while others are added.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/probe_session_state.h"
#include "shared/config.h"

static uint64_t targets[TARGET_WORDS];

/* The kernel side has set its bit; user space has opened no events for it, nor must it. */
static void a_thread_of_a_measured_one_is_measured(void **state)
{
	const struct plan plan = { .end = END_PERF };
	struct session s = { .plan = &plan };

	(void)state;
	assert_false(session_has_task(&s, 4321));
	s.targets = targets;
	assert_false(session_has_task(&s, 4321));
	targets[4321 / 64] = 1ull << (4321 % 64);
	assert_true(session_has_task(&s, 4321));
	assert_false(session_has_task(&s, 4320));
	assert_false(session_has_task(&s, 4321 + 64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_of_a_measured_one_is_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
