// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * processes.c: many processes. Every child is waited for by its parent, so that
 * getrusage counts its faults.
 */
#include "load.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, FORKERS = 4, AT_ONCE = 8, PAGES = 32, WRITTEN = 8 };

static volatile char *area;

static void wait_one(void)
{
	int status;

	if (wait(&status) < 0)
		die("wait");
	if (status) {
		errno = ECHILD;
		die("a child ended with status %#x", (unsigned int)status);
	}
}

static void write_pages(int first, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		area[(first + i) % PAGES * PAGE]++;
}

/* Writes; with generations left, its own child does the same meanwhile. */
static void child(uint64_t i, int written, int generations)
{
	pid_t pid = 0;

	write_pages(i, written);
	while (generations-- && !pid) {
		pid = fork();
		if (pid < 0)
			_exit(1);
		write_pages(++i, written);
	}
	if (pid)
		wait_one();
	_exit(0);
}

static void forker(uint64_t n, int written, int generations)
{
	uint64_t i, live = 0;

	for (i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			_exit(1);
		if (!pid)
			child(i, written, i % 4 ? 0 : generations);
		write_pages(i, written);
		if (++live == AT_ONCE) {
			wait_one();
			live--;
		}
	}
	while (live--)
		wait_one();
	_exit(0);
}

static void storm(uint64_t n, int written, int generations)
{
	int i;

	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		die("mmap");
	write_pages(0, PAGES);
	for (i = 0; i < FORKERS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			forker(n / FORKERS + (i < (int)(n % FORKERS)), written, generations);
	}
	for (i = 0; i < FORKERS; i++)
		wait_one();
}

void run_forks(uint64_t n, uint64_t step, struct outcome *out)
{
	(void)step;
	(void)out;
	storm(n, WRITTEN, 2);
}

void run_procs(uint64_t n, uint64_t step, struct outcome *out)
{
	(void)step;
	(void)out;
	storm(n, 1, 0);
}
