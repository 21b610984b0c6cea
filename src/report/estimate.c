// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * report/estimate.c: sums over the periods of --duty, the errors that follow from them, and the
 * scaling of rows.
 */
#include "report.h"

#include <math.h>
#include <string.h>

#include "util/array.h"

/* --- sums over periods */

static void add_value(struct period_sums *sums, double y, double w, double t)
{
	sums->y += y;
	sums->yy += y * y;
	sums->yw += y * w;
	sums->yt += y * t;
}

static struct fault_total grown_total(const struct fault_total *before,
				      const struct fault_total *after)
{
	return (struct fault_total){ snapshot_grown(before->count, after->count),
				     snapshot_grown(before->sum_ns, after->sum_ns) };
}

void estimate_add(struct estimate *e, const struct fault_totals *before,
		  const struct fault_totals *after, uint64_t open_ns)
{
	/* In seconds: squares of ns would lose digits. */
	const double w = (double)open_ns / 1e9;
	double count = 0, time = 0;
	unsigned int path, origin;

	for_each_path_origin(path, origin) {
		struct fault_total n =
			grown_total(&before->of[path][origin], &after->of[path][origin]);

		count += (double)n.count;
		time += (double)n.sum_ns / 1e9;
	}
	for_each_path_origin(path, origin) {
		struct fault_total n =
			grown_total(&before->of[path][origin], &after->of[path][origin]);
		struct period_row *row = &e->rows[path][origin];

		if (!n.count)
			continue;
		add_value(&row->count, (double)n.count, w, count);
		add_value(&row->time, (double)n.sum_ns / 1e9, w, time);
	}
	add_value(&e->total.count, count, w, count);
	add_value(&e->total.time, time, w, time);
	e->nr += open_ns > 0;
	e->w += w;
	e->ww += w * w;
}

/* --- errors */

/*
 * The standard error of y of all periods, where the sum of squared differences is that of each
 * period's y and what its measured time (or its t) would lead one to expect.
 */
static double error_of_sum(double squares, double nr)
{
	return nr < 2 || squares < 0 ? 0 : sqrt(squares * nr / (nr - 1));
}

/* Of y: a ratio to the measured time. */
static double error_of_value(const struct period_sums *sums, const struct estimate *e)
{
	double rate = e->w > 0 ? sums->y / e->w : 0;

	return error_of_sum(sums->yy - 2 * rate * sums->yw + rate * rate * e->ww, (double)e->nr);
}

/* Of the share of y in the total t: a ratio to it. */
static double error_of_share(const struct period_sums *sums, const struct period_sums *total,
			     double nr)
{
	double share = sums->y / total->y;
	double error =
		error_of_sum(sums->yy - 2 * share * sums->yt + share * share * total->yy, nr);

	/* Periods may happen to be alike: never less than the error of independent faults. */
	return fmax(error / total->y, nr < 2 ? 0 : sqrt(share * (1 - share) / total->y));
}

static struct row_error row_error(const struct period_row *row, const struct estimate *e,
				  double factor)
{
	const double nr = (double)e->nr, count = row->count.y;
	const double error = nr < 2 ? 0 : fmax(error_of_value(&row->count, e), sqrt(count));

	if (!count)
		return (struct row_error){ 0 };
	return (struct row_error){
		.count = error * factor,
		.sum_ns = error_of_value(&row->time, e) * factor * 1e9,
		.share = error_of_share(&row->count, &e->total.count, nr),
	};
}

double estimate_margin(uint64_t nr)
{
	static const double few[] = { 63.657, 9.925, 5.841, 4.604, 4.032,
				      3.707,  3.499, 3.355, 3.250, 3.169 };
	const double z = 2.5758, z2 = z * z, df = (double)nr - 1;

	if (nr < 2)
		return 0;
	if (nr - 2 < ARRAY_SIZE(few))
		return few[nr - 2];
	/* The first terms of the expansion in 1 / df (Abramowitz and Stegun, 26.7.5). */
	return z + z * (z2 + 1) / (4 * df) + z * (5 * z2 * z2 + 16 * z2 + 3) / (96 * df * df);
}

/* --- scaling */

static void scale_value(uint64_t *value, double factor)
{
	*value = (uint64_t)llround((double)*value * factor);
}

static void scale_values(uint64_t *values, unsigned int nr, double factor)
{
	for (unsigned int i = 0; i < nr; i++)
		if (values[i])
			scale_value(&values[i], factor);
}

/* Scaled parts are rounded, so sums are made of them again: rows still add up. */
static void scale_row(struct report_row *row, double factor)
{
	const bool completes = row->minor + row->major;

	scale_values(row->buckets, HIST_SLOTS, factor);
	scale_values(row->access, ACCESS_NR, factor);
	scale_values(row->orders, MAX_ORDER_NOTED, factor);
	scale_values(row->causes.ns, CAUSE_NR, factor);
	scale_value(&row->untimed, factor);
	scale_value(&row->retries, factor);
	scale_value(&row->stack_growths, factor);
	scale_value(&row->mmap_locks, factor);
	scale_value(&row->sum_ns, factor);
	scale_value(&row->major, factor);
	row->count = row->untimed;
	for (unsigned int s = 0; s < HIST_SLOTS; s++)
		row->count += row->buckets[s];
	if (completes)
		row->minor = snapshot_grown(row->major, row->count);
	row->access[ACCESS_READ] =
		snapshot_grown(row->access[ACCESS_WRITE] + row->access[ACCESS_EXEC], row->count);
}

static void scale_rows(struct report *r, double factor)
{
	const struct report_row total = { .path = r->total.path,
					  .origin = r->total.origin,
					  .outcome = r->total.outcome,
					  .exactness = r->total.exactness };

	r->total = total;
	for (unsigned int i = 0; i < r->nr_rows; i++) {
		scale_row(&r->rows[i], factor);
		snapshot_finish_row(&r->rows[i], r->duration_ns);
		snapshot_add_row(&r->total, &r->rows[i]);
	}
	snapshot_finish_row(&r->total, r->duration_ns);
	r->total.share = r->total.sum_ns ? 1 : 0;
	for (unsigned int i = 0; i < r->nr_rows && r->total.sum_ns; i++)
		r->rows[i].share = (double)r->rows[i].sum_ns / (double)r->total.sum_ns;
	scale_value(&r->filtered, factor);
}

static uint64_t take_loss(struct report *r, const char *reason)
{
	for (unsigned int i = 0; i < r->nr_lost; i++) {
		const uint64_t count = r->lost[i].count;

		if (strcmp(r->lost[i].reason, reason))
			continue;
		r->nr_lost--;
		memmove(&r->lost[i], &r->lost[i + 1], (r->nr_lost - i) * sizeof(r->lost[0]));
		return count;
	}
	return 0;
}

void estimate_report(struct report *r, struct report_duty *duty, const struct estimate *e)
{
	duty->edge_ends = take_loss(r, "end_without_begin");
	duty->nr = e->nr;
	duty->margin = estimate_margin(e->nr);
	duty->factor = duty->open_ns ? (double)r->duration_ns / (double)duty->open_ns : 1;
	duty->timing = duty->open_ns ? (double)duty->unsure_ns / (double)duty->open_ns : 0;
	scale_rows(r, duty->factor);
	for (unsigned int i = 0; i < r->nr_rows; i++) {
		struct report_row *row = &r->rows[i];

		row->error = row_error(&e->rows[row->path_id][row->origin_id], e, duty->factor);
	}
	r->total.error = row_error(&e->total, e, duty->factor);
	r->duty = duty;
}

static void scale_sum(struct fault_sum *sum, double factor)
{
	scale_values(sum->buckets, HIST_SLOTS, factor);
	scale_values(sum->access, ACCESS_NR, factor);
	scale_values(sum->orders, MAX_ORDER_NOTED, factor);
	scale_value(&sum->sum_ns, factor);
	scale_value(&sum->untimed, factor);
	scale_value(&sum->retries, factor);
	scale_value(&sum->stack_growths, factor);
	scale_value(&sum->mmap_locks, factor);
	scale_value(&sum->slow, factor);
}

void snapshot_scale(struct snapshot *snap, double factor)
{
	unsigned int path, origin, major;

	for_each_fault_sum(path, origin, major)
		scale_sum(&snap->sums[path][origin][major], factor);
	for_each_path_origin(path, origin)
		scale_values(snap->causes[path][origin].ns, CAUSE_NR, factor);
}
