/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * proc/self_usage.h: CPU time, memory and descriptors of this process, for the metrics process_*.
 */
#ifndef PFSTAT_PROC_SELF_USAGE_H
#define PFSTAT_PROC_SELF_USAGE_H

#include <stdint.h>

struct self_usage {
	uint64_t cpu_ns; /* user and system time of all threads */
	uint64_t virtual_bytes;
	uint64_t resident_bytes;
	uint64_t open_fds;
	uint64_t max_fds;
	double start_time; /* seconds since the epoch */
};

/* What cannot be read is 0. */
void self_usage(struct self_usage *usage);

#endif
