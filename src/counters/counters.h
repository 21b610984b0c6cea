/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * counters/counters.h: reads the counters out of the kernel's memory: mmapped arrays, no
 * map system call, so that measuring never switches itself off (a bpf(2) map
 * call makes a preemptible kernel skip perf_event programs on its CPU).
 */
#ifndef PFSTAT_COUNTERS_COUNTERS_H
#define PFSTAT_COUNTERS_COUNTERS_H

#include "counters_cgroups.h"
#include "counters_groups.h"
#include "counters_stacks.h"
#include "probe/probe.h"
#include "report/report.h"

struct counters;

/* 0 or a negative errno. The session must outlive the collector. */
int counters_open(struct counters **out, const struct session *session);

/*
 * Others who keep maxima by epoch: turn(arg, epoch) is called before programs write those
 * of that epoch.
 */
void counters_on_epoch_flip(struct counters *c, void (*on_flip)(void *arg, unsigned int epoch),
			    void *arg);

/*
 * What was counted until now. final: also counts the faults that are open, and
 * must come after session_stop().
 */
int counters_read(struct counters *c, struct snapshot *snap, bool final);

/*
 * The last slow faults of a path and severity, one of each CPU: at most nr of
 * them; how many there are. For a session with a threshold.
 */
size_t counters_slow(const struct counters *c, unsigned int path, unsigned int major,
		     struct slow_fault *faults, size_t nr);

void counters_close(struct counters *c);

#endif
