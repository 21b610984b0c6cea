// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * proc/procfs.c: reads files and folders of /proc that several wings need.
 */
#include "procfs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Folders whose names are numbers. */
static int each_number(const char *path, procfs_visit visit, void *context)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
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
