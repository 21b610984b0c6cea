/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * serve/serve_metrics_cgroup.h: the families of --by cgroup. A scrape is
 * metrics_cgroup_begin(), the families, metrics_cgroup_end().
 */
#ifndef PFSTAT_SERVE_SERVE_METRICS_CGROUP_H
#define PFSTAT_SERVE_SERVE_METRICS_CGROUP_H

#include "proc/cgroups.h"
#include "prometheus/prometheus.h"
#include "probe/probe.h"

struct metrics_cgroup;

/* 0 or a negative errno. session and cgroups must outlive it. */
int metrics_cgroup_open(struct metrics_cgroup **out, const struct session *session,
			struct cgroups *cgroups);

/* Finds the cgroups of the counters. now_ns: CLOCK_MONOTONIC, later than the last one. */
void metrics_cgroup_begin(struct metrics_cgroup *m, uint64_t now_ns);

enum metrics_cgroup_family { CGROUP_FAULTS, CGROUP_SECONDS, CGROUP_DURATIONS };
void metrics_cgroup_write(const struct metrics_cgroup *m, struct exposition *e,
			  enum metrics_cgroup_family family);

/* Cgroups with series of their own: how many there are, and how many there can be. */
unsigned int metrics_cgroup_count(const struct metrics_cgroup *m);
unsigned int metrics_cgroup_limit(const struct metrics_cgroup *m);

/* Forgets removed cgroups: this scrape has exported their last counts. */
void metrics_cgroup_end(struct metrics_cgroup *m);

void metrics_cgroup_close(struct metrics_cgroup *m);

#endif
