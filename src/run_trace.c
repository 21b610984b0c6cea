// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run_trace.c: see run.h: pfstat trace: from the ring buffer to a renderer.
 */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "collect.h"
#include "measure.h"
#include "trace.h"

struct tracer {
	const struct opts *opts;
	struct measure measure;
	struct collector *collector;
	struct snapshot *begin, *end;
	struct ring_buffer *ring;
	const struct trace_renderer *renderer;
	struct trace_run run;
	FILE *out;
	uint64_t printed;
	int64_t wall_offset; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
	int out_error;
	struct trace_frame *frames; /* room for both stacks of one fault */
};

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static const char *cgroup_path(struct tracer *t, uint64_t id)
{
	const struct cgroup_entry *entry;

	if (!id || !t->measure.at.cgroups)
		return NULL;
	entry = cgroups_find(t->measure.at.cgroups, id, clock_ns(CLOCK_MONOTONIC));
	return entry ? entry->path : NULL;
}

/* Innermost first; bytes: of addresses, or a negative errno. */
static unsigned int fill_frames(struct trace_frame *frames, const unsigned long long *addresses,
				int bytes)
{
	int i, nr = bytes > 0 ? bytes / (int)sizeof(*addresses) : 0;

	for (i = 0; i < nr && i < TRACE_FRAMES; i++)
		frames[i] = (struct trace_frame){ .address = addresses[i] };
	return i;
}

static void add_stacks(struct tracer *t, struct trace_event *event,
		       const struct trace_stacks *stacks)
{
	event->kernel = t->frames;
	event->nr_kernel = fill_frames(t->frames, stacks->kernel, event->record->kernel_stack);
	event->user = t->frames + event->nr_kernel;
	event->nr_user = fill_frames(t->frames + event->nr_kernel, stacks->user,
				     event->record->user_stack);
}

/* Nobody reads any more, or it cannot be written: the run ends. */
static int check_output(struct tracer *t)
{
	if (!ferror(t->out))
		return 0;
	if (errno != EPIPE && !t->out_error)
		t->out_error = errno ? -errno : -EIO;
	t->measure.done = true;
	return -EPIPE;
}

static int print_fault(void *arg, void *data, size_t size)
{
	struct tracer *t = arg;
	const struct trace_record *record = data;
	char mapping[PLACE_NAME_LEN];
	struct trace_event event = {
		.record = record,
		.wall_ns = record->end_ns + t->wall_offset,
		.cgroup = cgroup_path(t, record->cgroup),
		.mapping = place_name(&record->place, mapping, sizeof(mapping)),
		.ip = { .address = record->ip },
	};

	if (size >= sizeof(*record) + sizeof(struct trace_stacks))
		add_stacks(t, &event, (const void *)(record + 1));
	errno = 0;
	t->renderer->event(t->out, &t->run, &event);
	t->printed++;
	return check_output(t);
}

static void handle_ring(void *arg)
{
	struct tracer *t = arg;

	ring_buffer__consume(t->ring);
	/* The ring is empty: whoever reads along sees all there is. */
	errno = 0;
	fflush(t->out);
	check_output(t);
}

static int open_output(struct tracer *t)
{
	const struct opts *opts = t->opts;

	t->out = opts->output ? fopen(opts->output, "we") : stdout;
	if (!t->out)
		return fail(EXIT_FAILED, opts->output, -errno);
	t->renderer = opts->trace;
	t->begin = calloc(1, sizeof(*t->begin));
	t->end = calloc(1, sizeof(*t->end));
	t->frames = calloc(2 * TRACE_FRAMES, sizeof(*t->frames));
	t->run.state = t->renderer->state_size ? calloc(1, t->renderer->state_size) : NULL;
	if (!t->begin || !t->end || !t->frames || (t->renderer->state_size && !t->run.state))
		return fail(EXIT_FAILED, "trace", -ENOMEM);
	return 0;
}

static void describe_run(struct tracer *t)
{
	const struct plan *plan = &t->measure.at.plan;
	struct trace_run *run = &t->run;

	run->attach = plan->attach;
	run->causes = plan->causes;
	run->slower_ns = t->opts->slow_ns;
	run->sample = t->opts->sample ? t->opts->sample : 1;
	run->stacks = t->opts->stacks;
	run->retries = plan->hook[HOOK_handle_mm_fault].method > METHOD_UNNEEDED;
	run->colour = isatty(fileno(t->out)) && !getenv("NO_COLOR");
	t->wall_offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
}

static int open_ring(struct tracer *t)
{
	struct session_maps maps;
	int err;

	session_maps(t->measure.at.session, &maps);
	t->ring = ring_buffer__new(maps.trace_ring_fd, print_fault, t, NULL);
	if (!t->ring)
		return fail(EXIT_FAILED, "ring buffer", -errno);
	err = measure_watch(&t->measure, ring_buffer__epoll_fd(t->ring), handle_ring, t);
	return err ? fail(EXIT_FAILED, "ring buffer", err) : 0;
}

static int start(struct tracer *t)
{
	int err = measure_start(&t->measure);

	if (err)
		return err;
	err = collect_open(&t->collector, t->measure.at.session);
	if (err)
		return fail(EXIT_FAILED, "cannot map the counters", err);
	collect_read(t->collector, t->begin, false);
	return measure_go(&t->measure);
}

static void print_end(struct tracer *t)
{
	const struct trace_summary summary = {
		.printed = t->printed,
		.lost = t->end->tallies[TALLY_TRACE_LOST] - t->begin->tallies[TALLY_TRACE_LOST],
		.faults = snapshot_faults(t->begin, t->end),
	};

	if (t->renderer->end)
		t->renderer->end(t->out, &t->run, &summary);
	fflush(t->out);
	check_output(t);
}

/* What the ring buffer did not lose, and is missing all the same. */
static void print_losses(const struct tracer *t)
{
	struct report_loss losses[REPORT_MAX_LOST];
	unsigned int nr = snapshot_losses(losses, t->begin, t->end), i;

	for (i = 0; i < nr; i++)
		if (losses[i].count)
			fprintf(stderr, "pfstat: %s %llu: %s\n", losses[i].reason,
				(unsigned long long)losses[i].count, losses[i].text);
}

static int trace(struct tracer *t)
{
	int code = open_output(t);

	if (!code)
		code = measure_open(&t->measure, t->opts);
	if (!code)
		code = open_ring(t);
	if (!code)
		code = measure_attach_targets(&t->measure);
	if (code)
		return code;
	describe_run(t);
	if (t->renderer->begin)
		t->renderer->begin(t->out, &t->run);
	code = start(t);
	if (code)
		return code;
	fflush(t->out);
	measure_loop(&t->measure);
	session_stop(t->measure.at.session);
	if (!t->out_error)
		ring_buffer__consume(t->ring);
	collect_read(t->collector, t->end, true);
	print_end(t);
	print_losses(t);
	if (t->out_error)
		return fail(EXIT_FAILED, t->opts->output ? t->opts->output : "standard output",
			    t->out_error);
	return 0;
}

int run_trace(const struct opts *opts)
{
	struct tracer t = { .opts = opts };
	int code = trace(&t);

	ring_buffer__free(t.ring);
	collect_close(t.collector);
	code = measure_release(&t.measure, code);
	free(t.begin);
	free(t.end);
	free(t.frames);
	free(t.run.state);
	if (t.out && t.out != stdout)
		fclose(t.out);
	return code;
}
