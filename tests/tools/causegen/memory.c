// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * memory.c: faults that have to make the memory that they want: of their cgroup, of the
 * machine, or in one piece.
 */
#include "causegen.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define FEW_KIB    (24ul << 10)
#define HUGE_PAGES 32ul /* less than what is free by then: or the kernel kills the sharers */
#define REST_NS    300000000
#define SPARE_KIB  (48ul << 10)
#define SHARERS    32
#define ROUNDS     5
#define ATTEMPTS   400ul /* a round's: more than the kernel puts compaction off for */

/* KiB, of /proc/meminfo. */
static unsigned long meminfo(const char *key)
{
	unsigned long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) &&
		    sscanf(line + strlen(key), ": %lu", &kib) == 1)
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
	go_real_time(1);
	write_pages(p + half, half);
}

/* Processes that have all of this one's memory as well, and end with it. */
static void start_sharers(pid_t sharers[SHARERS])
{
	size_t i;

	for (i = 0; i < SHARERS; i++) {
		sharers[i] = fork();
		if (sharers[i] < 0)
			die("fork");
		if (sharers[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
}

static void end_sharers(const pid_t sharers[SHARERS])
{
	size_t i;

	for (i = 0; i < SHARERS; i++)
		if (kill(sharers[i], SIGKILL) || waitpid(sharers[i], NULL, 0) != sharers[i])
			die("cannot end a child");
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

/*
 * The pages are those of many processes, and each one's page tables have to be looked
 * at: that takes the most of the time. A real-time task is not ahead of kswapd by
 * chance only, and has nobody else's work in its faults.
 */
void case_reclaim(void)
{
	pid_t sharers[SHARERS];
	size_t len;
	char *p = take_all_memory(&len);

	start_sharers(sharers);
	go_real_time(1);
	write_pages(p, len);
	end_sharers(sharers);
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

/* Bytes of what is free but for so much. */
static size_t spare_memory(unsigned long but_kib)
{
	unsigned long kib = meminfo("MemFree");

	if (kib <= 2 * but_kib)
		skip("only %lu MiB of memory are free; this takes %lu", kib >> 10, but_kib >> 9);
	return (kib - but_kib) << 10;
}

/* The block has small pages; that is said by a fault at its second one. */
static bool is_in_pieces(char *block)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	block[4096] = 1;
	getrusage(RUSAGE_SELF, &after);
	return after.ru_minflt != before.ru_minflt;
}

/*
 * Asks for huge pages until there is none left. What comes in pieces is given back: it was an
 * attempt, and takes no memory from the next.
 */
static void ask_for_huge_pages(void)
{
	char *huge = map_huge(ATTEMPTS * HUGE_PAGE);
	size_t got = 0, i;

	for (i = 0; i < ATTEMPTS && got < HUGE_PAGES && !enough(); i++) {
		char *block = huge + i * HUGE_PAGE;

		touch_write(block);
		if (!is_in_pieces(block)) {
			got++;
			continue;
		}
		/* It tried all else as well: it freed memory. */
		forget(block);
		if (madvise(block, HUGE_PAGE, MADV_DONTNEED))
			die("madvise");
	}
	munmap(huge, ATTEMPTS * HUGE_PAGE);
}

/*
 * All of the free memory but some, of which one page of four is given back: there is
 * enough, but soon nowhere 2 MiB in one piece, until the kernel has moved the pages of a
 * whole block. To move a page it must be found in all page tables that have it: that
 * takes the longer the more there are, and the clearing of the huge page takes little
 * beside it. The tables come from what is left: they cannot be moved, and must not be in
 * between.
 */
static void compact(char *p, size_t len)
{
	pid_t sharers[SHARERS];
	size_t i;

	populate(p, len);
	for (i = 0; i < len; i += 4 * 4096)
		if (madvise(p + i, 4096, MADV_DONTNEED))
			die("madvise");
	start_sharers(sharers);
	ask_for_huge_pages();
	end_sharers(sharers);
	if (madvise(p, len, MADV_DONTNEED))
		die("madvise");
	/* What has ended is freed by others, who have had no CPU since (RCU). */
	sleep_ns(REST_NS);
}

/*
 * What the kernel has tried in vain it does not try again soon (mm/compaction.c): it counts up to
 * 64 attempts (defer_compaction()), and passes over blocks until kswapd has been at work
 * or, when it has put it off for the longest, it starts anew (compaction_restarting()).
 */
void case_compaction(void)
{
	size_t len = opt.mib ? opt.mib << 20 : spare_memory(SPARE_KIB);
	char *p = map_small(len);
	int round;

	go_real_time(1);
	for (round = 0; round < ROUNDS && !enough(); round++)
		compact(p, len);
	if (!half_enough())
		skip("the kernel puts compaction off in this guest's memory");
}
