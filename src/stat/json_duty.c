// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/json_duty.c: what JSON has in addition with --duty. docs/json.md is the contract; the order
 * of the keys is part of it.
 */
#include "stat_formats.h"

/* Standard errors; null: unknown. */
static void put_error(struct json_writer *w, const char *key, const struct report *r, double error)
{
	if (r->duty->margin && error > 0)
		json_put_uint(w, key, (uint64_t)(error + 0.5));
	else
		json_put_string(w, key, NULL);
}

void json_put_estimate(struct json_writer *w, const struct report *r, const struct report_row *row)
{
	const double all = (double)r->total.count;

	json_begin(w, "estimate", '{');
	put_error(w, "count_se", r, row->error.count);
	put_error(w, "sum_ns_se", r, row->error.sum_ns);
	json_put_uint(w, "share_ppm", all ? (uint64_t)((double)row->count * 1e6 / all + 0.5) : 0);
	put_error(w, "share_ppm_se", r, row->error.share * 1e6);
	json_end(w, '}');
}

static void put_kernel_counts(struct json_writer *w, const struct report_duty *duty)
{
	json_begin(w, "kernel", '[');
	for (unsigned int i = 0; i < duty->nr_kernel; i++) {
		json_begin(w, NULL, '{');
		json_put_string(w, "source", duty->kernel[i].source);
		json_put_string(w, "counter", duty->kernel[i].counter);
		json_put_string(w, "counts", duty->kernel[i].what);
		json_put_uint(w, "count", duty->kernel[i].n);
		json_end(w, '}');
	}
	json_end(w, ']');
}

void json_put_duty(struct json_writer *w, const struct report *r)
{
	const struct report_duty *duty = r->duty;

	json_put_bool(w, "estimate", true);
	json_begin(w, "duty", '{');
	json_put_uint(w, "period_ns", duty->period_ns);
	json_put_uint(w, "windows", duty->windows);
	json_put_uint(w, "windows_failed", duty->failed);
	json_put_uint(w, "open_ns", duty->open_ns);
	json_put_uint(w, "unsure_ns", duty->unsure_ns);
	json_put_uint(w, "factor_ppm", (uint64_t)(duty->factor * 1e6 + 0.5));
	json_put_uint(w, "periods", duty->nr);
	json_put_uint(w, "margin_ppm", (uint64_t)(duty->margin * 1e6 + 0.5));
	json_put_string(w, "max_of", "windows");
	json_put_uint(w, "count", r->total.count);
	put_error(w, "count_se", r, r->total.error.count);
	json_put_uint(w, "sum_ns", r->total.sum_ns);
	put_error(w, "sum_ns_se", r, r->total.error.sum_ns);
	json_put_uint(w, "cut", duty->cut);
	json_put_uint(w, "cut_sum_ns", duty->cut_ns);
	json_put_uint(w, "cut_oldest_ns", duty->oldest_cut_ns);
	json_put_uint(w, "edge_ends", duty->edge_ends);
	json_put_uint(w, "attach_ns", duty->attach_ns);
	json_put_uint(w, "detach_ns", duty->detach_ns);
	json_put_uint(w, "drain_ns", duty->drain_ns);
	put_kernel_counts(w, duty);
	json_end(w, '}');
}
