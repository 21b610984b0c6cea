/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/rcu.h: waits for BPF programs that are running.
 */
#ifndef PFSTAT_UTIL_RCU_H
#define PFSTAT_UTIL_RCU_H

/*
 * Returns when all programs that run now have ended: some ms, no CPU time. They run under RCU,
 * and MEMBARRIER_CMD_GLOBAL waits for a grace period (kernel/sched/membarrier.c). Kernels with
 * nohz_full CPUs do not support it: then this returns at once.
 */
void rcu_wait(void);

#endif
