/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * pid_namespace.bpf.h: the IDs of tasks in the pid namespace of user space. The programs use
 * the kernel's own IDs, those of the initial namespace; what user space reads has its own.
 */
#ifndef PFSTAT_BPF_PID_NAMESPACE_BPF_H
#define PFSTAT_BPF_PID_NAMESPACE_BPF_H

#include "../vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

static __always_inline const struct upid *upid_at(struct pid *pid, u32 level)
{
	const void *numbers = (void *)pid + bpf_core_field_offset(pid->numbers);

	return numbers + level * bpf_core_type_size(struct upid);
}

/*
 * alloc_pid() (kernel/pid.c) gives a task an ID in each namespace from its own, pid->level, up
 * to the initial one, level 0. 0: it has none in the namespace of that level and number.
 */
static __always_inline u32 pid_in_namespace(struct pid *pid, u32 level, u32 inum)
{
	const struct upid *upid = upid_at(pid, level);

	if (BPF_CORE_READ(pid, level) < level || BPF_CORE_READ(upid, ns, ns.inum) != inum)
		return 0;
	return BPF_CORE_READ(upid, nr);
}

#endif
