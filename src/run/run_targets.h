/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_targets.h: which tasks and CPUs there are.
 */
#ifndef PFSTAT_RUN_RUN_TARGETS_H
#define PFSTAT_RUN_RUN_TARGETS_H

#include "stat/stat_kernel_counters.h"
#include "probe/probe.h"

#include <stddef.h>

/*
 * Measures all threads of process pid, also those that are born meanwhile: the
 * number of threads, or a negative errno. Until a whole pass finds none that is
 * new, as a thread that was seen too late may have created others. books: of --check, or NULL.
 */
int targets_add_process(struct session *s, struct kernel_counters *kernel_counters, int pid);

struct target_threads {
	int *tids; /* for free() */
	size_t nr, cap;
};

/* Appends the threads of these processes. 0 or a negative errno; -ESRCH: there are none. */
int targets_list_threads(const int *pids, size_t nr_pids, struct target_threads *threads);

/* Measures every CPU that is online: their number, or a negative errno. */
int targets_add_cpus(struct session *s);

/*
 * A socket that is readable when a CPU came online or went offline, or a
 * negative errno; targets_cpu_event() then handles one event: the CPU that was
 * added, or a negative errno (-EAGAIN: it was about something else).
 */
int targets_open_cpu_events(void);
int targets_cpu_event(struct session *s, int fd);

#endif
