// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * paced: makes page faults of a known mix at a known rate, which does not depend on how long a
 * fault takes.
 *
 *	paced SECONDS RATE [ON_MS OFF_MS]
 *
 * RATE faults per second on average, all the time or in bursts of ON_MS with pauses of OFF_MS.
 * Four of seven are first writes, two are first reads (the zero page), one is a write over the
 * zero page. Prints how many faults there were: all, and those three.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#define PAGE     4096
#define GROUP    7 /* faults */
#define PAGES    6 /* of a group */
#define GROUPS   64 /* given back to the kernel together */
#define PAUSE_NS 500000

static volatile char *memory;
static unsigned long groups;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void make_group(void)
{
	volatile char *p = memory + groups % GROUPS * PAGES * PAGE;

	for (int i = 0; i < 4; i++)
		p[i * PAGE] = 1;
	(void)p[4 * PAGE];
	(void)p[5 * PAGE];
	p[5 * PAGE] = 1;
	if (++groups % GROUPS == 0)
		madvise((void *)memory, GROUPS * PAGES * PAGE, MADV_DONTNEED);
}

/* How long the faults have been going on at time t. */
static double active(double t, double on, double off)
{
	double bursts = off > 0 ? (double)(long)(t / (on + off)) : 0;
	double rest = t - bursts * (on + off);

	return off > 0 ? bursts * on + (rest < on ? rest : on) : t;
}

int main(int argc, char **argv)
{
	static const struct timespec pause = { .tv_nsec = PAUSE_NS };
	const double on = argc > 4 ? atof(argv[3]) / 1e3 : 1;
	const double off = argc > 4 ? atof(argv[4]) / 1e3 : 0;
	double start, t, end, rate;

	if (argc != 3 && argc != 5) {
		fprintf(stderr, "Usage: paced SECONDS RATE [ON_MS OFF_MS]\n");
		return 2;
	}
	end = atof(argv[1]);
	rate = atof(argv[2]) / GROUP * (on + off) / on;
	memory = mmap(NULL, GROUPS * PAGES * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	madvise((void *)memory, GROUPS * PAGES * PAGE, MADV_NOHUGEPAGE);
	start = seconds();
	do {
		t = seconds() - start;
		while ((double)groups < active(t < end ? t : end, on, off) * rate)
			make_group();
		nanosleep(&pause, NULL);
	} while (t < end);
	printf("%lu %lu %lu %lu\n", groups * GROUP, groups * 4, groups * 2, groups);
	return 0;
}
