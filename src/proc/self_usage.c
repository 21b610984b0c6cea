// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * proc/self_usage.c: see proc/self_usage.h.
 */
#include "self_usage.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

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
	/* Less the folder itself. */
	return n - 1;
}

/* Fields 22 to 24 of proc(5)'s stat: starttime in ticks since boot, vsize, rss in pages. */
static void read_stat(struct self_usage *usage)
{
	unsigned long long start, virtual_bytes;
	struct timespec boot, now;
	char line[1024], *rest = NULL;
	long pages;
	FILE *f = fopen("/proc/self/stat", "re");

	if (f && fgets(line, sizeof(line), f))
		rest = strrchr(line, ')');
	if (f)
		fclose(f);
	if (!rest || sscanf(rest,
			    ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d"
			    " %*d %*d %*d %llu %llu %ld",
			    &start, &virtual_bytes, &pages) != 3)
		return;
	usage->virtual_bytes = virtual_bytes;
	usage->resident_bytes = (uint64_t)pages * sysconf(_SC_PAGESIZE);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &now);
	usage->start_time = (double)(now.tv_sec - boot.tv_sec) +
			    (double)(now.tv_nsec - boot.tv_nsec) / 1e9 +
			    (double)start / (double)sysconf(_SC_CLK_TCK);
}

void self_usage(struct self_usage *usage)
{
	/* It does not change, but the clock by which it is computed is adjusted. */
	static double start_time;
	struct rlimit limit;
	struct timespec cpu;

	memset(usage, 0, sizeof(*usage));
	read_stat(usage);
	if (!start_time)
		start_time = usage->start_time;
	usage->start_time = start_time;
	if (!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu))
		usage->cpu_ns = cpu.tv_sec * 1000000000ull + cpu.tv_nsec;
	usage->open_fds = count_fds();
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		usage->max_fds = limit.rlim_cur;
}
