// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_stacks.c: weights add up whatever was lost, ends of stacks are told, and
 * the folded lines to exact bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../interop/profile/made_up.h"
#include "run/run.h"

static const struct profile_run by_time = { .title = "test" };
static const struct profile_run by_count = { .by_count = true, .title = "test" };

static char *output(const struct stacks *s, const struct profile_run *run, size_t *len,
		    const struct format *format)
{
	char *text = NULL;
	struct output out = { .file = open_memstream(&text, len), .context = run };

	assert_int_equal(format->record(&out, s), 0);
	fclose(out.file);
	return text;
}

static void weights_add_up(void **state)
{
	uint64_t count = 0, sum_ns = 0, got_count = 0, got_ns = 0;
	struct stacks s;
	size_t i;

	(void)state;
	assert_int_equal(make_up(&s), 0);
	for (i = 0; i < sizeof(made_up_samples) / sizeof(made_up_samples[0]); i++) {
		count += made_up_samples[i].count;
		sum_ns += made_up_samples[i].sum_ns;
	}
	for (i = 0; i < s.lines.nr; i++) {
		got_count += s.weights[i].count;
		got_ns += s.weights[i].sum_ns;
	}
	assert_int_equal(got_count, count);
	assert_int_equal(got_ns, sum_ns);
	assert_int_equal(s.totals.all.count, count);
	assert_int_equal(s.totals.all.sum_ns, sum_ns);
	stacks_free(&s);
}

static void ends_are_told(void **state)
{
	struct stacks s;

	(void)state;
	assert_int_equal(make_up(&s), 0);
	assert_int_equal(s.totals.ends_early.count, 100);
	assert_int_equal(s.totals.may_end_early.count, 50);
	assert_int_equal(s.totals.user_lost.count, 20);
	assert_int_equal(s.totals.kernel_lost.count, 10);
	assert_int_equal(s.totals.nameless.count, 40 + 50 + 2);
	assert_int_equal(s.totals.user.count, 6531 - 20);
	assert_int_equal(s.totals.cut.count, 0);
	stacks_free(&s);
}

static void golden(void **state)
{
	char *text, expected[8192];
	struct stacks s;
	size_t len, want;
	FILE *f = fopen("tests/golden/profile_folded.txt", "r");

	(void)state;
	assert_non_null(f);
	want = fread(expected, 1, sizeof(expected) - 1, f);
	expected[want] = '\0';
	fclose(f);
	assert_int_equal(make_up(&s), 0);
	text = output(&s, &by_time, &len, &profile_folded);
	assert_string_equal(text, expected);
	free(text);
	stacks_free(&s);
}

static void expect_folded(const struct stack_sample *sample, unsigned int max_depth,
			  const char *line)
{
	struct stacks s;
	char *text;
	size_t len;

	stacks_init(&s, &made_up_symbols, max_depth);
	assert_int_equal(stacks_add(&s, sample), 0);
	text = output(&s, &by_count, &len, &profile_folded);
	assert_string_equal(text, line);
	free(text);
	stacks_free(&s);
}

static void cut_stack(void **state)
{
	const uint64_t user[] = { 0x408000, 0x407000, 0x402000 };
	struct stack_sample sample = {
		.pid = 1, .comm = "c", .path = "anon", .count = 3, .user = user, .nr_user = 3
	};

	(void)state;
	expect_folded(&sample, 127, "c;main;load_index;parse_row;[anon] 3\n");
	expect_folded(
		&sample, 3,
		"c;[deeper than 3 frames: stack is cut here];main;load_index;parse_row;[anon] 3\n");
}

/* A call can be the last instruction of a function: its return address is the next one's. */
static void callers_are_looked_up_at_the_call(void **state)
{
	const uint64_t user[] = { 0x407800, 0x407800, 0x401000 };
	struct stack_sample sample = {
		.pid = 1, .comm = "c", .path = "anon", .count = 1, .user = user, .nr_user = 3
	};

	(void)state;
	/* parse_row begins at 0x407800. */
	expect_folded(&sample, 127, "c;_start;load_index;parse_row;[anon] 1\n");
}

/* Nothing is mapped at these; how many there are says nothing. */
static void unknown_frames_are_folded(void **state)
{
	const uint64_t run[] = { 0x408000, 0x11, 0x22, 0x33, 0x403000, 0x44, 0x55 };
	const uint64_t one[] = { 0x408000, 0x66, 0x403000, 0x77 };
	const uint64_t files[] = { 0x7f0000001000, 0x7f0000001000, 0x402000, 0x401000 };
	struct stack_sample sample = {
		.pid = 1, .comm = "c", .path = "anon", .count = 3, .user = run, .nr_user = 7
	};
	struct stacks s;

	(void)state;
	stacks_init(&s, &made_up_symbols, 127);
	assert_int_equal(stacks_add(&s, &sample), 0);
	sample.user = one;
	sample.nr_user = 4;
	assert_int_equal(stacks_add(&s, &sample), 0);
	/* Both are the same line, which is said to end early. */
	assert_int_equal(s.lines.nr, 1);
	assert_int_equal(s.weights[0].count, 6);
	assert_int_equal(s.totals.ends_early.count, 6);
	assert_int_equal(s.totals.nameless.count, 6);
	stacks_free(&s);
	expect_folded(
		&sample, 127,
		"c;[no frame pointer: stack ends here];[unknown];serve_request;[unknown];parse_row;[anon] 3\n");
	/* The limit of the walk counts all of them. */
	sample.user = run;
	sample.nr_user = 7;
	expect_folded(
		&sample, 7,
		"c;[deeper than 7 frames: stack is cut here];[unknown];serve_request;[unknown];parse_row;[anon] 3\n");
	/* Frames in a file are places, though without a name. */
	sample.user = files;
	sample.nr_user = 4;
	expect_folded(&sample, 127, "c;_start;main;libc.so.6+0x1000;libc.so.6+0x1000;[anon] 3\n");
}

static void nothing_at_all(void **state)
{
	struct stack_sample sample = { .pid = 1, .comm = "", .path = "unclassified", .count = 1 };
	struct stacks s;
	char *text;
	size_t len;

	(void)state;
	expect_folded(&sample, 127, ";[unclassified] 1\n");
	stacks_init(&s, &made_up_symbols, 127);
	text = output(&s, &by_time, &len, &profile_folded);
	assert_int_equal(len, 0);
	free(text);
	text = output(&s, &by_time, &len, &profile_flamegraph);
	assert_non_null(strstr(text, "0 ns in 0 faults"));
	free(text);
	text = output(&s, &by_time, &len, &profile_pprof);
	assert_true(len > 20);
	free(text);
	stacks_free(&s);
}

static void summary(void **state)
{
	struct stacks s;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(make_up(&s), 0);
	stacks_summary(&s, &by_count, "they are hidden", f);
	fclose(f);
	assert_non_null(strstr(text, "pfstat: 1.5% of the faults has user stacks that end early"));
	assert_non_null(strstr(text, "-fno-omit-frame-pointer"));
	assert_non_null(strstr(text, "they are hidden"));
	free(text);
	stacks_free(&s);
}

/* The same program in each process, wherever it is mapped. */
static int name_anywhere(void *context, int pid, uint64_t address, uint64_t when_ns,
			 struct user_symbol *out)
{
	const uint64_t start = 0x550000000000 + (uint64_t)pid * 0x1000000;

	(void)context;
	(void)when_ns;
	if (address < start || address >= start + 0x1000)
		return -ENOENT;
	*out = (struct user_symbol){ .name = "main",
				     .module = SERVER,
				     .module_offset = address - start,
				     .start = start,
				     .end = start + 0x1000,
				     .build_id_len = 20 };
	return 0;
}

/* Of process pid: main in its program, called from where nothing is mapped. */
static int add_fork(struct stacks *s, int pid, bool ended, uint64_t count)
{
	const uint64_t user[] = { 0x550000000123 + (uint64_t)pid * 0x1000000, 0x1000 + pid };
	const struct stack_sample sample = { .pid = pid,
					     .ended = ended,
					     .comm = "c",
					     .path = "anon",
					     .count = count,
					     .user = user,
					     .nr_user = 2 };

	return stacks_add(s, &sample);
}

static void ended_processes_are_one(void **state)
{
	struct stacks s;
	int pid;

	(void)state;
	find_user_name = name_anywhere;
	stacks_init(&s, &made_up_symbols, 127);
	for (pid = 1; pid <= 20000; pid++)
		assert_int_equal(add_fork(&s, pid, true, 3), 0);
	assert_int_equal(s.lines.nr, 1);
	assert_int_equal(s.weights[0].count, 60000);
	assert_int_equal(stacks_line(&s, 0)->pid, 0);
	assert_int_equal(s.mappings.nr, 1);
	assert_int_equal(s.starts[0], 0x550001000000);
	/* Who lives keeps the pid. */
	assert_int_equal(add_fork(&s, 7, false, 3), 0);
	assert_int_equal(s.lines.nr, 2);
	assert_int_equal(stacks_line(&s, 1)->pid, 7);
	assert_int_equal(s.mappings.nr, 1);
	stacks_free(&s);
	find_user_name = made_up_user_name;
}

static void lines_have_a_limit(void **state)
{
	struct stacks s;
	char *text;
	size_t len;
	int i;

	(void)state;
	find_user_name = name_anywhere;
	stacks_init(&s, &made_up_symbols, 127);
	s.max_lines = 2;
	for (i = 1; i <= 1000; i++)
		assert_int_equal(add_fork(&s, i, false, 1), 0);
	/* What is known has its place. */
	assert_int_equal(add_fork(&s, 1, false, 10), 0);
	assert_int_equal(s.lines.nr, 3);
	assert_int_equal(s.weights[0].count, 11);
	assert_int_equal(s.weights[2].count, 998);
	assert_int_equal(s.totals.all.count, 1010);
	text = output(&s, &by_count, &len, &profile_folded);
	assert_non_null(strstr(text, "[no room for the stack];[anon] 998\n"));
	free(text);
	stacks_free(&s);
	find_user_name = made_up_user_name;
}

static void many_stacks(void **state)
{
	uint64_t user[64];
	struct stack_sample sample = { .pid = 1,
				       .comm = "c",
				       .path = "anon",
				       .count = 1,
				       .sum_ns = 10,
				       .user = user,
				       .nr_user = 64 };
	struct stacks s;
	char *text;
	size_t len, i, j;

	(void)state;
	stacks_init(&s, &made_up_symbols, 127);
	for (i = 0; i < 5000; i++) {
		for (j = 0; j < 64; j++)
			user[j] = 0x401000 + ((i * 7 + j * j * (i & 15)) % 9) * 0x1000;
		assert_int_equal(stacks_add(&s, &sample), 0);
	}
	assert_int_equal(s.totals.all.count, 5000);
	text = output(&s, &by_time, &len, &profile_flamegraph);
	assert_non_null(strstr(text, "5,000 faults"));
	free(text);
	stacks_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_add_up),
		cmocka_unit_test(ends_are_told),
		cmocka_unit_test(golden),
		cmocka_unit_test(cut_stack),
		cmocka_unit_test(callers_are_looked_up_at_the_call),
		cmocka_unit_test(unknown_frames_are_folded),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(summary),
		cmocka_unit_test(ended_processes_are_one),
		cmocka_unit_test(lines_have_a_limit),
		cmocka_unit_test(many_stacks),
	};

	return cmocka_run_group_tests_name("stacks", tests, NULL, NULL);
}
