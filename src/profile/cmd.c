// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/cmd.c: see stat/stat.h: pfstat profile: from the stacks that the kernel side counted
 * to their names and an output, when measuring is over.
 */
#include "stat/stat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "counters/counters.h"
#include "run/run_loop.h"
#include "run/run_symbols.h"
#include "profile_stacks.h"

/* A fork every 1 ms has some 1,000 stacks in the time. */
#define LOOK_NS 20000000

/* Between two looks at the clock. */
#define SOME_STACKS 64

/* Of each limit on stacks at a time; so many are told apart in all. */
#define LINES_PER_STACK 4

struct profiler {
	const struct opts *opts;
	struct run measure;
	struct counters *counters;
	uint64_t began_mono_ns;
	/* From 0 on: the stacks, too, have what came while pfstat attached. */
	struct snapshot *end;
	struct symbols symbols;
	struct stacks stacks;
	struct profile_run run;
	char title[64];
	FILE *out, *svg;
	struct stack_table *table;
	int timer; /* to look at it */
	uint64_t exited; /* processes, when room was made for that reason */
	int failed; /* a negative errno of making room in it */
};

/* Not yet written: a file that cannot be is a failure before anything is measured. */
static int open_outputs(struct profiler *p)
{
	const struct opts *opts = p->opts;

	p->out = opts->output ? fopen(opts->output, "we") : stdout;
	if (!p->out)
		return fail_errno(EXIT_FAILED, opts->output, -errno);
	p->svg = opts->svg ? fopen(opts->svg, "we") : NULL;
	if (opts->svg && !p->svg)
		return fail_errno(EXIT_FAILED, opts->svg, -errno);
	p->end = calloc(1, sizeof(*p->end));
	if (!p->end)
		return fail_errno(EXIT_FAILED, "profile", -ENOMEM);
	return 0;
}

static int take_sample(void *profiler, const struct stack_sample *sample)
{
	struct profiler *p = profiler;

	return stacks_add(&p->stacks, sample);
}

/* Those of the table must be asked for before the oldest that ended are forgotten. */
static bool names_are_pressing(struct profiler *p)
{
	const uint64_t exited = symbols_exited(&p->symbols);

	if (exited - p->exited < EXITED_REMEMBERED / 2)
		return false;
	p->exited = exited;
	return true;
}

/*
 * Names what was taken out of the table until it is time to look at that again: to read the
 * symbols of a program, or many stacks, takes longer than the table has room for.
 */
static int name_some(struct profiler *p)
{
	const uint64_t until = clock_ns(CLOCK_MONOTONIC) + LOOK_NS;
	int err = 0;

	while (!err && stack_table_waits(p->table) && !stack_table_fills(p->table) &&
	       clock_ns(CLOCK_MONOTONIC) < until)
		err = stack_table_hand_out(p->table, SOME_STACKS, take_sample, p);
	symbols_trim(&p->symbols);
	return err;
}

/* In the table of the kernel side, before it is full. */
static void make_room(void *arg)
{
	struct profiler *p = arg;
	uint64_t ticks;

	if (read(p->timer, &ticks, sizeof(ticks)) != sizeof(ticks))
		return;
	if (names_are_pressing(p) || stack_table_fills(p->table))
		p->failed = stack_table_make_room(p->table);
	if (!p->failed && stack_table_waits(p->table)) {
		/* What was mapped before the faults that wait. */
		symbols_read(&p->symbols);
		p->failed = name_some(p);
	}
	if (p->failed)
		p->measure.done = true;
}

static int watch_table(struct profiler *p)
{
	int err = stack_table_open(&p->table, p->measure.at.session);

	if (err)
		return fail_errno(EXIT_FAILED, "cannot map the table of stacks", err);
	p->timer = run_timer(LOOK_NS, true);
	err = run_watch(&p->measure, p->timer, make_room, p);
	return err ? fail_errno(EXIT_FAILED, "timers", err) : 0;
}

/* What has no stack, so that the weights add up to all faults. */
static int add_rest(struct profiler *p, const struct session_maps *maps)
{
	unsigned int path, origin;
	int err;

	for (path = 0; path < PATH_NR; path++)
		for (origin = 0; origin < ORIGIN_NR; origin++) {
			const struct profile_rest *rest =
				&maps->profile_rest[path * ORIGIN_NR + origin];
			const struct stack_sample sample = {
				.comm = path_is_timed(path) ? STACK_NO_ROOM : "[ended unseen]",
				.path = path_name(path),
				.count = rest->count,
				.sum_ns = rest->sum_ns,
				.when_ns = UINT64_MAX,
			};

			err = rest->count ? stacks_add(&p->stacks, &sample) : 0;
			if (err)
				return err;
		}
	return 0;
}

static void describe_run(struct profiler *p)
{
	const struct opts *opts = p->opts;

	p->run.by_count = opts->by_count;
	p->run.title = p->title;
	if (opts->child)
		snprintf(p->title, sizeof(p->title), "%s", opts->child[0]);
	else if (opts->nr_pids == 1)
		snprintf(p->title, sizeof(p->title), "process %d", opts->pids[0]);
	else if (opts->nr_pids)
		snprintf(p->title, sizeof(p->title), "%zu processes", opts->nr_pids);
	else if (opts->tid)
		snprintf(p->title, sizeof(p->title), "thread %d", opts->tid);
	else
		snprintf(p->title, sizeof(p->title), "the whole machine");
}

static int start(struct profiler *p)
{
	int err = run_start(&p->measure);

	if (err)
		return err;
	err = counters_open(&p->counters, p->measure.at.session);
	if (err)
		return fail_errno(EXIT_FAILED, "cannot map the counters", err);
	p->began_mono_ns = clock_ns(CLOCK_MONOTONIC);
	p->run.began_ns = clock_ns(CLOCK_REALTIME);
	return run_go(&p->measure);
}

/* Behind an output, whose writes left errno, which was 0 before. */
static int write_output(FILE *f, const char *name, int err)
{
	if (!err && (fflush(f) || ferror(f)))
		err = errno ? -errno : -EIO;
	/* A reader that has gone is none of our failures. */
	return err && err != -EPIPE ? fail_errno(EXIT_FAILED, name, err) : 0;
}

static int print(struct profiler *p)
{
	int code, err;

	errno = 0;
	err = p->opts->profile_format == PROFILE_PPROF ?
		      profile_pprof(&p->stacks, &p->run, p->out) :
		      profile_folded(&p->stacks, &p->run, p->out);
	code = write_output(p->out, p->opts->output ? p->opts->output : "standard output", err);
	if (p->svg && !code) {
		errno = 0;
		err = profile_flamegraph(&p->stacks, &p->run, p->svg);
		code = write_output(p->svg, p->opts->svg, err);
	}
	stacks_summary(&p->stacks, &p->run, symbols_kernel_problem(p->symbols.kernel), stderr);
	return code;
}

static int name_and_print(struct profiler *p)
{
	struct session_maps maps;
	int err;

	session_maps(p->measure.at.session, &maps);
	symbols_read(&p->symbols);
	err = p->failed;
	if (!err)
		err = stack_table_take_all(p->table, take_sample, p);
	if (!err)
		err = add_rest(p, &maps);
	return err ? fail_errno(EXIT_FAILED, "profile", err) : print(p);
}

static int profile(struct profiler *p)
{
	int code = open_outputs(p);

	if (!code)
		code = run_open(&p->measure, p->opts);
	if (!code)
		code = run_open_symbols(&p->measure, &p->symbols);
	if (code)
		return code;
	stacks_init(&p->stacks, stack_names(&p->symbols), TRACE_FRAMES);
	p->stacks.max_lines = LINES_PER_STACK * p->opts->stack_limit;
	code = watch_table(p);
	if (code)
		return code;
	code = run_attach_targets(&p->measure);
	if (code)
		return code;
	describe_run(p);
	code = start(p);
	if (code)
		return code;
	run_loop(&p->measure);
	session_stop(p->measure.at.session);
	counters_read(p->counters, p->end, true);
	p->run.duration_ns = p->end->mono_ns - p->began_mono_ns;
	code = name_and_print(p);
	run_print_losses(p->end);
	return code;
}

int run_profile(const struct opts *opts)
{
	struct profiler p = { .opts = opts, .timer = -1 };
	int code = profile(&p);

	counters_close(p.counters);
	stacks_free(&p.stacks);
	symbols_close(&p.symbols);
	stack_table_close(p.table);
	code = run_release(&p.measure, code);
	free(p.end);
	if (p.timer >= 0)
		close(p.timer);
	if (p.svg)
		fclose(p.svg);
	if (p.out && p.out != stdout)
		fclose(p.out);
	return code;
}
