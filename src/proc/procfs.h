/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * proc/procfs.h: reads files and folders of /proc that several wings need.
 */
#ifndef PFSTAT_PROC_PROCFS_H
#define PFSTAT_PROC_PROCFS_H

/* Of one process or thread. 0, or a negative errno, which ends the iteration. */
typedef int (*procfs_visit)(void *context, int id);

/* 0, a negative errno (-ESRCH: no such process), or that of visit. */
int procfs_each_process(procfs_visit visit, void *context);
int procfs_each_thread(int pid, procfs_visit visit, void *context);

#endif
