/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_slab.h: reads entries that programs claim (bpf/shared/slab_return.h), and gives them
 * back without a call of bpf(2) on their maps, which would make the kernel skip programs of ours.
 */
#ifndef PFSTAT_PROBE_PROBE_SLAB_H
#define PFSTAT_PROBE_PROBE_SLAB_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/slab_return.h"

/* Of one kind, as the session has them. */
struct slab {
	unsigned int limit; /* of keys; 0: there are none */
	int slab_fd; /* limit + 1 of them: entry 0 is no key's own */
	int return_fd; /* of the program that takes them back */
	struct slab_return *returned; /* what it reads */
};

/* The array of an fd with so many bytes for each entry, writable; NULL with errno set. */
void *slab_map(const struct slab *e, int fd, size_t each);
void slab_unmap(const struct slab *e, void *array, size_t each);

/* No program finds these any more. 0 or a negative errno. */
int slab_unhook(const struct slab *e, const unsigned int *list, unsigned int nr);
/*
 * After rcu_wait(), as a program may be at work that had found one before, and when they
 * are zeroed: who takes one writes its key at once. Without a grace period the time between
 * the two must do, which is far more than a program runs.
 */
int slab_free(const struct slab *e, const unsigned int *list, unsigned int nr);

#endif
