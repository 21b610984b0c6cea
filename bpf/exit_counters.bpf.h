/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * exit_counters.bpf.h: keeps the kernel's own counts of a task that ends, which nobody
 * can read afterwards; for --check.
 */
#ifndef PFSTAT_BPF_EXIT_COUNTERS_BPF_H
#define PFSTAT_BPF_EXIT_COUNTERS_BPF_H

#include "shared/exit_counters.h"
#include "state.bpf.h"

struct exit_counters exit_counters;

/*
 * At sched_process_exit: behind exit_mm() up to 6.15, where no fault can follow,
 * and before it from 6.16 on. Then mm is still there, and the task may fault in
 * mm_release() (robust futexes, clear_child_tid), which is in no book of ours.
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

#endif
