// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_plan_text.c: a plan as text, as tests/kernel/vm/plans has it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "probe/probe_plan.h"

/* The text of plan; the caller frees it. */
static char *text_of(const struct plan *plan)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	plan_print(plan, f);
	fclose(f);
	return text;
}

static void expect_line(const char *text, const char *line)
{
	const char *found = strstr(text, line);

	if (!found || (found > text && found[-1] != '\n') || found[strlen(line)] != '\n')
		fail_msg("no line \"%s\" in:\n%s", line, text);
}

static unsigned int count_methods(void)
{
	unsigned int nr = 0;

	for (int step = 0; step < STEP_NR; step++)
		for (unsigned int i = 0; method_row(step, i); i++)
			nr++;
	return nr;
}

static void each_hook_and_path_has_a_line(void **state)
{
	struct plan plan = { .attach = "fentry+kprobe" };
	unsigned int lines = 0;
	char *text;

	(void)state;
	plan.hook[HOOK_do_wp_page].method = METHOD_FENTRY;
	plan.hook[HOOK_ptep_clear_flush].method = METHOD_KPROBE_MULTI;
	plan.hook[HOOK_rss_stat].method = METHOD_TRACEPOINT;
	plan.hook[HOOK_expand_stack].method = METHOD_UNNEEDED;
	plan.hook[HOOK_bad_area].error = -ENOENT;
	plan.exact[PATH_SWAP][ORIGIN_KERNEL] = INFERRED;
	plan.exact[PATH_SWAP][ORIGIN_GUP] = NOT_VISIBLE;
	text = text_of(&plan);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	/* The rows that are not used have lines of their own. */
	assert_int_equal(lines, 1 + count_methods() + HOOK_NR + PATH_NR);
	expect_line(text, "attach: fentry+kprobe");
	expect_line(
		text,
		"end: perf software events page-faults-min and -maj (perf_event); proof: the events' own counts");
	expect_line(text, "  not fexit: another row is cheaper");
	expect_line(text, "do_wp_page                   fentry");
	expect_line(text, "ptep_clear_flush             kprobe.multi");
	expect_line(text, "rss_stat                     tracepoint");
	expect_line(text, "expand_stack                 unneeded");
	expect_line(text, "bad_area                     none (No such file or directory)");
	expect_line(text,
		    "path swap                    user: exact kernel: inferred gup: not_visible");
	free(text);
}

static void the_end_by_fexit_is_named(void **state)
{
	const struct plan plan = { .attach = "fentry (end: fexit)", .end = END_FEXIT };
	char *text = text_of(&plan);

	(void)state;
	expect_line(text, "attach: fentry (end: fexit)");
	expect_line(text, "end: fexit on handle_mm_fault (fexit); proof: recursion_misses");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_hook_and_path_has_a_line),
		cmocka_unit_test(the_end_by_fexit_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
