// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/csv_groups.c: the rows of --by as CSV. The columns are described in docs/json.md.
 */
#include <inttypes.h>

#include "util/escape.h"
#include "stat_groups.h"

/* Of a dimension; those of a process or thread are two, those of a cgroup, too. */
/* clang-format off */
static const char *const columns[DIM_NR] = {
	[DIM_PROCESS] = "pid,process_comm", [DIM_THREAD] = "tid,thread_comm",
	[DIM_COMM] = "comm",		    [DIM_CGROUP] = "cgroup_id,cgroup",
	[DIM_MAPPING] = "mapping",	    [DIM_FILE] = "file",
	[DIM_CPU] = "cpu",		    [DIM_NODE] = "node",
	[DIM_PATH] = "path",
};
/* clang-format on */

static bool has_two(enum dimension dim)
{
	return dim == DIM_PROCESS || dim == DIM_THREAD || dim == DIM_CGROUP;
}

void render_groups_csv_begin(FILE *f, const enum dimension by[2])
{
	fputs("kind,time_ns,duration_ns,attach,row", f);
	for (int n = 0; n < 2 && by[n]; n++)
		fprintf(f, ",%s", columns[by[n]]);
	fputs(",count,major,sum_ns,max_ns,p50_ns,p90_ns,p99_ns,untimed,reason\n", f);
}

static void csv_lead(FILE *f, const struct report *r, const char *row)
{
	fprintf(f, "%s,%" PRIu64 ",%" PRIu64 ",", r->is_total ? "total" : "interval", r->wall_ns,
		r->duration_ns);
	render_csv_string(f, r->attach);
	fprintf(f, ",%s", row);
}

static void csv_numbers(FILE *f, const struct report_row *n)
{
	const uint64_t numbers[] = { n->count,  n->major,  n->sum_ns, n->max_ns,
				     n->p50_ns, n->p90_ns, n->p99_ns, n->untimed };

	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		fprintf(f, ",%" PRIu64, numbers[i]);
	fputs(",\n", f);
}

/* The name alone; empty where it is unknown. */
static const char *csv_text(char buf[GROUP_TEXT_LEN], const struct group_row *row,
			    enum dimension dim, int n)
{
	switch (dim) {
	case DIM_PROCESS:
	case DIM_THREAD:
		return escape_text(buf, GROUP_TEXT_LEN, row->comm[n], "");
	case DIM_CGROUP:
	case DIM_MAPPING:
	case DIM_FILE:
		return escape_text(buf, GROUP_TEXT_LEN, row->name[n] ? row->name[n] : "", "");
	default:
		return group_text(buf, row, dim, n);
	}
}

static void csv_name(FILE *f, const struct group_row *row, enum dimension dim, int n)
{
	char buf[GROUP_TEXT_LEN];

	if (has_two(dim))
		fprintf(f, ",%" PRIu64, group_number(row, n));
	fputc(',', f);
	render_csv_string(f, csv_text(buf, row, dim, n));
}

static void csv_no_names(FILE *f, const enum dimension by[2])
{
	for (int n = 0; n < 2 && by[n]; n++)
		fputs(has_two(by[n]) ? ",," : ",", f);
}

static void csv_rest(FILE *f, const struct report *r, const char *name, const struct report_row *n)
{
	if (!n->count)
		return;
	csv_lead(f, r, name);
	csv_no_names(f, r->groups->by);
	csv_numbers(f, n);
}

void render_groups_csv(FILE *f, const struct report *r)
{
	const struct group_report *g = r->groups;

	for (unsigned int i = 0; i < g->nr_rows; i++) {
		csv_lead(f, r, "group");
		for (int n = 0; n < 2 && g->by[n]; n++)
			csv_name(f, g->sorted[i], g->by[n], n);
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
