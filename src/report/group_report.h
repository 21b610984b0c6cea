/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * report/group_report.h: from the counters of groups (--by) to rows that sum up. No I/O:
 * counters/groups.c fills the rows, the renderers print them.
 */
#ifndef PFSTAT_REPORT_GROUP_REPORT_H
#define PFSTAT_REPORT_GROUP_REPORT_H

#include "shared/group_key.h"
#include "report_rows.h"

/* --sort, and the field of struct report_row by which it sorts, the largest first. */
#define SORTS(X)                                                                                   \
	X(TOTAL, "total", sum_ns)                                                                  \
	X(COUNT, "count", count)                                                                   \
	X(MAJOR, "major", major)                                                                   \
	X(AVG, "avg", avg_ns)                                                                      \
	X(P50, "p50", p50_ns)                                                                      \
	X(P99, "p99", p99_ns)                                                                      \
	X(MAX, "max", max_ns)

/* clang-format off */
enum sort {
#define SORT_ENUM(id, name, field) SORT_##id,
	SORTS(SORT_ENUM)
#undef SORT_ENUM
	SORT_NR
};
/* clang-format on */

const char *sort_name(unsigned int sort);

struct group_row {
	struct report_row n; /* count, untimed, major, times and buckets; nothing else is set */
	struct group_key key;
	char comm[2][16]; /* by dimension: the name of a process or thread */
	const char *name[2]; /* of a dimension that is no number; NULL: unknown */
};

struct group_report {
	enum dimension by[2]; /* the second may be DIM_NONE */
	struct group_row *rows; /* as they were filled; the caller's */
	struct group_row **sorted; /* the same in their order; the caller's, nr_rows of them */
	unsigned int nr_rows;
	unsigned int shown; /* the first of them go into a table */
	/* What no row has; all of them may be without a count. */
	struct report_row more; /* rows that are not shown */
	struct report_row other; /* groups beyond the limit */
	struct report_row exited; /* processes and threads that have exited */
	struct report_row total;
};

/* The faults of a group; max_ns of the epoch. */
void group_read(struct report_row *out, const volatile struct group_faults *cell,
		unsigned int epoch);

/* Subtracts the faults of before; max_ns stays. */
void group_since(struct report_row *now, const struct report_row *before);

/*
 * All that follows from rows, other and exited: percentiles, shares, the total, the
 * order, and with top (0: all are shown) what is folded.
 */
void group_report_make(struct group_report *r, enum sort sort, unsigned int top,
		       uint64_t duration_ns);

#endif
