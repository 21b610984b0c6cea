/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_kernel_counters.h: reads the kernel's own books for --check: the fault counters of the
 * measured tasks, or /proc/vmstat, at both ends of the run. The rules are in
 * stat/check.c.
 */
#ifndef PFSTAT_STAT_STAT_KERNEL_COUNTERS_H
#define PFSTAT_STAT_STAT_KERNEL_COUNTERS_H

#include <stdbool.h>
#include <sys/resource.h>

#include "stat_check.h"
#include "probe/probe.h"

struct kernel_counters;

/* The session must be loaded. 0 or negative errno. */
int kernel_counters_open(struct kernel_counters **out, const struct session *s, bool per_task);

/*
 * session_add_task(), with the task's counters read before and after. books may
 * be NULL here and below: there is no --check.
 */
int kernel_counters_add_task(struct kernel_counters *kernel_counters, struct session *s, int tid);

/* To be called around attaching, and around detaching. */
void kernel_counters_attaching(struct kernel_counters *kernel_counters);
void kernel_counters_attached(struct kernel_counters *kernel_counters);
void kernel_counters_detaching(struct kernel_counters *kernel_counters);
void kernel_counters_detached(struct kernel_counters *kernel_counters);

/* Of the command behind --, which was reaped; scope: why it counts other tasks, or NULL. */
void kernel_counters_rusage(struct kernel_counters *kernel_counters, const struct rusage *usage,
			    const char *scope);

/* A book that cannot be had, for a reason known elsewhere. */
void kernel_counters_fail(struct kernel_counters *kernel_counters, const char *what, int err);

/* What was read, when all is over. */
const struct check_kernel *kernel_counters_result(const struct kernel_counters *kernel_counters);

void kernel_counters_close(struct kernel_counters *kernel_counters);

#endif
