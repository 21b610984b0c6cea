// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/chrome.c: Chrome's Trace Event format, for Perfetto and speedscope: a slice per
 * fault on its thread's track, in it one per cause.
 *
 * Slices are pairs of B and E, not X with a duration: readers keep times as doubles, or
 * cut them to whole ns, and begin + duration of a child then ends behind its parent's. Two
 * ends at the same time are the same text here, so they stay the same whatever is done to
 * them. What is known of the fault is in the args of its E, which Perfetto shows all
 * the same; speedscope makes args of B a part of the name, and would find no two alike.
 */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "stat/stat_json.h"
#include "report/report.h"
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

static void dump(FILE *f, json_t *value)
{
	if (!value || json_dumpf(value, f, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY))
		fputs("null", f);
	json_decref(value);
}

/* Names and the like, which have no time. No comma leads the first of the file. */
static void print_metadata(FILE *f, const char *lead, const char *name, uint32_t pid, uint32_t tid,
			   json_t *args)
{
	fprintf(f, "%s{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u,\"args\":", lead, name,
		pid, tid);
	dump(f, args);
	fputc('}', f);
}

static void chrome_begin(FILE *f, const struct trace_run *run)
{
	json_t *causes = json_array();

	for (unsigned int c = 0; c < CAUSE_NR; c++)
		if (trace_tells(run, c))
			json_array_append_new(causes, json_string(cause_name(c)));
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", f);
	print_metadata(f, "", "pfstat_begin", 0, 0,
		       json_pack("{s:o, s:o, s:I, s:I}", "attach", json_string_of(run->attach),
				 "causes", causes, "slower_ns", json_count(run->slower_ns),
				 "sample", json_count(run->sample)));
}

static json_t *pack_name(const char *comm)
{
	return json_pack("{s:o}", "name", json_string_of(comm));
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
		print_metadata(f, ",\n", "process_name", r->pid, r->tid, pack_name(r->comm));
	print_metadata(f, ",\n", "thread_name", r->pid, r->tid, pack_name(r->comm));
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

/* One behind the other, the causes in the order of their rows: when each was is not known. */
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

static json_t *pack_stack(const struct symbol_frame *frames, unsigned int nr)
{
	char name[TRACE_FRAME_LEN];
	json_t *list = json_array();

	for (unsigned int i = 0; i < nr; i++)
		json_array_append_new(list, json_string_of(trace_frame_name(name, &frames[i])));
	return list;
}

static json_t *pack_args(const struct trace_run *run, const struct trace_event *event)
{
	const struct trace_record *r = event->record;
	char ip[TRACE_FRAME_LEN];
	json_t *args =
		json_pack("{s:I, s:s, s:s, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:I}", "time_ns",
			  json_count(event->wall_ns), "origin", origin_name(r->origin), "access",
			  access_name(r->access), "major", !!(r->flags & TRACE_MAJOR), "mmap_lock",
			  !!(r->flags & TRACE_MMAP_LOCK), "stack", !!(r->flags & TRACE_STACK_GREW),
			  "address", json_sprintf("0x%llx", r->address), "mapping",
			  event->mapping ? json_string_of(event->mapping) : json_null(), "ip",
			  json_string_of(trace_frame_name(ip, &event->ip)), "cgroup",
			  event->cgroup ? json_string_of(event->cgroup) : json_null(), "cpu",
			  (json_int_t)r->cpu);

	if (args && run->retries)
		json_object_set_new(args, "retries", json_integer(r->retries));
	if (args && run->stacks) {
		json_object_set_new(args, "kernel_stack",
				    pack_stack(event->kernel, event->nr_kernel));
		json_object_set_new(args, "user_stack", pack_stack(event->user, event->nr_user));
	}
	return args;
}

static void chrome_event(FILE *f, const struct trace_run *run, const struct trace_event *event)
{
	const struct trace_record *r = event->record;

	print_names(f, run->state, r);
	print_edge(f, 'B', "fault", path_name(r->path), r, r->end_ns - r->ns);
	fputc('}', f);
	print_causes(f, r);
	print_edge(f, 'E', "fault", path_name(r->path), r, r->end_ns);
	fputs(",\"args\":", f);
	dump(f, pack_args(run, event));
	fputc('}', f);
}

static void chrome_end(FILE *f, const struct trace_run *run, const struct trace_summary *summary)
{
	(void)run;
	print_metadata(f, ",\n", "pfstat_end", 0, 0,
		       json_pack("{s:I, s:I, s:I}", "printed", json_count(summary->printed), "lost",
				 json_count(summary->lost), "faults", json_count(summary->faults)));
	fputs("\n]}\n", f);
}

const struct trace_renderer trace_chrome = {
	.name = "chrome",
	.help = "Chrome's trace events, for Perfetto and speedscope",
	.state_size = sizeof(struct seen),
	.begin = chrome_begin,
	.event = chrome_event,
	.end = chrome_end,
};
