// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * io.c: faults that wait for a disk. That it is slow is its maker's work.
 */
#include "causegen.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define TRIES 200

/*
 * How many pages are not on the device only. One that was written late is still in the
 * swap cache, but not mapped: that is mapped again; clean by now, the next try drops it.
 */
static size_t map_rest(char *p, size_t pages)
{
	unsigned char vec[pages];
	size_t i, n = 0;

	if (mincore(p, pages * 4096, vec))
		die("mincore");
	for (i = 0; i < pages; i++) {
		if (!(vec[i] & 1))
			continue;
		(void)*(volatile char *)(p + i * 4096);
		n++;
	}
	return n;
}

static void push_out(char *p, size_t pages)
{
	size_t left = pages;
	int tries;

	for (tries = 0; tries < TRIES && left; tries++) {
		if (madvise(p, pages * 4096, MADV_PAGEOUT))
			skip("this kernel has no MADV_PAGEOUT");
		sleep_ns(30000000);
		left = map_rest(p, pages);
	}
	if (left)
		skip("%zu pages stay in memory; add swap", left);
}

void case_io_swap(void)
{
	size_t pages = opt.count * 2, i;
	char *p = map_small(pages * 4096);

	populate(p, pages * 4096);
	push_out(p, pages);
	for (i = 0; i < pages && !enough(); i++)
		touch_read(p + i * 4096);
}

/* Without readahead: each page is read for itself. */
void case_io_file(void)
{
	size_t pages = opt.count * 2, i;
	int fd = opt.file ? open(opt.file, O_RDONLY | O_CLOEXEC) : -1;
	char *p;

	if (fd < 0)
		die("--file %s", opt.file ? opt.file : "is missing");
	p = mmap(NULL, pages * 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED || madvise(p, pages * 4096, MADV_RANDOM))
		die("cannot map %s", opt.file);
	if (fdatasync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		die("cannot drop %s from the page cache", opt.file);
	for (i = 0; i < pages && !enough(); i++)
		touch_read(p + i * 4096);
}
