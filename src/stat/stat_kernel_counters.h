/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_kernel_counters.h: reads the kernel's own counters for --check: the fault counters
 * of the measured tasks, or /proc/vmstat, at both ends of the run. The rules are in stat/check.c.
 */
#ifndef PFSTAT_STAT_STAT_KERNEL_COUNTERS_H
#define PFSTAT_STAT_STAT_KERNEL_COUNTERS_H

#include <stdbool.h>
#include <sys/resource.h>

#include "run/run.h"
#include "stat_check.h"

struct kernel_counters;

/* The session must be loaded. 0 or a negative errno. */
int kernel_counters_open(struct kernel_counters **out, const struct session *s, bool per_task);

/* Reads them around attaching and detaching; for run.observer. */
struct run_observer kernel_counters_observer(struct kernel_counters *k);

/* Of the workload, which was reaped; scope: why it counts other tasks, or NULL. */
void kernel_counters_rusage(struct kernel_counters *k, const struct rusage *usage,
			    const char *scope);

/* Counters that cannot be read, for a reason known elsewhere. Only the first reason is kept. */
void kernel_counters_fail(struct kernel_counters *k, const char *what, int err);

/* Complete when the run has been stopped. */
const struct check_kernel *kernel_counters_result(const struct kernel_counters *k);

/* NULL is allowed. */
void kernel_counters_close(struct kernel_counters *k);

#endif
