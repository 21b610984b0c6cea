/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Private anonymous memory: 4K pages, the zero page, transparent huge pages. */
#include "faultgen.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define THP_DIR   "/sys/kernel/mm/transparent_hugepage/"
#define THP_SIZE  (2ull << 20)
#define THP_TOTAL 16 /* huge pages that all workers together hold: 32 MiB */

int anon_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, part_chunk(p, 0), p->job->page);

	p->rearm = part_rearm_dontneed;
	return err ? err : part_map_anon(p, MAP_PRIVATE);
}

/* Touches every small page of the part; how many faults did that take? */
uint64_t part_touch_small(struct part *p, bool write)
{
	volatile char *at, *end = p->base + p->unit * p->slots;
	struct rusage before, after;

	getrusage(RUSAGE_THREAD, &before);
	for (at = p->base; at != end; at += p->job->page) {
		if (write)
			*at = 1;
		else
			(void)*at;
	}
	getrusage(RUSAGE_THREAD, &after);
	return after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt;
}

int thp_allow(struct part *p, bool write)
{
	if (sysfs_word(THP_DIR "enabled", "never") != 0)
		return job_skip(p->job, "transparent huge pages are off; echo madvise > " THP_DIR
					"enabled");
	if (!write && sysfs_word(THP_DIR "use_zero_page", "1") == 0)
		return job_skip(p->job,
				"the huge zero page is off; echo 1 > " THP_DIR "use_zero_page");
	if (madvise(p->base, p->unit * p->slots, MADV_HUGEPAGE))
		return job_skip(
			p->job,
			"this kernel refuses MADV_HUGEPAGE; it needs CONFIG_TRANSPARENT_HUGEPAGE");
	return 0;
}

/* The proof by trial that this machine gives huge pages now: one fault for each, and none for its
 * 511 other pages. */
static int thp_try(struct part *p, bool write)
{
	int err = thp_allow(p, write);
	uint64_t faults;

	if (err)
		return err;
	faults = part_touch_small(p, write);
	if (part_rearm_dontneed(p))
		return job_fail(p->job, errno, "cannot release the trial's huge pages");
	if (faults != p->slots)
		return job_skip(
			p->job,
			"%llu huge pages took %llu faults: no free huge pages; echo 1 > /proc/sys/vm/compact_memory",
			(unsigned long long)p->slots, (unsigned long long)faults);
	return 0;
}

static int thp_map(struct part *p, bool write)
{
	int err = part_reserve(p, THP_SIZE, part_chunk(p, THP_TOTAL), THP_SIZE);

	p->rearm = part_rearm_dontneed;
	if (!err)
		err = part_map_anon(p, MAP_PRIVATE);
	return err ? err : thp_try(p, write);
}

int thp_setup(struct part *p)
{
	return thp_map(p, true);
}

int thp_zero_setup(struct part *p)
{
	return thp_map(p, false);
}

/*
 * After the phase: a page of the last round that fell back to small pages
 * faults when its other pages are touched. The slots that the last round did
 * not reach are not looked at.
 */
static uint64_t thp_check(struct part *p, bool write)
{
	uint64_t slots = p->slots, faults;

	p->slots = p->pos;
	faults = part_touch_small(p, write);
	p->slots = slots;
	return faults;
}

uint64_t thp_check_write(struct part *p)
{
	return thp_check(p, true);
}

uint64_t thp_check_read(struct part *p)
{
	return thp_check(p, false);
}
