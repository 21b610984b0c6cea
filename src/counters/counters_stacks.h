/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * counters/counters_stacks.h: the faults by stack that programs counted (bpf/stack_table.bpf.h):
 * read through mmap; entries are returned during the measurement to make room for others.
 */
#ifndef PFSTAT_COUNTERS_COUNTERS_STACKS_H
#define PFSTAT_COUNTERS_COUNTERS_STACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/probe.h"

/* Faults with the same stack. */
struct stack_sample {
	int pid;
	bool ended; /* the process; its pid does not distinguish it from others */
	const char *comm;
	const char *path; /* of the fault: "anon" */
	uint64_t count, sum_ns;
	uint64_t when_ns; /* CLOCK_MONOTONIC of one of the faults; UINT64_MAX: unknown */
	/* Innermost first. nr 0: there is none, or with an error it is lost. */
	const uint64_t *kernel, *user;
	unsigned int nr_kernel, nr_user;
	int kernel_error, user_error; /* negative errno of the stack walk */
};

struct stack_table;

/* 0 or a negative errno. For a session with profile_stacks, which must outlive it. */
int stack_table_open(struct stack_table **out, const struct session *session);

/* It is full enough that stack_table_make_room() should be called. */
bool stack_table_fills(const struct stack_table *t);

/*
 * Moves the faults of exited processes out of the table; when those of living ones fill nearly
 * all of it, these, too. They wait for stack_table_hand_out(). 0 or a negative errno.
 */
int stack_table_make_room(struct stack_table *t);

/* 0 or a negative errno, which ends the call. */
typedef int (*stack_sample_visit)(void *context, const struct stack_sample *sample);

/* Visits at most this many of the faults that wait. */
int stack_table_hand_out(struct stack_table *t, unsigned int most, stack_sample_visit visit,
			 void *context);
bool stack_table_waits(const struct stack_table *t);

/* Visits all that wait and all in the table, when no program counts any more. */
int stack_table_take_all(struct stack_table *t, stack_sample_visit visit, void *context);

void stack_table_close(struct stack_table *t);

#endif
