/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * counters/counters_groups.h: the counters of --by (bpf/groups.bpf.h): read through mmap, without a
 * bpf(2) call; those of what has exited are given back (probe/probe_slab.h).
 */
#ifndef PFSTAT_COUNTERS_COUNTERS_GROUPS_H
#define PFSTAT_COUNTERS_COUNTERS_GROUPS_H

#include "proc/cgroups.h"
#include "report/report.h"
#include "probe/probe.h"

struct groups;

struct groups_setup {
	enum dimension by[2];
	struct cgroups *cgroups; /* by cgroup; else NULL */
};

/* 0 or a negative errno. For a session with a group_limit, which must outlive it. */
int groups_open(struct groups **out, const struct session *session,
		const struct groups_setup *setup);

/* The epoch is about to turn to this one: its maxima begin at 0. For counters_on_epoch_flip(). */
void groups_flip_epoch(void *groups, unsigned int epoch);

/* Waits until no program counts any more, after session_stop(). */
void groups_settle(struct groups *g);

/*
 * What was counted since the last read, or (total) since the start, after the epoch has turned:
 * rows with a count, other and exited; the rest is for group_report_make(). Valid until the next
 * read. 0 or a negative errno.
 */
int groups_read(struct groups *g, bool total, struct group_report *report);

/*
 * Frees the entries of processes and threads that had exited before the last read. What they
 * counted is part of exited from then on. 0 or a negative errno: then they keep them.
 */
int groups_free_exited(struct groups *g);

void groups_close(struct groups *g);

#endif
