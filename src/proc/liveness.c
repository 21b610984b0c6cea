// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * proc/liveness.c: whether a process or thread has ended, by kill(2) and /proc.
 */
#include "liveness.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* /proc shows times in USER_HZ, which is 100 on all but alpha and ia64. */
#define TICK_NS 10000000

/* /proc/ID/stat adds it to the start time since 5.5 (timens_add_boottime_ns()). */
void liveness_open(struct liveness *a)
{
	FILE *f = fopen("/proc/self/timens_offsets", "re");
	long long seconds, ns;
	char clock[16];

	a->boot_offset_ns = 0;
	while (f && fscanf(f, "%15s %lld %lld", clock, &seconds, &ns) == 3)
		if (!strcmp(clock, "boottime"))
			a->boot_offset_ns = seconds * 1000000000 + ns;
	if (f)
		fclose(f);
}

bool liveness_stat_ended(const struct procfs_stat *stat, uint64_t start_ns, bool is_thread)
{
	if (stat->starttime != start_ns / TICK_NS)
		return true;
	/* Of a process with several threads perhaps only the first has ended. */
	return (stat->state == 'Z' || stat->state == 'X') && (is_thread || stat->num_threads <= 1);
}

static bool ended_by_proc(const struct liveness *a, uint64_t id, uint64_t start_ns, bool is_thread)
{
	struct procfs_stat stat;

	return !procfs_read_stat(&stat, "/proc/%" PRIu64 "/stat", id) &&
	       liveness_stat_ended(&stat, start_ns + a->boot_offset_ns, is_thread);
}

bool liveness_has_ended(const struct liveness *a, uint64_t id, uint64_t start_ns, bool is_thread,
			bool closely)
{
	if (!id)
		return false;
	/* Not by /proc, which may hide processes of other users (hidepid). */
	if (kill((pid_t)id, 0) && errno == ESRCH)
		return true;
	return closely && ended_by_proc(a, id, start_ns, is_thread);
}
