/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Accesses that end in a signal: no mapping, no permission, no file there. */
#include "faultgen.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

/*
 * A signal handler has no argument of ours: this is the one piece of state that
 * must be per thread and global.
 */
static __thread sigjmp_buf back;

static void on_signal(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

/* A hole of one page between two others: no mapping that is made later is small enough to land in it. */
int bad_address_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, 1, p->job->page);

	if (!err && munmap(p->base, p->job->page))
		err = job_fail(p->job, errno, "cannot unmap a page");
	return err;
}

int bad_access_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, 1, p->job->page);

	if (!err)
		err = part_map_anon(p, MAP_PRIVATE);
	if (!err)
		(void)*(volatile char *)p->base;
	if (!err && mprotect(p->base, p->job->page, PROT_READ))
		err = job_fail(p->job, errno, "cannot protect a page");
	return err;
}

/* The file has one page, the mapping starts at the second. */
int sigbus_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, 1, p->job->page);

	if (!err)
		err = file_grow(p->job, 1);
	return err ? err : part_map_file(p, MAP_SHARED, 1, 1);
}

/* SA_NODEFER: the handler leaves by a jump, which would leave the signal blocked. */
int bad_arm(struct job *job, const struct kind *kind)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };

	(void)kind;
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGSEGV, &sa, NULL) || sigaction(SIGBUS, &sa, NULL))
		return job_fail(job, errno, "cannot handle SIGSEGV and SIGBUS");
	return 0;
}

void bad_disarm(struct job *job)
{
	(void)job;
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
}

static int poke(struct part *p, uint64_t n, bool write)
{
	volatile char *at = p->base;
	volatile uint64_t left;

	for (left = n; left; left--) {
		if (sigsetjmp(back, 0))
			continue;
		if (write)
			*at = 1;
		else
			(void)*at;
		return -EFAULT;	/* it did not fault */
	}
	return 0;
}

int bad_run_read(struct part *p, uint64_t n)
{
	return poke(p, n, false);
}

int bad_run_write(struct part *p, uint64_t n)
{
	return poke(p, n, true);
}
