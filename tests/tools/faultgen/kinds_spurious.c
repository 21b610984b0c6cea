/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Faults that find nothing left to do.
 *
 * A helper moves a page (mremap) onto the target, which the worker touches all
 * the time. Within that one system call the target's old page goes away and the
 * new one comes. A worker that faults in between waits for the mapping's lock,
 * and then finds the page present. It cannot fault at any other time: the
 * target is never without a page while the lock is free. So the faults are all
 * of this kind, and the worker counts them to make no more than it is to make.
 */
#include "faultgen.h"

#include <sys/mman.h>

#define SPARE 1024 /* moves that a worker may miss, when it is not on its CPU just then */

/*
 * The last unit is the target, those before it are the pages that will be moved there, each once.
 */
int spurious_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, 2 * p->count + SPARE + 1, p->job->page);

	if (!err)
		err = part_map_anon(p, MAP_PRIVATE);
	p->slots--;
	return err;
}

static int move_page(char *from, char *to, size_t len)
{
	return mremap(from, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED ? -errno : 0;
}

int spurious_arm(struct job *job, const struct kind *kind)
{
	struct part *p = NULL;
	uint64_t i;

	while ((p = job_next(job, kind, p)))
		for (i = 0; i <= p->slots; i++)
			*(volatile char *)(p->base + i * p->unit) = 1;
	return mover_start(job, move_page);
}

/* Touches the target from before the move until behind it. */
static int spurious_round(struct part *p, bool write)
{
	char *target = p->base + p->slots * p->unit;
	struct mover *m = p->job->mover;

	if (p->pos == p->slots)
		return -ETIME;
	mover_begin(m, p->base + p->pos++ * p->unit, target, p->unit);
	while (!mover_done(m)) {
		if (write)
			*(volatile char *)target = 1;
		else
			(void)*(volatile char *)target;
	}
	return mover_end(m);
}

static int spurious_run(struct part *p, uint64_t n, bool write)
{
	const uint64_t until = thread_faults() + n;
	int err = 0;

	mover_leave_cpu(p->job->mover);
	while (thread_faults() < until && !err)
		err = spurious_round(p, write);
	return err;
}

int spurious_run_read(struct part *p, uint64_t n)
{
	return spurious_run(p, n, false);
}

int spurious_run_write(struct part *p, uint64_t n)
{
	return spurious_run(p, n, true);
}
