/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_workload.h: the command after --: started, held until everything is attached,
 * let go, and reaped.
 */
#ifndef PFSTAT_RUN_RUN_WORKLOAD_H
#define PFSTAT_RUN_RUN_WORKLOAD_H

#include <stdbool.h>
#include <sys/resource.h>

struct child {
	int pid;
	int go; /* closing it lets the child go on */
	int failed; /* readable: errno of execvp, or end of file when it worked */
	int pidfd; /* readable when the child has ended */
	int code; /* its exit status, and what it and those it waited for used, once reaped */
	struct rusage usage;
};

/* Creates the process; it waits before exec. 0 or negative errno. */
int child_start(struct child *child, char **argv);

/* Lets it exec. 0, or the negative errno of the exec. */
int child_go(struct child *child);

/* Reaps the child if it has ended: is it reaped? */
bool child_reap(struct child *child);

/*
 * Reaps the child and returns its exit status as a shell would (128 + signal).
 * Ends it first when it is still there.
 */
int child_finish(struct child *child);

#endif
