/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * proc/procfs.h: reads files and folders of /proc that several wings need.
 */
#ifndef PFSTAT_PROC_PROCFS_H
#define PFSTAT_PROC_PROCFS_H

#include <stddef.h>
#include <stdint.h>

/* Fields of /proc/PID/stat, named as in proc(5). */
struct procfs_stat {
	char state;
	unsigned int flags;
	uint64_t faults[2]; /* minflt, majflt */
	long num_threads;
	uint64_t starttime; /* ticks since boot */
	uint64_t vsize; /* bytes */
	int64_t rss; /* pages */
};

/*
 * The begin of a file of /proc or /sys in buf (len bytes). 0 or a negative errno; -ESRCH: the
 * process or thread has ended, or the file is not there or empty.
 */
int procfs_read_text(const char *path, char *buf, size_t len);

/* Of the text of a stat file. 0 or -EINVAL. */
int procfs_parse_stat(const char *text, struct procfs_stat *stat);

/*
 * Of a stat file by its path, which printf() formats. 0 or a negative errno; -ESRCH: the process
 * or thread has ended.
 */
int procfs_read_stat(struct procfs_stat *stat, const char *path, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The value of a line "key:\tvalue" of /proc/PID/status in buf (len bytes). 0 or a negative errno:
 * -ESRCH: no such process or thread, -ENOENT: no such line.
 */
int procfs_status(int id, const char *key, char *buf, size_t len);

/* The process that task id belongs to; 0 when there is no such task. */
int procfs_tgid(int id);

/* Of one process or thread. 0, or a negative errno, which ends the iteration. */
typedef int (*procfs_visit)(void *context, int id);

/* 0, a negative errno (-ESRCH: no such process), or that of visit. */
int procfs_each_process(procfs_visit visit, void *context);
int procfs_each_thread(int pid, procfs_visit visit, void *context);

/* Those that the first thread of pid created. -ESRCH also without CONFIG_PROC_CHILDREN. */
int procfs_each_child(int pid, procfs_visit visit, void *context);

#endif
