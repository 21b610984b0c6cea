/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Owns a part's memory: reserving, mapping, sweeping over it, looking at its page frames. */
#include "faultgen.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Pages that all workers together may hold when a kind re-arms: 128 MiB. */
#define CHUNK_TOTAL 32768
#define CHUNK_MAX   4096

/*
 * Each part is surrounded by unmapped-for-access pages: VMAs of two parts never
 * merge, so neither fault-around nor VMA readahead of one reaches the other.
 */
int part_reserve(struct part *p, size_t unit, uint64_t slots, size_t align)
{
	size_t page = p->job->page;
	uintptr_t at;

	p->unit = unit;
	p->slots = slots;
	p->map_len = unit * slots + align + 2 * page;
	p->map = mmap(NULL, p->map_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		      0);
	if (p->map == MAP_FAILED) {
		int err = errno;

		p->map = NULL;
		return job_fail(p->job, err,
				"cannot reserve %zu bytes of address space; use a smaller COUNT",
				p->map_len);
	}
	at = (uintptr_t)p->map + page;
	p->base = (char *)((at + align - 1) / align * align);
	return 0;
}

static int part_map(struct part *p, char *at, size_t len, int flags, int fd, off_t offset)
{
	if (mmap(at, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, offset) == MAP_FAILED)
		return job_fail(p->job, errno, "cannot map %zu bytes; use a smaller COUNT", len);
	/* Fails only where the kernel has no huge pages, and then there is nothing to forbid. */
	madvise(at, len, MADV_NOHUGEPAGE);
	return 0;
}

int part_map_anon(struct part *p, int flags)
{
	return part_map(p, p->base, p->unit * p->slots, flags | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			0);
}

/*
 * Maps `pages` pages of the job's file from first_page on, as often as it takes to fill the part.
 */
int part_map_file(struct part *p, int flags, uint64_t first_page, uint64_t pages)
{
	size_t len = p->unit * p->slots, step = pages * p->job->page, done;
	int err;

	p->offset = first_page * p->job->page;
	for (done = 0; done < len; done += step) {
		size_t n = len - done < step ? len - done : step;

		err = part_map(p, p->base + done, n, flags, p->job->file, p->offset);
		if (err)
			return err;
	}
	return 0;
}

/* Units that one worker holds at a time: large, so that re-arming is rare, but bounded over all
 * workers. */
uint64_t part_chunk(const struct part *p, uint64_t total)
{
	uint64_t chunk = (total ? total : CHUNK_TOTAL) / p->job->threads;

	if (chunk > CHUNK_MAX)
		chunk = CHUNK_MAX;
	if (chunk < 1)
		chunk = 1;
	return p->count < chunk ? p->count : chunk;
}

int part_rearm_dontneed(struct part *p)
{
	return madvise(p->base, p->unit * p->slots, MADV_DONTNEED) ? -errno : 0;
}

/* Shared memory keeps its pages when it is unmapped: punch them out, so that the next touch finds a
 * hole. */
int part_rearm_remove(struct part *p)
{
	return madvise(p->base, p->unit * p->slots, MADV_REMOVE) ? -errno : 0;
}

/* Before the next fault: arms the part again when all its units have faulted. */
int part_room(struct part *p)
{
	int err;

	if (p->pos != p->slots)
		return 0;
	err = p->rearm ? p->rearm(p) : -EOVERFLOW;
	if (!err)
		p->pos = 0;
	return err;
}

/* The sweep: its inner loop is also what instructions per fault are counted with. */
static inline __attribute__((always_inline)) int sweep(struct part *p, uint64_t n, bool write)
{
	const size_t unit = p->unit;

	while (n) {
		volatile char *at, *end;
		uint64_t m;
		int err = part_room(p);

		if (err)
			return err;
		m = p->slots - p->pos < n ? p->slots - p->pos : n;
		at = p->base + p->pos * unit;
		end = at + m * unit;
		p->pos += m;
		n -= m;
		for (; at != end; at += unit) {
			if (write)
				*at = 1;
			else
				(void)*at;
		}
	}
	return 0;
}

int part_run_read(struct part *p, uint64_t n)
{
	return sweep(p, n, false);
}

int part_run_write(struct part *p, uint64_t n)
{
	return sweep(p, n, true);
}

int part_pagemap(struct part *p, uint64_t slot, uint64_t *entries, unsigned int nr)
{
	off_t at = ((uintptr_t)p->base / p->job->page + slot) * sizeof(*entries);
	ssize_t want = nr * sizeof(*entries);

	return pread(p->job->pagemap, entries, want, at) == want ? 0 : -EIO;
}

/* Without CAP_SYS_ADMIN the kernel shows every frame as 0; then there is nothing to check. */
int part_note_pfns(struct part *p)
{
	uint64_t i;

	p->pfns = calloc(p->slots, sizeof(*p->pfns));
	if (!p->pfns)
		return job_fail(p->job, ENOMEM, "cannot note %llu page frames",
				(unsigned long long)p->slots);
	for (i = 0; i < p->slots; i += ARRAY_SIZE(p->job->entries)) {
		uint64_t nr = p->slots - i, k;

		if (nr > ARRAY_SIZE(p->job->entries))
			nr = ARRAY_SIZE(p->job->entries);
		if (part_pagemap(p, i, p->job->entries, nr))
			return 0;
		for (k = 0; k < nr; k++)
			p->pfns[i + k] = p->job->entries[k] & PAGEMAP_PFN;
	}
	return 0;
}

/* How many noted pages are still in the frame they were in; (uint64_t)-1 when frames are hidden. */
uint64_t part_same_pfns(struct part *p)
{
	uint64_t i, same = 0;

	if (!p->pfns || !p->pfns[0])
		return -1;
	for (i = 0; i < p->slots; i += ARRAY_SIZE(p->job->entries)) {
		uint64_t nr = p->slots - i, k;

		if (nr > ARRAY_SIZE(p->job->entries))
			nr = ARRAY_SIZE(p->job->entries);
		if (part_pagemap(p, i, p->job->entries, nr))
			return -1;
		for (k = 0; k < nr; k++)
			same += p->pfns[i + k] == (p->job->entries[k] & PAGEMAP_PFN);
	}
	return same;
}
