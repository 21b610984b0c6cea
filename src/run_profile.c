// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run_profile.c: see run.h: pfstat profile: from the stacks that the kernel side counted
 * to their names and an output, when measuring is over.
 */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "clock.h"
#include "collect.h"
#include "measure.h"
#include "program_symbols.h"
#include "stacks.h"

struct profiler {
	const struct opts *opts;
	struct measure measure;
	struct collector *collector;
	uint64_t began_mono_ns;
	/* From 0 on: the stacks, too, have what came while pfstat attached. */
	struct snapshot *end;
	struct program_symbols symbols;
	struct stack_symbols names;
	struct stacks stacks;
	struct profile_run run;
	char title[64];
	FILE *out, *svg;
	struct profile_stack *kernel, *user; /* of the sample that is being added */
};

/* Not yet written: a file that cannot be is a failure before anything is measured. */
static int open_outputs(struct profiler *p)
{
	const struct opts *opts = p->opts;

	p->out = opts->output ? fopen(opts->output, "we") : stdout;
	if (!p->out)
		return fail(EXIT_FAILED, opts->output, -errno);
	p->svg = opts->svg ? fopen(opts->svg, "we") : NULL;
	if (opts->svg && !p->svg)
		return fail(EXIT_FAILED, opts->svg, -errno);
	p->end = calloc(1, sizeof(*p->end));
	p->kernel = calloc(1, sizeof(*p->kernel));
	p->user = calloc(1, sizeof(*p->user));
	if (!p->end || !p->kernel || !p->user)
		return fail(EXIT_FAILED, "profile", -ENOMEM);
	return 0;
}

/* Nobody runs any more who would miss a run by it: map look-ups are harmless now. */
static int read_stack(const struct session_maps *maps, __u64 hash, struct profile_stack *stack)
{
	stack->nr = 0;
	if (hash == PROFILE_NO_STACK)
		return 0;
	if (hash <= PROFILE_MAX_ERRNO)
		return -(int)hash;
	if (bpf_map_lookup_elem(maps->profile_stacks_fd, &hash, stack))
		return -errno;
	return 0;
}

static int add_fault(struct profiler *p, const struct session_maps *maps,
		     const struct profile_key *key, const struct profile_value *value)
{
	struct stack_sample sample = {
		.pid = key->pid,
		.comm = value->comm,
		.path = path_name(key->path),
		.count = value->count,
		.sum_ns = value->sum_ns,
		.when_ns = UINT64_MAX,
		.kernel_error = read_stack(maps, key->kernel, p->kernel),
		.user_error = read_stack(maps, key->user, p->user),
	};

	/* A fault of user mode was no call of the kernel: there is no stack, and none is lost. */
	if (key->origin == ORIGIN_USER && sample.kernel_error == -EFAULT)
		sample.kernel_error = 0;
	sample.kernel = (const uint64_t *)p->kernel->ip;
	sample.nr_kernel = p->kernel->nr;
	sample.user = (const uint64_t *)p->user->ip;
	sample.nr_user = p->user->nr;
	return stacks_add(&p->stacks, &sample);
}

static int add_faults(struct profiler *p, const struct session_maps *maps)
{
	struct profile_key key, *last = NULL;
	struct profile_value value;
	int err;

	while (!bpf_map_get_next_key(maps->profile_faults_fd, last, &key)) {
		if (!bpf_map_lookup_elem(maps->profile_faults_fd, &key, &value)) {
			err = add_fault(p, maps, &key, &value);
			if (err)
				return err;
		}
		last = &key;
	}
	return 0;
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
				.comm = path_is_timed(path) ? "[no room for the stack]" :
							      "[ended unseen]",
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
	int err = measure_start(&p->measure);

	if (err)
		return err;
	err = collect_open(&p->collector, p->measure.at.session);
	if (err)
		return fail(EXIT_FAILED, "cannot map the counters", err);
	p->began_mono_ns = clock_ns(CLOCK_MONOTONIC);
	p->run.began_ns = clock_ns(CLOCK_REALTIME);
	return measure_go(&p->measure);
}

/* Behind an output, whose writes left errno, which was 0 before. */
static int write_output(FILE *f, const char *name, int err)
{
	if (!err && (fflush(f) || ferror(f)))
		err = errno ? -errno : -EIO;
	/* A reader that has gone is none of our failures. */
	return err && err != -EPIPE ? fail(EXIT_FAILED, name, err) : 0;
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
		err = profile_svg(&p->stacks, &p->run, p->svg);
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
	program_symbols_read(&p->symbols);
	err = add_faults(p, &maps);
	if (!err)
		err = add_rest(p, &maps);
	return err ? fail(EXIT_FAILED, "profile", err) : print(p);
}

static int profile(struct profiler *p)
{
	int code = open_outputs(p);

	if (!code)
		code = measure_open(&p->measure, p->opts);
	if (!code)
		code = program_symbols_open(&p->symbols, &p->measure);
	if (code)
		return code;
	p->names = (struct stack_symbols){ p->symbols.user, p->symbols.kernel };
	stacks_init(&p->stacks, stack_names(&p->names), TRACE_FRAMES);
	code = measure_attach_targets(&p->measure);
	if (code)
		return code;
	describe_run(p);
	code = start(p);
	if (code)
		return code;
	measure_loop(&p->measure);
	session_stop(p->measure.at.session);
	collect_read(p->collector, p->end, true);
	p->run.duration_ns = p->end->mono_ns - p->began_mono_ns;
	code = name_and_print(p);
	measure_print_losses(p->end);
	return code;
}

int run_profile(const struct opts *opts)
{
	struct profiler p = { .opts = opts };
	int code = profile(&p);

	collect_close(p.collector);
	stacks_free(&p.stacks);
	program_symbols_close(&p.symbols);
	code = measure_release(&p.measure, code);
	free(p.end);
	free(p.kernel);
	free(p.user);
	if (p.svg)
		fclose(p.svg);
	if (p.out && p.out != stdout)
		fclose(p.out);
	return code;
}
