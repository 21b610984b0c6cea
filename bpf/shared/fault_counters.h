/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/fault_counters.h: what faults are counted by: path, origin, access, severity, cgroup.
 * Times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef PFSTAT_BPF_SHARED_FAULT_COUNTERS_H
#define PFSTAT_BPF_SHARED_FAULT_COUNTERS_H

#include "hist_schema.h"
#include "paths.h"

/* Where a fault came from. */
enum origin { ORIGIN_USER, ORIGIN_KERNEL, ORIGIN_GUP, ORIGIN_NR };

/* The kind of access. */
enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC, ACCESS_NR };

/* Multi-size THP: the orders below PMD_ORDER. */
#define PMD_ORDER       9
#define MAX_ORDER_NOTED (PMD_ORDER - 1)

/*
 * One (CPU, path, origin, severity): it only grows. The count of faults is the
 * sum of the buckets plus untimed.
 */
struct fault_counters {
	unsigned long long buckets[HIST_SLOTS];
	unsigned long long sum_ns;
	/* Longest latency; max_ns[epoch & 1] is being written, the other one read. */
	unsigned long long max_ns[2];
	/* Faults of unknown latency. */
	unsigned long long untimed;
	/* Of all faults; the rest are reads. */
	unsigned long long writes;
	unsigned long long execs;
	/* Calls of handle_mm_fault beyond the first, where a hook counts them. */
	unsigned long long retries;
	/* Faults that made a stack grow. */
	unsigned long long stack_growths;
	/* Faults that took mmap_lock, where the kernel has locks per VMA (6.4). */
	unsigned long long mmap_locks;
	/* Faults that took longer than config.slow_ns. */
	unsigned long long slow;
	/* New anonymous folios of order 1 to MAX_ORDER_NOTED; the rest are single pages. */
	unsigned long long orders[MAX_ORDER_NOTED];
};

/* Number of struct fault_counters per CPU, and the index in it; major is 0 or 1. */
#define FAULT_COUNTERS_PER_CPU                    (PATH_NR * ORIGIN_NR * 2)
#define FAULT_COUNTERS_INDEX(path, origin, major) (((path)*ORIGIN_NR + (origin)) * 2 + (major))

/*
 * The last slow fault of one (CPU, path, severity), for a metric's exemplar. seq is odd
 * while it is written; tid 0: none yet.
 */
struct slow_fault {
	unsigned int seq;
	unsigned int tid;
	unsigned long long ns;
	unsigned long long end_ns; /* CLOCK_MONOTONIC */
	char comm[16];
};

/* Number per CPU, and the index in it. */
#define SLOW_PER_CPU            (PATH_NR * 2)
#define SLOW_INDEX(path, major) ((path)*2 + (major))

/*
 * One cgroup's faults of user and kernel mode, of all CPUs; entry 0 of the slab is of all
 * cgroups without an entry.
 */
struct cgroup_faults {
	unsigned long long key; /* the cgroup's id, if it has faults */
	unsigned long long count[PATH_NR][2]; /* by major; untimed ones, too */
	unsigned long long sum_ns[PATH_NR];
	unsigned long long buckets[HIST_SLOTS]; /* of all paths */
};

#endif
