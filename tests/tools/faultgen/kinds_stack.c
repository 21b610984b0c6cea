/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Memory that grows downwards when what is below its end is touched. */
#include "faultgen.h"

#include <sys/mman.h>

/*
 * The kernel keeps 256 pages below such a mapping free of others: a hole of
 * that size is ours alone, though any thread may map something at any time.
 */
#define STACK_PAGES 256

/* The page on top stays: it is the mapping that grows again. */
static int stack_rearm(struct part *p)
{
	return munmap(p->base, p->unit * p->slots) ? -errno : 0;
}

int stack_setup(struct part *p)
{
	const size_t page = p->job->page;
	const uint64_t slots = p->count < STACK_PAGES - 1 ? p->count : STACK_PAGES - 1;
	int err = part_reserve(p, page, slots + 1, page);
	char *top = p->base + slots * page;

	p->slots = slots;
	p->rearm = stack_rearm;
	if (err)
		return err;
	if (mmap(top, page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED | MAP_GROWSDOWN, -1,
		 0) == MAP_FAILED)
		return job_fail(p->job, errno, "cannot map a page that grows downwards");
	madvise(top, page, MADV_NOHUGEPAGE);
	*(volatile char *)top = 1;
	return stack_rearm(p) ? job_fail(p->job, errno, "cannot make room below a stack") : 0;
}

/* From the top down, one page at a time. */
int stack_run(struct part *p, uint64_t n)
{
	for (; n; n--, p->pos++) {
		int err = part_room(p);

		if (err)
			return err;
		*(volatile char *)(p->base + (p->slots - 1 - p->pos) * p->unit) = 1;
	}
	return 0;
}
