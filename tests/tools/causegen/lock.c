// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * lock.c: faults that wait because another thread has mmap_lock as a writer for long:
 * mprotect walks all of the page table with it, and fork copies all of it. From 6.4 on
 * both lock the VMA for writing as well, so that a fault there has to take mmap_lock.
 *
 * How much memory that takes depends on the machine: it grows until the lock is held
 * for twice the time of a slow fault.
 *
 * And faults that wait for another lock of the same kind: that of a file's pages.
 */
#include "causegen.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_LEN (256ul << 20)
#define ROUNDS  20 /* for each slow fault that is wanted */
#define HOLE    (1ul << 20)

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
	region.hole = HOLE;
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
static void touch_hole(uint64_t (*hold)(void))
{
	size_t i;

	start(holder, hold);
	pin(last_cpu());
	for (i = 0; i < ROUNDS * opt.count && i < region.hole / 4096 && !enough(); i++) {
		sem_post(&turn);
		sleep_ns(opt.slow_ns / 5);
		touch_read(region.p + i * 4096);
		await(&done);
	}
}

static void wait_for_lock(uint64_t (*hold)(void))
{
	size_t len = opt.mib << 20;

	grow(len);
	while (hold() < 2 * opt.slow_ns && len < MAX_LEN)
		grow(len *= 2);
	touch_hole(hold);
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

static int file;
static off_t next_block;

/*
 * A byte of a block that is not in the page cache: to be zeroed, it has to be read, with
 * the lock held that keeps faults from getting pages of the file (fs/ext4/inode.c,
 * ext4_punch_hole()).
 */
static uint64_t hold_pages(void)
{
	uint64_t begin = now_ns();

	if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, next_block, 1))
		die("cannot punch a hole into %s", opt.file);
	next_block += 4096;
	return now_ns() - begin;
}

/* The pages that are touched are a hole of the file's end: those are not read. */
void case_lock_file(void)
{
	static const char block[4096] = { 1 };
	size_t i, blocks = ROUNDS * opt.count;
	off_t end = blocks * sizeof(block);

	file = opt.file ? open(opt.file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	if (file < 0)
		die("--file %s", opt.file ? opt.file : "is missing");
	for (i = 0; i < blocks; i++)
		if (write(file, block, sizeof(block)) != sizeof(block))
			die("cannot write to %s", opt.file);
	if (ftruncate(file, end + HOLE) || fsync(file) ||
	    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED))
		die("cannot drop %s from the page cache", opt.file);
	region.hole = HOLE;
	region.p = mmap(NULL, HOLE, PROT_READ, MAP_SHARED, file, end);
	if (region.p == MAP_FAILED || madvise(region.p, HOLE, MADV_RANDOM))
		die("cannot map %s", opt.file);
	touch_hole(hold_pages);
}
