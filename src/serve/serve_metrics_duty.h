/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * serve/serve_metrics_duty.h: --duty of pfstat serve: the scale of the counters, and how far off
 * they may be.
 */
#ifndef PFSTAT_SERVE_SERVE_METRICS_DUTY_H
#define PFSTAT_SERVE_SERVE_METRICS_DUTY_H

#include "counters/counters.h"
#include "run/run.h"

struct metrics_duty {
	struct run *run;
	const struct counters *counters;
	double factor; /* of counts and sums */
	struct fault_totals last; /* at the end of the last period */
	double period[PATH_NR]; /* faults of that period */
	double variance[PATH_NR]; /* of all counts so far, scaled */
	uint64_t oldest_cut_ns; /* of all */
};

/* Counters are open, and no window has been yet. */
void metrics_duty_begin(struct metrics_duty *duty, struct run *run,
			const struct counters *counters);

/*
 * A period has ended. Half the square of the difference to the period before estimates the
 * variance of one; this holds for any range of time, as it is added up.
 */
void metrics_duty_period(struct metrics_duty *duty);

/* All so far, with oldest_cut_ns of all time. */
void metrics_duty_read(struct metrics_duty *duty, struct duty_totals *totals);

#endif
