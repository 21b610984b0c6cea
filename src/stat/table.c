// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/table.c: the report as a table, with losses and notes below it.
 */
#include <inttypes.h>
#include <time.h>

#include "stat_formats.h"
#include "util/array.h"

/* The least width of each: a stream of reports keeps its columns where they are. */
void table_add_numbers(struct table *t, bool p90, const struct report_duty *duty)
{
	const char *const times[] = { "P99", duty ? "W_MAX" : "MAX", "TOTAL" };

	table_add_column(t, "COUNT", 9, false);
	if (duty)
		table_add_column(t, "+-", 5, false);
	table_add_column(t, "RATE/s", 8, false);
	table_add_column(t, "MAJOR", 6, false);
	table_add_column(t, "AVG", 6, false);
	table_add_column(t, "P50", 6, false);
	if (p90)
		table_add_column(t, "P90", 6, false);
	for (unsigned int i = 0; i < ARRAY_SIZE(times); i++)
		table_add_column(t, times[i], 6, false);
	if (duty)
		table_add_column(t, "+-", 5, false);
	table_add_column(t, "SHARE", 6, false);
}

void table_put_numbers(struct table *t, const struct report_row *row, bool p90,
		       const struct report_duty *duty)
{
	const uint64_t times[] = { row->avg_ns, row->p50_ns, row->p90_ns,
				   row->p99_ns, row->max_ns, row->sum_ns };
	char buf[FORMAT_TIME_LEN];

	table_put(t, "%" PRIu64, row->count);
	if (duty)
		table_put_error(t, row->error.count, row->count, duty);
	table_put(t, "%s", format_rate(buf, row->rate));
	table_put(t, "%" PRIu64, row->major);
	for (unsigned int i = 0; i < ARRAY_SIZE(times); i++)
		if (p90 || i != 2)
			table_put(t, "%s", row->timed ? format_time(buf, times[i]) : "-");
	if (duty)
		table_put_error(t, row->error.sum_ns, row->sum_ns, duty);
	if (row->timed)
		table_put(t, "%.1f%%", row->share * 100);
	else
		table_put(t, "-");
}

static void put_path_cells(struct table *t, const char *colour, const struct report *r,
			   const struct report_row *row)
{
	table_begin_line(t, colour);
	table_put(t, "%s%s", row->path, row->inferred ? "~" : "");
	table_put(t, "%s", row->origin);
	table_put_numbers(t, row, true, r->duty);
}

static int print_path_table(const struct output *out, const struct report *r)
{
	struct table t = { .nr_columns = 0 };

	table_add_column(&t, "PATH", 13, true);
	table_add_column(&t, "ORIGIN", 6, true);
	table_add_numbers(&t, true, r->duty);
	table_put_titles(&t, out->colour ? BOLD : "");
	for (unsigned int i = 0; i < r->nr_rows; i++)
		put_path_cells(&t, out->colour && r->rows[i].inferred ? DIM : "", r, &r->rows[i]);
	put_path_cells(&t, "", r, &r->total);
	return table_print(&t, out->file);
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

static void print_heading(FILE *f, const struct report *r, const struct stat_options *options)
{
	time_t seconds = (time_t)(r->wall_ns / 1000000000);
	char hhmmss[sizeof("HH:MM:SS")], duration[FORMAT_TIME_LEN];
	struct tm tm;

	if (options->timestamp && localtime_r(&seconds, &tm) &&
	    strftime(hhmmss, sizeof(hhmmss), "%H:%M:%S", &tm))
		fprintf(f, "%s\n", hhmmss);
	if (r->is_total)
		fprintf(f, "Total of %s, attached by %s\n", format_time(duration, r->duration_ns),
			r->attach);
}

static int table_record(const struct output *out, const void *record)
{
	const struct stat_options *options = out->context;
	const struct report *r = record;
	char duration[FORMAT_TIME_LEN];
	FILE *f = out->file;
	int err = 0;

	print_heading(f, r, options);
	if (r->groups && r->groups->total.count) {
		err = table_groups(out, r->groups);
	} else if (r->nr_rows && !r->groups) {
		err = print_path_table(out, r);
		print_legend(f, r);
		print_notes(f, r);
		if (r->causes)
			table_causes(out, r);
	} else {
		fprintf(f, "No page faults in %s%s\n", r->duty ? "the windows of " : "",
			format_time(duration, r->duration_ns));
	}
	if (r->duty)
		table_duty(f, r->duty);
	if (r->filtered)
		fprintf(f, "Filtered out: %" PRIu64 " faults\n", r->filtered);
	print_lost(f, r);
	if (options->histogram)
		table_histograms(out, r);
	/* A blank line behind an interval; nothing follows the total but its check. */
	if (!r->is_total)
		fputc('\n', f);
	else if (r->check)
		table_check(f, r->check);
	return err;
}

const struct format stat_table = {
	.name = "table",
	.help = "for a person",
	.record = table_record,
};
