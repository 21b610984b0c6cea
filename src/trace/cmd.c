// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/cmd.c: pfstat trace: from the ring buffer to the output.
 */
#include "trace.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "counters/counters.h"
#include "trace_event.h"
#include "trace_options.h"
#include "util/clock.h"

struct tracer {
	const struct trace_options *options;
	struct run run;
	struct counters *counters;
	/* From 0 on: the ring buffer, too, has the faults of the time of attaching. */
	struct snapshot *end;
	struct ring_buffer *ring;
	struct output out;
	struct trace_run context;
	uint64_t printed;
	int64_t wall_offset; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
	struct symbols symbols;
	uint64_t symbols_ns; /* mappings are known up to then */
	struct symbol_frame frames[2 * TRACE_FRAMES]; /* of both stacks of one fault */
};

/* A stack that the kernel walked: bytes of addresses, or a negative errno. */
static unsigned int nr_frames(int bytes)
{
	unsigned int nr = bytes > 0 ? (unsigned int)bytes / sizeof(uint64_t) : 0;

	return nr < TRACE_FRAMES ? nr : TRACE_FRAMES;
}

static void add_stacks(struct tracer *t, struct trace_event *event,
		       const struct trace_stacks *stacks)
{
	const struct trace_record *r = event->record;
	struct symbol_frame *frame = t->frames;
	unsigned int i;

	event->nr_kernel = nr_frames(r->kernel_stack);
	event->nr_user = nr_frames(r->user_stack);
	event->kernel = frame;
	for (i = 0; i < event->nr_kernel; i++)
		symbols_frame_kernel(&t->symbols, stacks->kernel[i], frame++);
	event->user = frame;
	for (i = 0; i < event->nr_user; i++)
		symbols_frame_user(&t->symbols, r->pid, stacks->user[i], r->end_ns, frame++);
}

/*
 * The mappings made before this fault. The ring buffer fills while it is read: a process may
 * have begun since the last read of its records.
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
		.cgroup = cgroups_path(t->run.cgroups, record->cgroup),
		.mapping = mapping_name(&record->mapping, mapping, sizeof(mapping)),
	};

	read_symbols(t, record);
	if (record->origin == ORIGIN_KERNEL)
		symbols_frame_kernel(&t->symbols, record->ip, &event.ip);
	else if (record->ip)
		symbols_frame_user(&t->symbols, record->pid, record->ip, record->end_ns, &event.ip);
	if (size >= sizeof(*record) + sizeof(struct trace_stacks))
		add_stacks(t, &event, (const void *)(record + 1));
	output_record(&t->out, &event);
	t->printed++;
	symbols_trim(&t->symbols);
	return t->out.closed ? -EPIPE : 0;
}

static void handle_ring(void *arg)
{
	struct tracer *t = arg;

	ring_buffer__consume(t->ring);
	/* The ring is empty: let a reader have all of it. */
	output_flush(&t->out);
	if (t->out.closed)
		t->run.done = true;
}

static void describe_run(struct tracer *t)
{
	const struct plan *plan = &t->run.plan;

	t->context = (struct trace_run){
		.attach = plan->attach,
		.causes = plan->causes,
		.slower_ns = t->options->slow_ns,
		.sample = t->options->sample ? t->options->sample : 1,
		.stacks = t->options->stacks,
		.retries = plan->hook[HOOK_handle_mm_fault].method > METHOD_UNNEEDED,
	};
	t->wall_offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
}

static int open_ring(struct tracer *t)
{
	struct session_maps maps;
	int err;

	session_maps(t->run.session, &maps);
	t->ring = ring_buffer__new(maps.trace_ring_fd, print_fault, t, NULL);
	if (!t->ring)
		return fail_errno(EXIT_FAILED, "ring buffer", -errno);
	err = run_watch(&t->run, ring_buffer__epoll_fd(t->ring), handle_ring, t);
	return err ? fail_errno(EXIT_FAILED, "ring buffer", err) : 0;
}

static int open_run(struct tracer *t)
{
	const struct run_request request = {
		.causes = true,
		.cgroup_names = true,
		.symbols = true,
		.session = {
			.trace = true,
			.trace_slower_ns = t->options->slow_ns,
			.trace_sample = t->options->sample,
			.trace_stacks = t->options->stacks,
			.trace_ring_bytes = t->options->ring_bytes,
		},
	};
	int code = run_open(&t->run, &t->options->run, &request);

	return code ? code : run_open_symbols(&t->run, &t->symbols);
}

static int start(struct tracer *t)
{
	int err = run_start(&t->run);

	if (err)
		return err;
	err = counters_open(&t->counters, t->run.session);
	if (err)
		return fail_errno(EXIT_FAILED, "cannot map the counters", err);
	return run_go(&t->run);
}

static void print_end(struct tracer *t)
{
	const struct trace_summary summary = {
		.printed = t->printed,
		.lost = t->end->tallies[TALLY_TRACE_LOST],
		.faults = snapshot_faults(t->end),
		.untimed = snapshot_untimed(t->end),
	};

	output_end(&t->out, &summary);
}

static int trace(struct tracer *t)
{
	int code =
		output_open(&t->out, t->options->run.output, t->options->run.format, &t->context);

	t->end = calloc(1, sizeof(*t->end));
	if (!code && !t->end)
		code = fail_errno(EXIT_FAILED, "trace", -ENOMEM);
	code = code ?: open_run(t);
	code = code ?: open_ring(t);
	code = code ?: run_attach_targets(&t->run);
	if (code)
		return code;
	describe_run(t);
	output_begin(&t->out);
	code = start(t);
	if (code)
		return code;
	output_flush(&t->out);
	t->run.done |= t->out.closed;
	run_loop(&t->run);
	run_stop(&t->run);
	if (!t->out.closed)
		handle_ring(t);
	counters_read(t->counters, t->end, true);
	print_end(t);
	run_print_losses(t->end);
	return 0;
}

static int trace_run(const void *options)
{
	struct tracer t = { .options = options };
	int code = trace(&t);

	ring_buffer__free(t.ring);
	counters_close(t.counters);
	code = output_close(&t.out, run_release(&t.run, code));
	symbols_close(&t.symbols);
	free(t.end);
	return code;
}

const struct command trace_command = {
	.name = "trace",
	.help = "print single slow faults: who, where, why",
	.options = &trace_option_table,
	.run = trace_run,
};
