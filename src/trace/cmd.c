// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/cmd.c: see stat/stat.h: pfstat trace: from the ring buffer to a renderer.
 */
#include "stat/stat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "util/clock.h"
#include "counters/counters.h"
#include "run/run_loop.h"
#include "run/run_symbols.h"
#include "trace_event.h"

struct tracer {
	const struct opts *opts;
	struct run measure;
	struct counters *counters;
	/* From 0 on: the ring buffer, too, has what came while pfstat attached. */
	struct snapshot *end;
	struct ring_buffer *ring;
	const struct trace_renderer *renderer;
	struct trace_run run;
	FILE *out;
	uint64_t printed;
	int64_t wall_offset; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
	int out_error;
	struct symbols symbols;
	uint64_t symbols_ns; /* what was mapped is known up to then */
	struct symbol_frame *frames; /* room for both stacks of one fault */
};

static const char *cgroup_path(struct tracer *t, uint64_t id)
{
	const struct cgroup_entry *entry;

	if (!id || !t->measure.at.cgroups)
		return NULL;
	entry = cgroups_find(t->measure.at.cgroups, id, clock_ns(CLOCK_MONOTONIC));
	return entry ? entry->path : NULL;
}

/* A stack that the kernel walked: bytes of addresses, or a negative errno. */
static unsigned int nr_frames(int bytes)
{
	unsigned int nr = bytes > 0 ? (unsigned int)bytes / sizeof(uint64_t) : 0;

	return nr < TRACE_FRAMES ? nr : TRACE_FRAMES;
}

static void name_user(struct tracer *t, const struct trace_record *r, uint64_t address,
		      struct symbol_frame *frame)
{
	symbols_frame_user(&t->symbols, r->pid, address, r->end_ns, frame);
}

static void add_stacks(struct tracer *t, struct trace_event *event,
		       const struct trace_stacks *stacks)
{
	struct symbol_frame *frame = t->frames;
	unsigned int i;

	event->nr_kernel = nr_frames(event->record->kernel_stack);
	event->nr_user = nr_frames(event->record->user_stack);
	event->kernel = frame;
	for (i = 0; i < event->nr_kernel; i++)
		symbols_frame_kernel(&t->symbols, stacks->kernel[i], frame++);
	event->user = frame;
	for (i = 0; i < event->nr_user; i++)
		name_user(t, event->record, stacks->user[i], frame++);
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

/*
 * What was mapped before this fault. The ring buffer fills while it is read: a process can
 * have begun since the last fault that was.
 */
static void read_symbols(struct tracer *t, const struct trace_record *record)
{
	if (record->end_ns < t->symbols_ns)
		return;
	t->symbols_ns = clock_ns(CLOCK_MONOTONIC);
	symbols_read(&t->symbols);
}

static int print_fault(void *arg, void *data, size_t size)
{
	struct tracer *t = arg;
	const struct trace_record *record = data;
	char mapping[MAPPING_NAME_LEN];
	struct trace_event event = {
		.record = record,
		.wall_ns = record->end_ns + t->wall_offset,
		.cgroup = cgroup_path(t, record->cgroup),
		.mapping = mapping_name(&record->mapping, mapping, sizeof(mapping)),
	};

	read_symbols(t, record);
	if (record->origin == ORIGIN_KERNEL)
		symbols_frame_kernel(&t->symbols, record->ip, &event.ip);
	else if (record->ip)
		name_user(t, record, record->ip, &event.ip);
	if (size >= sizeof(*record) + sizeof(struct trace_stacks))
		add_stacks(t, &event, (const void *)(record + 1));
	errno = 0;
	t->renderer->event(t->out, &t->run, &event);
	t->printed++;
	symbols_trim(&t->symbols);
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
		return fail_errno(EXIT_FAILED, opts->output, -errno);
	t->renderer = opts->trace;
	t->end = calloc(1, sizeof(*t->end));
	t->frames = calloc(2 * TRACE_FRAMES, sizeof(*t->frames));
	t->run.state = t->renderer->state_size ? calloc(1, t->renderer->state_size) : NULL;
	if (!t->end || !t->frames || (t->renderer->state_size && !t->run.state))
		return fail_errno(EXIT_FAILED, "trace", -ENOMEM);
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
		return fail_errno(EXIT_FAILED, "ring buffer", -errno);
	err = run_watch(&t->measure, ring_buffer__epoll_fd(t->ring), handle_ring, t);
	return err ? fail_errno(EXIT_FAILED, "ring buffer", err) : 0;
}

static int start(struct tracer *t)
{
	int err = run_start(&t->measure);

	if (err)
		return err;
	err = counters_open(&t->counters, t->measure.at.session);
	if (err)
		return fail_errno(EXIT_FAILED, "cannot map the counters", err);
	return run_go(&t->measure);
}

static void print_end(struct tracer *t)
{
	const struct trace_summary summary = {
		.printed = t->printed,
		.lost = t->end->tallies[TALLY_TRACE_LOST],
		.faults = snapshot_faults(t->end),
		.untimed = snapshot_untimed(t->end),
	};

	errno = 0;
	if (t->renderer->end)
		t->renderer->end(t->out, &t->run, &summary);
	fflush(t->out);
	check_output(t);
}

static int trace(struct tracer *t)
{
	int code = open_output(t);

	if (!code)
		code = run_open(&t->measure, t->opts);
	if (!code)
		code = run_open_symbols(&t->measure, &t->symbols);
	if (!code)
		code = open_ring(t);
	if (!code)
		code = run_attach_targets(&t->measure);
	if (code)
		return code;
	describe_run(t);
	if (t->renderer->begin)
		t->renderer->begin(t->out, &t->run);
	code = start(t);
	if (code)
		return code;
	errno = 0;
	fflush(t->out);
	check_output(t);
	run_loop(&t->measure);
	session_stop(t->measure.at.session);
	if (!t->out_error)
		handle_ring(t);
	counters_read(t->counters, t->end, true);
	print_end(t);
	run_print_losses(t->end);
	if (t->out_error)
		return fail_errno(EXIT_FAILED,
				  t->opts->output ? t->opts->output : "standard output",
				  t->out_error);
	return 0;
}

int run_trace(const struct opts *opts)
{
	struct tracer t = { .opts = opts };
	int code = trace(&t);

	ring_buffer__free(t.ring);
	symbols_close(&t.symbols);
	counters_close(t.counters);
	code = run_release(&t.measure, code);
	free(t.end);
	free(t.frames);
	free(t.run.state);
	if (t.out && t.out != stdout)
		fclose(t.out);
	return code;
}
