// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/table.c: the report as a table, with losses and notes below it.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "stat_formats.h"
#include "util/array.h"

#define CELL_LEN   24
#define NR_COLUMNS 12

/* The least width of each: a stream of reports keeps its columns where they are. */
static const struct column {
	const char *title;
	int width;
	bool left;
} columns[NR_COLUMNS] = {
	{ "PATH", 13, true },  { "ORIGIN", 6, true }, { "COUNT", 9, false }, { "RATE/s", 8, false },
	{ "MAJOR", 6, false }, { "AVG", 6, false },   { "P50", 6, false },   { "P90", 6, false },
	{ "P99", 6, false },   { "MAX", 6, false },   { "TOTAL", 6, false }, { "SHARE", 6, false },
};

struct line {
	char cell[NR_COLUMNS][CELL_LEN];
};

static void fill_titles(struct line *l)
{
	for (int c = 0; c < NR_COLUMNS; c++)
		snprintf(l->cell[c], CELL_LEN, "%s", columns[c].title);
}

static void fill_times(struct line *l, int first, const struct report_row *row)
{
	const uint64_t times[] = { row->avg_ns, row->p50_ns, row->p90_ns,
				   row->p99_ns, row->max_ns, row->sum_ns };
	char buf[FORMAT_TIME_LEN];

	for (unsigned int i = 0; i < ARRAY_SIZE(times); i++)
		snprintf(l->cell[first + i], CELL_LEN, "%s",
			 row->timed ? format_time(buf, times[i]) : "-");
}

static void fill_row(struct line *l, const struct report_row *row)
{
	int c = 0;

	snprintf(l->cell[c++], CELL_LEN, "%s%s", row->path, row->inferred ? "~" : "");
	snprintf(l->cell[c++], CELL_LEN, "%s", row->origin);
	snprintf(l->cell[c++], CELL_LEN, "%" PRIu64, row->count);
	format_rate(l->cell[c++], row->rate);
	snprintf(l->cell[c++], CELL_LEN, "%" PRIu64, row->major);
	fill_times(l, c, row);
	if (row->timed)
		snprintf(l->cell[NR_COLUMNS - 1], CELL_LEN, "%.1f%%", row->share * 100);
	else
		snprintf(l->cell[NR_COLUMNS - 1], CELL_LEN, "-");
}

static void print_line(FILE *f, const struct line *l, const int widths[NR_COLUMNS],
		       const char *colour)
{
	fputs(colour, f);
	for (int c = 0; c < NR_COLUMNS; c++)
		fprintf(f, "%s%*s", c ? " " : "", columns[c].left ? -widths[c] : widths[c],
			l->cell[c]);
	fputs(*colour ? PLAIN "\n" : "\n", f);
}

/* Titles, rows, total: all cells first, so that the widest decides its column. */
static void print_table(const struct output *out, const struct report *r)
{
	struct line lines[REPORT_MAX_ROWS + 2];
	unsigned int nr = 0;
	int widths[NR_COLUMNS];

	fill_titles(&lines[nr++]);
	for (unsigned int i = 0; i < r->nr_rows; i++)
		fill_row(&lines[nr++], &r->rows[i]);
	fill_row(&lines[nr++], &r->total);

	for (int c = 0; c < NR_COLUMNS; c++) {
		widths[c] = columns[c].width;
		for (unsigned int i = 0; i < nr; i++)
			if ((int)strlen(lines[i].cell[c]) > widths[c])
				widths[c] = (int)strlen(lines[i].cell[c]);
	}
	for (unsigned int i = 0; i < nr; i++) {
		const char *colour = "";

		if (out->colour && i == 0)
			colour = BOLD;
		else if (out->colour && i <= r->nr_rows && r->rows[i - 1].inferred)
			colour = DIM;
		print_line(out->file, &lines[i], widths, colour);
	}
}

static void print_legend(FILE *f, const struct report *r)
{
	for (unsigned int i = 0; i < r->nr_rows; i++) {
		if (r->rows[i].inferred) {
			fputs("~ inferred from other facts, not seen by a hook (see pfstat doctor)\n",
			      f);
			return;
		}
	}
}

/* One line; the words only once, in the total, as they would fill every interval. */
static void print_lost(FILE *f, const struct report *r)
{
	for (unsigned int i = 0; i < r->nr_lost; i++) {
		const struct report_loss *lost = &r->lost[i];

		fprintf(f, "%s%s %" PRIu64, i ? ", " : "Lost or unsure: ", lost->reason,
			lost->count);
		if (r->is_total)
			fprintf(f, " (%s)", lost->text);
	}
	if (r->nr_lost)
		fputc('\n', f);
}

/* Counters that belong to no path: a line each, when there is any. */
static void print_notes(FILE *f, const struct report *r)
{
	const struct report_row *total = &r->total;
	const char *lead = "anon folios: ";

	if (total->mmap_locks)
		fprintf(f,
			"mmap_lock: taken by %" PRIu64
			" faults that could not use the lock of the VMA\n",
			total->mmap_locks);
	if (total->stack_growths)
		fprintf(f, "stack: grown by %" PRIu64 " faults\n", total->stack_growths);
	for (unsigned int i = 0; i < MAX_ORDER_NOTED; i++) {
		if (!total->orders[i])
			continue;
		fprintf(f, "%sorder %u: %" PRIu64, lead, i + 1, total->orders[i]);
		lead = ", ";
	}
	if (*lead == ',')
		fputc('\n', f);
}

static void print_heading(FILE *f, const struct report *r, const struct stat_style *style)
{
	time_t seconds = (time_t)(r->wall_ns / 1000000000);
	char hhmmss[sizeof("HH:MM:SS")], duration[FORMAT_TIME_LEN];
	struct tm tm;

	if (style->timestamp && localtime_r(&seconds, &tm) &&
	    strftime(hhmmss, sizeof(hhmmss), "%H:%M:%S", &tm))
		fprintf(f, "%s\n", hhmmss);
	if (r->is_total)
		fprintf(f, "Total of %s, attached by %s\n", format_time(duration, r->duration_ns),
			r->attach);
}

static int table_record(const struct output *out, const void *record)
{
	const struct stat_style *style = out->context;
	const struct report *r = record;
	char duration[FORMAT_TIME_LEN];
	FILE *f = out->file;

	print_heading(f, r, style);
	if (r->groups && r->groups->total.count) {
		table_groups(out, r->groups);
	} else if (r->nr_rows && !r->groups) {
		print_table(out, r);
		print_legend(f, r);
		print_notes(f, r);
		if (r->causes)
			table_causes(out, r);
	} else {
		fprintf(f, "No page faults in %s\n", format_time(duration, r->duration_ns));
	}
	if (r->filtered)
		fprintf(f, "Filtered out: %" PRIu64 " faults\n", r->filtered);
	print_lost(f, r);
	if (style->histogram)
		table_histograms(out, r);
	/* A blank line behind an interval; nothing follows the total but its check. */
	if (!r->is_total)
		fputc('\n', f);
	else if (r->check)
		table_check(f, r->check);
	return 0;
}

const struct format stat_table = {
	.name = "table",
	.help = "for a person",
	.record = table_record,
};
