// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/csv_groups.c: the rows of --by as CSV. docs/json.md describes the columns.
 */
#include <inttypes.h>
#include <string.h>

#include "stat_dimensions.h"
#include "stat_formats.h"

void csv_groups_begin(FILE *f, const enum dimension by[2])
{
	fputs("kind,time_ns,duration_ns,attach,row", f);
	for (int n = 0; n < 2 && by[n]; n++)
		fprintf(f, ",%s", dimensions[by[n]].csv);
	fputs(",count,major,sum_ns,max_ns,p50_ns,p90_ns,p99_ns,untimed,reason\n", f);
}

static void csv_lead(FILE *f, const struct report *r, const char *row)
{
	csv_put_lead(f, r, r->is_total ? "total" : "interval");
	fputs(row, f);
}

static void csv_numbers(FILE *f, const struct report_row *n)
{
	fprintf(f, ",%" PRIu64, n->count);
	csv_put_times(f, n);
	fputs(",\n", f);
}

static void csv_no_names(FILE *f, const enum dimension by[2])
{
	for (int n = 0; n < 2 && by[n]; n++)
		fputs(strchr(dimensions[by[n]].csv, ',') ? ",," : ",", f);
}

static void csv_rest(FILE *f, const struct report *r, const char *name, const struct report_row *n)
{
	if (!n->count)
		return;
	csv_lead(f, r, name);
	csv_no_names(f, r->groups->by);
	csv_numbers(f, n);
}

void csv_groups(FILE *f, const struct report *r)
{
	const struct group_report *g = r->groups;

	for (unsigned int i = 0; i < g->nr_rows; i++) {
		csv_lead(f, r, "group");
		for (int n = 0; n < 2 && g->by[n]; n++)
			dimensions[g->by[n]].put_csv(f, g->sorted[i], n);
		csv_numbers(f, &g->sorted[i]->n);
	}
	csv_rest(f, r, "other", &g->other);
	csv_rest(f, r, "exited", &g->exited);
	for (unsigned int i = 0; i < r->nr_lost; i++) {
		csv_lead(f, r, "lost");
		csv_no_names(f, g->by);
		fprintf(f, ",%" PRIu64 ",,,,,,,,%s\n", r->lost[i].count, r->lost[i].reason);
	}
}
