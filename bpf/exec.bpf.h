/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * exec.bpf.h: follows a measured task through exec: the new thread ID of a thread that
 * executes, and the perf events that a privileged exec removes.
 *
 * begin_new_exec() (fs/exec.c) calls perf_event_exit_task() if the new memory is not
 * dumpable: the program is set-user-ID, set-group-ID, has file capabilities or may not be
 * read, or real and effective user differ. Its faults then begin, and no program sees their
 * ends. So user space is woken to open events for the task again. Until then it is in a
 * gap: its faults are counted, untimed (TALLY_PRIVILEGED_EXEC).
 *
 * GAP_OPEN: user space has been asked to open events; only the task itself sets it.
 * GAP_OPENING: it is opening them. GAP_CLOSING: it has; one fault may have been open then.
 */
#ifndef PFSTAT_BPF_EXEC_BPF_H
#define PFSTAT_BPF_EXEC_BPF_H

#include "exec_gap.bpf.h"

/* struct removed_events, of tasks without events. When it is full, a task stays in its gap. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} removed_events SEC(".maps");

static __always_inline void begin_gap(struct task_struct *task)
{
	struct removed_events removed = { .kernel_tid = BPF_CORE_READ(task, pid),
					  .local_tid = local_tid(task) };
	u32 tid = removed.kernel_tid;

	/* One more pair of events would count, and end, each fault twice. */
	if (has_tid(&exec_gaps, GAP_OPEN + tid))
		return;
	set_tid(&exec_gaps, GAP_OPEN + tid, true);
	/* A kernel thread that is not in the pid namespace of user space. */
	if (!removed.local_tid)
		return;
	bpf_ringbuf_output(&removed_events, &removed, sizeof(removed), BPF_RB_FORCE_WAKEUP);
}

/* old_tid: of the thread that executes; from here on it has its process's. */
static __always_inline int follow_exec(struct task_struct *task, u32 old_tid)
{
	u32 tid = task->pid;

	if (tid != old_tid)
		set_target(tid, is_target(old_tid));
	if (cfg.end_by_task && is_target(tid) && !has_perf_events(task))
		begin_gap(task);
	return 0;
}

/*
 * A child inherits events only if its creator has some. That was in copy_process() before the
 * tracepoint: since then user space may have opened events for the creator.
 */
static __always_inline void inherit_gap(struct task_struct *child, bool measured)
{
	u32 tid = child->pid;

	if (!cfg.end_by_task)
		return;
	set_tid(&exec_gaps, GAP_OPEN + tid, false);
	set_tid(&exec_gaps, GAP_OPENING + tid, false);
	set_tid(&exec_gaps, GAP_CLOSING + tid, false);
	if (measured && !has_perf_events(child))
		begin_gap(child);
}

#endif
