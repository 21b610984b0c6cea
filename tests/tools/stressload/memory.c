// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * memory.c: threads that fault while others take their memory away.
 */
#include "load.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

enum { PAGE = 4096, THREADS = 4, PAGES = 2048, RACE_PAGES = 64, SPAN = 16 };

struct shared {
	volatile char *area;
	uint64_t n;
	volatile bool stop;
	uint64_t segv;
	uint64_t touches;
};

static struct shared shared;

/* Its own page in every thread: pages of others are touched, too. */
static void *toucher(void *arg)
{
	uint64_t random = 1 + (uintptr_t)arg, i;

	for (i = 0; i < shared.n; i++) {
		volatile char *at = shared.area + next_random(&random) % PAGES * PAGE;

		if (random & 1)
			*at = i;
		else
			(void)*at;
	}
	return NULL;
}

static void *pager(void *arg)
{
	uint64_t random = 77, step = 64;

	(void)arg;
	while (!shared.stop) {
		uint64_t at = next_random(&random) % (PAGES - step);

		madvise((void *)(shared.area + at * PAGE), step * PAGE, MADV_PAGEOUT);
	}
	return NULL;
}

static void map_area(size_t pages)
{
	shared.area = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	if (shared.area == MAP_FAILED)
		die("mmap");
	/* Small pages: so that there are many faults. */
	madvise((void *)shared.area, pages * PAGE, MADV_NOHUGEPAGE);
}

static pthread_t start(void *(*run)(void *arg), uintptr_t arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, (void *)arg))
		die("pthread_create");
	return thread;
}

static bool has_swapped_in(void)
{
	struct rusage usage;

	return !getrusage(RUSAGE_SELF, &usage) && usage.ru_majflt;
}

/* Again if the pager came too late: the touchers may need only a few milliseconds. */
void run_thrash(uint64_t n, uint64_t step, struct outcome *out)
{
	const time_t end = time(NULL) + 60;
	pthread_t threads[THREADS], other;
	int i;

	(void)step;
	(void)out;
	map_area(PAGES);
	shared.n = n;
	other = start(pager, 0);
	do {
		for (i = 0; i < THREADS; i++)
			threads[i] = start(toucher, i);
		for (i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
	} while (!has_swapped_in() && time(NULL) < end);
	shared.stop = true;
	pthread_join(other, NULL);
}

/* Back to the same instruction, until its page is there again. */
static void on_segv(int signal)
{
	(void)signal;
	__atomic_fetch_add(&shared.segv, 1, __ATOMIC_RELAXED);
	sched_yield();
}

static void *racer(void *arg)
{
	uint64_t random = 1 + (uintptr_t)arg;

	while (!shared.stop) {
		shared.area[next_random(&random) % RACE_PAGES * PAGE] = 1;
		__atomic_fetch_add(&shared.touches, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Takes SPAN pages away in one of the ways, lets the others run, gives them back. */
static void race_once(uint64_t *random)
{
	char *at = (char *)shared.area + next_random(random) % (RACE_PAGES - SPAN) * PAGE;

	switch (*random >> 32 & 3) {
	case 0:
		madvise(at, SPAN * PAGE, MADV_DONTNEED);
		break;
	case 1:
		mprotect(at, SPAN * PAGE, PROT_READ);
		sched_yield();
		mprotect(at, SPAN * PAGE, PROT_READ | PROT_WRITE);
		break;
	case 2:
		mprotect(at, SPAN * PAGE, PROT_NONE);
		sched_yield();
		mprotect(at, SPAN * PAGE, PROT_READ | PROT_WRITE);
		break;
	default:
		munmap(at, SPAN * PAGE);
		sched_yield();
		if (mmap(at, SPAN * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
			die("mmap");
	}
}

void run_races(uint64_t n, uint64_t step, struct outcome *out)
{
	struct sigaction action = { .sa_handler = on_segv };
	pthread_t threads[THREADS];
	uint64_t random = 99, i;

	(void)step;
	sigaction(SIGSEGV, &action, NULL);
	map_area(RACE_PAGES);
	for (i = 0; i < THREADS; i++)
		threads[i] = start(racer, i);
	for (i = 0; i < n; i++) {
		uint64_t seen = __atomic_load_n(&shared.touches, __ATOMIC_RELAXED);

		race_once(&random);
		/* Or all is over before the others have begun, on few CPUs. */
		while (__atomic_load_n(&shared.touches, __ATOMIC_RELAXED) == seen)
			sched_yield();
	}
	shared.stop = true;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	signal(SIGSEGV, SIG_DFL);
	out->segv = shared.segv;
}

/* Of the machine, since it was booted; 0 where nothing balances. */
static uint64_t hint_faults(void)
{
	unsigned long long value = 0, found = 0;
	char name[64];
	FILE *f = fopen("/proc/vmstat", "re");

	while (f && fscanf(f, "%63s %llu", name, &value) == 2)
		if (!strcmp(name, "numa_hint_faults"))
			found = value;
	if (f)
		fclose(f);
	return found;
}

static void *sweeper(void *arg)
{
	uint64_t i;

	(void)arg;
	while (!shared.stop)
		for (i = 0; i < PAGES; i++)
			shared.area[i * PAGE]++;
	return NULL;
}

/* The kernel marks what a task uses while it uses CPU time, to see from which node. */
void run_hints(uint64_t n, uint64_t step, struct outcome *out)
{
	const time_t limit = time(NULL) + 60;
	const uint64_t until = hint_faults() + n;
	pthread_t threads[THREADS];
	int i;

	(void)step;
	(void)out;
	map_area(PAGES);
	for (i = 0; i < THREADS; i++)
		threads[i] = start(sweeper, i);
	while (hint_faults() < until && time(NULL) < limit)
		usleep(50000);
	shared.stop = true;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}
