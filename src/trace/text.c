// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/text.c: what a person reads: a line per fault, its stacks below. Columns have
 * a least width; what can be long comes last, so that the rest stays in place.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "util/array.h"
#include "util/escape.h"
#include "util/table.h"
#include "trace_event.h"

#define TEXT_LEN ESCAPE_LEN(MAPPING_NAME_LEN)

static void add_trace_columns(struct table *t, const struct trace_run *run)
{
	table_add_column(t, "TIME", 15, true);
	table_add_column(t, "LATENCY", 7, false);
	table_add_column(t, "PID/TID", 13, true);
	table_add_column(t, "COMM", 15, true);
	table_add_column(t, "PATH", 13, true);
	table_add_column(t, "ACCESS", 8, true);
	table_add_column(t, "FLG", 3, true);
	if (run->retries)
		table_add_column(t, "RETRY", 5, false);
	table_add_column(t, "ADDRESS", 12, false);
	table_add_column(t, "CAUSES", 32, true);
	table_add_column(t, "MAPPING", 24, true);
	table_add_column(t, "IP", 20, true);
	table_add_column(t, "CGROUP", 0, true);
}

/* The time of a cause that is not distinguished counts as one of the rest. */
static void print_merged_causes(FILE *f, const struct trace_run *run)
{
	static const unsigned int rest[] = { CAUSE_IO, CAUSE_OFF_CPU, CAUSE_ON_CPU };
	const char *lead = " (in ";

	if (!format_merged_causes(f, run->causes | 1u << CAUSE_ON_CPU))
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(rest); i++) {
		if (!trace_has_cause(run, rest[i]))
			continue;
		fprintf(f, "%s%s", lead, cause_name(rest[i]));
		lead = ", ";
	}
	fputs(")\n", f);
}

static void text_begin(const struct output *out)
{
	const struct trace_run *run = out->context;
	struct table t = { .nr_columns = 0 };

	print_merged_causes(out->file, run);
	add_trace_columns(&t, run);
	table_put_titles(&t, out->colour ? BOLD : "");
	table_print(&t, out->file);
}

static void put_time_cell(struct table *t, uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	table_put(t, "%02d:%02d:%02d.%06u", tm.tm_hour, tm.tm_min, tm.tm_sec,
		  (unsigned int)(wall_ns / 1000 % 1000000));
}

/* Those with a part, the largest first. */
static unsigned int sort_causes(unsigned char order[CAUSE_NR], const struct trace_record *r)
{
	unsigned int nr = 0;

	for (unsigned int c = 0; c < CAUSE_NR; c++) {
		unsigned int i = nr;

		if (!r->parts[c])
			continue;
		for (; i && r->parts[order[i - 1]] < r->parts[c]; i--)
			order[i] = order[i - 1];
		order[i] = c;
		nr++;
	}
	return nr;
}

/* "lock 49.8ms (99%), on_cpu 210us". */
static void put_cause_cell(struct table *t, const struct trace_record *r)
{
	unsigned char order[CAUSE_NR];
	unsigned int nr = sort_causes(order, r);
	char text[TEXT_LEN] = "-";
	size_t used = 0;

	for (unsigned int i = 0; i < nr; i++) {
		uint64_t part = r->parts[order[i]];
		char time[FORMAT_TIME_LEN];

		used += snprintf(text + used, TEXT_LEN - used, "%s%s %s", i ? ", " : "",
				 cause_name(order[i]), format_time(time, part));
		/* Rounded down, so that only all of it is 100%. */
		if (!i && r->ns)
			used += snprintf(text + used, TEXT_LEN - used, " (%u%%)",
					 (unsigned int)((unsigned __int128)part * 100 / r->ns));
	}
	table_put(t, "%s", r->flags & TRACE_NO_PARTS ? "not followed" : text);
}

/* The name, and where in it: in the file, or from the mapping's begin. */
static void put_mapping_cell(struct table *t, const struct trace_event *event)
{
	const struct fault_mapping *mapping = &event->record->mapping;
	uint64_t offset = mapping->kind == MAPPING_FILE ? mapping->offset :
							  event->record->address - mapping->start;
	char text[TEXT_LEN];

	if (event->mapping)
		table_put(t, "%s+0x%" PRIx64, escape_text(text, TEXT_LEN - 20, event->mapping, ""),
			  offset);
	else
		table_put(t, "%s", mapping->kind == MAPPING_NONE ? "none" : "-");
}

static void put_event_cells(struct table *t, const struct trace_run *run,
			    const struct trace_event *event)
{
	const struct trace_record *r = event->record;
	char text[TEXT_LEN];

	table_begin_line(t, "");
	put_time_cell(t, event->wall_ns);
	table_put(t, "%s", format_time(text, r->ns));
	table_put(t, "%u/%u", r->pid, r->tid);
	table_put(t, "%s", escape_text(text, TEXT_LEN, r->comm, ""));
	table_put(t, "%s", path_name(r->path));
	table_put(t, "%s/%c", origin_name(r->origin),
		  r->access < ACCESS_NR ? "rwx"[r->access] : '?');
	table_put(t, "%s%s%s", r->flags & TRACE_MAJOR ? "M" : "-",
		  r->flags & TRACE_MMAP_LOCK ? "L" : "-", r->flags & TRACE_STACK_GREW ? "S" : "-");
	if (run->retries)
		table_put(t, "%u", r->retries);
	table_put(t, "%llx", r->address);
	put_cause_cell(t, r);
	put_mapping_cell(t, event);
	table_put(t, "%s", trace_frame_name(text, &event->ip));
	table_put(t, "%s", escape_text(text, TEXT_LEN, event->cgroup ? event->cgroup : "-", ""));
}

static void print_stack(FILE *f, const char *title, const struct symbol_frame *frames,
			unsigned int nr, int status)
{
	char name[TRACE_FRAME_LEN], module[TEXT_LEN];

	if (status < 0)
		fprintf(f, "        (no %s stack: %s)\n", title, strerror(-status));
	for (unsigned int i = 0; i < nr; i++) {
		fprintf(f, "        %s", trace_frame_name(name, &frames[i]));
		if (frames[i].module)
			fprintf(f, " (%s)",
				escape_text(module, sizeof(module), frames[i].module, ""));
		fputc('\n', f);
	}
}

static int text_record(const struct output *out, const void *record)
{
	const struct trace_run *run = out->context;
	const struct trace_event *event = record;
	FILE *f = out->file;
	struct table t = { .nr_columns = 0 };
	int err;

	add_trace_columns(&t, run);
	put_event_cells(&t, run, event);
	err = table_print(&t, f);
	if (err || !run->stacks)
		return err;
	print_stack(f, "kernel", event->kernel, event->nr_kernel, event->record->kernel_stack);
	print_stack(f, "user", event->user, event->nr_user, event->record->user_stack);
	fputc('\n', f);
	return 0;
}

static void text_end(const struct output *out, const void *end)
{
	trace_print_lost(out->file, "Lost", end);
}

const struct format trace_text = {
	.name = "text",
	.help = "a line per fault",
	.begin = text_begin,
	.record = text_record,
	.end = text_end,
};
