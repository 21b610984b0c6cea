// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/csv.c: one line per path and origin, and one per reason of loss, under one header.
 * docs/json.md describes the columns.
 */
#include <inttypes.h>

#include "stat_formats.h"
#include "util/array.h"
#include "util/escape.h"

static void csv_begin(const struct output *out)
{
	const struct stat_options *options = out->context;
	FILE *f = out->file;

	if (options->by[0]) {
		csv_groups_begin(f, options->by);
		return;
	}
	fputs("kind,time_ns,duration_ns,attach,path,origin,exactness,count,minor,major,"
	      "sum_ns,max_ns,p50_ns,p90_ns,p99_ns,untimed,retries,read,write,exec,outcome,"
	      "stack,mmap_lock,orders,causes",
	      f);
	fputs(options->run.duty.period_ns ? ",estimate,count_se,sum_ns_se\n" : "\n", f);
}

void csv_put_lead(FILE *f, const struct report *r, const char *kind)
{
	fprintf(f, "%s,%" PRIu64 ",%" PRIu64 ",", kind, r->wall_ns, r->duration_ns);
	escape_csv(f, r->attach);
	fputc(',', f);
}

/* ORDER:COUNT, with spaces between: one column. */
static void csv_orders(FILE *f, const struct report_row *row)
{
	const char *gap = "";

	for (unsigned int i = 0; i < MAX_ORDER_NOTED; i++) {
		if (!row->orders[i])
			continue;
		fprintf(f, "%s%u:%" PRIu64, gap, i + 1, row->orders[i]);
		gap = " ";
	}
}

/* One column: CAUSE:NS, with spaces between. */
static void put_causes(FILE *f, const struct report *r, const struct report_row *row)
{
	const char *gap = "";

	for (unsigned int c = 0; c < CAUSE_NR; c++) {
		if (!(r->causes & 1u << c) || !row->causes.ns[c])
			continue;
		fprintf(f, "%s%s:%" PRIu64, gap, cause_name(c), row->causes.ns[c]);
		gap = " ";
	}
}

void csv_put_times(FILE *f, const struct report_row *row)
{
	const uint64_t numbers[] = { row->major,  row->sum_ns, row->max_ns, row->p50_ns,
				     row->p90_ns, row->p99_ns, row->untimed };

	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
		fprintf(f, ",%" PRIu64, numbers[i]);
}

/* Errors that are unknown are empty. */
static void csv_estimate(FILE *f, const struct report *r, const struct report_row *row)
{
	if (r->duty->margin && row->error.count > 0)
		fprintf(f, ",true,%.0f,%.0f", row->error.count, row->error.sum_ns);
	else
		fputs(",true,,", f);
}

static void csv_row(FILE *f, const struct report *r, const struct report_row *row)
{
	escape_csv(f, row->path);
	fputc(',', f);
	escape_csv(f, row->origin);
	fputc(',', f);
	escape_csv(f, row->exactness);
	fprintf(f, ",%" PRIu64 ",%" PRIu64, row->count, row->minor);
	csv_put_times(f, row);
	fprintf(f, ",%" PRIu64, row->retries);
	for (unsigned int a = 0; a < ACCESS_NR; a++)
		fprintf(f, ",%" PRIu64, row->access[a]);
	fputc(',', f);
	escape_csv(f, row->outcome);
	fprintf(f, ",%" PRIu64 ",%" PRIu64 ",", row->stack_growths, row->mmap_locks);
	csv_orders(f, row);
	fputc(',', f);
	put_causes(f, r, row);
	if (r->duty)
		csv_estimate(f, r, row);
	fputc('\n', f);
}

static int csv_record(const struct output *out, const void *record)
{
	const struct stat_options *options = out->context;
	const struct report *r = record;
	FILE *f = out->file;
	const char *kind = r->is_total ? "total" : "interval";

	if (options->by[0]) {
		if (r->groups)
			csv_groups(f, r);
		return 0;
	}
	for (unsigned int i = 0; i < r->nr_rows; i++) {
		csv_put_lead(f, r, kind);
		csv_row(f, r, &r->rows[i]);
	}
	/* Origin says which report the loss belongs to; the other columns are empty. */
	for (unsigned int i = 0; i < r->nr_lost; i++) {
		csv_put_lead(f, r, "lost");
		escape_csv(f, r->lost[i].reason);
		fprintf(f, ",%s,,%" PRIu64 ",,,,,,,,,,,,,,,,,%s\n", kind, r->lost[i].count,
			r->duty ? ",,," : "");
	}
	return 0;
}

const struct format stat_csv = {
	.name = "csv",
	.begin = csv_begin,
	.help = "comma-separated values",
	.record = csv_record,
};
