/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_preemption.h: does the kernel preempt tasks in kernel mode? There a BPF program that
 * may run once per CPU is skipped while another task is preempted in it.
 */
#ifndef PFSTAT_PROBE_PROBE_PREEMPTION_H
#define PFSTAT_PROBE_PROBE_PREEMPTION_H

#include <stdbool.h>

/*
 * models: the text of /sys/kernel/debug/sched/preempt (kernel/sched/debug.c, 5.12); cmdline: of
 * /proc/cmdline; NULL: cannot be read. version: of uname(2). When in doubt, true.
 */
bool preemption_possible(const char *models, const char *cmdline, const char *version);

/* The same of this kernel, now: the model can be switched (PREEMPT_DYNAMIC). */
bool preemption_read(void);

#endif
