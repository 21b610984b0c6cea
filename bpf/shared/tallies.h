/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/tallies.h: what a run counts in addition to faults, per CPU: one row each.
 */
#ifndef PFSTAT_BPF_SHARED_TALLIES_H
#define PFSTAT_BPF_SHARED_TALLIES_H

/*
 * What a run counts beside faults, per CPU. Each has a row: the name in the
 * outputs, whether it means that something was lost, and what it says.
 */
/* clang-format off */
#define TALLIES(X)                                                                                 \
	X(END_WITHOUT_BEGIN, "end_without_begin", "faults that had begun before pfstat was attached")\
	X(END_OF_OTHERS, "end_of_others", "events of tasks that are not measured")                 \
	X(TABLE_FULL, "table_full", "faults dropped because both slot tables were full")           \
	X(VMA_BUSY, "vma_busy", "VMA look-ups refused because the lock was held")                  \
	X(GUP_NESTED, "gup_nested", "get_user_pages faults inside another fault, not measured")    \
	X(FILTERED, "filtered", "completed faults that a filter leaves out")                       \
	X(FILTERED_FAILED, "filtered_failed", "failed and get_user_pages faults that a filter leaves out") \
	X(STACK_WALK, "stack_walk", "faults of the kernel's own stack walks for pfstat")           \
	X(NO_DETAIL, "no_detail", "faults in the overflow table, whose causes are not followed")   \
	X(TRACE_LOST, "trace_lost", "faults that the trace left out: its ring buffer was full (--mmap-pages)") \
	X(STACKS_FULL, "stacks_full", "stacks that the profile had no room for (--stack-limit)")          \
	X(STACK_TORN, "stack_torn", "stacks that another program overwrote")

enum tally {
#define TALLY_ENUM(id, name, text) TALLY_##id,
	TALLIES(TALLY_ENUM)
#undef TALLY_ENUM
	TALLY_NR
};
/* clang-format on */

struct tallies {
	unsigned long long n[TALLY_NR];
};

#endif
