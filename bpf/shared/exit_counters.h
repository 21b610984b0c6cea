/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/exit_counters.h: what the tasks that ended left in the kernel's own books: shared
 * by exit_counters.bpf.h and src/stat/kernel_counters.c, for --check.
 */
#ifndef PFSTAT_BPF_SHARED_EXIT_COUNTERS_H
#define PFSTAT_BPF_SHARED_EXIT_COUNTERS_H

/* Of measured tasks (-p, -t, --) that ended; only grows. ended is added last. */
struct exit_counters {
	unsigned long long faults[2]; /* task_struct.min_flt and maj_flt at their end */
	unsigned long long early; /* those of ended that could still fault */
	unsigned long long ended;
};

#endif
