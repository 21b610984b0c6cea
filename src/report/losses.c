// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * report/losses.c: what was lost, or may be coarser than it looks, by reason.
 */
#include "report.h"

static uint64_t missed(const struct snapshot *snap)
{
	return snap ? snapshot_grown(snap->end_runs, snap->events) + snap->end_misses : 0;
}

static uint64_t grown_tally(const struct snapshot *before, const struct snapshot *after,
			    enum tally tally)
{
	return snapshot_grown(before ? before->tallies[tally] : 0, after->tallies[tally]);
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
					snapshot_grown(missed(before), missed(after)) };
	for (unsigned int i = 0; i < TALLY_NR; i++)
		if (tallies[i].is_loss)
			*loss++ = (struct report_loss){ tallies[i].reason, tallies[i].text,
							grown_tally(before, after, i) };
	*loss++ = (struct report_loss){
		"marker_missed", "programs that the kernel skipped: paths may be less specific",
		snapshot_grown(before ? before->probe_misses : 0, after->probe_misses)
	};
	*loss++ = (struct report_loss){ "unresolved", "faults whose end was not seen",
					snapshot_grown(
						snapshot_count_of_path(before, PATH_UNRESOLVED),
						snapshot_count_of_path(after, PATH_UNRESOLVED)) };
	*loss++ = (struct report_loss){ "unclassified", "faults whose facts match no path",
					snapshot_grown(
						snapshot_count_of_path(before, PATH_UNCLASSIFIED),
						snapshot_count_of_path(after, PATH_UNCLASSIFIED)) };
	*loss++ =
		(struct report_loss){ "in_flight", "faults that had not ended", after->in_flight };
	return loss - losses;
}

uint64_t snapshot_filtered(const struct snapshot *before, const struct snapshot *after)
{
	return grown_tally(before, after, TALLY_FILTERED) +
	       grown_tally(before, after, TALLY_FILTERED_FAILED);
}
