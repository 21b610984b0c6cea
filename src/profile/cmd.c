// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/cmd.c: pfstat profile: from the stacks that the BPF programs counted to their names
 * and the outputs, at the end of the run.
 */
#include "profile.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "counters/counters.h"
#include "profile_options.h"
#include "profile_stacks.h"
#include "util/clock.h"

/* A fork every 1 ms has some 1,000 stacks in the time. */
#define LOOK_NS 20000000

/* Between two looks at the clock. */
#define SOME_STACKS 64

/* Of each limit on stacks at a time; so many are told apart in all. */
#define LINES_PER_STACK 4

struct profiler {
	const struct profile_options *options;
	struct run run;
	struct counters *counters;
	uint64_t began_mono_ns;
	/* From 0 on: the stacks, too, have the faults of the time of attaching. */
	struct snapshot *end;
	struct symbols symbols;
	struct stacks stacks;
	struct profile_run context;
	char title[RUN_TARGETS_LEN];
	struct output out, svg;
	struct stack_table *table;
	uint64_t exited; /* processes, when room was made for that reason */
	int failed; /* a negative errno of making room in it */
};

const struct format *const profile_formats[] = { &profile_folded, &profile_pprof, NULL };

/* Before anything is measured: a file that cannot be opened is a failure. */
static int open_outputs(struct profiler *p)
{
	const struct profile_options *o = p->options;
	int code = output_open(&p->out, o->run.output, o->run.format, &p->context);

	if (!code && o->svg)
		code = output_open(&p->svg, o->svg, &profile_flamegraph, &p->context);
	p->end = calloc(1, sizeof(*p->end));
	return !code && !p->end ? fail_errno(EXIT_FAILED, "profile", -ENOMEM) : code;
}

static int add_sample(void *profiler, const struct stack_sample *sample)
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
		err = stack_table_hand_out(p->table, SOME_STACKS, add_sample, p);
	symbols_trim(&p->symbols);
	return err;
}

/* In the table of the kernel side, before it is full. */
static void make_room(void *arg)
{
	struct profiler *p = arg;

	if (names_are_pressing(p) || stack_table_fills(p->table))
		p->failed = stack_table_make_room(p->table);
	if (!p->failed && stack_table_waits(p->table)) {
		/* What was mapped before the faults that wait. */
		symbols_read(&p->symbols);
		p->failed = name_some(p);
	}
	if (p->failed)
		p->run.done = true;
}

static int watch_table(struct profiler *p)
{
	int err = stack_table_open(&p->table, p->run.session);

	if (err)
		return fail_errno(EXIT_FAILED, "cannot map the table of stacks", err);
	err = run_watch_timer(&p->run, LOOK_NS, true, make_room, p);
	return err < 0 ? fail_errno(EXIT_FAILED, "timers", err) : 0;
}

/* The faults without a stack, so that the weights add up to all faults. */
static int add_rest(struct profiler *p, const struct session_maps *maps)
{
	unsigned int path, origin;
	int err;

	for_each_path_origin(path, origin) {
		const struct profile_rest *rest = &maps->profile_rest[path * ORIGIN_NR + origin];
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

static int start(struct profiler *p)
{
	int err = run_start(&p->run);

	if (err)
		return err;
	err = counters_open(&p->counters, p->run.session);
	if (err)
		return fail_errno(EXIT_FAILED, "cannot map the counters", err);
	p->began_mono_ns = clock_ns(CLOCK_MONOTONIC);
	p->context.began_ns = clock_ns(CLOCK_REALTIME);
	return run_go(&p->run);
}

static void print_outputs(struct profiler *p)
{
	output_record(&p->out, &p->stacks);
	output_flush(&p->out);
	if (p->options->svg && !p->out.error) {
		output_record(&p->svg, &p->stacks);
		output_flush(&p->svg);
	}
	stacks_summary(&p->stacks, &p->context, symbols_kernel_problem(p->symbols.kernel), stderr);
}

static int name_and_print(struct profiler *p)
{
	struct session_maps maps;
	int err;

	session_maps(p->run.session, &maps);
	symbols_read(&p->symbols);
	err = p->failed;
	err = err ?: stack_table_take_all(p->table, add_sample, p);
	err = err ?: add_rest(p, &maps);
	if (err)
		return fail_errno(EXIT_FAILED, "profile", err);
	print_outputs(p);
	return 0;
}

static int open_run(struct profiler *p)
{
	const struct run_request request = {
		.symbols = true,
		.session.profile_stacks = p->options->stack_limit,
	};
	int code = run_open(&p->run, &p->options->run, &request);

	code = code ?: run_open_symbols(&p->run, &p->symbols);
	if (code)
		return code;
	p->context.by_count = p->options->weight == WEIGHT_COUNT;
	p->context.title = run_targets_text(&p->options->run, p->title);
	stacks_init(&p->stacks, &p->symbols, TRACE_FRAMES);
	p->stacks.max_lines = LINES_PER_STACK * p->options->stack_limit;
	return watch_table(p);
}

static int profile(struct profiler *p)
{
	int code = open_outputs(p);

	code = code ?: open_run(p);
	code = code ?: run_attach_targets(&p->run);
	code = code ?: start(p);
	if (code)
		return code;
	run_loop(&p->run);
	run_stop(&p->run);
	counters_read(p->counters, p->end, true);
	p->context.duration_ns = p->end->mono_ns - p->began_mono_ns;
	code = name_and_print(p);
	run_print_losses(p->end);
	return code;
}

static int profile_run(const void *options)
{
	struct profiler p = { .options = options };
	int code = profile(&p);

	counters_close(p.counters);
	stacks_free(&p.stacks);
	stack_table_close(p.table);
	code = output_close(&p.out, run_release(&p.run, code));
	code = output_close(&p.svg, code);
	symbols_close(&p.symbols);
	free(p.end);
	return code;
}

const struct command profile_command = {
	.name = "profile",
	.help = "count faults by stack: folded, pprof, flame graph",
	.options = &profile_option_table,
	.run = profile_run,
};
