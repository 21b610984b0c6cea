/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * counters/counters.h: reads the counters of the BPF programs from mmapped arrays. It never calls
 * bpf(2) on a map, because a preemptible kernel then skips perf_event programs on the CPU.
 */
#ifndef PFSTAT_COUNTERS_COUNTERS_H
#define PFSTAT_COUNTERS_COUNTERS_H

#include "counters_cgroups.h"
#include "counters_groups.h"
#include "counters_stacks.h"
#include "probe/probe.h"
#include "report/report.h"

struct counters;

/* 0 or a negative errno. The session must outlive the counters. */
int counters_open(struct counters **out, const struct session *session);

/*
 * For other maxima by epoch: on_flip(arg, epoch) is called before programs write those of that
 * epoch.
 */
void counters_on_epoch_flip(struct counters *c, void (*on_flip)(void *arg, unsigned int epoch),
			    void *arg);

/* All counts so far. final: after session_stop(); also counts the faults in flight. */
int counters_read(struct counters *c, struct snapshot *snap, bool final);

/* Only these, in less time; no maxima are affected. */
void counters_totals(const struct counters *c, struct fault_totals *totals);

/*
 * The last slow fault of a path and severity on each CPU, at most nr of them. Returns their
 * number. For a session with a threshold.
 */
size_t counters_slow(const struct counters *c, unsigned int path, unsigned int major,
		     struct slow_fault *faults, size_t nr);

void counters_close(struct counters *c);

#endif
