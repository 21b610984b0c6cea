/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Writes to pages that are mapped read-only: shared with a child, no longer shared, zero page, file
 * page. */
#include "faultgen.h"

#include <sched.h>
#include <sys/mman.h>

#define WP_FILE_PAGES 4096 /* wp_file maps the same pages again and again */
#define BATCH_PAGES   256 /* more than a CPU's batch of new pages holds: 15, 31 since 6.10 */

int wp_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, p->count, p->job->page);

	return err ? err : part_map_anon(p, MAP_PRIVATE);
}

int wp_file_setup(struct part *p)
{
	uint64_t pages = p->count < WP_FILE_PAGES ? p->count : WP_FILE_PAGES;
	int err = part_reserve(p, p->job->page, p->count, p->job->page);

	if (!err)
		err = file_grow(p->job, pages);
	return err ? err : part_map_file(p, MAP_PRIVATE, 0, pages);
}

int wp_shared_setup(struct part *p)
{
	uint64_t first = p->job->file_pages;
	int err = file_needs_disk(p->job, p->kind);

	if (!err)
		err = part_reserve(p, p->job->page, p->count, p->job->page);
	if (!err)
		err = file_grow(p->job, first + p->count);
	return err ? err : part_map_file(p, MAP_SHARED, first, p->count);
}

static void populate(struct part *p, bool write)
{
	volatile char *at = p->base, *end = at + p->unit * p->slots;

	for (; at != end; at += p->unit) {
		if (write)
			*at = 1;
		else
			(void)*at;
	}
}

/* file_grow() left the pages clean, so the mapping that a read makes asks the filesystem before the
 * first write. */
int wp_read_arm(struct job *job, const struct kind *kind)
{
	struct part *p = NULL;

	while ((p = job_next(job, kind, p)))
		populate(p, false);
	return 0;
}

/*
 * Pages that were just faulted in wait in a batch of their CPU, which holds a
 * reference that forbids reuse. Pages that come later push them out; unmapping
 * drained the batch only before 6.14.
 */
void flush_batch(struct job *job)
{
	const size_t len = BATCH_PAGES * job->page;
	char *dummy = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (dummy == MAP_FAILED)
		return;
	madvise(dummy, len, MADV_NOHUGEPAGE);
	for (i = 0; i < len; i += job->page)
		((volatile char *)dummy)[i] = 1;
	munmap(dummy, len);
}

/* Populates all parts, on one CPU so that all are in the same batch. */
static int populate_all(struct job *job, const struct kind *kind)
{
	struct part *p = NULL;
	cpu_set_t saved;
	int err;

	err = cpu_pin(job, &saved, sizeof(saved));
	if (err)
		return err;
	while ((p = job_next(job, kind, p)))
		populate(p, true);
	flush_batch(job);
	while (!err && (p = job_next(job, kind, p)))
		err = part_note_pfns(p);
	sched_setaffinity(0, sizeof(saved), &saved);
	return err;
}

int wp_copy_arm(struct job *job, const struct kind *kind)
{
	int err = populate_all(job, kind);

	return err ? err : child_start(job, kind, NULL);
}

int wp_reuse_arm(struct job *job, const struct kind *kind)
{
	int err = populate_all(job, kind);

	return err ? err : child_brief(job);
}

uint64_t wp_copy_check(struct part *p)
{
	uint64_t same = part_same_pfns(p);

	return same == (uint64_t)-1 ? 0 : same;
}

uint64_t wp_reuse_check(struct part *p)
{
	uint64_t same = part_same_pfns(p);

	return same == (uint64_t)-1 ? 0 : p->slots - same;
}
