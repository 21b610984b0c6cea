/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Faults that the kernel takes for us: while it writes to user memory, and without any exception. */
#include "faultgen.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* /dev/zero clears user memory directly: no nofault attempt first, as file reads make on new kernels. */
int kernel_setup(struct part *p)
{
	if (p->job->zero < 0)
		p->job->zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (p->job->zero < 0)
		return job_fail(p->job, errno, "cannot open /dev/zero");
	return anon_setup(p);
}

int kernel_run(struct part *p, uint64_t n)
{
	const size_t unit = p->unit;
	int err;

	for (; n; n--, p->pos++) {
		if (p->pos == p->slots) {
			err = p->rearm(p);
			if (err)
				return err;
			p->pos = 0;
		}
		if (read(p->job->zero, p->base + p->pos * unit, unit) != (ssize_t)unit)
			return errno ? -errno : -EIO;
	}
	return 0;
}

/* mlock populates what it locks; a locked range refuses MADV_DONTNEED. */
static int gup_rearm(struct part *p)
{
	if (munlock(p->base, p->unit * p->slots))
		return -errno;
	return part_rearm_dontneed(p);
}

/* The limit is the process's: CAP_SYS_RESOURCE may raise it, everyone else shares it among the workers. */
int gup_setup(struct part *p)
{
	struct rlimit want = { RLIM_INFINITY, RLIM_INFINITY }, have;
	uint64_t fit;
	int err;

	if (setrlimit(RLIMIT_MEMLOCK, &want) && !getrlimit(RLIMIT_MEMLOCK, &have) && have.rlim_cur != RLIM_INFINITY) {
		fit = have.rlim_cur / p->job->page / p->job->threads;
		if (!fit)
			return job_skip(p->job, "RLIMIT_MEMLOCK is %llu bytes, less than a page per thread; raise it with ulimit -l",
					(unsigned long long)have.rlim_cur);
	} else {
		fit = UINT64_MAX;
	}
	if (fit > part_chunk(p, 0))
		fit = part_chunk(p, 0);
	err = part_reserve(p, p->job->page, fit, p->job->page);
	p->rearm = gup_rearm;
	return err ? err : part_map_anon(p, MAP_PRIVATE);
}

int gup_run(struct part *p, uint64_t n)
{
	uint64_t m;
	int err;

	for (; n; n -= m) {
		if (p->pos == p->slots) {
			err = p->rearm(p);
			if (err)
				return err;
			p->pos = 0;
		}
		m = p->slots - p->pos < n ? p->slots - p->pos : n;
		if (mlock(p->base + p->pos * p->unit, m * p->unit))
			return -errno;
		p->pos += m;
	}
	return 0;
}
