/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * exec_gap.bpf.h: does a task have end events? After a privileged exec it has none, until user
 * space opens others; see exec.bpf.h.
 */
#ifndef PFSTAT_BPF_EXEC_GAP_BPF_H
#define PFSTAT_BPF_EXEC_GAP_BPF_H

#include "state.bpf.h"

/*
 * perf_event_exit_task() leaves a task without a context (kernel/events/core.c), and a child
 * gets one only if it inherits an event (perf_event_init_context()).
 */
static __always_inline bool has_perf_events(struct task_struct *task)
{
	struct task_struct___contexts *both = (void *)task;

	/* A pointer from 6.2 on, an array before. */
	if (bpf_core_field_exists(task->perf_event_ctxp))
		return BPF_CORE_READ(task, perf_event_ctxp);
	return BPF_CORE_READ(both, perf_event_ctxp[0]) || BPF_CORE_READ(both, perf_event_ctxp[1]);
}

/*
 * Between the removal in begin_new_exec() and sched_process_exec. An exiting task, and one whose
 * bit is a former owner's (the kernel skipped the program at its birth), have none either.
 */
static __noinline bool is_in_privileged_exec(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ_BITFIELD_PROBED(task, in_execve) && !has_perf_events(task);
}

/*
 * Did the current task have no end events when its open fault began? To be asked once for
 * each fault: the answer for the one that was open when events were opened is used up.
 */
static __always_inline bool take_gap(u32 tid)
{
	if (!cfg.end_by_task)
		return false;
	if (has_tid(&exec_gaps, GAP_OPEN + tid) || has_tid(&exec_gaps, GAP_OPENING + tid) ||
	    is_in_privileged_exec())
		return true;
	/* User space has opened events since, and cannot see whether a fault was open then. */
	if (!has_tid(&exec_gaps, GAP_CLOSING + tid))
		return false;
	set_tid(&exec_gaps, GAP_CLOSING + tid, false);
	return true;
}

#endif
