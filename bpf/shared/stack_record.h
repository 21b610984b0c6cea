/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/stack_record.h: faults by stack (pfstat profile). User space reads the tables
 * through mmap.
 */
#ifndef PFSTAT_BPF_SHARED_STACK_RECORD_H
#define PFSTAT_BPF_SHARED_STACK_RECORD_H

#include "trace_record.h"

/* A stack, once for all its faults; found by a hash of its frames. */
struct profile_stack {
	unsigned long long hash;
	unsigned int nr;
	unsigned int used; /* the entry has a stack */
	unsigned long long ip[TRACE_FRAMES]; /* innermost first */
};

/* In place of a stack's hash: no stack, or an errno that says why. */
#define PROFILE_NO_STACK  0
#define PROFILE_MAX_ERRNO 4095

struct profile_key {
	unsigned long long kernel, user; /* hashes of stacks */
	unsigned int pid; /* of the process */
	unsigned char path;
	unsigned char origin;
	unsigned char pad[2];
};

/* Faults of one process with the same path and stacks. */
struct profile_fault {
	struct profile_key key;
	unsigned long long count; /* timed or not */
	unsigned long long sum_ns;
	char comm[16];
	unsigned int used; /* the entry has a key */
	unsigned int pad;
};

/* Faults for which the table had no room, by path and origin. */
struct profile_rest {
	unsigned long long count;
	unsigned long long sum_ns;
};

/* Entries claimed so far; only grows. */
struct profile_claims {
	unsigned long long stacks, faults;
};

#endif
