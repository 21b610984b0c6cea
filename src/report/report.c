// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * report/report.c: reports from counters. Only arithmetic: see report/report.h.
 */
#include <stdlib.h>
#include <string.h>

#include "report.h"

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

enum path_end { END_DONE, END_FAILED, END_UNTIMED };
enum path_flag { PATH_IS_NONE, PATH_IS_DISK, PATH_IS_IN_MM };

static const struct path_info {
	const char *name;
	const char *help;
	enum path_end end;
	enum outcome outcome;
	enum path_flag flag;
} path_infos[PATH_NR] = {
#define PATH_INFO(id, name, end, outcome, flag, vmstat, text)                                      \
	{ name, text, END_##end, OUTCOME_##outcome, PATH_IS_##flag },
	PATHS(PATH_INFO)
#undef PATH_INFO
};

bool path_completes(unsigned int path)
{
	return path < PATH_NR && path_infos[path].end == END_DONE;
}

bool path_is_timed(unsigned int path)
{
	return path < PATH_NR && path_infos[path].end != END_UNTIMED;
}

bool path_reads_disk(unsigned int path)
{
	return path < PATH_NR && path_infos[path].flag == PATH_IS_DISK;
}

bool path_fails_in_mm_fault(unsigned int path)
{
	return path < PATH_NR && path_infos[path].flag == PATH_IS_IN_MM;
}

const char *path_name(unsigned int path)
{
	return path < PATH_NR ? path_infos[path].name : "?";
}

const char *path_help(unsigned int path)
{
	return path < PATH_NR ? path_infos[path].help : "";
}

static const struct {
	const char *name, *help;
} causes[CAUSE_NR] = {
#define CAUSE_ROW(id, name, text) [CAUSE_##id] = { name, text },
	CAUSES(CAUSE_ROW)
#undef CAUSE_ROW
};

const char *cause_name(unsigned int cause)
{
	return cause < CAUSE_NR ? causes[cause].name : "?";
}

const char *cause_help(unsigned int cause)
{
	return cause < CAUSE_NR ? causes[cause].help : "?";
}

const char *origin_name(unsigned int origin)
{
	static const char *const names[ORIGIN_NR] = {
		[ORIGIN_USER] = "user",
		[ORIGIN_KERNEL] = "kernel",
		[ORIGIN_GUP] = "gup",
	};

	return origin < ORIGIN_NR ? names[origin] : "?";
}

enum outcome outcome_of(unsigned int path, unsigned int origin)
{
	enum outcome outcome = path < PATH_NR ? path_infos[path].outcome : OUTCOME_UNKNOWN;

	if (origin != ORIGIN_USER && (outcome == OUTCOME_SIGSEGV || outcome == OUTCOME_SIGBUS ||
				      outcome == OUTCOME_HWPOISON))
		outcome = OUTCOME_FIXUP;
	return outcome;
}

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[OUTCOME_NR] = {
#define OUTCOME_NAME(id, name) name,
		OUTCOMES(OUTCOME_NAME)
#undef OUTCOME_NAME
	};

	return outcome < OUTCOME_NR ? names[outcome] : "?";
}

uint64_t snapshot_count(const struct fault_sum *cell)
{
	uint64_t count = cell->untimed;

	for (unsigned int s = 0; s < HIST_SLOTS; s++)
		count += cell->buckets[s];
	return count;
}

const char *exactness_name(enum exactness e)
{
	switch (e) {
	case EXACT:
		return "exact";
	case INFERRED:
		return "inferred";
	case NOT_VISIBLE:
		return "not_visible";
	}
	return "?";
}

/* Counters only grow; should one not, no interval gets 2^64 faults. */
static uint64_t grown(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

/* Adds what one cell gained to the row; returns the faults gained. */
static uint64_t row_add_sum(struct report_row *row, const struct fault_sum *before,
			    const struct fault_sum *after)
{
	uint64_t untimed = grown(before->untimed, after->untimed);
	uint64_t count = untimed;

	for (unsigned int s = 0; s < HIST_SLOTS; s++) {
		uint64_t n = grown(before->buckets[s], after->buckets[s]);

		row->buckets[s] += n;
		count += n;
	}
	for (unsigned int a = 0; a < ACCESS_NR; a++)
		row->access[a] += grown(before->access[a], after->access[a]);
	row->count += count;
	row->untimed += untimed;
	row->retries += grown(before->retries, after->retries);
	row->stack_growths += grown(before->stack_growths, after->stack_growths);
	row->mmap_locks += grown(before->mmap_locks, after->mmap_locks);
	for (unsigned int i = 0; i < MAX_ORDER_NOTED; i++)
		row->orders[i] += grown(before->orders[i], after->orders[i]);
	row->sum_ns += grown(before->sum_ns, after->sum_ns);
	if (count && after->max_ns > row->max_ns)
		row->max_ns = after->max_ns;
	return count;
}

static const struct cause_sum no_causes;

static void add_causes(struct cause_sum *sum, const struct cause_sum *before,
		       const struct cause_sum *after)
{
	for (unsigned int c = 0; c < CAUSE_NR; c++) {
		sum->ns[c] += grown(before->ns[c], after->ns[c]);
		sum->faults[c] += grown(before->faults[c], after->faults[c]);
	}
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
 * its maximum kept on the other. Then its bucket tells how long it can have been.
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
	uint64_t timed = row->count - row->untimed;

	row->max_ns = max_by_buckets(row->buckets, row->max_ns);
	row->avg_ns = timed ? row->sum_ns / timed : 0;
	row->p50_ns = snapshot_quantile(row->buckets, row->max_ns, 0.50);
	row->p90_ns = snapshot_quantile(row->buckets, row->max_ns, 0.90);
	row->p99_ns = snapshot_quantile(row->buckets, row->max_ns, 0.99);
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
	row->path = path_name(path);
	row->origin = origin_name(origin);
	row->outcome = outcome_name(outcome_of(path, origin));
	return row->count;
}

static uint64_t tally_grown(const struct snapshot *before, const struct snapshot *after,
			    enum tally tally)
{
	return grown(before ? before->tallies[tally] : 0, after->tallies[tally]);
}

static uint64_t missed(const struct snapshot *snap)
{
	return snap ? grown(snap->end_runs, snap->events) : 0;
}

static uint64_t count_of_path(const struct snapshot *snap, unsigned int path)
{
	uint64_t count = 0;

	for (unsigned int o = 0; snap && o < ORIGIN_NR; o++)
		for (unsigned int major = 0; major < 2; major++)
			count += snapshot_count(&snap->sums[path][o][major]);
	return count;
}

uint64_t snapshot_faults(const struct snapshot *snap)
{
	uint64_t count = 0;

	for (unsigned int p = 0; p < PATH_NR; p++)
		count += count_of_path(snap, p);
	return count;
}

uint64_t snapshot_untimed(const struct snapshot *snap)
{
	uint64_t count = 0;

	for (unsigned int p = 0; p < PATH_NR; p++)
		for (unsigned int o = 0; o < ORIGIN_NR; o++)
			for (unsigned int major = 0; major < 2; major++)
				count += snap->sums[p][o][major].untimed;
	return count;
}

unsigned int snapshot_losses(struct report_loss losses[REPORT_MAX_LOST],
			     const struct snapshot *before, const struct snapshot *after)
{
	static const struct {
		const char *reason;
		bool is_loss;
		const char *text;
	} tallies[TALLY_NR] = {
#define LOSS                            true
#define NO_LOSS                         false
#define TALLY_ROW(id, name, loss, text) { name, loss, text },
		TALLIES(TALLY_ROW)
#undef TALLY_ROW
#undef NO_LOSS
#undef LOSS
	};
	struct report_loss *loss = losses;

	_Static_assert(REPORT_MAX_LOST >= TALLY_NR - 1 + 5,
		       "all tallies but those that are no loss, and the rest");
	/*
	 * The difference of what was missed at either end, not events less runs of
	 * the interval: a run counted just after the events were read would be
	 * missing from the next interval.
	 */
	*loss++ = (struct report_loss){ "missed", "end programs that the kernel skipped",
					grown(missed(before), missed(after)) };
	for (unsigned int i = 0; i < TALLY_NR; i++)
		if (tallies[i].is_loss)
			*loss++ = (struct report_loss){ tallies[i].reason, tallies[i].text,
							tally_grown(before, after, i) };
	*loss++ = (struct report_loss){
		"marker_missed", "programs that the kernel skipped: paths may be coarser",
		grown(before ? before->probe_misses : 0, after->probe_misses)
	};
	*loss++ = (struct report_loss){ "unresolved", "faults that began, and no end was seen",
					grown(count_of_path(before, PATH_UNRESOLVED),
					      count_of_path(after, PATH_UNRESOLVED)) };
	*loss++ = (struct report_loss){ "unclassified", "faults whose evidence names no path",
					grown(count_of_path(before, PATH_UNCLASSIFIED),
					      count_of_path(after, PATH_UNCLASSIFIED)) };
	*loss++ = (struct report_loss){ "in_flight", "faults still open at the end",
					after->in_flight };
	return loss - losses;
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
	int by_path = strcmp(a->path, b->path);

	if (a->sum_ns != b->sum_ns)
		return a->sum_ns > b->sum_ns ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return by_path ? by_path : strcmp(a->origin, b->origin);
}

void snapshot_report(struct report *out, const struct snapshot *before,
		     const struct snapshot *after, enum exactness exact[PATH_NR][ORIGIN_NR],
		     const char *attach)
{
	memset(out, 0, sizeof(*out));
	out->is_total = !before;
	out->wall_ns = after->wall_ns;
	out->duration_ns = grown(before ? before->mono_ns : 0, after->mono_ns);
	out->attach = attach;
	out->total.path = "total";
	out->total.origin = "";
	out->total.outcome = "";
	out->total.exactness = "";

	for (unsigned int p = 0; p < PATH_NR; p++) {
		for (unsigned int o = 0; o < ORIGIN_NR; o++) {
			struct report_row *row = &out->rows[out->nr_rows];

			if (!row_fill(row, p, o, before, after)) {
				memset(row, 0, sizeof(*row));
				continue;
			}
			row->exactness = exactness_name(exact[p][o]);
			snapshot_finish_row(row, out->duration_ns);
			snapshot_add_row(&out->total, row);
			out->nr_rows++;
		}
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
	out->filtered = tally_grown(before, after, TALLY_FILTERED) +
			tally_grown(before, after, TALLY_FILTERED_FAILED);
}
