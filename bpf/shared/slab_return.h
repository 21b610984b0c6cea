/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/slab_return.h: entries of an array, which programs claim for a key from a stack of free
 * ones, and find by an index. Shared with user space, which reads the array through mmap
 * and gives entries back, in an order in which nobody counts in a wrong one: out of the
 * index; when nobody that had found them is at work any more, zeroed, and back on the stack.
 */
#ifndef PFSTAT_BPF_SHARED_SLAB_RETURN_H
#define PFSTAT_BPF_SHARED_SLAB_RETURN_H

#define SLAB_RETURN_MAX 512

/*
 * What a program that returns entries does with entries[0 .. nr - 1] in one run. First
 * their keys are unhooked from the index, so that nobody finds them any more; later, when
 * nobody counts in them, they are freed.
 */
struct slab_return {
	unsigned int nr;
	unsigned int free; /* 0: unhook, 1: free */
	unsigned int entries[SLAB_RETURN_MAX];
};

#endif
