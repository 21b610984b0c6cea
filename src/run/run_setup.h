/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_setup.h: the steps from the options to a session with its probes attached, and the
 * targets. Private to run/: exit statuses and messages as in run/run.h.
 */
#ifndef PFSTAT_RUN_RUN_SETUP_H
#define PFSTAT_RUN_RUN_SETUP_H

#include "run.h"

/* The soft limit of open files becomes the hard one. */
void descriptors_raise(void);

/*
 * Once the probes are attached: are as many open files allowed as the targets need? Raises the
 * hard limit if it must and may.
 */
int descriptors_check(struct run *run);

/* After EMFILE: prints how many open files the targets need now. Returns the exit status. */
int descriptors_fail(struct run *run);

/* May each of these threads have an event for names on each CPU? Else each CPU has one. */
bool descriptors_allow_thread_records(uint64_t nr_threads);

/* Handles the signals that have come: is the run over? */
bool run_is_interrupted(struct run *run);

/* Calls the observer. */
void run_observe(const struct run *run, enum run_moment moment);
/* Raises the limit of open files, looks for the cgroups, asks the kernel and makes the plan. */
int setup_plan(struct run *run);

/* Loads the plan and attaches all but the begin and the end events. */
int setup_probes(struct run *run);

/* Opens run->cpus, once; targets_handle_cpus() then adds CPUs that come online. */
void targets_watch_cpus(struct run *run);

/* The end events of all CPUs. */
int targets_add_machine(struct run *run);

/*
 * All threads of process pid, also those created meanwhile: repeats until a pass finds no new
 * one, as a thread that was found late may have created others.
 */
int targets_add_process(struct run *run, int pid);

/* The kernel threads that have the names of workers of the processes that were added. */
int targets_add_workers(struct run *run);

/* One task; 0 or a negative errno. */
int targets_add_task(struct run *run, int tid);

/* After a negative errno of the above: prints the reason, with what was added. An exit status. */
int targets_fail(struct run *run, const char *what, int err);

/* From here on the tasks that lose their events by a privileged exec get others. */
int targets_watch_removed_events(struct run *run);

/* For run_watch(): one event of run->cpus. */
void targets_handle_cpus(void *run);

#endif
