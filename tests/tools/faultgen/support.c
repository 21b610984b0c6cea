/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Owns what several kinds need from outside: the temporary file, the child, CPU pinning, small
 * reads and writes. */
#include "faultgen.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/*
 * One line or the end of input. Byte by byte: whatever follows the line belongs to the next wait.
 */
int wait_line(void)
{
	char c;

	for (;;) {
		ssize_t n = read(STDIN_FILENO, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || c == '\n')
			return n < 0 ? -errno : 0;
	}
}

int print_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		text += n;
		len -= n;
	}
	return 0;
}

/* The file's chosen word: the one in brackets, or the whole line. */
int sysfs_read(const char *file, char *word, size_t len)
{
	char text[256], *from, *to;
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return -EIO;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	from = strchr(text, '[');
	to = from ? strchr(from, ']') : NULL;
	if (to)
		*to = '\0';
	from = to ? from + 1 : text;
	if (strlen(from) >= len)
		return -E2BIG;
	strcpy(word, from);
	return 0;
}

/* 1 when the file's chosen word is `word`, 0 when not, negative errno when unreadable. */
int sysfs_word(const char *file, const char *word)
{
	char chosen[256];
	int err = sysfs_read(file, chosen, sizeof(chosen));

	return err ? err : !strcmp(chosen, word);
}

static int file_open(struct job *job)
{
	char path[4096];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/faultgen.XXXXXX", job->opts->dir) >=
	    sizeof(path))
		return job_fail(job, ENAMETOOLONG, "%s: cannot make a temporary file",
				job->opts->dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return job_fail(
			job, errno,
			"%s: cannot make a temporary file; give a writable directory with --dir",
			job->opts->dir);
	unlink(path);
	job->file = fd;
	return 0;
}

/*
 * Makes the temporary file at least that long, with data in every page, cached
 * and clean. Page by page: a longer write gets a large folio (ext4 since 6.16),
 * and since 6.18 one fault maps all of a large folio.
 */
int file_grow(struct job *job, uint64_t pages)
{
	char block[job->page];
	int err = 0;

	if (job->file < 0)
		err = file_open(job);
	if (err || job->file_pages >= pages)
		return err;
	memset(block, 0x5a, sizeof(block));
	for (; job->file_pages < pages; job->file_pages++) {
		ssize_t n = pwrite(job->file, block, sizeof(block), job->file_pages * job->page);

		if (n != (ssize_t)sizeof(block))
			return job_fail(
				job, n < 0 ? errno : ENOSPC,
				"%s: cannot write a file of %llu pages; free space or give another directory with --dir",
				job->opts->dir, (unsigned long long)pages);
	}
	if (fsync(job->file))
		return job_fail(job, errno, "%s: cannot sync the temporary file", job->opts->dir);
	return 0;
}

/*
 * Keeps the file in the page cache: reclaim (DAMON's too, which works on idle
 * machines) would make faults major. A second mapping that only reads changes
 * nothing for the parts. Best effort: RLIMIT_MEMLOCK may forbid it.
 */
void file_hold(struct job *job)
{
	void *at;

	job->held_len = job->file_pages * job->page;
	at = mmap(NULL, job->held_len, PROT_READ, MAP_SHARED, job->file, 0);
	if (at == MAP_FAILED)
		return;
	job->held = at;
	mlock(job->held, job->held_len);
}

int file_needs_disk(struct job *job, const struct kind *kind)
{
	struct statfs fs;
	const char *name = NULL;

	if (statfs(job->opts->dir, &fs))
		return job_fail(job, errno, "%s: not usable; give a writable directory with --dir",
				job->opts->dir);
	if (fs.f_type == TMPFS_MAGIC)
		name = "tmpfs";
	else if (fs.f_type == RAMFS_MAGIC)
		name = "ramfs";
	else if (fs.f_type == HUGETLBFS_MAGIC)
		name = "hugetlbfs";
	if (!name)
		return 0;
	return job_skip(
		job,
		"%s is on %s, and %s needs a disk filesystem such as ext4; give a directory on one with --dir",
		job->opts->dir, name, kind->name);
}

/* A sleeping child is one that pfstat, which follows children, sees no fault of. */
static void wait_asleep(pid_t pid)
{
	char path[32], text[256];
	int tries;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (tries = 0; tries < 1000; tries++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		char *state;

		if (fd >= 0)
			close(fd);
		if (n <= 0)
			return;
		text[n] = '\0';
		state = strrchr(text, ')');
		if (state && !strncmp(state, ") S", 3))
			return;
		usleep(1000);
	}
}

/* Says that it is ready, then sleeps until the parent kills it or dies. */
static _Noreturn void child_wait(int down, int up)
{
	char c = 0;

	if (write(up, &c, 1) == 1)
		while (read(down, &c, 1) < 0 && errno == EINTR)
			;
	_exit(0);
}

/* Forks a child that runs first() and then sleeps until child_stop(). */
int child_start(struct job *job, const struct kind *kind,
		void (*first)(struct job *, const struct kind *))
{
	int down[2], up[2], err;
	char c;
	ssize_t n;

	if (pipe2(down, O_CLOEXEC))
		return job_fail(job, errno, "cannot make a pipe");
	if (pipe2(up, O_CLOEXEC)) {
		err = errno;
		close(down[0]);
		close(down[1]);
		return job_fail(job, err, "cannot make a pipe");
	}
	job->child = fork();
	err = errno;
	if (!job->child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(down[1]);
		if (first)
			first(job, kind);
		child_wait(down[0], up[1]);
	}
	close(down[0]);
	close(up[1]);
	if (job->child < 0) {
		job->child = 0;
		close(down[1]);
		close(up[0]);
		return job_fail(job, err, "cannot fork");
	}
	job->child_pipe = down[1];
	do {
		n = read(up[0], &c, 1);
	} while (n < 0 && errno == EINTR);
	close(up[0]);
	if (n != 1)
		return job_fail(job, ECHILD, "the child died in setup");
	wait_asleep(job->child);
	return 0;
}

void child_stop(struct job *job)
{
	if (!job->child)
		return;
	close(job->child_pipe);
	kill(job->child, SIGKILL);
	while (waitpid(job->child, NULL, 0) < 0 && errno == EINTR)
		;
	job->child = 0;
}

/*
 * A child that dies at once: private pages stay write-protected, but nobody shares them any more.
 */
int child_brief(struct job *job)
{
	pid_t pid = fork();

	if (pid < 0)
		return job_fail(job, errno, "cannot fork");
	if (!pid)
		_exit(0);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* Stays on the CPU it is on: what is per CPU (batches of new pages) is then the same one
 * throughout. */
int cpu_pin(struct job *job, void *saved, size_t len)
{
	cpu_set_t one;
	int cpu = sched_getcpu();

	if (cpu < 0 || sched_getaffinity(0, len, saved))
		return job_fail(job, errno, "cannot read the CPU affinity");
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return job_fail(job, errno, "cannot stay on CPU %d", cpu);
	return 0;
}
