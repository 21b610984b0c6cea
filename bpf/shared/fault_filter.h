/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/fault_filter.h: which faults of the measured tasks are counted: all conditions must
 * hold.
 */
#ifndef PFSTAT_BPF_SHARED_FAULT_FILTER_H
#define PFSTAT_BPF_SHARED_FAULT_FILTER_H

struct fault_filter {
	/* Of the fault, tested at its end. */
	unsigned char of_fault; /* any of the next four is set */
	unsigned char major; /* only major ones */
	unsigned char origins; /* a bit each */
	unsigned long long paths; /* a bit each */
	unsigned long long min_ns; /* the shortest; excludes untimed ones */
	/* Of the task, tested at the begin. */
	unsigned char of_task; /* any of the next ones is set */
	unsigned char comm_len; /* with the NUL; 0: any */
	char comm[16];
	unsigned long long cgroup; /* id, or of one below it; 0: any */
};

#endif
