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
#define TRIES		10
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

/* First writes, page after page. */
static void write_pages(char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len && !enough(); i += 4096)
		touch_write(p + i);
}


/* The first half is the cgroup's limit at least, and nobody's measure. */
void case_memcg(void)
{
	size_t half = opt.mib << 19;
	char *p = map_small(2 * half);

	populate(p, half);
	go_first();
	write_pages(p + half, half);
}

/* What is free is taken first; all that comes then has to be swapped out for. */
static char *take_all_memory(size_t *len)
{
	size_t room = meminfo("SwapFree") << 10, spare;

	*len = opt.mib ? opt.mib << 20 : room / 2;
	if (!room)
		skip("there is no swap; swapon a device first");
	while ((spare = meminfo("MemFree")) >= FEW_KIB) {
		spare = (spare - FEW_KIB / 2) << 10;
		populate(map_small(spare), spare);
	}
	return map_small(*len);
}

void case_reclaim(void)
{
	size_t len;
	char *p = take_all_memory(&len);

	go_first();
	write_pages(p, len);
}

/*
 * The allocator lets a real-time task below the watermark that stops others; at half of
 * that who reclaims sleeps until kswapd has freed some (mm/vmscan.c,
 * throttle_direct_reclaim()).
 */
void case_throttle(void)
{
	size_t len;
	char *p = take_all_memory(&len);

	go_real_time(1);
	write_pages(p, len);
}

static void fragment(char *p, size_t len)
{
	size_t i;

	populate(p, len);
	for (i = 0; i < len; i += LOCKED_EVERY)
		if (mlock(p + i, 4096))
			skip("pages cannot be locked; raise ulimit -l");
	for (i = 4096; i < len; i += 8 * 4096)
		if (madvise(p + i, 4096, MADV_DONTNEED))
			die("madvise");
}

/*
 * All of the free memory but a little, of which one page of eight is given back: there
 * is enough, but nowhere 2 MiB in one piece, nor can there be: in each block are locked
 * pages, which must not be moved (its maker's work: vm.compact_unevictable_allowed is
 * 0). So the kernel moves what it can, in vain, and takes a small page in the end: the
 * clearing of a huge one is not in the way. What it has tried in vain it does not try
 * again soon (mm/compaction.c, defer_compaction()), which takes another try from us.
 */
void case_compaction(void)
{
	size_t len = (opt.mib ? opt.mib << 10 : meminfo("MemFree") - FEW_KIB) << 10, i;
	size_t huge = HUGE_PAGES * HUGE_PAGE;
	char *p = map_small(len), *h = map_huge(huge);
	int tries;

	go_first();
	for (tries = 0; tries < TRIES && !enough(); tries++) {
		fragment(p, len);
		for (i = 0; i < huge && !enough(); i += HUGE_PAGE)
			touch_write(h + i);
		if (munlock(p, len) || madvise(p, len, MADV_DONTNEED) ||
		    madvise(h, huge, MADV_DONTNEED))
			die("madvise");
	}
}
