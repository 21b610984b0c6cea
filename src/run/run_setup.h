/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_setup.h: from the options to a session whose programs are attached: what
 * stat/cmd.c and serve/cmd.c have in common. Says on stderr what goes wrong; returns exit
 * codes (enum exit_code), 0 for success.
 */
#ifndef PFSTAT_RUN_RUN_SETUP_H
#define PFSTAT_RUN_RUN_SETUP_H

#include <stdio.h>

#include "stat/stat_kernel_counters.h"
#include "util/exit_status.h"
#include "proc/cgroups.h"
#include "run_options.h"
#include "probe/probe.h"

struct setup {
	struct caps caps;
	struct plan plan;
	struct session *session;
	struct cgroups *cgroups; /* NULL: nobody asked */
	bool cgroups_unified;
	struct fault_filter only;
};

/* Are single tasks measured, not the whole machine? */
bool per_task(const struct opts *opts);

/* After a failure: a low limit of open files, which may be why. */
void setup_explain_limit(void);

/* Raises the limit of open files, looks for the cgroups, probes the kernel and makes the plan. */
int setup_plan(struct setup *a, const struct opts *opts);

/* Loads the plan and attaches all but the begin and the end. */
int setup_attach_probes(struct setup *a, const struct opts *opts);

/*
 * The ends, of all CPUs or of process pid. books: of --check, or NULL. cpus gets
 * a socket for targets_cpu_event(), or a negative errno.
 */
int setup_machine(struct setup *a, struct kernel_counters *kernel_counters, int *cpus);
int setup_process(struct setup *a, struct kernel_counters *kernel_counters, int pid);

/* The begin: faults are measured from here on. */
int setup_start(struct setup *a);

void setup_close(struct setup *a);

#endif
