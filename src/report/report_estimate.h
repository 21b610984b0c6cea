/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * report/report_estimate.h: the counts of a run that measures a part of the time (--duty): what
 * they would be for all of the time, and how far off that may be.
 *
 * Each fault is measured if it begins in a window, however long it takes. So a count is scaled by
 * the time of the report over the measured time. Faults come in bursts, so they are no independent
 * samples, but windows at random times are: the errors are those of a ratio of sums over periods.
 */
#ifndef PFSTAT_REPORT_REPORT_ESTIMATE_H
#define PFSTAT_REPORT_REPORT_ESTIMATE_H

#include "report_rows.h"

/* All faults so far. */
struct fault_totals {
	struct fault_total {
		uint64_t count, sum_ns;
	} of[PATH_NR][ORIGIN_NR];
};

/* Sums over periods of a value y, of the measured time w, and of the same value of all paths t. */
struct period_sums {
	double y, yy, yw, yt;
};

struct period_row {
	struct period_sums count, time;
};

/* Zeroed at the start; a copy may be used on its own. */
struct estimate {
	uint64_t nr; /* periods with measured time */
	double w, ww;
	struct period_row rows[PATH_NR][ORIGIN_NR];
	struct period_row total;
};

/* Adds a period with open_ns of measured time, from before to after. */
void estimate_add(struct estimate *e, const struct fault_totals *before,
		  const struct fault_totals *after, uint64_t open_ns);

/* One of the kernel's own counts, of the same time. */
#define KERNEL_COUNTS 2
struct kernel_count {
	const char *source; /* "/proc/vmstat" */
	const char *counter; /* its name there */
	const char *what; /* it counts */
	uint64_t n;
};

/* What happened in the windows, as formats print it. */
struct report_duty {
	double percent; /* asked for */
	uint64_t period_ns;
	uint64_t windows, failed;
	uint64_t open_ns, unsure_ns; /* measured time, and by how much that may be wrong */
	uint64_t nr; /* periods that the errors are made of */
	double factor; /* counts and sums are scaled by it */
	/*
	 * A value is within margin standard errors of it in 99 of 100 reports, and timing of the
	 * value; margin 0: unknown.
	 */
	double margin, timing;
	uint64_t cut, cut_ns, oldest_cut_ns;
	uint64_t edge_ends;
	uint64_t attach_ns, detach_ns, drain_ns;
	struct kernel_count kernel[KERNEL_COUNTS];
	unsigned int nr_kernel;
};

/*
 * Scales r by its duration over duty->open_ns, and fills factor, margin, nr and the errors. Without
 * measured time nothing is scaled. Ends of faults that began before a window are no loss: they
 * become edge_ends.
 */
void estimate_report(struct report *r, struct report_duty *duty, const struct estimate *e);

/*
 * The two-sided 99 % quantile of Student's distribution: for a mean of nr values; 0: none.
 */
double estimate_margin(uint64_t nr);

/* Scales all counters of a snapshot that only grow. */
void snapshot_scale(struct snapshot *snap, double factor);

#endif
