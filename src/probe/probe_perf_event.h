/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_perf_event.h: opens the perf events that BPF programs are attached to.
 */
#ifndef PFSTAT_PROBE_PROBE_PERF_EVENT_H
#define PFSTAT_PROBE_PROBE_PERF_EVENT_H

#include <stdbool.h>

/*
 * Opens a software event (PERF_COUNT_SW_*) of task pid or of a CPU, disabled;
 * see perf_event_open(2). Returns the fd, or a negative errno.
 */
int perf_event_open_software(unsigned int config, int pid, int cpu, bool inherit);

/* Opens a kprobe on function. Returns the fd, or a negative errno. */
int perf_event_open_kprobe(const char *function);

/* Attaches the program to the event. Returns 0 or a negative errno. */
int perf_event_attach(int event, int prog);

#endif
