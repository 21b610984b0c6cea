/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_groups.h: rows of --by in each format: parts of the renderers of stat/stat_format.h.
 */
#ifndef PFSTAT_STAT_STAT_GROUPS_H
#define PFSTAT_STAT_STAT_GROUPS_H

#include <stdio.h>

#include "report/group_report.h"
#include "stat_format.h"

void render_groups_table(FILE *f, const struct group_report *r, const struct render_style *style);

/* The last fields of a line, each behind a comma: by, groups, groups_other and groups_exited. */
void render_groups_json(FILE *f, const struct group_report *r);

void render_groups_csv_begin(FILE *f, const enum dimension by[2]);
void render_groups_csv(FILE *f, const struct report *r);

/* Names of dimensions as they are in the options. */
const char *dimension_name(enum dimension dim);

/* What a group is called in dimension n, as text for a line: no process or thread, which are
 * numbers. */
#define GROUP_TEXT_LEN 4096
const char *group_text(char buf[GROUP_TEXT_LEN], const struct group_row *row, enum dimension dim,
		       int n);

/* The pid, tid, CPU or node; the id of a cgroup. */
uint64_t group_number(const struct group_row *row, int n);

#endif
