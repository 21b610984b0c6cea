/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_slab.h: reads entries that BPF programs claim (bpf/shared/slab_return.h), and
 * returns them without bpf(2) calls on their maps, during which the kernel skips programs.
 */
#ifndef PFSTAT_PROBE_PROBE_SLAB_H
#define PFSTAT_PROBE_PROBE_SLAB_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/slab_return.h"

/* The slab of one kind of entries; made by the session. */
struct slab {
	unsigned int limit; /* of keys; 0: it is not used */
	int slab_fd; /* limit + 1 entries; entry 0 has no key */
	int return_fd; /* of the program that returns them */
	struct slab_return *returned; /* its input */
};

/* The array of fd, with each bytes per entry, writable; NULL with errno set. */
void *slab_map(const struct slab *slab, int fd, size_t each);
void slab_unmap(const struct slab *slab, void *array, size_t each);

/* Takes entries out of the index: no program finds them any more. 0 or a negative errno. */
int slab_unhook(const struct slab *slab, const unsigned int *list, unsigned int nr);

/*
 * Returns when all programs that run now have ended: some ms, no CPU time. They run under RCU,
 * and MEMBARRIER_CMD_GLOBAL waits for a grace period (kernel/sched/membarrier.c). Kernels with
 * nohz_full CPUs do not support it: then this returns at once.
 */
void rcu_wait(void);

/*
 * Makes entries free again. Call it after rcu_wait(), as a program that found one before may
 * still run, and after zeroing them: a program that takes one writes its key at once. Without
 * an RCU grace period the time between the two calls must do; it is much longer than a
 * program runs.
 */
int slab_free(const struct slab *slab, const unsigned int *list, unsigned int nr);

#endif
