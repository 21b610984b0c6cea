// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/unseen.c: how many faults the kernel has counted of targets that pfstat saw no fault of.
 */
#include "stat_unseen.h"

#include <stdio.h>

#include "proc/procfs.h"

/* Pages of the arguments of an exec: with the environment at most 128 KiB, unless it is unusual. */
#define EXEC_GUP 64

uint64_t unseen_faults(const struct report *total, const struct unseen_counts *counts)
{
	uint64_t faults = snapshot_grown(counts->gup, counts->faults);
	uint64_t most = counts->events > faults ? counts->events : faults, lost = 0;
	unsigned int i;

	if (total->total.count || total->filtered)
		return 0;
	for (i = 0; i < total->nr_lost; i++)
		lost += total->lost[i].count;
	return snapshot_grown(lost, most);
}

static uint64_t read_task_faults(const char *format, int id)
{
	struct procfs_stat stat;

	return procfs_read_stat(&stat, format, id, id) ? 0 : stat.faults[0] + stat.faults[1];
}

uint64_t unseen_read_faults(const struct run *run)
{
	const struct run_options *options = run->options;
	uint64_t sum = 0;
	size_t i;

	if (options->workload)
		return read_task_faults("/proc/%d/stat", run->workload.pid);
	if (options->tid)
		return read_task_faults("/proc/%d/task/%d/stat", (int)options->tid);
	for (i = 0; i < options->nr_pids; i++)
		sum += read_task_faults("/proc/%d/stat", options->pids[i]);
	return sum;
}

void unseen_counts_make(struct unseen_counts *counts, const struct run *run, uint64_t events,
			uint64_t faults)
{
	const struct run_options *options = run->options;

	*counts = (struct unseen_counts){ 0 };
	if (!run_is_per_task(options) || run->only.of_task)
		return;
	/* Children inherit the events. */
	if (!options->no_inherit)
		counts->events = events;
	/* Without --gup a process may have no other faults; but no program runs without any. */
	if (options->workload || options->gup) {
		counts->faults = faults;
		counts->gup = options->gup ? 0 : EXEC_GUP;
	}
}
