// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * serve/metrics_duty.c: the variance of the estimates of --duty, period by period.
 */
#include "serve_metrics_duty.h"

void metrics_duty_begin(struct metrics_duty *duty, struct run *run, const struct counters *counters)
{
	const struct duty_options *options = &run->options->duty;

	*duty = (struct metrics_duty){
		.run = run,
		.counters = counters,
		.factor = (double)options->period_ns / (double)options->window_ns,
	};
	counters_totals(counters, &duty->last);
}

void metrics_duty_period(struct metrics_duty *duty)
{
	struct fault_totals now;
	unsigned int path, origin;

	counters_totals(duty->counters, &now);
	for (path = 0; path < PATH_NR; path++) {
		double faults = 0, change;

		for (origin = 0; origin < ORIGIN_NR; origin++)
			faults += (double)snapshot_grown(duty->last.of[path][origin].count,
							 now.of[path][origin].count);
		change = (faults - duty->period[path]) * duty->factor;
		duty->variance[path] += change * change / 2;
		duty->period[path] = faults;
	}
	duty->last = now;
}

void metrics_duty_read(struct metrics_duty *duty, struct duty_totals *totals)
{
	duty_read(duty->run, totals);
	if (totals->oldest_cut_ns > duty->oldest_cut_ns)
		duty->oldest_cut_ns = totals->oldest_cut_ns;
	totals->oldest_cut_ns = duty->oldest_cut_ns;
}
