// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/kernel_counts.c: reads /proc/vmstat, memory.stat of a cgroup, or /proc/PID/stat of the
 * targets.
 */
#include "run.h"

#include <stdio.h>
#include <string.h>

#include "proc/procfs.h"

#define GUP "faults of get_user_pages are included"

/* Faults and major faults from lines "name value". */
static unsigned int read_lines(struct kernel_count *counts, const char *path, const char *source,
			       const char *what)
{
	static const char *const names[] = { "pgfault", "pgmajfault" };
	unsigned long long value;
	unsigned int nr = 0;
	char name[64];
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	while (nr < KERNEL_COUNTS && fscanf(f, "%63s %llu", name, &value) == 2)
		for (int i = 0; i < 2; i++)
			if (!strcmp(name, names[i]))
				counts[nr++] =
					(struct kernel_count){ source, names[i], what, value };
	fclose(f);
	return nr;
}

/* The unified hierarchy and version 1's, where they are mounted by default. */
static unsigned int read_cgroup(struct kernel_count *counts, const struct run *run)
{
	static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/memory" };
	const char *cgroup = cgroups_path(run->cgroups, run->only.cgroup);
	unsigned int nr = 0;
	char path[4096 + 64];

	for (int i = 0; cgroup && i < 2 && !nr; i++) {
		snprintf(path, sizeof(path), "%s%s/memory.stat", roots[i], cgroup);
		nr = read_lines(counts, path, "memory.stat", "the cgroup and those below it; " GUP);
	}
	return nr;
}

static unsigned int put_faults(struct kernel_count *counts, const char *source, const char *what,
			       uint64_t minor, uint64_t major)
{
	counts[0] = (struct kernel_count){ source, "minor", what, minor };
	counts[1] = (struct kernel_count){ source, "major", what, major };
	return 2;
}

static bool add_stat(uint64_t sums[2], const char *format, int id)
{
	struct procfs_stat stat;

	if (procfs_read_stat(&stat, format, id, id))
		return false;
	sums[0] += stat.faults[0];
	sums[1] += stat.faults[1];
	return true;
}

static unsigned int read_targets(struct kernel_count *counts, const struct run *run)
{
	const struct run_options *options = run->options;
	const char *what = "the process without its children; " GUP;
	uint64_t sums[2] = { 0, 0 };
	bool found = false;

	if (options->tid) {
		what = "the thread; " GUP;
		found = add_stat(sums, "/proc/%d/task/%d/stat", (int)options->tid);
	} else if (options->workload) {
		found = add_stat(sums, "/proc/%d/stat", run->workload.pid);
	}
	for (size_t i = 0; i < options->nr_pids; i++)
		found |= add_stat(sums, "/proc/%d/stat", options->pids[i]);
	if (options->nr_pids > 1)
		what = "the processes that exist, without their children; " GUP;
	return found ? put_faults(counts, "/proc/PID/stat", what, sums[0], sums[1]) : 0;
}

unsigned int kernel_counts_read(struct kernel_count counts[KERNEL_COUNTS], const struct run *run)
{
	if (run_is_per_task(run->options))
		return read_targets(counts, run);
	if (run->only.cgroup)
		return read_cgroup(counts, run);
	return read_lines(counts, "/proc/vmstat", "/proc/vmstat", "the machine; " GUP);
}

unsigned int kernel_counts_rusage(struct kernel_count counts[KERNEL_COUNTS], const struct run *run)
{
	const struct rusage *usage = &run->workload.usage;

	return put_faults(counts, "wait4", "the command and the children that it waited for; " GUP,
			  usage->ru_minflt, usage->ru_majflt);
}

void kernel_counts_subtract(struct kernel_count counts[KERNEL_COUNTS], unsigned int nr,
			    const struct kernel_count before[KERNEL_COUNTS])
{
	for (unsigned int i = 0; i < nr; i++)
		for (unsigned int j = 0; j < KERNEL_COUNTS; j++)
			if (before[j].counter && !strcmp(before[j].counter, counts[i].counter))
				counts[i].n = snapshot_grown(before[j].n, counts[i].n);
}
