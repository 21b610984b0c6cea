/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_session.h: carries out a plan: loads, attaches and detaches the programs, and gives
 * access to their maps and statistics.
 */
#ifndef PFSTAT_PROBE_PROBE_SESSION_H
#define PFSTAT_PROBE_PROBE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/exit_counters.h"
#include "shared/fault_filter.h"
#include "shared/group_key.h"
#include "shared/inflight.h"
#include "shared/stack_record.h"
#include "probe_slab.h"
#include "probe_plan.h"

struct error;
struct pid_namespace;
struct session;

struct session_options {
	struct pid_namespace *pids; /* NULL: the initial one */
	bool per_task;
	bool inherit_threads;
	bool inherit_children;
	uint64_t slow_ns; /* faults over it are slow; 0: no threshold */
	unsigned int cgroup_limit; /* most cgroups with separate counts; 0: none */
	bool unified; /* the memory controller of cgroups is in version 2 */
	struct fault_filter only;
	bool cause_counters; /* sum the time of each cause by path */
	enum dimension by[2]; /* DIM_NONE: none */
	unsigned int group_limit; /* most groups with separate counts */
	bool trace; /* send faults through the ring buffer */
	uint64_t trace_slower_ns; /* those over it */
	unsigned int trace_sample; /* one in N of them */
	bool trace_stacks;
	unsigned int trace_ring_bytes; /* a power of two, at least a page */
	unsigned int profile_stacks; /* most stacks; 0: no profile */
	bool windows; /* attached in windows: session_open_window() */
};

/*
 * Loads the programs that the plan names. Returns 0, or a negative errno and fills error.
 * The caller keeps the plan, which must outlive the session.
 */
int session_load(struct session **out, const struct plan *plan,
		 const struct session_options *options, struct error *error);

/* Attaches all but the begin. A hook that failed is named in failed (HOOK_NR: none). */
int session_attach_probes(struct session *s, enum hook *failed);

/*
 * Attaches the end where it is not an event of each task or CPU. A failure means that the kernel
 * refuses what its BTF promises.
 */
int session_attach_end(struct session *s);

/* Measures task tid (and the tasks it creates, by the options). -ESRCH: it has exited. */
int session_add_task(struct session *s, int tid);

/*
 * Added, or created by a measured task, or its ID has become that of a measured task that
 * executed a program. One that was created has inherited the events, or is in a gap
 * (bpf/exec.bpf.h), and more events would count its faults twice.
 */
bool session_has_task(const struct session *s, int tid);

/*
 * The thread ID here of bit kernel_tid of the targets; 0: not a task of this pid namespace, or
 * newer than the last session_list_tasks().
 */
int session_local_tid(const struct session *s, int kernel_tid);
int session_list_tasks(const struct session *s);

/* Measures a CPU, also one that has come online again. -ENODEV: it is offline. */
int session_add_cpu(struct session *s, int cpu);

/*
 * A privileged exec removes the end events of a measured task (bpf/exec.bpf.h). The
 * descriptor is readable when that has happened; -ENOENT: it cannot. session_reopen() opens
 * events for those tasks. It returns 0, or the negative errno of the last task that still
 * has none (its faults are counted, untimed) and fills tid.
 */
int session_removed_events_fd(const struct session *s);
int session_reopen(struct session *s, int *tid);

/* Faults are measured until session_stop(). */
int session_start(struct session *s);
void session_stop(struct session *s);

/*
 * With the option windows: session_open_window() attaches all that a fault runs but the begin,
 * session_start() the begin; session_end_window() detaches that, and session_close_window() the
 * rest. If there may be open faults (cut->count is not 0), they are cut: forgotten, and counted
 * with their age. The end events are those of all CPUs, also for tasks. 0 or a negative errno, and
 * nothing is attached.
 */
struct open_faults {
	uint64_t count;
	uint64_t sum_ns, oldest_ns; /* ages */
};
int session_open_window(struct session *s);
/*
 * session_start() or session_end_window() attached or detached the begin of user mode between
 * these two times (CLOCK_MONOTONIC).
 */
void session_begin_change(const struct session *s, uint64_t change[2]);
void session_end_window(struct session *s);
void session_open_faults(const struct session *s, uint64_t now_ns, struct open_faults *open);
void session_close_window(struct session *s, struct open_faults *cut);

/* What the programs write and user space reads. */
struct session_maps {
	int fault_counters_fd;
	int tally_fd;
	int slow_fd; /* nr_cpus * SLOW_PER_CPU of them; -1: there is no threshold */
	const struct inflight *inflight; /* NR_INFLIGHT of them */
	const uint64_t *overflow_live; /* faults in flight that are not in it */
	unsigned int nr_cpus;
	unsigned int *epoch; /* written here, read by the programs */
	int targets_fd; /* TARGET_WORDS of them when there is a filter */
	const struct exit_counters *exit_counters;
	struct slab cgroup_counters; /* struct cgroup_faults */
	int causes_fd; /* nr_cpus * PATH_NR * ORIGIN_NR of them; -1: none */
	struct slab groups; /* struct group_faults */
	int group_mappings_fd; /* a struct fault_mapping for each; -1: not by mapping or file */
	int trace_ring_fd;
	struct slab profile_stacks, profile_faults; /* struct profile_stack, profile_fault */
	const struct profile_claims *profile_claims;
	const struct profile_rest *profile_rest; /* PATH_NR * ORIGIN_NR of them */
};
void session_maps(const struct session *s, struct session_maps *maps);

/* The kernel's own count of completed faults of what is measured; 0 where no perf events do. */
uint64_t session_events(const struct session *s);

/*
 * Runs of programs that the kernel skipped and counted (recursion_misses, 5.12): of the end, where
 * no perf events count the faults, and of all others.
 */
uint64_t session_end_misses(const struct session *s);
uint64_t session_misses(const struct session *s);

/* Of those, runs of the exit program: the counts of such a task are not in exit_counters. */
uint64_t session_exit_misses(const struct session *s);

/*
 * The kernel's statistics of program i, while kernel.bpf_stats_enabled is on. 0, or -ENOENT
 * after the last one.
 */
struct session_program {
	const char *name;
	int fd;
	uint64_t runs;
	uint64_t run_ns;
};
int session_program(const struct session *s, unsigned int i, struct session_program *stats);

void session_close(struct session *s);

#endif
