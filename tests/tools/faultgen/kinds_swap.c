/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Pages on the swap device, and pages that are back in the swap cache but not mapped. */
#include "faultgen.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define PAGEOUT_TRIES 100

int swap_setup(struct part *p)
{
	struct sysinfo si;
	uint64_t need = (p->job->count + 64) * p->job->page, free_;
	int err;

	sysinfo(&si);
	free_ = (uint64_t)si.freeswap * si.mem_unit;
	if (!si.totalswap)
		return job_skip(p->job, "there is no swap; swapon a device, a file or zram first");
	if (free_ < need)
		return job_skip(
			p->job,
			"%llu bytes of swap are free and %llu are needed; add swap or use a smaller COUNT",
			(unsigned long long)free_, (unsigned long long)need);
	err = part_reserve(p, p->job->page, p->count, p->job->page);
	return err ? err : part_map_anon(p, MAP_PRIVATE);
}

/* A value in each page: some kernels keep pages of zeroes out of the device altogether. */
static void fill(struct part *p)
{
	uint64_t i;

	for (i = 0; i < p->slots; i++)
		*(volatile uint64_t *)(p->base + i * p->unit) = 0x9e3779b97f4a7c15ull * (i + 1);
}

/*
 * How many pages are not on the device only. mincore answers for the swap
 * cache too. A page that is unmapped but still cached (written back late) is
 * mapped again: clean by then, the next pageout drops it without writing.
 */
static uint64_t not_out(struct part *p, unsigned char *vec)
{
	uint64_t i, n = 0;

	if (mincore(p->base, p->unit * p->slots, vec))
		return p->slots;
	for (i = 0; i < p->slots; i++) {
		if (!(vec[i] & 1))
			continue;
		(void)*(volatile char *)(p->base + i * p->unit);
		n++;
	}
	return n;
}

static uint64_t push_out(struct part *p, unsigned char *vec)
{
	uint64_t left = p->slots;
	int tries;

	for (tries = 0; left && tries < PAGEOUT_TRIES; tries++) {
		if (tries > 2)
			usleep(10000);
		if (madvise(p->base, p->unit * p->slots, MADV_PAGEOUT))
			break;
		left = not_out(p, vec);
	}
	return left;
}

int swap_major_arm(struct job *job, const struct kind *kind)
{
	unsigned char *vec = malloc(job->count + 1);
	struct part *p = NULL;
	uint64_t left = 0;
	cpu_set_t saved;
	int err;

	if (!vec)
		return job_fail(job, ENOMEM, "cannot look at the swap cache");
	err = cpu_pin(job, &saved, sizeof(saved));
	if (!err) {
		while ((p = job_next(job, kind, p))) {
			fill(p);
			left += push_out(p, vec);
		}
		sched_setaffinity(0, sizeof(saved), &saved);
	}
	free(vec);
	if (left)
		return job_skip(job,
				"%llu of %llu pages stayed in memory or came back by readahead; "
				"add swap, set /proc/sys/vm/page-cluster to 0",
				(unsigned long long)left, (unsigned long long)job->count);
	return err;
}

static void read_all(struct job *job, const struct kind *kind)
{
	struct part *p = NULL;
	uint64_t i;

	while ((p = job_next(job, kind, p)))
		for (i = 0; i < p->slots; i++)
			(void)*(volatile char *)(p->base + i * p->unit);
}

/* Our page table must still say swap, and the swap cache must have the page. */
static uint64_t not_cached(struct part *p, unsigned char *vec)
{
	uint64_t i, entry, n = 0;

	if (mincore(p->base, p->unit * p->slots, vec))
		return p->slots;
	for (i = 0; i < p->slots; i++)
		n += part_pagemap(p, i, &entry, 1) || !(entry & PAGEMAP_SWAPPED) || !(vec[i] & 1);
	return n;
}

/*
 * The child inherits our swap entries and reads every page. An entry with two
 * users always goes through the swap cache, and stays there for the second.
 */
int swap_minor_arm(struct job *job, const struct kind *kind)
{
	unsigned char *vec;
	struct part *p = NULL;
	uint64_t left = 0;
	int err = swap_major_arm(job, kind);

	if (!err)
		err = child_start(job, kind, read_all);
	if (err)
		return err;
	vec = malloc(job->count + 1);
	if (!vec)
		return job_fail(job, ENOMEM, "cannot look at the swap cache");
	while ((p = job_next(job, kind, p)))
		left += not_cached(p, vec);
	free(vec);
	if (left)
		return job_skip(
			job, "%llu of %llu pages did not stay in the swap cache; free some memory",
			(unsigned long long)left, (unsigned long long)job->count);
	return 0;
}
