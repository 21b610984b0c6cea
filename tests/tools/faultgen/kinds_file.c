/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* File pages that are not mapped yet: cold, cached, private, shared, and shared memory. */
#include "faultgen.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The kernel's default fault_around_bytes: one fault maps the whole aligned window. */
#define WINDOW       65536
#define WINDOW_TOTAL 256 /* windows in the file for all workers together, 16 MiB */

/* The next page of the file that starts a window. */
static uint64_t align_pages(const struct part *p)
{
	const uint64_t per = WINDOW / p->job->page;

	return (p->job->file_pages + per - 1) / per * per;
}

/*
 * A range of the file of its own, at a window's boundary: the retry of a cold
 * read maps the cached neighbours in its window, which must not be another
 * worker's.
 */
int file_major_setup(struct part *p)
{
	uint64_t first = align_pages(p);
	int err = file_needs_disk(p->job, p->kind);

	if (!err)
		err = part_reserve(p, p->job->page, p->count, WINDOW);
	if (!err)
		err = file_grow(p->job, first + p->count);
	if (!err)
		err = part_map_file(p, MAP_SHARED, first, p->count);
	if (!err && madvise(p->base, p->unit * p->slots, MADV_RANDOM))
		err = job_fail(p->job, errno, "cannot turn readahead off");
	return err;
}

static uint64_t cached_pages(struct part *p, unsigned char *vec)
{
	uint64_t i, n = 0;

	if (mincore(p->base, p->unit * p->slots, vec))
		return p->slots;
	for (i = 0; i < p->slots; i++)
		n += vec[i] & 1;
	return n;
}

/* Throws the file out of the page cache, and asks the cache whether it is out. */
int file_major_arm(struct job *job, const struct kind *kind)
{
	unsigned char *vec = malloc(job->count + 1);
	struct part *p = NULL;
	uint64_t left = 0;
	int tries;

	if (!vec)
		return job_fail(job, ENOMEM, "cannot look at the page cache");
	for (tries = 0; tries < 20; tries++) {
		if (tries) {
			sync();
			usleep(20000);
		}
		fsync(job->file);
		posix_fadvise(job->file, 0, 0, POSIX_FADV_DONTNEED);
		left = 0;
		while ((p = job_next(job, kind, p)))
			left += cached_pages(p, vec);
		if (!left)
			break;
	}
	free(vec);
	if (left)
		return job_skip(
			job,
			"%s: the filesystem keeps %llu of %llu pages in the page cache; give another directory with --dir",
			job->opts->dir, (unsigned long long)left, (unsigned long long)job->count);
	return 0;
}

/* Reading a hole of shared memory: fault-around finds nothing cached, so the page comes from
 * ->fault. */
int file_hole_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, part_chunk(p, 0), p->job->page);

	p->rearm = part_rearm_remove;
	return err ? err : part_map_anon(p, MAP_SHARED);
}

/*
 * Address and file offset are aligned alike. Every worker has its own pages of
 * the file: fault-around skips a page that another thread holds locked, and
 * waiting for the lock makes a fault count as major.
 */
int file_around_setup(struct part *p)
{
	const uint64_t per = WINDOW / p->job->page;
	uint64_t first = align_pages(p);
	int err = part_reserve(p, WINDOW, part_chunk(p, WINDOW_TOTAL), 2ul << 20);

	p->rearm = part_rearm_dontneed;
	if (!err)
		err = file_grow(p->job, first + p->slots * per);
	return err ? err : part_map_file(p, MAP_PRIVATE, first, p->slots * per);
}

int file_cow_setup(struct part *p)
{
	uint64_t first = p->job->file_pages;
	int err = part_reserve(p, p->job->page, part_chunk(p, 0), p->job->page);

	p->rearm = part_rearm_dontneed;
	if (!err)
		err = file_grow(p->job, first + p->slots);
	return err ? err : part_map_file(p, MAP_PRIVATE, first, p->slots);
}

int shared_write_setup(struct part *p)
{
	uint64_t first = p->job->file_pages;
	int err = file_needs_disk(p->job, p->kind);

	if (!err)
		err = part_reserve(p, p->job->page, part_chunk(p, 0), p->job->page);
	p->rearm = part_rearm_dontneed;
	if (!err)
		err = file_grow(p->job, first + p->slots);
	return err ? err : part_map_file(p, MAP_SHARED, first, p->slots);
}
