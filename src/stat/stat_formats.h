/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_formats.h: the output formats of pfstat stat (struct format of run/run_output.h),
 * and the parts that a format has in files of its own. A format prints a struct report and
 * computes nothing.
 */
#ifndef PFSTAT_STAT_STAT_FORMATS_H
#define PFSTAT_STAT_STAT_FORMATS_H

#include "report/report.h"
#include "run/run.h"
#include "util/json.h"
#include "util/table.h"

#include "stat_check.h"
#include "stat_options.h"

/* In the order of the help; ended by NULL. The output's context: struct stat_options. */
extern const struct format *const stat_formats[];
extern const struct format stat_table, stat_json, stat_csv;

/* --- of the table */

void table_histograms(const struct output *out, const struct report *r);
/* A second table: how the time of each path splits into causes. */
void table_causes(const struct output *out, const struct report *r);
/* 0 or -ENOMEM. */
int table_groups(const struct output *out, const struct group_report *r);
/*
 * The columns of numbers, with P90 or without, and their cells. duty: they are estimates, each
 * count and total with its error; NULL: they are not.
 */
void table_add_numbers(struct table *t, bool p90, const struct report_duty *duty);
void table_put_numbers(struct table *t, const struct report_row *row, bool p90,
		       const struct report_duty *duty);
/* The error of an estimated value, as a column has it; the lines below the table of --duty. */
void table_put_error(struct table *t, double error, uint64_t value, const struct report_duty *duty);
void table_duty(FILE *f, const struct report_duty *duty);
/* The result of --check; CSV, which has no place for it, leaves it to stderr. */
void table_check(FILE *f, const struct check *check);

/* --- of JSON */

/* What rows of paths and of groups have in common: major to untimed. */
void json_put_times(struct json_writer *w, const struct report_row *row);
/* With --duty: of a path, and of the report. */
void json_put_estimate(struct json_writer *w, const struct report *r, const struct report_row *row);
void json_put_duty(struct json_writer *w, const struct report *r);
/* by, groups, groups_other and groups_exited. */
void json_put_groups(struct json_writer *w, const struct group_report *r);

/* --- of CSV */

/* The columns up to attach, which all lines share. */
void csv_put_lead(FILE *f, const struct report *r, const char *kind);
/* From major to untimed, each behind a comma. */
void csv_put_times(FILE *f, const struct report_row *row);
void csv_groups_begin(FILE *f, const enum dimension by[2]);
void csv_groups(FILE *f, const struct report *r);

#endif
