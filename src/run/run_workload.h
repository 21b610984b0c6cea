/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_workload.h: the command after --: started, held until everything is attached,
 * let go, and reaped.
 */
#ifndef PFSTAT_RUN_RUN_WORKLOAD_H
#define PFSTAT_RUN_RUN_WORKLOAD_H

#include <stdbool.h>
#include <sys/resource.h>

struct workload {
	int pid;
	int start; /* a byte lets the child go on; it answers with errno of execvp, or closes it */
	int pidfd; /* readable when the child has ended */
	int code; /* its exit status, and what it and those it waited for used, once reaped */
	struct rusage usage;
};

/* Creates the process; it waits before exec. 0 or negative errno. */
int workload_start(struct workload *child, char **argv);

/* Lets it exec. 0, or the negative errno of the exec. */
int workload_go(struct workload *child);

/* Reaps the child if it has ended: is it reaped? */
bool workload_reap(struct workload *child);

/*
 * Reaps the child and returns its exit status as a shell would (128 + signal).
 * Ends it first when it is still there.
 */
int workload_finish(struct workload *child);

#endif
