/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * counters/counters_cgroups.h: the counters by cgroup (bpf/cgroup_counters.bpf.h): read through
 * mmap, without a bpf(2) call; entries of removed cgroups are returned (probe/probe_slab.h).
 */
#ifndef PFSTAT_COUNTERS_COUNTERS_CGROUPS_H
#define PFSTAT_COUNTERS_COUNTERS_CGROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/probe.h"

struct cgroup_counters;

/* 0 or a negative errno. For a session with a cgroup_limit, which must outlive it. */
int cgroup_counters_open(struct cgroup_counters **out, const struct session *session);

/* At most this many cgroups have counters; their entries are 1 to the limit. */
unsigned int cgroup_counters_limit(const struct cgroup_counters *s);

/* The id of the cgroup that has the entry, and its faults; 0: none, or none with faults. */
uint64_t cgroup_counters_key(const struct cgroup_counters *s, unsigned int entry, uint64_t *faults);

/* Its counters; programs still add to them. */
const struct cgroup_faults *cgroup_counters_faults(const struct cgroup_counters *s,
						   unsigned int entry);

/* Adds all counters; the key of sum stays. */
void cgroup_counters_add(struct cgroup_faults *sum, const struct cgroup_faults *from);

/* The counts of cgroups beyond the limit and of folded ones. */
void cgroup_counters_other(const struct cgroup_counters *s, struct cgroup_faults *sum);

/*
 * The next cgroup_counters_settle() returns the entry. fold: its counts become part of
 * cgroup_counters_other(), so that nothing is lost; else they are dropped.
 */
void cgroup_counters_forget(struct cgroup_counters *s, unsigned int entry, bool fold);

/*
 * Returns the forgotten entries once no program counts in them any more. When the kernel refuses,
 * the next call tries again.
 */
void cgroup_counters_settle(struct cgroup_counters *s);

void cgroup_counters_close(struct cgroup_counters *s);

#endif
