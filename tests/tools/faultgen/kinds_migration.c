/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Faults on pages that are on their way to another frame or folio.
 *
 * Splitting a huge page puts migration entries in place of all its pages for a
 * moment, on every machine: moving pages would take a second memory node. The
 * worker reads the pages while a helper has them split. Whether it meets an
 * entry is chance, and one that it meets may be gone when the kernel looks. But
 * an access that slept waited for one: nothing else makes it sleep.
 */
#include "faultgen.h"

#include <sys/mman.h>
#include <sys/resource.h>

#ifndef MADV_COLD
#define MADV_COLD 20
#endif

#define THP_SIZE (2ull << 20)
#define LIMIT_NS 20000000000ull

int migration_setup(struct part *p)
{
	int err = part_reserve(p, THP_SIZE, 1, THP_SIZE);

	if (!err)
		err = part_map_anon(p, MAP_PRIVATE);
	return err ? err : thp_allow(p, true);
}

/* Advice on a part of a huge page splits it. */
static int split_page(char *from, char *to, size_t len)
{
	(void)to;
	return madvise(from, len, MADV_COLD) ? -errno : 0;
}

int migration_arm(struct job *job, const struct kind *kind)
{
	struct part *p = NULL;
	int err = populate_huge(job, kind, true);

	while (!err && (p = job_next(job, kind, p))) {
		err = split_page(p->base, NULL, job->page);
		if (err || part_smaps_kb(p, "AnonHugePages:"))
			return job_skip(
				job,
				"MADV_COLD does not split huge pages here; it needs 5.4 or later");
	}
	return err ? err : mover_start(job, split_page);
}

/* One access. Was a migration entry there for certain? */
static bool meet(volatile char *at)
{
	struct rusage before, after;

	getrusage(RUSAGE_THREAD, &before);
	(void)*at;
	getrusage(RUSAGE_THREAD, &after);
	return after.ru_nvcsw != before.ru_nvcsw;
}

/* Mapped anew, and not only emptied: where the page table of the small pages is left, no huge page
 * comes. */
static int migration_rearm(struct part *p)
{
	int err = part_map_anon(p, MAP_PRIVATE);

	if (err)
		return err;
	return madvise(p->base, p->unit, MADV_HUGEPAGE) ? -errno : 0;
}

/* A new huge page, one fault; then its small pages over and over, until it is split. */
static int migration_round(struct part *p)
{
	struct mover *m = p->job->mover;
	volatile char *at = p->base, *end = p->base + p->unit;
	int err = migration_rearm(p);

	if (err)
		return err;
	*at = 1;
	mover_begin(m, p->base, NULL, p->job->page);
	while (!mover_done(m)) {
		p->pos += meet(at);
		at += p->job->page;
		if (at == end)
			at = p->base;
	}
	return mover_end(m);
}

/* pos: the accesses that met an entry for certain. */
int migration_run(struct part *p, uint64_t n)
{
	const uint64_t until = thread_faults() + n, give_up = now_ns() + LIMIT_NS;
	int err = 0;

	mover_leave_cpu(p->job->mover);
	while (n && !err && (thread_faults() < until || !p->pos) && now_ns() < give_up)
		err = migration_round(p);
	return err;
}

uint64_t migration_check(struct part *p)
{
	return !p->pos;
}
