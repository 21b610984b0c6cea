// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * proc/self_usage.c: CPU time, memory and descriptors of this process.
 */
#include "self_usage.h"

#include <dirent.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "procfs.h"
#include "util/clock.h"

static uint64_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t n = 0;
	struct dirent *entry;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	/* Without the descriptor of dir. */
	return n - 1;
}

static void read_self_stat(struct self_usage *usage)
{
	struct procfs_stat stat;

	if (procfs_read_stat(&stat, "/proc/self/stat"))
		return;
	usage->virtual_bytes = stat.vsize;
	usage->resident_bytes = (uint64_t)stat.rss * sysconf(_SC_PAGESIZE);
	usage->start_time = (double)(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME)) / 1e9 +
			    (double)stat.starttime / (double)sysconf(_SC_CLK_TCK);
}

void self_usage(struct self_usage *usage)
{
	/* Computed once, because CLOCK_REALTIME is adjusted. */
	static double start_time;
	struct rlimit limit;

	memset(usage, 0, sizeof(*usage));
	read_self_stat(usage);
	if (!start_time)
		start_time = usage->start_time;
	usage->start_time = start_time;
	usage->cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	usage->open_fds = count_fds();
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		usage->max_fds = limit.rlim_cur;
}
