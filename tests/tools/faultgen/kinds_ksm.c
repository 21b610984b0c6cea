/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Pages that the kernel has merged because their contents are the same. */
#include "faultgen.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KSM_DIR     "/sys/kernel/mm/ksm/"
#define KSM_WAIT_NS 40000000000ull /* three scans; an emulated machine takes seconds for them */

/* An even number of pages: each is merged with its neighbour. */
int ksm_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, (p->count + 1) & ~1ull, p->job->page);

	if (!err)
		err = part_map_anon(p, MAP_PRIVATE);
	if (!err && madvise(p->base, p->unit * p->slots, MADV_MERGEABLE))
		err = job_skip(p->job, "this kernel merges no pages; it needs CONFIG_KSM");
	return err;
}

/* Pairs, and not all the same: a page that more than max_page_sharing share is made anew, for a
 * time with one user. */
static void fill_pairs(struct part *p)
{
	uint64_t i;

	for (i = 0; i < p->slots; i++)
		*(volatile uint64_t *)(p->base + i * p->unit) =
			0x9e3779b97f4a7c15ull * (((uint64_t)p->worker << 32) + i / 2 + 1) ^
			(uint64_t)getpid();
}

static uint64_t unmerged(struct part *p)
{
	uint64_t i, k, nr, n = 0;
	const uint64_t *e = p->job->entries;

	for (i = 0; i < p->slots; i += nr) {
		nr = p->slots - i < ARRAY_SIZE(p->job->entries) ? p->slots - i :
								  ARRAY_SIZE(p->job->entries);
		if (part_pagemap(p, i, p->job->entries, nr))
			return p->slots;
		for (k = 0; k < nr; k += 2)
			if (!(e[k] & PAGEMAP_PFN) ||
			    (e[k] & PAGEMAP_PFN) != (e[k + 1] & PAGEMAP_PFN))
				n += 2;
	}
	return n;
}

static int ksm_settings(struct job *job)
{
	int err = setting_put(job, KSM_DIR "pages_to_scan", "10000");

	if (!err)
		err = setting_put(job, KSM_DIR "sleep_millisecs", "1");
	/*
	 * The last to be put is the first to be restored: ksmd stops before it gets its pace back.
	 */
	if (!err)
		err = setting_put(job, KSM_DIR "run", "1");
	if (err == -ENOENT)
		return job_skip(job, "this kernel merges no pages; it needs CONFIG_KSM");
	return err ? job_skip(job, KSM_DIR "run is not writable (%s); run as root",
			      strerror(-err)) :
		     0;
}

/* Lets ksmd merge all pairs, and stops it: what is merged stays so. */
int ksm_arm(struct job *job, const struct kind *kind)
{
	const uint64_t until = now_ns() + KSM_WAIT_NS;
	struct part *p = NULL;
	uint64_t left;
	int err;

	while ((p = job_next(job, kind, p)))
		fill_pairs(p);
	err = ksm_settings(job);
	if (err)
		return err;
	do {
		usleep(20000);
		left = 0;
		while ((p = job_next(job, kind, p)))
			left += unmerged(p);
	} while (left && now_ns() < until);
	if (left)
		return job_skip(job,
				"%llu of %llu pages were not merged in %llu s; use a smaller COUNT",
				(unsigned long long)left, (unsigned long long)job->count,
				KSM_WAIT_NS / 1000000000);
	err = setting_put(job, KSM_DIR "run", "0");
	while (!err && (p = job_next(job, kind, p)))
		err = part_note_pfns(p);
	return err;
}

/* Only the pages that were written to are to be others: with an odd count, one is left. */
uint64_t ksm_check(struct part *p)
{
	uint64_t slots = p->slots, same;

	p->slots = p->count;
	same = part_same_pfns(p);
	p->slots = slots;
	return same == (uint64_t)-1 ? 0 : same;
}
