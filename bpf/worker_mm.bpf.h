/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * worker_mm.bpf.h: kernel threads that borrow the memory of a measured process
 * (kthread_use_mm()): up to 6.3 the workers of vhost. Their faults are the process's.
 *
 * From 6.4 on a worker of vhost is a thread of the process, as those of io_uring are, and
 * task_newtask announces it. A kernel thread is made by kthreadd, so no tracepoint connects it
 * with the process, but for the one at which its name is set. What borrows memory without
 * it is recognised at its first fault.
 */
#ifndef PFSTAT_BPF_WORKER_MM_BPF_H
#define PFSTAT_BPF_WORKER_MM_BPF_H

#include "exec.bpf.h"
#include "exit_counters.bpf.h"

/*
 * Kernel threads that were recognised by a fault, with their start: the ID may be used again.
 * They may borrow other memory, too, so each of their faults is looked at.
 */
MAP(workers, HASH, 0, 1024, u32, u64);

/*
 * Is the memory that the current kernel thread uses that of a measured process? Without an
 * owner the process has exited, and its workers go on for a moment.
 */
static __always_inline bool borrows_target(struct task_struct *task, bool known)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct task_struct *owner;

	if (!mm || !bpf_core_field_exists(mm->owner))
		return false;
	owner = BPF_CORE_READ(mm, owner);
	return owner ? is_target(BPF_CORE_READ(owner, pid)) : known;
}

/* Its end events are missing, as after a privileged exec. */
static __always_inline void follow_worker(struct task_struct *task, bool begun)
{
	set_target(BPF_CORE_READ(task, pid), true);
	/* Of one in another pid namespace user space cannot read them afterwards. */
	if (begun && local_tid(task))
		keep_counters_before(task);
	if (cfg.end_by_task)
		begin_gap(task);
}

/*
 * Are the faults of the current task, a kernel thread, measured? They are also if it was added
 * as a target, or has a worker's name.
 */
static __noinline bool is_worker_measured(u32 tid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u64 start = BPF_CORE_READ(task, start_boottime);
	u64 *known_start = bpf_map_lookup_elem(&workers, &tid);
	bool known = known_start && *known_start == start;

	if (!known && is_target(tid))
		return true;
	if (!borrows_target(task, known))
		return false;
	if (!known) {
		bpf_map_update_elem(&workers, &tid, &start, BPF_ANY);
		follow_worker(task, true);
	}
	return true;
}

/*
 * The current task sets the name of another: vhost_dev_set_owner() has had a kernel thread
 * made, which has not run. So its events are open before its first fault.
 */
static __always_inline int announce_worker(struct task_struct *task, const char *name)
{
	char prefix[6] = {};

	if (!cfg.inherit_threads || !(task->flags & PF_KTHREAD) || !is_target(current_tid()))
		return 0;
	bpf_probe_read_kernel(prefix, sizeof(prefix), name);
	if (prefix[0] == 'v' && prefix[1] == 'h' && prefix[2] == 'o' && prefix[3] == 's' &&
	    prefix[4] == 't' && prefix[5] == '-')
		follow_worker(task, false);
	return 0;
}

#endif
