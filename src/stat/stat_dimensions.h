/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_dimensions.h: the dimensions of --by, one row each: how each format prints where a
 * group stands in it. Its key comes from bpf/groups.bpf.h.
 */
#ifndef PFSTAT_STAT_STAT_DIMENSIONS_H
#define PFSTAT_STAT_STAT_DIMENSIONS_H

#include <stdio.h>

#include "report/report.h"
#include "util/json.h"

#define DIMENSION_TEXT_LEN 4096

struct dimension_row {
	const char *title; /* of the table's column */
	/* The table has numbers on the right, and texts of any length behind the other columns. */
	bool is_number, is_long;
	bool has_comm; /* a second column: the name of the process or thread */
	const char *csv; /* the columns, one or two */
	/* All get the group and which of its two dimensions it is. */
	const char *(*text)(char buf[DIMENSION_TEXT_LEN], const struct group_row *row, int n);
	void (*put_json)(struct json_writer *w, const char *key, const struct group_row *row,
			 int n);
	void (*put_csv)(FILE *f, const struct group_row *row, int n);
};

extern const struct dimension_row dimensions[DIM_NR];

/* As --by and the outputs have it: shared/group_key.h. */
const char *dimension_name(unsigned int dim);

#endif
