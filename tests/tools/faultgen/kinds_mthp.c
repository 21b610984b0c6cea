/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Anonymous pages of an order between a small page's and a huge page's. */
#include "faultgen.h"

#include <string.h>
#include <sys/mman.h>

#define MTHP_FILE  "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled"
#define MTHP_SIZE  (64ull << 10)
#define MTHP_TOTAL 2048 /* units that all workers together hold: 128 MiB, two mappings each */

/*
 * Every unit is a mapping of its own, with as much forbidden memory behind it:
 * a larger folio does not fit into it, whatever other sizes are on, and
 * khugepaged has nothing to collapse.
 */
int mthp_setup(struct part *p)
{
	uint64_t i;
	int err = part_reserve(p, 2 * MTHP_SIZE, part_chunk(p, MTHP_TOTAL), 2 * MTHP_SIZE);

	p->rearm = part_rearm_dontneed;
	if (!err)
		err = part_map_anon(p, MAP_PRIVATE);
	for (i = 0; i < p->slots && !err; i++)
		if (mprotect(p->base + i * p->unit + MTHP_SIZE, MTHP_SIZE, PROT_NONE))
			err = job_fail(p->job, errno, "cannot protect half of unit %llu",
				       (unsigned long long)i);
	if (!err && madvise(p->base, p->unit * p->slots, MADV_HUGEPAGE))
		err = job_skip(
			p->job,
			"this kernel refuses MADV_HUGEPAGE; it needs CONFIG_TRANSPARENT_HUGEPAGE");
	return err;
}

/* Units from the first on that are not 16 pages in a row: not all mapped, or in frames that do not
 * follow. */
static uint64_t scattered(struct part *p, uint64_t slots)
{
	const unsigned int nr = MTHP_SIZE / p->job->page;
	uint64_t *entries = p->job->entries, i, n = 0;
	unsigned int k;

	for (i = 0; i < slots; i++) {
		bool ok = !part_pagemap(p, i * (p->unit / p->job->page), entries, nr);

		for (k = 0; ok && k < nr; k++)
			ok = (entries[k] & PAGEMAP_PRESENT) &&
			     (!(entries[0] & PAGEMAP_PFN) ||
			      (entries[k] & PAGEMAP_PFN) ==
				      (entries[0] & PAGEMAP_PFN & ~(uint64_t)(nr - 1)) + k);
		n += !ok;
	}
	return n;
}

/* The proof by trial that this machine gives such folios now. */
static int mthp_try(struct part *p)
{
	uint64_t i, wrong;

	for (i = 0; i < p->slots; i++)
		*(volatile char *)(p->base + i * p->unit) = 1;
	wrong = scattered(p, p->slots);
	if (part_rearm_dontneed(p))
		return job_fail(p->job, errno, "cannot release the trial's pages");
	if (wrong)
		return job_skip(
			p->job,
			"%llu of %llu units got no folio of 64 KiB; echo 1 > /proc/sys/vm/compact_memory",
			(unsigned long long)wrong, (unsigned long long)p->slots);
	return 0;
}

int mthp_arm(struct job *job, const struct kind *kind)
{
	struct part *p = NULL;
	int err;

	if (sysfs_word(MTHP_FILE, "always") != 1) {
		err = setting_put(job, MTHP_FILE, "madvise");
		if (err == -ENOENT)
			return job_skip(
				job,
				"this kernel has no folios of 64 KiB for anonymous memory; it needs 6.8 or later");
		if (err)
			return job_skip(job,
					"folios of 64 KiB are off (%s); echo madvise > " MTHP_FILE,
					strerror(-err));
	}
	while ((p = job_next(job, kind, p))) {
		err = mthp_try(p);
		if (err)
			return err;
	}
	return 0;
}

/* Of the last round only: what came before is unmapped. */
uint64_t mthp_check(struct part *p)
{
	return scattered(p, p->pos);
}
