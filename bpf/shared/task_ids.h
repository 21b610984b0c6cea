/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/task_ids.h: the two IDs of a task.
 */
#ifndef PFSTAT_BPF_SHARED_TASK_IDS_H
#define PFSTAT_BPF_SHARED_TASK_IDS_H

struct task_ids {
	unsigned int kernel; /* in the initial pid namespace */
	unsigned int local; /* in the one of user space; 0: none */
};

#endif
