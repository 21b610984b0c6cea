// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/csv.c: one line per path and origin, and one per reason of loss, under
 * one header. The columns are described in docs/json.md.
 */
#include <inttypes.h>
#include <string.h>

#include "stat_causes.h"
#include "stat_groups.h"

void render_csv_string(FILE *f, const char *s)
{
	if (!strpbrk(s, ",\"\r\n")) {
		fputs(s, f);
		return;
	}
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', f);
		fputc(*s, f);
	}
	fputc('"', f);
}

static void csv_begin(FILE *f, const struct render_style *style)
{
	if (style->by[0]) {
		render_groups_csv_begin(f, style->by);
		fflush(f);
		return;
	}
	fputs("kind,time_ns,duration_ns,attach,path,origin,exactness,count,minor,major,"
	      "sum_ns,max_ns,p50_ns,p90_ns,p99_ns,untimed,retries,read,write,exec,outcome,"
	      "stack,mmap_lock,orders,causes\n",
	      f);
	fflush(f);
}

/* The columns up to attach, which all lines share. */
static void csv_lead(FILE *f, const struct report *r, const char *kind)
{
	fprintf(f, "%s,%" PRIu64 ",%" PRIu64 ",", kind, r->wall_ns, r->duration_ns);
	render_csv_string(f, r->attach);
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

static void csv_row(FILE *f, const struct report *r, const struct report_row *row)
{
	const uint64_t numbers[] = {
		row->count,
		row->minor,
		row->major,
		row->sum_ns,
		row->max_ns,
		row->p50_ns,
		row->p90_ns,
		row->p99_ns,
		row->untimed,
		row->retries,
		row->access[ACCESS_READ],
		row->access[ACCESS_WRITE],
		row->access[ACCESS_EXEC],
	};

	render_csv_string(f, row->path);
	fputc(',', f);
	render_csv_string(f, row->origin);
	fputc(',', f);
	render_csv_string(f, row->exactness);
	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		fprintf(f, ",%" PRIu64, numbers[i]);
	fputc(',', f);
	render_csv_string(f, row->outcome);
	fprintf(f, ",%" PRIu64 ",%" PRIu64 ",", row->stack_growths, row->mmap_locks);
	csv_orders(f, row);
	fputc(',', f);
	render_causes_csv(f, r, row);
	fputc('\n', f);
}

static void csv_report(FILE *f, const struct report *r, const struct render_style *style)
{
	const char *kind = r->is_total ? "total" : "interval";

	if (style->by[0]) {
		if (r->groups)
			render_groups_csv(f, r);
		fflush(f);
		return;
	}
	for (unsigned int i = 0; i < r->nr_rows; i++) {
		csv_lead(f, r, kind);
		csv_row(f, r, &r->rows[i]);
	}
	/* Origin says which report the loss belongs to; the other columns are empty. */
	for (unsigned int i = 0; i < r->nr_lost; i++) {
		csv_lead(f, r, "lost");
		render_csv_string(f, r->lost[i].reason);
		fprintf(f, ",%s,,%" PRIu64 ",,,,,,,,,,,,,,,,,\n", kind, r->lost[i].count);
	}
	fflush(f);
}

const struct renderer render_csv = {
	.name = "csv",
	.begin = csv_begin,
	.report = csv_report,
};
