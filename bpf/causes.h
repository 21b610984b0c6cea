/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * causes.h: what a fault's time was spent on, one row each. The parts exclude each
 * other and add up to the fault's latency: the outermost of lock, reclaim,
 * memcg_reclaim, compaction and uffd takes all that happens inside of it, sleep
 * included; outside of them a sleep is io or off_cpu; what is left is on_cpu.
 */
#ifndef PFSTAT_CAUSES_H
#define PFSTAT_CAUSES_H

#define CAUSES(X)                                                                                  \
	X(LOCK, "lock", "waited for mmap_lock")                                                    \
	X(RECLAIM, "reclaim", "freed memory for itself (global direct reclaim)")                   \
	X(MEMCG, "memcg_reclaim", "freed memory of its memory cgroup, which was at a limit")       \
	X(COMPACTION, "compaction", "moved pages to get a large free block")                       \
	X(UFFD, "uffd", "waited for the handler of a userfaultfd")                                 \
	X(IO, "io", "waited for a block device, a swap device or another task's I/O")              \
	X(OFF_CPU, "off_cpu", "was off the CPU for another reason: preempted, or another lock")    \
	X(ON_CPU, "on_cpu", "the rest: ran")

enum cause {
#define CAUSE_ENUM(id, name, text) CAUSE_##id,
	CAUSES(CAUSE_ENUM)
#undef CAUSE_ENUM
	CAUSE_NR
};

/* Faults of one (path, origin) that ended on one CPU; only grows. */
struct cause_cell {
	unsigned long long ns[CAUSE_NR];
	unsigned long long faults[CAUSE_NR]; /* that had any of it */
};

#endif
