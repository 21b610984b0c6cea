// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/duty.c: keeps the sums of the periods, and makes estimates of a report.
 */
#include "stat_duty.h"

#include <string.h>

void stat_duty_begin(struct stat_duty *duty, struct run *run, const struct counters *counters)
{
	duty->run = run;
	duty->counters = counters;
	counters_totals(counters, &duty->last);
	kernel_counts_read(duty->all.kernel, run);
	memcpy(duty->interval.kernel, duty->all.kernel, sizeof(duty->all.kernel));
}

void stat_duty_period(struct stat_duty *duty, const struct duty_period *period)
{
	struct fault_totals now;

	counters_totals(duty->counters, &now);
	estimate_add(&duty->interval.estimate, &duty->last, &now, period->open_ns);
	estimate_add(&duty->all.estimate, &duty->last, &now, period->open_ns);
	duty->last = now;
}

static void fill_report(struct report_duty *out, const struct duty_span *span,
			const struct duty_totals *now, const struct duty_options *options)
{
	const struct duty_totals *begin = &span->begin;

	*out = (struct report_duty){
		.percent = 100.0 * (double)options->window_ns / (double)options->period_ns,
		.period_ns = options->period_ns,
		.windows = now->windows - begin->windows,
		.failed = now->failed - begin->failed,
		.open_ns = now->open_ns - begin->open_ns,
		.unsure_ns = now->unsure_ns - begin->unsure_ns,
		.cut = now->cut - begin->cut,
		.cut_ns = now->cut_ns - begin->cut_ns,
		.oldest_cut_ns = span->oldest_cut_ns,
		.attach_ns = now->attach_ns - begin->attach_ns,
		.detach_ns = now->detach_ns - begin->detach_ns,
		.drain_ns = now->drain_ns - begin->drain_ns,
	};
}

static void fill_kernel(struct report_duty *out, struct stat_duty *duty,
			const struct duty_span *span, bool is_total)
{
	struct run *run = duty->run;

	if (is_total && run->options->workload && !run->timed_out && workload_reap(&run->workload))
		out->nr_kernel = kernel_counts_rusage(out->kernel, run);
	else
		out->nr_kernel = kernel_counts_read(out->kernel, run);
	kernel_counts_subtract(out->kernel, out->nr_kernel, span->kernel);
}

/* The open window, too: reports end when they like. */
void stat_duty_report(struct stat_duty *duty, struct report *r)
{
	struct duty_span *span = r->is_total ? &duty->all : &duty->interval;
	struct duty_totals now;

	duty_read(duty->run, &now);
	if (now.oldest_cut_ns > duty->all.oldest_cut_ns)
		duty->all.oldest_cut_ns = now.oldest_cut_ns;
	duty->interval.oldest_cut_ns = now.oldest_cut_ns;
	fill_report(&duty->report, span, &now, &duty->run->options->duty);
	fill_kernel(&duty->report, duty, span, r->is_total);
	estimate_report(r, &duty->report, &span->estimate);
	if (r->is_total)
		return;
	memset(&duty->interval, 0, sizeof(duty->interval));
	duty->interval.begin = now;
	kernel_counts_read(duty->interval.kernel, duty->run);
}
