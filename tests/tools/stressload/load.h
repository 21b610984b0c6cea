/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * load.h: the load generator of the stress tests. Unlike faultgen, which makes
 * an exact number of faults of a kind, it makes trouble: races, storms, many
 * faults open at once. How many faults that was, getrusage says.
 */
#ifndef PFSTAT_TESTS_STRESS_LOAD_H
#define PFSTAT_TESTS_STRESS_LOAD_H

#include <stdint.h>
#include <stdio.h>

/* Prints what went wrong, with errno, and ends with status 1. */

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* What a mode has to say beside the faults. */
struct outcome {
	uint64_t segv; /* SIGSEGVs that it caught */
	uint64_t open; /* faults that were in flight at once */
};

/* memory.c */
void run_thrash(uint64_t n, uint64_t step, struct outcome *out);
void run_races(uint64_t n, uint64_t step, struct outcome *out);
void run_hints(uint64_t n, uint64_t step, struct outcome *out);
/* processes.c */
void run_forks(uint64_t n, uint64_t step, struct outcome *out);
void run_procs(uint64_t n, uint64_t step, struct outcome *out);
/* blocked.c */
void run_blocked(uint64_t n, uint64_t step, struct outcome *out);
/* nuisance.c: what gets in the way of others; they return main's status. */
int run_updater(void);
int run_deny(char **argv);

/* A cheap random number; state must not be 0. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
