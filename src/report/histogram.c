// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * report/histogram.c: the bounds of the buckets, in whole nanoseconds. Integers only: the
 * bounds are then the same on every machine, however its libm rounds.
 */
#include "report_histogram.h"

#include "shared/hist.h"

/* floor(2^(k/8) * 10^9 * 2^64): the bounds of one doubling, in 2^-64 ns. */
static const struct {
	uint64_t high, low;
} mantissas[8] = {
	{ 0x3b9aca00, 0x0000000000000000 }, { 0x40ffd3d4, 0xaa4e5371b526d9b5 },
	{ 0x46e1dc4b, 0x00b253ec8fd87204 }, { 0x4d4c3382, 0xa6a891c890bb620f },
	{ 0x544b2fba, 0x5f832838e71c65bc }, { 0x5bec4509, 0x686ecf501e3baddb },
	{ 0x643e1f3e, 0x81e6df61ad318bc2 }, { 0x6d50be16, 0x68caaaed8a854b7a },
};

uint64_t histogram_upper(unsigned int slot)
{
	unsigned int k = slot % 8;
	/* 2^(i/8) for i = slot + HIST_MIN is 2^(k/8) * 2^(slot/8 + HIST_MIN/8). */
	int shift = 64 - (int)(slot / 8) - HIST_MIN / 8;

	if (slot >= HIST_SLOTS - 1)
		return ~0ull;
	return ((unsigned __int128)mantissas[k].high << 64 | mantissas[k].low) >> shift;
}

void histogram_fill_tables(struct hist_tables *t)
{
	unsigned int slot = 0;

	for (unsigned int s = 0; s < HIST_SLOTS; s++)
		t->upper[s] = histogram_upper(s);
	for (unsigned int g = 0; g < HIST_GUESSES; g++) {
		unsigned int e = g >> HIST_GUESS_BITS;
		unsigned int low = g & ((1u << HIST_GUESS_BITS) - 1);
		uint64_t m = 1u << HIST_GUESS_BITS | low;
		uint64_t ns = e >= HIST_GUESS_BITS ? m << (e - HIST_GUESS_BITS) :
						     m >> (HIST_GUESS_BITS - e);

		while (ns > t->upper[slot])
			slot++;
		t->guess[g] = (unsigned char)slot;
	}
	slot = 0;
	for (unsigned int n = 0; n < HIST_NEARS; n++) {
		while ((uint64_t)n << HIST_NEAR_SHIFT > t->upper[slot])
			slot++;
		t->near[n] = (unsigned char)slot;
	}
}
