/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run.h: one run of a command, from its options to the end: the workload is started, the
 * plan made, programs loaded and attached, and one epoll loop waits for signals, the
 * duration, the end of the targets, CPUs that come online, and what the command adds.
 *
 * Functions print what goes wrong on stderr and return exit statuses (enum exit_code), 0 for
 * success. The order of calls: run_open(), run_attach_targets(), run_start(), run_go(),
 * run_loop(), run_stop(), run_release().
 */
#ifndef PFSTAT_RUN_RUN_H
#define PFSTAT_RUN_RUN_H

#include <limits.h>
#include <pthread.h>

#include "probe/probe.h"
#include "proc/cgroups.h"
#include "report/report.h"
#include "symbols/symbols.h"
#include "util/exit_status.h"

#include "run_command.h"
#include "run_duty.h"
#include "run_kernel_counts.h"
#include "run_options.h"
#include "run_output.h"
#include "run_workload.h"

#define RUN_SOURCES        10
#define RUN_CPUS_UNWATCHED INT_MIN

/* RUN_ATTACHING: perf events of CPUs are about to be opened. */
enum run_moment { RUN_ATTACHING, RUN_ATTACHED, RUN_DETACHING, RUN_DETACHED, RUN_MOMENTS };

/* Called with arg; each may be NULL. */
struct run_observer {
	void *arg;
	void (*at)(void *arg, enum run_moment moment);
	/* Calls session_add_task() itself, and may look at the task before and after it. */
	int (*add_task)(void *arg, struct session *session, int tid);
};

/* The requests of a command to its run, in addition to the options. */
struct run_request {
	struct session_options session; /* the command's part; targets and filters are filled in */
	bool causes; /* the plan distinguishes causes */
	bool cgroup_names; /* cgroups are named where a hierarchy is mounted */
	bool symbols; /* run_open_symbols() follows */
	bool by_cgroup; /* --by cgroup: without a hierarchy there is no run */
	/*
	 * Runs until a signal ends it, whatever becomes of the targets; SIGHUP calls hangup(arg).
	 */
	void (*hangup)(void *arg);
	/* With --duty: a period has ended, and the run's last part of one. */
	void (*duty_period)(void *arg, const struct duty_period *period);
	/* A CPU came online (negative: events were lost); err is not 0: it is not measured. */
	void (*cpu_online)(void *arg, int cpu, int err);
	void *arg;
	/*
	 * Held while the session's perf events change: other threads read them. NULL: no threads.
	 */
	pthread_mutex_t *lock;
};

struct run_source {
	void (*ready)(void *arg);
	void *arg;
	int timer; /* its descriptor, which the loop reads; -1: it is none */
};

struct run {
	const struct run_options *options;
	struct run_request request;
	struct run_observer observer; /* set before run_attach_targets() */
	struct caps caps;
	struct plan plan;
	struct pid_namespace *pids; /* NULL: the initial one */
	struct session *session;
	struct cgroups *cgroups; /* NULL: nobody asked, or none are mounted */
	struct symbols *symbols; /* of run_open_symbols() */
	struct duty *duty; /* of run_go(); NULL: attached all the time */
	struct fault_filter only;
	struct workload workload;
	int epoll, signals;
	int cpus; /* socket of CPU events; negative: CPUs that come online are missed */
	int *target_fds; /* pidfds of -p or -t; -1: has ended */
	size_t nr_targets, targets_left;
	int thread_process; /* of -t; 0: the thread is its first one */
	int exec_timer; /* until an exec of that thread is complete; a source */
	uint64_t exec_until_ns;
	struct run_source sources[RUN_SOURCES];
	unsigned int nr_sources;
	uint64_t open_files; /* without those of the targets */
	bool timed_out; /* ended by -d or by the command, not by the targets */
	bool told_removed_events; /* once is enough */
	bool told_limit; /* of open files */
	bool told_preemption;
	bool done;
};

/*
 * The workload is started (and waits), the plan made, the probes attached. With dry_run only
 * the plan. run_release() must follow in any case.
 */
int run_open(struct run *run, const struct run_options *options, const struct run_request *request);

/*
 * After run_open(), before the workload runs: opens the symbols of the targets, and reads their
 * records from the loop, also those of CPUs that come online. 0 also when perf events are refused.
 */
int run_open_symbols(struct run *run, struct symbols *symbols);

/* The end events of the targets. */
int run_attach_targets(struct run *run);

/* The begin event: faults are measured from here on. With --duty after run_go(), in windows. */
int run_start(struct run *run);

/*
 * At each interval: was the kernel switched to preempt (/sys/kernel/debug/sched/preempt), which an
 * end by fexit does not survive without losses? They are counted as missed; says so once.
 */
void run_check_preemption(struct run *run);

/* "Measuring ..." on stderr; lets the workload go, and starts the clock of -d. */
int run_go(struct run *run);

/* ready(arg) is called from the loop whenever fd is readable. 0 or a negative errno. */
int run_watch(struct run *run, int fd, void (*ready)(void *arg), void *arg);

/* ready(arg) is called from the loop after ns, or every ns. A descriptor or a negative errno. */
int run_watch_timer(struct run *run, uint64_t ns, bool repeat, void (*ready)(void *arg), void *arg);

/* Until done is set. */
void run_loop(struct run *run);

/* Detaches: no fault is measured any more. */
void run_stop(struct run *run);

/* On stderr, a line for each reason of loss, for an output that has no place for it. */
void run_print_losses(const struct snapshot *snap);

/* code, or the workload's own status when that is 0 and nothing else ended the run. */
int run_release(struct run *run, int code);

/* The exit status for a plan that is not PLAN_OK. */
int run_verdict_status(enum plan_verdict verdict);

/* After a failure: a low limit of open files, which may be why. */
void run_explain_limit(void);

#endif
