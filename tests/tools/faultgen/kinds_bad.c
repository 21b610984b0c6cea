/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Accesses that end in a signal: no mapping, no permission, no file there, a guard, bad memory. */
#include "faultgen.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* In the kernel's half, canonical, and never mapped for users: not the vsyscall page. */
#define KERNEL_ADDRESS 0xffffffff81000000ul

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC };

/*
 * A signal handler has no argument of ours: this is the one piece of state that
 * must be per thread and global.
 */
static __thread struct {
	sigjmp_buf back;
	int sig;
	int code;
} caught;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	caught.sig = sig;
	caught.code = info->si_code;
	siglongjmp(caught.back, 1);
}

static void expect(struct part *p, int sig, int code)
{
	p->sig = sig;
	p->code = code;
}

/* A hole of one page between two others: no mapping that is made later is small enough to land in
 * it. */
int bad_address_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, 1, p->job->page);

	expect(p, SIGSEGV, SEGV_MAPERR);
	if (!err && munmap(p->base, p->job->page))
		err = job_fail(p->job, errno, "cannot unmap a page");
	return err;
}

/* Present, and only to be read: what is not present is brought in before execution is refused. */
int bad_access_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, 1, p->job->page);

	expect(p, SIGSEGV, SEGV_ACCERR);
	if (!err)
		err = part_map_anon(p, MAP_PRIVATE);
	if (!err)
		(void)*(volatile char *)p->base;
	if (!err && mprotect(p->base, p->job->page, PROT_READ))
		err = job_fail(p->job, errno, "cannot protect a page");
	return err;
}

/* As it is reserved. */
int prot_none_setup(struct part *p)
{
	expect(p, SIGSEGV, SEGV_ACCERR);
	return part_reserve(p, p->job->page, 1, p->job->page);
}

int kern_addr_setup(struct part *p)
{
	expect(p, SIGSEGV, SEGV_MAPERR);
	p->base = (char *)KERNEL_ADDRESS;
	return 0;
}

int guard_page_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, 1, p->job->page);

	expect(p, SIGSEGV, SEGV_MAPERR);
	if (!err)
		err = part_map_anon(p, MAP_PRIVATE);
	if (!err && madvise(p->base, p->job->page, MADV_GUARD_INSTALL))
		err = job_skip(
			p->job,
			"this kernel refuses MADV_GUARD_INSTALL (%s); it came with Linux 6.13",
			strerror(errno));
	return err;
}

static void on_injection(int sig)
{
	(void)sig;
}

/*
 * The memory stays lost until the machine is started again. The injection
 * itself raises the signal too, in whoever asks for it, and without a fault.
 */
int hwpoison_setup(struct part *p)
{
	const char *disposable = getenv("PFSTAT_DISPOSABLE");
	int err;

	if (!disposable || strcmp(disposable, "1"))
		return job_skip(
			p->job,
			"a poisoned page is lost until the next boot; set PFSTAT_DISPOSABLE=1 where that is no harm");
	err = part_reserve(p, p->job->page, 1, p->job->page);
	if (!err)
		err = part_map_anon(p, MAP_PRIVATE);
	if (err)
		return err;
	expect(p, SIGBUS, BUS_MCEERR_AR);
	signal(SIGBUS, on_injection);
	*(volatile char *)p->base = 1;
	if (!madvise(p->base, p->job->page, MADV_HWPOISON))
		return 0;
	if (errno == EPERM)
		return job_skip(p->job, "MADV_HWPOISON needs CAP_SYS_ADMIN");
	return job_skip(p->job,
			"this kernel refuses MADV_HWPOISON (%s); it needs CONFIG_MEMORY_FAILURE",
			strerror(errno));
}

/* The file has one page, the mapping starts at the second. */
int sigbus_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, 1, p->job->page);

	expect(p, SIGBUS, BUS_ADRERR);
	if (!err)
		err = file_grow(p->job, 1);
	return err ? err : part_map_file(p, MAP_SHARED, 1, 1);
}

/* SA_NODEFER: the handler leaves by a jump, which would leave the signal blocked. */
int bad_arm(struct job *job, const struct kind *kind)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_NODEFER | SA_SIGINFO };

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

static int poke(struct part *p, uint64_t n, enum access access)
{
	volatile char *at = p->base;
	volatile uint64_t left;

	for (left = n; left; left--) {
		if (sigsetjmp(caught.back, 0)) {
			p->wrong += caught.sig != p->sig || caught.code != p->code;
			continue;
		}
		if (access == ACCESS_WRITE)
			*at = 1;
		else if (access == ACCESS_EXEC)
			((void (*)(void))(uintptr_t)at)();
		else
			(void)*at;
		return -EFAULT; /* it did not fault */
	}
	return 0;
}

int bad_run_read(struct part *p, uint64_t n)
{
	return poke(p, n, ACCESS_READ);
}

int bad_run_write(struct part *p, uint64_t n)
{
	return poke(p, n, ACCESS_WRITE);
}

int bad_run_exec(struct part *p, uint64_t n)
{
	return poke(p, n, ACCESS_EXEC);
}

uint64_t wrong_check(struct part *p)
{
	return p->wrong;
}
