// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/text.c: what a person reads: a line per fault, its stacks below. Columns have
 * a least width; what can be long comes last, so that the rest stays in place.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "util/escape.h"
#include "trace_event.h"

#define BOLD     "\033[1m"
#define PLAIN    "\033[0m"

#define CELL_LEN ESCAPE_LEN(MAPPING_NAME_LEN)

/* clang-format off */
enum {
	COL_TIME, COL_LATENCY, COL_TASK, COL_COMM, COL_PATH, COL_ACCESS, COL_FLAGS, COL_RETRIES,
	COL_ADDRESS, COL_CAUSES, COL_MAPPING, COL_IP, COL_CGROUP, NR_COLUMNS
};
/* clang-format on */

static const struct column {
	const char *title;
	int width;
	bool right;
} columns[NR_COLUMNS] = {
	[COL_TIME] = { "TIME", 15, false },       [COL_LATENCY] = { "LATENCY", 7, true },
	[COL_TASK] = { "PID/TID", 13, false },    [COL_COMM] = { "COMM", 15, false },
	[COL_PATH] = { "PATH", 13, false },       [COL_ACCESS] = { "ACCESS", 8, false },
	[COL_FLAGS] = { "FLG", 3, false },        [COL_RETRIES] = { "RETRY", 5, true },
	[COL_ADDRESS] = { "ADDRESS", 12, true },  [COL_CAUSES] = { "CAUSES", 32, false },
	[COL_MAPPING] = { "MAPPING", 24, false }, [COL_IP] = { "IP", 20, false },
	[COL_CGROUP] = { "CGROUP", 0, false },
};

struct line {
	char cell[NR_COLUMNS][CELL_LEN];
};

/* Characters, not bytes; those that are two columns wide count as one. */
static int shown_width(const char *s)
{
	int width = 0;

	for (; *s; s++)
		width += ((unsigned char)*s & 0xc0) != 0x80;
	return width;
}

static void print_line(FILE *f, const struct trace_run *run, const struct line *l)
{
	for (int c = 0; c < NR_COLUMNS; c++) {
		int pad = columns[c].width - shown_width(l->cell[c]);

		if (c == COL_RETRIES && !run->retries)
			continue;
		if (pad < 0 || c == NR_COLUMNS - 1)
			pad = 0;
		fprintf(f, "%s%*s%s%*s", c ? " " : "", columns[c].right ? pad : 0, "", l->cell[c],
			columns[c].right ? 0 : pad, "");
	}
}

/* The time of a cause that is not distinguished counts as one of the rest. */
static void print_merged_causes(FILE *f, const struct trace_run *run)
{
	static const unsigned int rest[] = { CAUSE_IO, CAUSE_OFF_CPU, CAUSE_ON_CPU };
	const char *lead = "Not distinguished here: ";

	for (unsigned int c = 0; c < CAUSE_NR; c++) {
		if (trace_has_cause(run, c))
			continue;
		fprintf(f, "%s%s", lead, cause_name(c));
		lead = ", ";
	}
	if (*lead != ',')
		return;
	lead = " (in ";
	for (unsigned int i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
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
	FILE *f = out->file;
	struct line l;

	print_merged_causes(f, run);
	for (int c = 0; c < NR_COLUMNS; c++)
		snprintf(l.cell[c], CELL_LEN, "%s", columns[c].title);
	fputs(out->colour ? BOLD : "", f);
	print_line(f, run, &l);
	fputs(out->colour ? PLAIN "\n" : "\n", f);
}

static void fill_time(char cell[CELL_LEN], uint64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	snprintf(cell, CELL_LEN, "%02d:%02d:%02d.%06u", tm.tm_hour, tm.tm_min, tm.tm_sec,
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
static void fill_causes(char cell[CELL_LEN], const struct trace_record *r)
{
	unsigned char order[CAUSE_NR];
	unsigned int nr = sort_causes(order, r);
	size_t used = 0;

	snprintf(cell, CELL_LEN, "%s", r->flags & TRACE_NO_PARTS ? "not followed" : "-");
	if (r->flags & TRACE_NO_PARTS)
		return;
	for (unsigned int i = 0; i < nr; i++) {
		uint64_t part = r->parts[order[i]];
		char time[FORMAT_TIME_LEN];

		used += snprintf(cell + used, CELL_LEN - used, "%s%s %s", i ? ", " : "",
				 cause_name(order[i]), format_time(time, part));
		/* Rounded down, so that only all of it is 100%. */
		if (!i && r->ns)
			used += snprintf(cell + used, CELL_LEN - used, " (%u%%)",
					 (unsigned int)((unsigned __int128)part * 100 / r->ns));
	}
}

/* The name, and where in it: in the file, or from the mapping's begin. */
static void fill_mapping(char cell[CELL_LEN], const struct trace_event *event)
{
	const struct fault_mapping *mapping = &event->record->mapping;
	uint64_t offset = mapping->kind == MAPPING_FILE ? mapping->offset :
							  event->record->address - mapping->start;
	size_t used;

	if (!event->mapping) {
		snprintf(cell, CELL_LEN, "%s", mapping->kind == MAPPING_NONE ? "none" : "-");
		return;
	}
	escape_text(cell, CELL_LEN - 20, event->mapping, "");
	used = strlen(cell);
	snprintf(cell + used, CELL_LEN - used, "+0x%" PRIx64, offset);
}

static void fill_line(struct line *l, const struct trace_event *event)
{
	const struct trace_record *r = event->record;

	fill_time(l->cell[COL_TIME], event->wall_ns);
	format_time(l->cell[COL_LATENCY], r->ns);
	snprintf(l->cell[COL_TASK], CELL_LEN, "%u/%u", r->pid, r->tid);
	escape_text(l->cell[COL_COMM], CELL_LEN, r->comm, "");
	snprintf(l->cell[COL_PATH], CELL_LEN, "%s", path_name(r->path));
	snprintf(l->cell[COL_ACCESS], CELL_LEN, "%s/%c", origin_name(r->origin),
		 r->access < ACCESS_NR ? "rwx"[r->access] : '?');
	snprintf(l->cell[COL_FLAGS], CELL_LEN, "%s%s%s", r->flags & TRACE_MAJOR ? "M" : "-",
		 r->flags & TRACE_MMAP_LOCK ? "L" : "-", r->flags & TRACE_STACK_GREW ? "S" : "-");
	snprintf(l->cell[COL_RETRIES], CELL_LEN, "%u", r->retries);
	snprintf(l->cell[COL_ADDRESS], CELL_LEN, "%llx", r->address);
	fill_causes(l->cell[COL_CAUSES], r);
	fill_mapping(l->cell[COL_MAPPING], event);
	trace_frame_name(l->cell[COL_IP], &event->ip);
	escape_text(l->cell[COL_CGROUP], CELL_LEN, event->cgroup ? event->cgroup : "-", "");
}

static void print_stack(FILE *f, const char *title, const struct symbol_frame *frames,
			unsigned int nr, int status)
{
	char name[TRACE_FRAME_LEN], module[CELL_LEN];

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
	struct line l;

	fill_line(&l, event);
	print_line(f, run, &l);
	fputc('\n', f);
	if (!run->stacks)
		return 0;
	print_stack(f, "kernel", event->kernel, event->nr_kernel, event->record->kernel_stack);
	print_stack(f, "user", event->user, event->nr_user, event->record->user_stack);
	fputc('\n', f);
	return 0;
}

static void text_end(const struct output *out, const void *end)
{
	const struct trace_summary *summary = end;

	if (summary->lost)
		fprintf(out->file,
			"Lost %" PRIu64
			": the ring buffer was full (-m makes it larger). Printed %" PRIu64
			", of %" PRIu64 " faults measured.\n",
			summary->lost, summary->printed, summary->faults);
}

const struct format trace_text = {
	.name = "text",
	.help = "a line per fault",
	.begin = text_begin,
	.record = text_record,
	.end = text_end,
};
