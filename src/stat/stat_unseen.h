/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_unseen.h: a total without faults, though the kernel has counted faults of the targets:
 * then "No page faults" is wrong.
 */
#ifndef PFSTAT_STAT_STAT_UNSEEN_H
#define PFSTAT_STAT_STAT_UNSEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "run/run.h"

/* The kernel's counts while pfstat measured. */
struct unseen_counts {
	/* Of the perf events of the targets, which only exceptions raise; 0: there are none. */
	uint64_t events;
	/* min_flt and maj_flt of the targets, and at most that many of them are get_user_pages. */
	uint64_t faults, gup;
};

/* How many faults the kernel counted, and no part of the total has; 0 unless it has no fault. */
uint64_t unseen_faults(const struct report *total, const struct unseen_counts *counts);

/* min_flt and maj_flt of the targets now; a command must not have been reaped. */
uint64_t unseen_read_faults(const struct run *run);

/*
 * The counts of run: events and faults are those while it measured. Of what --no-inherit or a
 * filter by task (-c, -C) leaves out, the kernel's counts say nothing.
 */
void unseen_counts_make(struct unseen_counts *counts, const struct run *run, uint64_t events,
			uint64_t faults);

#endif
