/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_kernel_counts.h: the kernel's own counts of the faults of what is measured, which cost
 * nothing, to stand beside the estimates of --duty.
 */
#ifndef PFSTAT_RUN_RUN_KERNEL_COUNTS_H
#define PFSTAT_RUN_RUN_KERNEL_COUNTS_H

#include "report/report.h"

struct run;

/* The counts of now; those that cannot be read are left out. Returns their number. */
unsigned int kernel_counts_read(struct kernel_count counts[KERNEL_COUNTS], const struct run *run);

/* The same of a command that has ended: from wait4(2), with the children that it waited for. */
unsigned int kernel_counts_rusage(struct kernel_count counts[KERNEL_COUNTS], const struct run *run);

/* What each count grew since before; one that was not there counts from 0. */
void kernel_counts_subtract(struct kernel_count counts[KERNEL_COUNTS], unsigned int nr,
			    const struct kernel_count before[KERNEL_COUNTS]);

#endif
