// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * faults PAGES ROUNDS: what an anonymous write fault takes in a steady state: the least of the
 * rounds, in ns per fault, which are guest instructions in a guest with -icount.
 *
 * The mapping is populated once, so the page tables stay; before each round MADV_DONTNEED gives the
 * pages back, outside of the clock. 512 pages fit the per-CPU lists of the page allocator, so no
 * round takes its slow path. The first two rounds are not counted. Exit status 1 when the kernel
 * counted other than PAGES faults.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#define PAGE    4096
#define WARM_UP 2

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static void write_pages(volatile char *map, size_t len)
{
	for (size_t i = 0; i < len; i += PAGE)
		map[i] = 1;
}

int main(int argc, char **argv)
{
	const long pages = argc > 1 ? atol(argv[1]) : 512, rounds = argc > 2 ? atol(argv[2]) : 7;
	const size_t len = pages * PAGE;
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t least = UINT64_MAX;

	if (map == MAP_FAILED)
		return 1;
	madvise(map, len, MADV_NOHUGEPAGE);
	write_pages(map, len);
	for (long round = -WARM_UP; round < rounds; round++) {
		uint64_t start, ns;
		long faults;

		madvise(map, len, MADV_DONTNEED);
		faults = minor_faults();
		start = now_ns();
		write_pages(map, len);
		ns = now_ns() - start;
		faults = minor_faults() - faults;
		if (round >= 0 && faults != pages) {
			fprintf(stderr, "%ld faults of %ld pages\n", faults, pages);
			return 1;
		}
		if (round >= 0 && ns < least)
			least = ns;
	}
	printf("%.0f\n", (double)least / pages);
	return 0;
}
