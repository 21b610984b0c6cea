// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * report/report.c: rows from the difference of two snapshots.
 */
#include <stdlib.h>
#include <string.h>

#include "report.h"

#include "util/array.h"

uint64_t snapshot_quantile(const uint64_t buckets[HIST_SLOTS], uint64_t max_ns, double q)
{
	/* Parts per million: 0.9 has no exact double, and 0.9 * 10 must stay 9. */
	uint64_t ppm = q <= 0 ? 0 : q >= 1 ? 1000000 : (uint64_t)(q * 1e6 + 0.5);
	uint64_t count = 0, rank, upper;
	unsigned int s;

	for (s = 0; s < HIST_SLOTS; s++)
		count += buckets[s];
	if (!count)
		return 0;
	rank = (uint64_t)(((unsigned __int128)count * ppm + 999999) / 1000000);
	if (!rank)
		rank = 1;
	for (s = 0; s < HIST_SLOTS - 1 && rank > buckets[s]; s++)
		rank -= buckets[s];
	upper = histogram_upper(s);
	return upper < max_ns ? upper : max_ns;
}

/* Adds the difference of two sums to the row; returns its faults. */
static uint64_t row_add_sum(struct report_row *row, const struct fault_sum *before,
			    const struct fault_sum *after)
{
	uint64_t untimed = snapshot_grown(before->untimed, after->untimed);
	uint64_t count = untimed;

	for (unsigned int s = 0; s < HIST_SLOTS; s++) {
		uint64_t n = snapshot_grown(before->buckets[s], after->buckets[s]);

		row->buckets[s] += n;
		count += n;
	}
	for (unsigned int a = 0; a < ACCESS_NR; a++)
		row->access[a] += snapshot_grown(before->access[a], after->access[a]);
	row->count += count;
	row->untimed += untimed;
	row->retries += snapshot_grown(before->retries, after->retries);
	row->stack_growths += snapshot_grown(before->stack_growths, after->stack_growths);
	row->mmap_locks += snapshot_grown(before->mmap_locks, after->mmap_locks);
	for (unsigned int i = 0; i < MAX_ORDER_NOTED; i++)
		row->orders[i] += snapshot_grown(before->orders[i], after->orders[i]);
	row->sum_ns += snapshot_grown(before->sum_ns, after->sum_ns);
	if (count && after->max_ns > row->max_ns)
		row->max_ns = after->max_ns;
	return count;
}

static const struct cause_sum no_causes;

static void add_causes(struct cause_sum *sum, const struct cause_sum *before,
		       const struct cause_sum *after)
{
	for (unsigned int c = 0; c < CAUSE_NR; c++)
		sum->ns[c] += snapshot_grown(before->ns[c], after->ns[c]);
}

void snapshot_add_row(struct report_row *total, const struct report_row *row)
{
	for (unsigned int s = 0; s < HIST_SLOTS; s++)
		total->buckets[s] += row->buckets[s];
	for (unsigned int a = 0; a < ACCESS_NR; a++)
		total->access[a] += row->access[a];
	total->count += row->count;
	total->untimed += row->untimed;
	total->minor += row->minor;
	total->major += row->major;
	total->retries += row->retries;
	total->stack_growths += row->stack_growths;
	total->mmap_locks += row->mmap_locks;
	for (unsigned int i = 0; i < MAX_ORDER_NOTED; i++)
		total->orders[i] += row->orders[i];
	total->sum_ns += row->sum_ns;
	add_causes(&total->causes, &no_causes, &row->causes);
	if (row->max_ns > total->max_ns)
		total->max_ns = row->max_ns;
}

/*
 * The maximum that agrees with the buckets. The kernel side writes both, not in
 * one step: at the edge of an interval a fault can be counted on this side and
 * its maximum kept on the other. Then its bucket bounds its latency.
 */
static uint64_t max_by_buckets(const uint64_t buckets[HIST_SLOTS], uint64_t max_ns)
{
	unsigned int top = HIST_SLOTS;
	uint64_t below;

	while (top > 0 && !buckets[top - 1])
		top--;
	if (!top)
		return 0;
	below = top > 1 ? histogram_upper(top - 2) : 0;
	if (max_ns > below || top == 1)
		return max_ns;
	return top == HIST_SLOTS ? below + 1 : histogram_upper(top - 1);
}

/* Everything that follows from the counts. */
void snapshot_finish_row(struct report_row *row, uint64_t duration_ns)
{
	row->timed = row->count - row->untimed;
	row->max_ns = max_by_buckets(row->buckets, row->max_ns);
	row->avg_ns = row->timed ? row->sum_ns / row->timed : 0;
	row->p50_ns = snapshot_quantile(row->buckets, row->max_ns, 0.50);
	row->p90_ns = snapshot_quantile(row->buckets, row->max_ns, 0.90);
	row->p99_ns = snapshot_quantile(row->buckets, row->max_ns, 0.99);
	for (unsigned int c = 0; c < CAUSE_NR; c++)
		row->cause_share[c] =
			row->sum_ns ? (double)row->causes.ns[c] / (double)row->sum_ns : 0;
	if (duration_ns)
		row->rate = (double)row->count * 1e9 / (double)duration_ns;
}

static bool row_fill(struct report_row *row, unsigned int path, unsigned int origin,
		     const struct snapshot *before, const struct snapshot *after)
{
	static const struct fault_sum none;
	uint64_t n[2];

	for (unsigned int major = 0; major < 2; major++)
		n[major] = row_add_sum(row, before ? &before->sums[path][origin][major] : &none,
				       &after->sums[path][origin][major]);
	add_causes(&row->causes, before ? &before->causes[path][origin] : &no_causes,
		   &after->causes[path][origin]);
	/* The kernel accounts neither severity to a fault that failed. */
	if (path_completes(path)) {
		row->minor = n[0];
		row->major = n[1];
	}
	row->path_id = path;
	row->origin_id = origin;
	row->path = path_name(path);
	row->origin = origin_name(origin);
	row->outcome = outcome_name(outcome_of(path, origin));
	return row->count;
}

static void report_losses(struct report *out, const struct snapshot *before,
			  const struct snapshot *after)
{
	struct report_loss losses[REPORT_MAX_LOST];
	unsigned int nr = snapshot_losses(losses, before, after);

	for (unsigned int i = 0; i < nr; i++)
		if (losses[i].count)
			out->lost[out->nr_lost++] = losses[i];
}

/* Most time first; then most faults; then by name, so that the order is total. */
static int row_compare(const void *left, const void *right)
{
	const struct report_row *a = left, *b = right;
	int order = compare_u64(b->sum_ns, a->sum_ns);

	order = order ?: compare_u64(b->count, a->count);
	order = order ?: strcmp(a->path, b->path);
	return order ?: strcmp(a->origin, b->origin);
}

void snapshot_report(struct report *out, const struct snapshot *before,
		     const struct snapshot *after, enum exactness exact[PATH_NR][ORIGIN_NR],
		     const char *attach)
{
	unsigned int path, origin;

	memset(out, 0, sizeof(*out));
	out->is_total = !before;
	out->wall_ns = after->wall_ns;
	out->duration_ns = snapshot_grown(before ? before->mono_ns : 0, after->mono_ns);
	out->attach = attach;
	out->total.path = "total";
	out->total.origin = "";
	out->total.outcome = "";
	out->total.exactness = "";

	for_each_path_origin(path, origin) {
		struct report_row *row = &out->rows[out->nr_rows];

		if (!row_fill(row, path, origin, before, after)) {
			memset(row, 0, sizeof(*row));
			continue;
		}
		row->exactness = exactness_name(exact[path][origin]);
		row->inferred = exact[path][origin] == INFERRED;
		snapshot_finish_row(row, out->duration_ns);
		snapshot_add_row(&out->total, row);
		out->nr_rows++;
	}
	snapshot_finish_row(&out->total, out->duration_ns);
	if (out->total.sum_ns) {
		out->total.share = 1;
		for (unsigned int i = 0; i < out->nr_rows; i++)
			out->rows[i].share =
				(double)out->rows[i].sum_ns / (double)out->total.sum_ns;
	}
	qsort(out->rows, out->nr_rows, sizeof(out->rows[0]), row_compare);
	report_losses(out, before, after);
	out->filtered = snapshot_filtered(before, after);
}
