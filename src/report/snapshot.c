// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * report/snapshot.c: sums over a snapshot.
 */
#include "report.h"

uint64_t snapshot_count(const struct fault_sum *cell)
{
	uint64_t count = cell->untimed;

	for (unsigned int s = 0; s < HIST_SLOTS; s++)
		count += cell->buckets[s];
	return count;
}

uint64_t snapshot_count_of_path(const struct snapshot *snap, unsigned int path)
{
	uint64_t count = 0;

	for (unsigned int o = 0; snap && o < ORIGIN_NR; o++)
		for (unsigned int major = 0; major < 2; major++)
			count += snapshot_count(&snap->sums[path][o][major]);
	return count;
}

uint64_t snapshot_faults(const struct snapshot *snap)
{
	uint64_t count = 0;

	for (unsigned int p = 0; p < PATH_NR; p++)
		count += snapshot_count_of_path(snap, p);
	return count;
}

uint64_t snapshot_untimed(const struct snapshot *snap)
{
	unsigned int path, origin, major;
	uint64_t count = 0;

	for_each_fault_sum(path, origin, major)
		count += snap->sums[path][origin][major].untimed;
	return count;
}

uint64_t snapshot_grown(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}
