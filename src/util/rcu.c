// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/rcu.c: waits by membarrier(2).
 */
#include "rcu.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

void rcu_wait(void)
{
	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}
