/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/hist.h: from a latency to its bucket (hist_schema.h).
 *
 * BPF programs compute no bounds: user space computes, before load, the largest integer
 * number of nanoseconds of each bucket, and a first guess by the top bits of the value. At
 * most one bound lies inside a guess's span, so one comparison makes the slot exact for
 * every integer. Most faults take 1 to 65 us: there the guess is indexed by the value.
 */
#ifndef PFSTAT_BPF_SHARED_HIST_H
#define PFSTAT_BPF_SHARED_HIST_H

#include "hist_schema.h"

/* The index of a guess: the exponent of the top bit and the 4 bits after it. */
#define HIST_GUESS_BITS 4
#define HIST_GUESSES    (64 << HIST_GUESS_BITS)
/* Spans of 64 ns from 1024 ns on: narrower than a bucket (9 %) there. */
#define HIST_NEAR_SHIFT 6
#define HIST_NEAR_MIN   1024
#define HIST_NEAR_MAX   65536
#define HIST_NEARS      (HIST_NEAR_MAX >> HIST_NEAR_SHIFT)

struct hist_tables {
	/* upper[s]: the largest ns that belongs to slot s; the last is ~0. */
	unsigned long long upper[HIST_SLOTS];
	/* guess[g]: the slot of the smallest value with exponent and bits g. */
	unsigned char guess[HIST_GUESSES];
	/* near[n]: the slot of n << HIST_NEAR_SHIFT ns; from HIST_NEAR_MIN on. */
	unsigned char near[HIST_NEARS];
};

/* Position of the highest bit set in v; 0 for 0. BPF has no instruction for it. */
static inline __attribute__((always_inline)) unsigned int hist_log2(unsigned long long v)
{
	unsigned int r = 0;

	if (v >> 32) {
		v >>= 32;
		r = 32;
	}
	if (v >> 16) {
		v >>= 16;
		r += 16;
	}
	if (v >> 8) {
		v >>= 8;
		r += 8;
	}
	if (v >> 4) {
		v >>= 4;
		r += 4;
	}
	if (v >> 2) {
		v >>= 2;
		r += 2;
	}
	return r + (v >> 1);
}

/*
 * x, which is below size (a power of two) anyway, masked once more where the compiler
 * cannot remove it: the verifier must see the bound right before use.
 */
static inline __attribute__((always_inline)) unsigned long long hist_below(unsigned long long x,
									   unsigned long long size)
{
	asm volatile("" : "+r"(x));
	return x & (size - 1);
}

/* Guess index of a latency of ns nanoseconds, 0 .. HIST_GUESSES - 1. */
static inline __attribute__((always_inline)) unsigned long long
hist_guess_index(unsigned long long ns)
{
	unsigned long long e = hist_log2(ns);
	unsigned long long m =
		e >= HIST_GUESS_BITS ? ns >> (e - HIST_GUESS_BITS) : ns << (HIST_GUESS_BITS - e);

	return (e << HIST_GUESS_BITS) | (m & ((1 << HIST_GUESS_BITS) - 1));
}

/* Slot of a latency of ns nanoseconds, 0 .. HIST_SLOTS - 1. */
static inline __attribute__((always_inline)) unsigned long long
hist_slot(const volatile struct hist_tables *t, unsigned long long ns)
{
	unsigned long long s;

	if (ns - HIST_NEAR_MIN < HIST_NEAR_MAX - HIST_NEAR_MIN)
		s = t->near[hist_below(ns >> HIST_NEAR_SHIFT, HIST_NEARS)];
	else
		s = t->guess[hist_below(hist_guess_index(ns), HIST_GUESSES)];
	s += ns > t->upper[hist_below(s, HIST_SLOTS)];
	return hist_below(s, HIST_SLOTS);
}

#endif
