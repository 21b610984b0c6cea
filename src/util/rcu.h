/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/rcu.h: waits for programs that are at work.
 */
#ifndef PFSTAT_UTIL_RCU_H
#define PFSTAT_UTIL_RCU_H

/*
 * Until all programs that are running now have ended: some ms, no CPU time. They run under RCU,
 * whose grace period MEMBARRIER_CMD_GLOBAL waits for (kernel/sched/membarrier.c). A kernel
 * with nohz_full CPUs has no such command: then it returns at once.
 */
void rcu_wait(void);

#endif
