/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/tallies.h: what a run counts in addition to faults, per CPU, one row each: the name
 * in the outputs, whether faults or parts of them were lost, and a line of help.
 */
#ifndef PFSTAT_BPF_SHARED_TALLIES_H
#define PFSTAT_BPF_SHARED_TALLIES_H

/* clang-format off */
#define TALLIES(X) \
	X(END_WITHOUT_BEGIN, "end_without_begin", LOSS, "faults that had begun before pfstat was attached")\
	X(END_OF_OTHERS, "end_of_others", NO_LOSS, "events of tasks that are not measured") \
	X(TABLE_FULL, "table_full", LOSS, "not timed: more faults in flight at once than there is room for") \
	X(VMA_BUSY, "vma_busy", LOSS, "VMA look-ups refused because the lock was held") \
	X(GUP_NESTED, "gup_nested", LOSS, "get_user_pages faults inside another fault, not measured") \
	X(FILTERED, "filtered", NO_LOSS, "completed faults that a filter leaves out") \
	X(FILTERED_FAILED, "filtered_failed", NO_LOSS, "failed and get_user_pages faults that a filter leaves out") \
	X(STACK_WALK, "stack_walk", NO_LOSS, "faults of the kernel's own stack walks for pfstat") \
	X(NO_DETAIL, "no_detail", LOSS, "faults in the overflow table, whose causes are not followed") \
	X(TRACE_LOST, "trace_lost", LOSS, "faults that the trace left out: its ring buffer was full (--mmap-pages)") \
	X(STACKS_FULL, "stacks_full", LOSS, "stacks that the profile had no room for (--stack-limit)") \
	X(STACK_TORN, "stack_torn", LOSS, "stacks that another program overwrote") \
	X(PRIVILEGED_EXEC, "privileged_exec", LOSS, "faults not timed: a privileged exec had removed the events of the task") \
	X(KERNEL_THREAD, "kernel_thread", LOSS, "faults not timed: a kernel thread in a process's memory had no events yet")

enum tally {
#define TALLY_ENUM(id, ...) TALLY_##id,
	TALLIES(TALLY_ENUM)
#undef TALLY_ENUM
	TALLY_NR
};
/* clang-format on */

struct tallies {
	unsigned long long n[TALLY_NR];
};

#endif
