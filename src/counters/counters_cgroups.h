/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * counters/counters_cgroups.h: the counters by cgroup (bpf/cgroup_counters.bpf.h): read through
 * mmap, without a bpf(2) call; those of removed cgroups are given back (probe/probe_slab.h).
 */
#ifndef PFSTAT_COUNTERS_COUNTERS_CGROUPS_H
#define PFSTAT_COUNTERS_COUNTERS_CGROUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/probe.h"

struct scopes;

/* 0 or a negative errno. For a session with a cgroup_limit, which must outlive it. */
int scopes_open(struct scopes **out, const struct session *session);

/* So many cgroups are counted apart at most; their entries are 1 to the limit. */
unsigned int scopes_limit(const struct scopes *s);

/* The id of the cgroup that has the entry, and its faults; 0: nobody, or it has no faults yet. */
uint64_t scopes_key(const struct scopes *s, unsigned int entry, uint64_t *faults);

/* Its counters; they grow meanwhile. */
const struct scope_cell *scopes_cell(const struct scopes *s, unsigned int entry);

/* Adds all counters; the key of sum stays. */
void scopes_add(struct scope_cell *sum, const struct scope_cell *cell);

/* What no entry has: cgroups beyond the limit, and those that were folded. */
void scopes_other(const struct scopes *s, struct scope_cell *sum);

/*
 * The entry is given back at the next scopes_settle(). fold: its counts become part of
 * scopes_other(), so that nothing is lost; else they end.
 */
void scopes_forget(struct scopes *s, unsigned int entry, bool fold);

/*
 * Gives the forgotten entries back, when no program counts in them any more; at the next
 * call, should the kernel refuse now.
 */
void scopes_settle(struct scopes *s);

void scopes_close(struct scopes *s);

#endif
