// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * memory.c: faults that have to make the memory that they want: of their cgroup, of the
 * machine, or in one piece.
 */
#include "causegen.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define FEW_KIB		(24ul << 10)
#define HUGE_PAGES	64ul
#define LOCKED_EVERY	(128ul << 10)

/* KiB, of /proc/meminfo. */
static unsigned long meminfo(const char *key)
{
	unsigned long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) && sscanf(line + strlen(key), ": %lu", &kib) == 1)
			break;
	fclose(f);
	return kib;
}

/* First writes, page after page; the content makes them dear to compress. */
static void write_pages(char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len && !enough(); i += 4096) {
		touch_write(p + i);
		fill(p + i, 4096);
	}
}

/* The first half is the cgroup's limit at least, and nobody's measure. */
void case_memcg(void)
{
	size_t half = opt.mib << 19;
	char *p = map_small(2 * half);

	fill(p, half);
	write_pages(p + half, half);
}

/* What is free is taken first; all that comes then has to be swapped out for. */
void case_reclaim(void)
{
	size_t len = opt.mib << 20, room = meminfo("SwapFree") << 10;
	size_t spare;
	char *p;

	if (!room)
		skip("there is no swap; swapon a device first");
	if (!len)
		len = room / 2;
	for (;;) {
		spare = meminfo("MemFree");
		if (spare < FEW_KIB)
			break;
		spare = (spare - FEW_KIB / 2) << 10;
		fill(map_small(spare), spare);
	}
	p = map_small(len);
	write_pages(p, len);
}

/*
 * All of the free memory but a little, of which one page of eight is given back: there
 * is enough, but nowhere 2 MiB in one piece, nor can there be: in each block are locked
 * pages, which must not be moved (its maker's work: vm.compact_unevictable_allowed is
 * 0). So the kernel moves what it can, in vain, and takes a small page in the end: the
 * clearing of a huge one is not in the way.
 */
void case_compaction(void)
{
	size_t len = (opt.mib ? opt.mib << 10 : meminfo("MemFree") - FEW_KIB) << 10, i;
	size_t huge = HUGE_PAGES * HUGE_PAGE;
	char *p = map_small(len), *h;

	for (i = 0; i < len; i += 4096)
		*(volatile char *)(p + i) = 1;
	for (i = 0; i < len; i += LOCKED_EVERY)
		if (mlock(p + i, 4096))
			skip("pages cannot be locked; raise ulimit -l");
	for (i = 4096; i < len; i += 8 * 4096)
		if (madvise(p + i, 4096, MADV_DONTNEED))
			die("madvise");
	h = map_huge(huge);
	for (i = 0; i < huge && !enough(); i += HUGE_PAGE)
		touch_write(h + i);
}
