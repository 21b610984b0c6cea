/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * proc/task.h: which process a task belongs to.
 */
#ifndef PFSTAT_PROC_TASK_H
#define PFSTAT_PROC_TASK_H

/* The process that task id belongs to; 0 when there is no such task. */
int task_tgid(int id);

#endif
