/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * exit_counters.bpf.h: adds up the kernel's own counts of exiting tasks, which cannot be
 * read afterwards, and those that tasks had before they were measured; for --check.
 */
#ifndef PFSTAT_BPF_EXIT_COUNTERS_BPF_H
#define PFSTAT_BPF_EXIT_COUNTERS_BPF_H

#include "shared/exit_counters.h"
#include "state.bpf.h"

struct exit_counters exit_counters;

/*
 * At sched_process_exit: up to 6.15 that is after exit_mm(), and no fault can follow. From
 * 6.16 on it is before exit_mm(): mm is still there, and the task may fault in mm_release()
 * (robust futexes, clear_child_tid); those faults are in no count here.
 */
static __always_inline void keep_exit_counters(struct task_struct *task)
{
	if (!cfg.filter || !is_target(task->pid))
		return;
	__sync_fetch_and_add(&exit_counters.faults[0], task->min_flt);
	__sync_fetch_and_add(&exit_counters.faults[1], task->maj_flt);
	if (task->mm)
		__sync_fetch_and_add(&exit_counters.early, 1);
	__sync_fetch_and_add(&exit_counters.ended, 1);
}

/* From now on task is measured: what it has counted before is not. */
static __always_inline void keep_counters_before(struct task_struct *task)
{
	__sync_fetch_and_add(&exit_counters.before[0], BPF_CORE_READ(task, min_flt));
	__sync_fetch_and_add(&exit_counters.before[1], BPF_CORE_READ(task, maj_flt));
}

#endif
