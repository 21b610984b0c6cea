/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * counters/counters_stacks.h: the faults by stack that programs counted (bpf/stack_table.bpf.h):
 * read through mmap, and given back while they measure, so that there is room for more.
 */
#ifndef PFSTAT_COUNTERS_COUNTERS_STACKS_H
#define PFSTAT_COUNTERS_COUNTERS_STACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/probe.h"

/* Faults with the same stack. */
struct stack_sample {
	int pid;
	bool ended; /* one of many: it is not told apart from others by its pid */
	const char *comm;
	const char *path; /* of the fault: "anon" */
	uint64_t count, sum_ns;
	uint64_t when_ns; /* CLOCK_MONOTONIC of one of them; UINT64_MAX: unknown */
	/* Innermost first. nr 0: there is none, or with an error it is lost. */
	const uint64_t *kernel, *user;
	unsigned int nr_kernel, nr_user;
	int kernel_error, user_error; /* negative errno of the stack walk */
};

struct stack_table;

/* 0 or a negative errno. For a session with profile_stacks, which must outlive it. */
int stack_table_open(struct stack_table **out, const struct session *session);

/* Enough of it is taken that stack_table_make_room() is worth its while. */
bool stack_table_fills(const struct stack_table *t);

/*
 * Takes the faults of processes that have ended out of the table; when those that live
 * need nearly all of it, theirs, too. They wait for stack_table_hand_out(). 0 or
 * a negative errno.
 */
int stack_table_make_room(struct stack_table *t);

/* Takes a sample; ended: its process has. 0 or a negative errno, which ends the call. */
typedef int (*profile_take)(void *context, const struct stack_sample *sample);

/* The first most of those that wait. */
int stack_table_hand_out(struct stack_table *t, unsigned int most, profile_take take,
			 void *context);
bool stack_table_waits(const struct stack_table *t);

/* All of them, and all that is in the table, when nothing counts any more. */
int stack_table_take_all(struct stack_table *t, profile_take take, void *context);

void stack_table_close(struct stack_table *t);

#endif
