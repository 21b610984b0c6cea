/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_loop.h: what the measuring commands (stat, trace, profile) have in common: the
 * command behind --, attaching, and one epoll loop of signals, the duration, the end of
 * what is measured, CPUs that come online, and what the command itself waits for.
 *
 * Functions say on stderr what goes wrong and return exit codes (enum exit_code), 0 for success.
 */
#ifndef PFSTAT_RUN_RUN_LOOP_H
#define PFSTAT_RUN_RUN_LOOP_H

#include "run_setup.h"
#include "run_workload.h"

#define RUN_SOURCES 8

struct run;

struct run_source {
	void (*ready)(void *arg);
	void *arg;
};

struct run {
	const struct opts *opts;
	struct setup at;
	struct workload child;
	struct kernel_counters *kernel_counters; /* with --check; the caller's */
	int epoll, signals, duration, cpus;
	int *target_fds; /* pidfds of -p or -t; -1: has ended */
	size_t nr_targets, targets_left;
	struct run_source sources[RUN_SOURCES];
	unsigned int nr_sources;
	bool timed_out; /* ended by -d or COUNT, not by what is measured */
	bool done;
};

/*
 * The child is started (and waits), the plan made, the marks attached. With --dry-run
 * only the plan. run_release() must follow in any case.
 */
int run_open(struct run *m, const struct opts *opts);

/* The ends: of the targets. */
int run_attach_targets(struct run *m);

/* The begin: faults are measured from here on. Then run_go() lets the child go. */
int run_start(struct run *m);

/* "Measuring ..." on stderr; lets the child go, and starts the clock of -d. */
int run_go(struct run *m);

/* ready(arg) is called from the loop whenever fd is readable. 0 or a negative errno. */
int run_watch(struct run *m, int fd, void (*ready)(void *arg), void *arg);

/* A timer that is readable once, or every ns. A descriptor or a negative errno. */
int run_timer(uint64_t ns, bool repeat);

/* Until done is set. */
void run_loop(struct run *m);

/* On stderr, a line for each reason that something is missing in an output that has no place for
 * it. */
void run_print_losses(const struct snapshot *snap);

/* code, or the child's own when that is 0 and nothing else ended the run. */
int run_release(struct run *m, int code);

#endif
