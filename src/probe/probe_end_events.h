/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_end_events.h: the perf software events that end a fault, and the kernel's own
 * count of them, which shows whether an end program was missed.
 */
#ifndef PFSTAT_PROBE_PROBE_END_EVENTS_H
#define PFSTAT_PROBE_PROBE_END_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The pair of events of one CPU or one task. */
struct end_event_pair {
	int id; /* CPU or tid */
	int fd[2]; /* minor, major */
};

struct end_events {
	int prog[2]; /* minor, major */
	bool per_task;
	bool inherit; /* tasks only */
	struct end_event_pair *pairs;
	size_t nr_pairs, cap_pairs;
	uint64_t closed_events; /* counted by pairs that were closed */
};

void end_events_init(struct end_events *end_events, int prog_minor, int prog_major, bool per_task,
		     bool inherit);

/*
 * Opens the pair of CPU or task id and attaches the programs; an older pair of a CPU is
 * closed (the events of a CPU that was offline are dead). 0 or a negative errno: -ESRCH:
 * the task has exited, -ENODEV: the CPU is offline.
 */
int end_events_open(struct end_events *end_events, int id);

/*
 * The same for a task that has lost its events. Its older pair stays: children may have
 * inherited it, and would lose theirs with it.
 */
int end_events_reopen(struct end_events *end_events, int tid);

/* From here on nothing is counted and no program runs: the sums can be compared. */
void end_events_stop(struct end_events *end_events);

/* Events that the kernel has counted, including those of children. */
uint64_t end_events_count(const struct end_events *end_events);

void end_events_close(struct end_events *end_events);

#endif
