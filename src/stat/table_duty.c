// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/table_duty.c: the lines below a table of estimates (--duty): how they were made, and the
 * kernel's own counts beside them.
 */
#include <inttypes.h>

#include "stat_formats.h"

void table_put_error(struct table *t, double error, uint64_t value, const struct report_duty *duty)
{
	if (!duty->margin || !value || error <= 0)
		table_put(t, "?");
	else
		table_put(t, "%.1f%%", 100 * (duty->margin * error / (double)value + duty->timing));
}

static void print_apart(FILE *f, const struct report_duty *duty)
{
	char oldest[FORMAT_TIME_LEN];

	if (duty->cut)
		fprintf(f,
			"Cut: %" PRIu64
			" faults did not end within 100ms after their window, the oldest had taken %s"
			" by then (in no row, not scaled)\n",
			duty->cut, format_time(oldest, duty->oldest_cut_ns));
	if (duty->edge_ends)
		fprintf(f,
			"Edges: %" PRIu64
			" faults had begun before a window (in no row, not scaled)\n",
			duty->edge_ends);
	if (duty->failed)
		fprintf(f, "Failed: %" PRIu64 " windows could not be opened\n", duty->failed);
}

static void print_windows(FILE *f, const struct report_duty *duty)
{
	const uint64_t nr = duty->windows ? duty->windows : 1;
	char open[FORMAT_TIME_LEN], period[FORMAT_TIME_LEN];
	char attach[FORMAT_TIME_LEN], detach[FORMAT_TIME_LEN];

	fprintf(f,
		"Estimates from %" PRIu64
		" windows of %s in all (%g%% of each %s): counts and times"
		" are scaled by %.4g, W_MAX is the maximum in the windows\n",
		duty->windows, format_time(open, duty->open_ns), duty->percent,
		format_time(period, duty->period_ns), duty->factor);
	if (duty->margin)
		fprintf(f,
			"+-: 99 of 100 such estimates are within it, by the differences between %" PRIu64
			" periods\n",
			duty->nr);
	else
		fputs("+-: unknown, there are too few periods\n", f);
	fprintf(f, "For each window attaching took %s, detaching %s\n",
		format_time(attach, duty->attach_ns / nr),
		format_time(detach, duty->detach_ns / nr));
}

void table_duty(FILE *f, const struct report_duty *duty)
{
	print_windows(f, duty);
	print_apart(f, duty);
	for (unsigned int i = 0; i < duty->nr_kernel; i++) {
		const struct kernel_count *k = &duty->kernel[i];

		fprintf(f, "Counted by the kernel: %" PRIu64 " %s (%s: %s)\n", k->n, k->counter,
			k->source, k->what);
	}
}
