// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * lock.c: faults that wait because another thread has mmap_lock as a writer for long:
 * mprotect walks all of the page table with it, and fork copies all of it. From 6.4 on
 * both lock the VMA for writing as well, so that a fault there has to take mmap_lock.
 *
 * How much memory that takes depends on the machine: it grows until the lock is held
 * for twice the time of a slow fault.
 */
#include "causegen.h"

#include <errno.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_LEN		(256ul << 20)
#define ROUNDS		20	/* for each slow fault that is wanted */

struct region {
	char *p; /* its first pages are never there: those are touched */
	size_t len;
	size_t hole;
	int prot;
};

static struct region region;
static sem_t turn, done; /* the holder's to take the lock; that it has given it back */

/* Changes the rights of all pages back and forth. */
static uint64_t hold_mprotect(void)
{
	uint64_t begin = now_ns();

	region.prot ^= PROT_WRITE;
	if (mprotect(region.p, region.len, region.prot))
		die("mprotect");
	return now_ns() - begin;
}

/* How long the copy took; the child's end is another matter. */
static uint64_t hold_fork(void)
{
	uint64_t begin = now_ns(), ns;
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child)
		_exit(0);
	ns = now_ns() - begin;
	while (waitpid(child, NULL, 0) != child)
		;
	return ns;
}

/* Reads each page that is not there yet: a write could fault once more, for its rights. */
static void grow(size_t len)
{
	if (region.p)
		munmap(region.p, region.len);
	region.hole = 1ul << 20;
	region.prot = PROT_READ | PROT_WRITE;
	region.len = len + region.hole;
	region.p = map_small(region.len);
	populate(region.p + region.hole, len);
}

/* Neither side spins: an emulator may run all CPUs one after the other. */
static void await(sem_t *sem)
{
	while (sem_wait(sem))
		if (errno != EINTR)
			die("sem_wait");
}

static void *holder(void *arg)
{
	uint64_t (*hold)(void) = arg;

	pin(last_cpu() ? last_cpu() - 1 : 0);
	for (;;) {
		await(&turn);
		hold();
		sem_post(&done);
	}
	return NULL;
}

/*
 * The holder is let go, and given a fifth of the time that a slow fault takes to be in
 * the midst of it. A fault that came too early or too late is not slow, and does not count.
 */
static void wait_for_lock(uint64_t (*hold)(void))
{
	size_t len = opt.mib << 20, i;

	grow(len);
	while (hold() < 2 * opt.slow_ns && len < MAX_LEN)
		grow(len *= 2);
	start(holder, hold);
	pin(last_cpu());
	for (i = 0; i < ROUNDS * opt.count && i < region.hole / 4096 && !enough(); i++) {
		sem_post(&turn);
		sleep_ns(opt.slow_ns / 5);
		touch_read(region.p + i * 4096);
		await(&done);
	}
}

void case_lock(void)
{
	wait_for_lock(hold_mprotect);
}

/*
 * From 6.4 on only the VMAs that fork has come to are locked, in the order of their
 * addresses: the hole is in the same one, and at its start.
 */
void case_lock_fork(void)
{
	wait_for_lock(hold_fork);
}
