// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * pid_namespace.bpf.c: lists the tasks of the reader's pid namespace, with their IDs there and in
 * the kernel. src/probe/pid_namespace.c loads it where that is not the initial namespace.
 */
#include "pid_namespace.bpf.h"
#include "shared/task_ids.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Of the reader. */
unsigned int level;
unsigned int inum;

static __always_inline void find_namespace(void)
{
	struct task_struct *reader = (void *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(reader, thread_pid);

	level = BPF_CORE_READ(pid, level);
	inum = BPF_CORE_READ(upid_at(pid, level), ns, ns.inum);
}

/* The kernel walks the namespace of the task that reads (kernel/bpf/task_iter.c). */
SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct task_ids ids;

	if (!inum)
		find_namespace();
	if (!task)
		return 0;
	ids.kernel = task->pid;
	ids.local = pid_in_namespace(BPF_CORE_READ(task, thread_pid), level, inum);
	/* It fails when the buffer is full: the kernel calls again for this task. */
	bpf_seq_write(ctx->meta->seq, &ids, sizeof(ids));
	return 0;
}
