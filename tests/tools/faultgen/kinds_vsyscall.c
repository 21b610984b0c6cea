/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Calls into the vsyscall page, which the kernel emulates in the fault that they raise. x86-64
 * only. */
#include "faultgen.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define VSYSCALL_TIME 0xffffffffff600400ul

static time_t vsyscall_time(time_t *at)
{
	return ((time_t(*)(time_t *))VSYSCALL_TIME)(at);
}

/* A child tries it: the page may be missing, and then the call ends in SIGSEGV. */
static int vsyscall_try(struct job *job)
{
	int status = 0;
	pid_t pid;

#ifndef __x86_64__
	return job_skip(job, "only x86-64 has a vsyscall page");
#endif
	pid = fork();
	if (pid < 0)
		return job_fail(job, errno, "cannot fork");
	if (!pid)
		_exit(vsyscall_time(NULL) <= 0);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!status)
		return 0;
	return job_skip(
		job,
		"this kernel does not emulate the vsyscall page; boot with vsyscall=emulate or vsyscall=xonly");
}

int vsyscall_setup(struct part *p)
{
	return vsyscall_try(p->job);
}

int vsyscall_nested_setup(struct part *p)
{
	int err = vsyscall_try(p->job);

	return err ? err : anon_setup(p);
}

int vsyscall_run(struct part *p, uint64_t n)
{
	(void)p;
	for (; n; n--)
		if (vsyscall_time(NULL) <= 0)
			return -EIO;
	return 0;
}

/* The kernel stores the time for the caller while it handles the caller's fault. */
int vsyscall_nested_run(struct part *p, uint64_t n)
{
	int err;

	for (; n; n--, p->pos++) {
		err = part_room(p);
		if (err)
			return err;
		if (vsyscall_time((time_t *)(p->base + p->pos * p->unit)) <= 0)
			return -EIO;
	}
	return 0;
}
