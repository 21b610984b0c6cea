/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * exec_gap.bpf.h: does a task have end events? After a privileged exec it has none, until user
 * space opens others; see exec.bpf.h.
 */
#ifndef PFSTAT_BPF_EXEC_GAP_BPF_H
#define PFSTAT_BPF_EXEC_GAP_BPF_H

#include "state.bpf.h"

/* include/linux/mm_types.h (MMF_DUMPABLE_MASK), include/linux/sched/coredump.h */
#define MMF_DUMPABLE_MASK 0x3
#define SUID_DUMP_USER    1

/* get_dumpable(mm) == SUID_DUMP_USER, or task_exec_state_get_dumpable() from 7.x on. */
static __always_inline bool is_dumpable(struct task_struct *task)
{
	const struct task_struct___exec_state *with_state = (void *)task;
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	const struct mm_struct___bitmap *bitmap = (void *)mm;
	unsigned long flags;

	if (bpf_core_field_exists(with_state->exec_state))
		return BPF_CORE_READ(with_state, exec_state, dumpable) == TASK_DUMPABLE_OWNER;
	if (bpf_core_field_exists(bitmap->flags.__mm_flags))
		flags = BPF_CORE_READ(bitmap, flags.__mm_flags[0]);
	else
		flags = BPF_CORE_READ(mm, flags);
	return (flags & MMF_DUMPABLE_MASK) == SUID_DUMP_USER;
}

/* Between the removal of the events in begin_new_exec() and sched_process_exec. */
static __noinline bool is_in_privileged_exec(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ_BITFIELD_PROBED(task, in_execve) && BPF_CORE_READ(task, mm) &&
	       !is_dumpable(task);
}

/* Did the current task have no end events when its open fault began? */
static __always_inline bool was_in_gap(u32 tid)
{
	if (!cfg.end_by_task)
		return false;
	if (has_tid(&exec_gaps, GAP_OPEN + tid) || is_in_privileged_exec())
		return true;
	/* User space has opened events since, and cannot see whether a fault was open then. */
	if (!has_tid(&exec_gaps, GAP_CLOSING + tid))
		return false;
	set_tid(&exec_gaps, GAP_CLOSING + tid, false);
	return true;
}

#endif
