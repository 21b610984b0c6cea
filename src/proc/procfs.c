// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * proc/procfs.c: reads files and folders of /proc that several wings need.
 */
#include "procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* open() and read() of an exited process or thread fail with ENOENT or ESRCH. */
static int errno_of_task(void)
{
	return errno == ENOENT ? -ESRCH : -errno;
}

/* Folders whose names are numbers. */
static int each_number(const char *path, procfs_visit visit, void *context)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return errno_of_task();
	while (!err && (entry = readdir(dir))) {
		int id = atoi(entry->d_name);

		if (id > 0)
			err = visit(context, id);
	}
	closedir(dir);
	return err;
}

int procfs_each_process(procfs_visit visit, void *context)
{
	return each_number("/proc", visit, context);
}

int procfs_each_thread(int pid, procfs_visit visit, void *context)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return each_number(path, visit, context);
}

int procfs_each_child(int pid, procfs_visit visit, void *context)
{
	char path[48];
	int err = 0, id;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "re");
	if (!f)
		return errno_of_task();
	while (!err && fscanf(f, "%d", &id) == 1)
		err = visit(context, id);
	fclose(f);
	return err;
}

int procfs_parse_stat(const char *text, struct procfs_stat *stat)
{
	/* The name may contain anything; after it there is no ')'. */
	const char *rest = strrchr(text, ')');

	if (!rest || sscanf(rest,
			    ") %c %*d %*d %*d %*d %*d %u %" SCNu64 " %*u %" SCNu64
			    " %*u %*u %*u %*d %*d %*d %*d %ld %*d %" SCNu64 " %" SCNu64 " %" SCNd64,
			    &stat->state, &stat->flags, &stat->faults[0], &stat->faults[1],
			    &stat->num_threads, &stat->starttime, &stat->vsize, &stat->rss) != 8)
		return -EINVAL;
	return 0;
}

int procfs_read_text(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	ssize_t n;

	if (fd < 0)
		return errno_of_task();
	n = read(fd, buf, len - 1);
	if (n > 0)
		buf[n] = '\0';
	else
		err = n ? errno_of_task() : -ESRCH;
	close(fd);
	return err;
}

int procfs_read_stat(struct procfs_stat *stat, const char *path, ...)
{
	char file[64], text[1024];
	va_list args;
	int err;

	va_start(args, path);
	vsnprintf(file, sizeof(file), path, args);
	va_end(args);
	err = procfs_read_text(file, text, sizeof(text));
	return err ? err : procfs_parse_stat(text, stat);
}

int procfs_status(int id, const char *key, char *buf, size_t len)
{
	const size_t key_len = strlen(key);
	char path[32], line[512];
	int err = -ENOENT;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", id);
	f = fopen(path, "re");
	if (!f)
		return errno_of_task();
	while (err && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, key_len) || strncmp(line + key_len, ":\t", 2))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(buf, len, "%s", line + key_len + 2);
		err = 0;
	}
	fclose(f);
	return err;
}

int procfs_tgid(int id)
{
	char value[16];

	return procfs_status(id, "Tgid", value, sizeof(value)) ? 0 : atoi(value);
}
