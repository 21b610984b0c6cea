/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Pages that the kernel brings in on its own account (get_user_pages): no exception, only
 * handle_mm_fault. */
#include "faultgen.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define BATCH 64 /* pages in one system call */

/*
 * How many of n fresh pages are next, at most max; re-arms when there is none. 0 when that failed.
 */
static uint64_t fresh(struct part *p, uint64_t n, uint64_t max, int *err)
{
	uint64_t m;

	*err = part_room(p);
	if (*err)
		return 0;
	m = p->slots - p->pos < n ? p->slots - p->pos : n;
	return m < max ? m : max;
}

/* A new mapping in place of the old one each time. */
int gup_populate_run(struct part *p, uint64_t n)
{
	uint64_t m;

	for (; n; n -= m) {
		m = n < p->slots ? n : p->slots;
		if (mmap(p->base, m * p->unit, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1,
			 0) == MAP_FAILED)
			return -errno;
	}
	return 0;
}

/* Another's memory, which is our own: one byte of each page, and the other side of the copy is on
 * the stack. */
static int vm_copy(struct part *p, uint64_t n, bool write)
{
	struct iovec remote[BATCH], local;
	char bytes[BATCH] = { 0 };
	uint64_t m, i;
	ssize_t done;
	int err;

	for (; n; n -= m, p->pos += m) {
		m = fresh(p, n, BATCH, &err);
		if (err)
			return err;
		for (i = 0; i < m; i++)
			remote[i] = (struct iovec){ p->base + (p->pos + i) * p->unit, 1 };
		local = (struct iovec){ bytes, m };
		done = write ? process_vm_writev(getpid(), &local, 1, remote, m, 0) :
			       process_vm_readv(getpid(), &local, 1, remote, m, 0);
		if (done != (ssize_t)m)
			return done < 0 ? -errno : -EIO;
	}
	return 0;
}

int gup_vm_readv_run(struct part *p, uint64_t n)
{
	return vm_copy(p, n, false);
}

int gup_vm_writev_run(struct part *p, uint64_t n)
{
	return vm_copy(p, n, true);
}

int gup_file_setup(struct part *p)
{
	p->file = -1;
	return anon_setup(p);
}

void gup_disarm(struct job *job)
{
	struct part *p = NULL;

	while ((p = job_next(job, job->kind, p))) {
		if (p->file >= 0)
			close(p->file);
		p->file = -1;
	}
}

/* A ring for each worker: registering waits until the ring is idle. */
int gup_uring_arm(struct job *job, const struct kind *kind)
{
	struct io_uring_params params;
	struct part *p = NULL;

	while ((p = job_next(job, kind, p))) {
		memset(&params, 0, sizeof(params));
		p->file = syscall(SYS_io_uring_setup, 1, &params);
		if (p->file < 0)
			return job_skip(
				job,
				"cannot make an io_uring (%s); it needs CONFIG_IO_URING and kernel.io_uring_disabled=0",
				strerror(errno));
	}
	return 0;
}

/* A registered buffer is pinned as a whole. */
int gup_uring_run(struct part *p, uint64_t n)
{
	struct iovec buffer;
	uint64_t m;
	int err;

	for (; n; n -= m, p->pos += m) {
		m = fresh(p, n, n, &err);
		if (err)
			return err;
		buffer = (struct iovec){ p->base + p->pos * p->unit, m * p->unit };
		if (syscall(SYS_io_uring_register, p->file, IORING_REGISTER_BUFFERS, &buffer, 1) ||
		    syscall(SYS_io_uring_register, p->file, IORING_UNREGISTER_BUFFERS, NULL, 0))
			return -errno;
	}
	return 0;
}

int gup_mem_arm(struct job *job, const struct kind *kind)
{
	struct part *p = NULL;

	while ((p = job_next(job, kind, p))) {
		p->file = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
		if (p->file < 0)
			return job_skip(job, "cannot open /proc/self/mem (%s)", strerror(errno));
	}
	return 0;
}

int gup_mem_run(struct part *p, uint64_t n)
{
	const char byte = 1;
	int err;

	for (; n; n--, p->pos++) {
		fresh(p, n, 1, &err);
		if (err)
			return err;
		if (pwrite(p->file, &byte, 1, (uintptr_t)p->base + p->pos * p->unit) != 1)
			return errno ? -errno : -EIO;
	}
	return 0;
}

int gup_direct_setup(struct part *p)
{
	int err = file_needs_disk(p->job, p->kind);

	if (!err)
		err = file_grow(p->job, BATCH);
	return err ? err : gup_file_setup(p);
}

/* A file system may refuse when the file is opened or when it is read. The trial's page goes away
 * again. */
static int direct_try(struct job *job, struct part *p)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", job->file);
	p->file = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT);
	if (p->file < 0 || pread(p->file, p->base, p->unit, 0) != (ssize_t)p->unit)
		return job_skip(
			job,
			"%s: the filesystem refuses O_DIRECT (%s); give another directory with --dir",
			job->opts->dir, strerror(errno));
	return p->rearm(p);
}

int gup_direct_arm(struct job *job, const struct kind *kind)
{
	struct part *p = NULL;
	int err = 0;

	while (!err && (p = job_next(job, kind, p)))
		err = direct_try(job, p);
	return err;
}

int gup_direct_run(struct part *p, uint64_t n)
{
	uint64_t m;
	int err;

	for (; n; n -= m, p->pos += m) {
		m = fresh(p, n, BATCH, &err);
		if (err)
			return err;
		if (pread(p->file, p->base + p->pos * p->unit, m * p->unit, 0) !=
		    (ssize_t)(m * p->unit))
			return errno ? -errno : -EIO;
	}
	return 0;
}
