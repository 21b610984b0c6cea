/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/fault_filter.h: which faults are counted, beside whose: all conditions must hold.
 * Shared with user space.
 */
#ifndef PFSTAT_BPF_SHARED_FAULT_FILTER_H
#define PFSTAT_BPF_SHARED_FAULT_FILTER_H

struct fault_filter {
	/* Of the fault, when it has ended. */
	unsigned char of_fault; /* any of the next four is set */
	unsigned char major; /* only major ones */
	unsigned char origins; /* a bit each */
	unsigned long long paths; /* a bit each */
	unsigned long long min_ns; /* those that take so long; leaves out untimed ones */
	/* Of the task, when it begins. */
	unsigned char of_task; /* any of the next ones is set */
	unsigned char comm_len; /* with the NUL; 0: any */
	char comm[16];
	unsigned long long cgroup; /* id, or of one below it; 0: any */
};

#endif
