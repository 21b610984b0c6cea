/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_duty.h: --duty of pfstat stat: the periods of an interval and of the run, and the
 * estimates that reports are made of.
 */
#ifndef PFSTAT_STAT_STAT_DUTY_H
#define PFSTAT_STAT_STAT_DUTY_H

#include "counters/counters.h"
#include "run/run.h"

/* What a report covers: an interval, or the run. */
struct duty_span {
	struct estimate estimate;
	struct duty_totals begin;
	struct kernel_count kernel[KERNEL_COUNTS]; /* at its begin */
	uint64_t oldest_cut_ns;
};

struct stat_duty {
	struct run *run;
	const struct counters *counters;
	struct fault_totals last; /* at the end of the last period */
	struct duty_span interval, all;
	struct report_duty report;
};

/* Counters are open, and no window has been yet. */
void stat_duty_begin(struct stat_duty *duty, struct run *run, const struct counters *counters);

void stat_duty_period(struct stat_duty *duty, const struct duty_period *period);

/* Makes the estimates of an interval, and begins the next one; or those of the total. */
void stat_duty_report(struct stat_duty *duty, struct report *r);

#endif
