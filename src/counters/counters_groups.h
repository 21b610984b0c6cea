/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * counters/counters_groups.h: the counters of --by (bpf/groups.bpf.h): read through mmap, without a
 * bpf(2) call; entries of exited processes are returned (probe/probe_slab.h).
 */
#ifndef PFSTAT_COUNTERS_COUNTERS_GROUPS_H
#define PFSTAT_COUNTERS_COUNTERS_GROUPS_H

#include "proc/cgroups.h"
#include "report/report.h"
#include "probe/probe.h"

struct groups;

/*
 * 0 or a negative errno. For a session with a group_limit, which must outlive it. cgroups: by
 * cgroup; else NULL.
 */
int groups_open(struct groups **out, const struct session *session, const enum dimension by[2],
		struct cgroups *cgroups);

/* Clears the maxima of the epoch that begins. For counters_on_epoch_flip(). */
void groups_flip_epoch(void *groups, unsigned int epoch);

/*
 * The counts since the last read, or (total) since the start, after an epoch flip: rows with a
 * count, other and exited; group_report_make() does the rest. Valid until the next read. 0 or a
 * negative errno.
 */
int groups_read(struct groups *g, bool total, struct group_report *report);

/*
 * Frees the entries of processes and threads that had exited before the last read. Their counts
 * are part of exited from then on. 0, or a negative errno and nothing is freed.
 */
int groups_free_exited(struct groups *g);

void groups_close(struct groups *g);

#endif
