// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/kernel_counters.c: reads the counters of living tasks from /proc; those of tasks that have
 * ended were kept by the BPF programs (bpf/exit_counters.bpf.h).
 */
#include "stat_kernel_counters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "proc/procfs.h"
#include "util/clock.h"

/* include/linux/sched.h */
#define PF_EXITING 0x4

/* A task that is just ending is waited for, but not for ever. */
#define WALKS_NS      300000000
#define WALK_PAUSE_NS 2000000

struct vmstat {
	bool has[CHECK_COUNTER_NR];
	uint64_t value[CHECK_COUNTER_NR];
};

struct kernel_counters {
	struct check_kernel result;
	const struct session *session;
	bool per_task;
	/* -p, -t, -- */
	const uint64_t *targets; /* TARGET_WORDS of them */
	const struct exit_counters *exits;
	struct check_span base[2]; /* what the tasks had when they were attached */
	struct vmstat vmstat[RUN_MOMENTS]; /* of the machine */
};

void kernel_counters_fail(struct kernel_counters *k, const char *what, int err)
{
	/* The first one is the cause. */
	if (!k->result.error[0])
		snprintf(k->result.error, sizeof(k->result.error), "%s: %s", what, strerror(-err));
}

int kernel_counters_open(struct kernel_counters **out, const struct session *s, bool per_task)
{
	struct kernel_counters *k = calloc(1, sizeof(*k));
	struct session_maps maps;
	int err;

	if (!k)
		return -ENOMEM;
	k->session = s;
	k->per_task = per_task;
	session_maps(s, &maps);
	k->exits = maps.exit_counters;
	if (per_task)
		k->targets = mmap(NULL, TARGET_WORDS * sizeof(*k->targets), PROT_READ, MAP_SHARED,
				  maps.targets_fd, 0);
	if (k->targets == MAP_FAILED) {
		err = -errno;
		free(k);
		return err;
	}
	*out = k;
	return 0;
}

/* --- tasks */

static int read_task(int tid, struct procfs_stat *stat)
{
	return procfs_read_stat(stat, "/proc/%d/task/%d/stat", tid, tid);
}

static void fail_task(struct kernel_counters *k, int tid, int err)
{
	char what[64];

	snprintf(what, sizeof(what), "/proc/%d/task/%d/stat", tid, tid);
	kernel_counters_fail(k, what, err);
}

static int observe_task(void *arg, struct session *s, int tid)
{
	struct kernel_counters *k = arg;
	struct procfs_stat before, after;
	int err, read_error;

	read_error = read_task(tid, &before);
	err = session_add_task(s, tid);
	if (err)
		return err;
	if (!read_error) {
		read_error = read_task(tid, &after);
		/* It ended in between: before its bit was set, or with its counters kept. */
		if (read_error == -ESRCH) {
			after = before;
			memset(before.faults, 0, sizeof(before.faults));
			read_error = 0;
		}
	}
	if (read_error) {
		fail_task(k, tid, read_error);
		return 0;
	}
	for (int major = 0; major < 2; major++) {
		k->base[major].low += before.faults[major];
		k->base[major].high += after.faults[major];
	}
	return 0;
}

/* All measured tasks at one moment, as well as that can be. */
struct walk {
	struct check_span faults[2];
	uint64_t ended, early, living;
	bool steady; /* no task came or went meanwhile */
};

static void walk_task(struct kernel_counters *k, struct walk *walk, int tid)
{
	struct procfs_stat stat;
	int err = read_task(tid, &stat);
	bool ending;

	/* The bit of a task that has gone stays until its ID is used again. */
	if (err == -ESRCH)
		return;
	if (err) {
		fail_task(k, tid, err);
		return;
	}
	/* A zombie has passed the exit hook: its counts are among those kept. */
	if (stat.state == 'Z' || stat.state == 'X')
		return;
	ending = stat.flags & PF_EXITING;
	if (ending)
		walk->steady = false;
	else
		walk->living++;
	for (int major = 0; major < 2; major++) {
		walk->faults[major].low += ending ? 0 : stat.faults[major];
		walk->faults[major].high += stat.faults[major];
	}
}

static void walk_target(struct kernel_counters *k, struct walk *walk, int kernel_tid)
{
	int tid = session_local_tid(k->session, kernel_tid);

	if (tid)
		walk_task(k, walk, tid);
}

static uint64_t load_counter(const unsigned long long *value)
{
	return __atomic_load_n(value, __ATOMIC_SEQ_CST);
}

static void walk_once(struct kernel_counters *k, struct walk *walk)
{
	uint64_t ended = load_counter(&k->exits->ended);
	int err = session_list_tasks(k->session);

	if (err)
		kernel_counters_fail(k, "the tasks of this pid namespace", err);
	memset(walk, 0, sizeof(*walk));
	walk->steady = true;
	/* A task that ends meanwhile is in neither below, and in both above. */
	for (int major = 0; major < 2; major++)
		walk->faults[major].low = load_counter(&k->exits->faults[major]);
	for (unsigned int word = 0; word < TARGET_WORDS; word++) {
		uint64_t bits = __atomic_load_n(&k->targets[word], __ATOMIC_SEQ_CST);

		for (; bits; bits &= bits - 1)
			walk_target(k, walk, (int)word * 64 + __builtin_ctzll(bits));
	}
	for (int major = 0; major < 2; major++) {
		uint64_t before = load_counter(&k->exits->before[major]);

		walk->faults[major].high += load_counter(&k->exits->faults[major]);
		walk->faults[major].low = snapshot_grown(before, walk->faults[major].low);
		walk->faults[major].high = snapshot_grown(before, walk->faults[major].high);
	}
	walk->early = load_counter(&k->exits->early);
	walk->ended = load_counter(&k->exits->ended);
	if (walk->ended != ended)
		walk->steady = false;
}

static void walk_tasks(struct kernel_counters *k, struct walk *walk)
{
	static const struct timespec pause = { .tv_nsec = WALK_PAUSE_NS };
	const uint64_t until = clock_ns(CLOCK_MONOTONIC) + WALKS_NS;

	for (;;) {
		walk_once(k, walk);
		if (walk->steady || k->result.error[0] || clock_ns(CLOCK_MONOTONIC) > until)
			return;
		nanosleep(&pause, NULL);
	}
}

/* --- /proc/vmstat */

static void read_vmstat(struct kernel_counters *k, struct vmstat *vmstat)
{
	char name[64];
	unsigned long long value;
	FILE *f = fopen("/proc/vmstat", "re");

	if (!f) {
		kernel_counters_fail(k, "/proc/vmstat", -errno);
		return;
	}
	while (fscanf(f, "%63s %llu", name, &value) == 2) {
		for (int c = 0; c < CHECK_COUNTER_NR; c++) {
			if (strcmp(name, check_counter_names[c]))
				continue;
			vmstat->has[c] = true;
			vmstat->value[c] = value;
		}
	}
	fclose(f);
	if (!vmstat->has[CHECK_pgfault])
		kernel_counters_fail(k, "/proc/vmstat has no pgfault", -ENOENT);
}

/* --- the ends of the run */

static void subtract_vmstat(struct kernel_counters *k)
{
	const struct vmstat *v = k->vmstat;

	for (int c = 0; c < CHECK_COUNTER_NR; c++) {
		k->result.has_counter[c] = v[RUN_ATTACHING].has[c];
		k->result.counter[c].low =
			snapshot_grown(v[RUN_ATTACHED].value[c], v[RUN_DETACHING].value[c]);
		k->result.counter[c].high =
			snapshot_grown(v[RUN_ATTACHING].value[c], v[RUN_DETACHED].value[c]);
	}
}

/* Before and after detaching: what the tasks have at least, and at most. */
static void count_tasks(struct kernel_counters *k, bool detached)
{
	struct walk walk;

	walk_tasks(k, &walk);
	for (int major = 0; major < 2; major++) {
		const struct check_span *base = &k->base[major], *now = &walk.faults[major];

		if (detached)
			k->result.tasks[major].high = snapshot_grown(base->low, now->high);
		else
			k->result.tasks[major].low = snapshot_grown(base->high, now->low);
	}
	k->result.ended = walk.ended;
	k->result.early = walk.early;
	k->result.living = walk.living;
	k->result.exit_missed = session_exit_misses(k->session);
}

static void observe_run(void *arg, enum run_moment moment)
{
	struct kernel_counters *k = arg;

	if (!k->per_task)
		read_vmstat(k, &k->vmstat[moment]);
	else if (moment >= RUN_DETACHING)
		count_tasks(k, moment == RUN_DETACHED);
	if (!k->per_task && moment == RUN_DETACHED)
		subtract_vmstat(k);
}

struct run_observer kernel_counters_observer(struct kernel_counters *k)
{
	return (struct run_observer){ .arg = k, .at = observe_run, .add_task = observe_task };
}

void kernel_counters_rusage(struct kernel_counters *k, const struct rusage *usage,
			    const char *scope)
{
	k->result.has_rusage = true;
	k->result.rusage_scope = scope;
	k->result.rusage[0] = snapshot_grown(k->base[0].low, usage->ru_minflt);
	k->result.rusage[1] = snapshot_grown(k->base[1].low, usage->ru_majflt);
}

const struct check_kernel *kernel_counters_result(const struct kernel_counters *k)
{
	return &k->result;
}

void kernel_counters_close(struct kernel_counters *k)
{
	if (!k)
		return;
	if (k->targets)
		munmap((void *)k->targets, TARGET_WORDS * sizeof(*k->targets));
	free(k);
}
