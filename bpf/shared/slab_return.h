/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/slab_return.h: how user space returns entries of a slab (bpf/slab.bpf.h): an array,
 * an index by key and a stack of free entries. The order keeps programs from counting in a
 * wrong entry: first out of the index; then, when no program that had found them runs any
 * more, zeroed and back on the stack.
 */
#ifndef PFSTAT_BPF_SHARED_SLAB_RETURN_H
#define PFSTAT_BPF_SHARED_SLAB_RETURN_H

#define SLAB_RETURN_MAX 512

/*
 * The work of one run of the program that returns entries[0 .. nr - 1]: to take their keys
 * out of the index, or later, when no program counts in them, to free them.
 */
struct slab_return {
	unsigned int nr;
	unsigned int free; /* 0: unhook, 1: free */
	unsigned int entries[SLAB_RETURN_MAX];
};

#endif
