/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/exit_counters.h: the kernel's own counts of measured tasks that user space
 * cannot read, for --check.
 */
#ifndef PFSTAT_BPF_SHARED_EXIT_COUNTERS_H
#define PFSTAT_BPF_SHARED_EXIT_COUNTERS_H

/* Of measured tasks (-p, -t, --) that exited; only grows. ended is written last. */
struct exit_counters {
	unsigned long long faults[2]; /* task_struct.min_flt and maj_flt at the exit */
	unsigned long long early; /* of ended: tasks that could still fault */
	unsigned long long ended;
	/* Of kernel threads, when they were first seen in the memory of a measured process. */
	unsigned long long before[2];
};

#endif
