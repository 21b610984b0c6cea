// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/chrome.c: Chrome's Trace Event format, for Perfetto and speedscope: a slice per
 * fault on its thread's track, in it one per cause.
 *
 * Slices are pairs of B and E, not X with a duration: readers keep times as doubles, or
 * cut them to whole ns, and begin + duration of a child then ends behind its parent's. Two
 * ends at the same time are the same text here, so they stay the same whatever is done to
 * them. The details of the fault are in the args of its E, which Perfetto shows all
 * the same; speedscope makes args of B a part of the name, and would find no two alike.
 */
#include <inttypes.h>
#include <string.h>

#include "trace_event.h"

/*
 * Threads whose names have been written. A thread pushes out another with the same
 * index, whose name is then written again: memory is bounded, and names are right.
 */
#define SEEN_THREADS 1024

struct seen {
	struct {
		uint32_t pid, tid;
		char comm[sizeof(((struct trace_record *)NULL)->comm)];
	} thread[SEEN_THREADS];
};

/* An event up to its args, which the caller puts; event_end() follows. No comma leads the first. */
static struct json_writer begin_metadata(FILE *f, const char *lead_in, const char *name,
					 uint32_t pid, uint32_t tid)
{
	struct json_writer w = { .file = f };

	fputs(lead_in, f);
	json_begin(&w, NULL, '{');
	json_put_string(&w, "ph", "M");
	json_put_string(&w, "name", name);
	json_put_uint(&w, "pid", pid);
	json_put_uint(&w, "tid", tid);
	json_begin(&w, "args", '{');
	return w;
}

static void end_event(struct json_writer *w)
{
	json_end(w, '}');
	json_end(w, '}');
}

static void chrome_begin(const struct output *out)
{
	struct json_writer w;

	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", out->file);
	w = begin_metadata(out->file, "", "pfstat_begin", 0, 0);
	trace_put_run(&w, out->context);
	end_event(&w);
}

static void print_name(FILE *f, const char *what, const struct trace_record *r)
{
	struct json_writer w = begin_metadata(f, ",\n", what, r->pid, r->tid);

	json_put_string(&w, "name", r->comm);
	end_event(&w);
}

/* The process has the name of its first thread. */
static void print_names(FILE *f, struct seen *seen, const struct trace_record *r)
{
	unsigned int i = r->tid % SEEN_THREADS;

	if (seen && seen->thread[i].pid == r->pid && seen->thread[i].tid == r->tid &&
	    !memcmp(seen->thread[i].comm, r->comm, sizeof(r->comm)))
		return;
	if (seen) {
		seen->thread[i].pid = r->pid;
		seen->thread[i].tid = r->tid;
		memcpy(seen->thread[i].comm, r->comm, sizeof(r->comm));
	}
	if (r->pid == r->tid)
		print_name(f, "process_name", r);
	print_name(f, "thread_name", r);
}

/* Up to args; the caller closes it. */
static void print_edge(FILE *f, char phase, const char *category, const char *name,
		       const struct trace_record *r, uint64_t ns)
{
	fprintf(f,
		",\n{\"ph\":\"%c\",\"cat\":\"%s\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u,"
		"\"ts\":%" PRIu64 ".%03u",
		phase, category, name, r->pid, r->tid, ns / 1000, (unsigned int)(ns % 1000));
}

/* The causes one after the other, in the order of their rows: their times are unknown. */
static void print_causes(FILE *f, const struct trace_record *r)
{
	uint64_t at = r->end_ns - r->ns;

	if (r->flags & TRACE_NO_PARTS)
		return;
	for (unsigned int c = 0; c < CAUSE_NR; c++) {
		/* The parts add up; were they not to, the slices would still nest. */
		uint64_t left = r->end_ns - at;
		uint64_t part = r->parts[c] < left ? r->parts[c] : left;

		if (!part)
			continue;
		print_edge(f, 'B', "cause", cause_name(c), r, at);
		fputc('}', f);
		at += part;
		print_edge(f, 'E', "cause", cause_name(c), r, at);
		fputc('}', f);
	}
}

static void put_stack(struct json_writer *w, const char *key, const struct symbol_frame *frames,
		      unsigned int nr)
{
	char name[TRACE_FRAME_LEN];

	json_begin(w, key, '[');
	for (unsigned int i = 0; i < nr; i++)
		json_put_string(w, NULL, trace_frame_name(name, &frames[i]));
	json_end(w, ']');
}

static void put_args(FILE *f, const struct trace_run *run, const struct trace_event *event)
{
	const struct trace_record *r = event->record;
	struct json_writer w = { .file = f };
	char ip[TRACE_FRAME_LEN];

	json_begin(&w, NULL, '{');
	json_put_uint(&w, "time_ns", event->wall_ns);
	trace_put_access(&w, r);
	json_put_format(&w, "address", "0x%llx", r->address);
	json_put_string(&w, "mapping", event->mapping);
	json_put_string(&w, "ip", trace_frame_name(ip, &event->ip));
	json_put_string(&w, "cgroup", event->cgroup);
	json_put_uint(&w, "cpu", r->cpu);
	if (run->retries)
		json_put_uint(&w, "retries", r->retries);
	if (run->stacks) {
		put_stack(&w, "kernel_stack", event->kernel, event->nr_kernel);
		put_stack(&w, "user_stack", event->user, event->nr_user);
	}
	json_end(&w, '}');
}

static int chrome_record(const struct output *out, const void *record)
{
	const struct trace_event *event = record;
	const struct trace_record *r = event->record;

	print_names(out->file, out->state, r);
	print_edge(out->file, 'B', "fault", path_name(r->path), r, r->end_ns - r->ns);
	fputc('}', out->file);
	print_causes(out->file, r);
	print_edge(out->file, 'E', "fault", path_name(r->path), r, r->end_ns);
	fputs(",\"args\":", out->file);
	put_args(out->file, out->context, event);
	fputc('}', out->file);
	return 0;
}

static void chrome_end(const struct output *out, const void *end)
{
	const struct trace_summary *summary = end;
	struct json_writer w = begin_metadata(out->file, ",\n", "pfstat_end", 0, 0);

	json_put_uint(&w, "printed", summary->printed);
	json_put_uint(&w, "lost", summary->lost);
	json_put_uint(&w, "faults", summary->faults);
	end_event(&w);
	fputs("\n]}\n", out->file);
}

const struct format trace_chrome = {
	.name = "chrome",
	.help = "Chrome's trace events, for Perfetto and speedscope",
	.state_size = sizeof(struct seen),
	.begin = chrome_begin,
	.record = chrome_record,
	.end = chrome_end,
};
