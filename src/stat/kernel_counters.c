// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/kernel_counters.c: see stat/stat_kernel_counters.h. A task that lives is read from /proc; of
 * one that has ended the programs kept what it had (bpf/exit_counters.bpf.h).
 */
#include "stat_kernel_counters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "proc/procfs.h"

/* include/linux/sched.h */
#define PF_EXITING 0x4

/* A task that is just ending is waited for, but not for ever. */
#define WALKS         50
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
	/* The whole machine: before and after attaching, before and after detaching. */
	struct vmstat vmstat[4];
};

void kernel_counters_fail(struct kernel_counters *kernel_counters, const char *what, int err)
{
	/* The first one is the cause. */
	if (kernel_counters && !kernel_counters->result.error[0])
		snprintf(kernel_counters->result.error, sizeof(kernel_counters->result.error),
			 "%s: %s", what, strerror(-err));
}

int kernel_counters_open(struct kernel_counters **out, const struct session *s, bool per_task)
{
	struct kernel_counters *kernel_counters = calloc(1, sizeof(*kernel_counters));
	struct session_maps maps;
	void *targets;
	int err;

	if (!kernel_counters)
		return -ENOMEM;
	kernel_counters->session = s;
	kernel_counters->per_task = per_task;
	session_maps(s, &maps);
	kernel_counters->exits = maps.exit_counters;
	if (per_task) {
		targets = mmap(NULL, TARGET_WORDS * sizeof(*kernel_counters->targets), PROT_READ,
			       MAP_SHARED, maps.targets_fd, 0);
		if (targets == MAP_FAILED) {
			err = -errno;
			free(kernel_counters);
			return err;
		}
		kernel_counters->targets = targets;
	}
	*out = kernel_counters;
	return 0;
}

/* --- tasks */

struct task_stat {
	char state;
	unsigned int flags;
	uint64_t faults[2];
};

static int read_task(int tid, struct task_stat *stat)
{
	struct procfs_stat s;
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", tid, tid);
	err = procfs_read_stat(path, &s);
	if (!err)
		*stat = (struct task_stat){ s.state, s.flags, { s.minflt, s.majflt } };
	return err;
}

static void fail_task(struct kernel_counters *kernel_counters, int tid, int err)
{
	char what[64];

	snprintf(what, sizeof(what), "/proc/%d/task/%d/stat", tid, tid);
	kernel_counters_fail(kernel_counters, what, err);
}

int kernel_counters_add_task(struct kernel_counters *kernel_counters, struct session *s, int tid)
{
	struct task_stat before, after;
	int err, read_error;

	if (!kernel_counters)
		return session_add_task(s, tid);
	read_error = read_task(tid, &before);
	err = session_add_task(s, tid);
	if (err)
		return err;
	if (!read_error) {
		read_error = read_task(tid, &after);
		/* It ended in between: before its bit was set, or with its books kept. */
		if (read_error == -ESRCH) {
			after = before;
			memset(before.faults, 0, sizeof(before.faults));
			read_error = 0;
		}
	}
	if (read_error) {
		fail_task(kernel_counters, tid, read_error);
		return 0;
	}
	for (int major = 0; major < 2; major++) {
		kernel_counters->base[major].low += before.faults[major];
		kernel_counters->base[major].high += after.faults[major];
	}
	return 0;
}

/* All measured tasks at one moment, as well as that can be. */
struct walk {
	struct check_span faults[2];
	uint64_t ended, early, living;
	bool steady; /* no task came or went meanwhile */
};

static void walk_task(struct kernel_counters *kernel_counters, struct walk *walk, int tid)
{
	struct task_stat stat;
	int err = read_task(tid, &stat);
	bool ending;

	/* The bit of a task that has gone stays until its ID is used again. */
	if (err == -ESRCH)
		return;
	if (err) {
		fail_task(kernel_counters, tid, err);
		return;
	}
	/* A zombie has passed the exit hook: its counts are in the other book. */
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

static uint64_t load(const unsigned long long *value)
{
	return __atomic_load_n(value, __ATOMIC_SEQ_CST);
}

static void walk_once(struct kernel_counters *kernel_counters, struct walk *walk)
{
	uint64_t ended = load(&kernel_counters->exits->ended);

	memset(walk, 0, sizeof(*walk));
	walk->steady = true;
	/* A task that ends meanwhile is in neither below, and in both above. */
	for (int major = 0; major < 2; major++)
		walk->faults[major].low = load(&kernel_counters->exits->faults[major]);
	for (unsigned int word = 0; word < TARGET_WORDS; word++) {
		uint64_t bits = __atomic_load_n(&kernel_counters->targets[word], __ATOMIC_SEQ_CST);

		for (; bits; bits &= bits - 1)
			walk_task(kernel_counters, walk, word * 64 + __builtin_ctzll(bits));
	}
	for (int major = 0; major < 2; major++)
		walk->faults[major].high += load(&kernel_counters->exits->faults[major]);
	walk->early = load(&kernel_counters->exits->early);
	walk->ended = load(&kernel_counters->exits->ended);
	if (walk->ended != ended)
		walk->steady = false;
}

static void walk_tasks(struct kernel_counters *kernel_counters, struct walk *walk)
{
	static const struct timespec pause = { .tv_nsec = WALK_PAUSE_NS };

	for (int i = 0; i < WALKS; i++) {
		walk_once(kernel_counters, walk);
		if (walk->steady || kernel_counters->result.error[0])
			return;
		nanosleep(&pause, NULL);
	}
}

static uint64_t grown(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

/* --- the whole machine */

static void read_vmstat(struct kernel_counters *kernel_counters, struct vmstat *vmstat)
{
	char name[64];
	unsigned long long value;
	FILE *f = fopen("/proc/vmstat", "re");

	if (!f) {
		kernel_counters_fail(kernel_counters, "/proc/vmstat", -errno);
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
		kernel_counters_fail(kernel_counters, "/proc/vmstat has no pgfault", -ENOENT);
}

/* --- the ends of the run */

void kernel_counters_attaching(struct kernel_counters *kernel_counters)
{
	if (kernel_counters && !kernel_counters->per_task)
		read_vmstat(kernel_counters, &kernel_counters->vmstat[0]);
}

void kernel_counters_attached(struct kernel_counters *kernel_counters)
{
	if (kernel_counters && !kernel_counters->per_task)
		read_vmstat(kernel_counters, &kernel_counters->vmstat[1]);
}

void kernel_counters_detaching(struct kernel_counters *kernel_counters)
{
	struct walk walk;

	if (!kernel_counters)
		return;
	if (!kernel_counters->per_task) {
		read_vmstat(kernel_counters, &kernel_counters->vmstat[2]);
		return;
	}
	walk_tasks(kernel_counters, &walk);
	for (int major = 0; major < 2; major++)
		kernel_counters->result.tasks[major].low =
			grown(kernel_counters->base[major].high, walk.faults[major].low);
}

static void take_vmstat(struct kernel_counters *kernel_counters)
{
	const struct vmstat *v = kernel_counters->vmstat;

	for (int c = 0; c < CHECK_COUNTER_NR; c++) {
		kernel_counters->result.has_counter[c] = v[0].has[c];
		kernel_counters->result.counter[c].low = grown(v[1].value[c], v[2].value[c]);
		kernel_counters->result.counter[c].high = grown(v[0].value[c], v[3].value[c]);
	}
}

void kernel_counters_detached(struct kernel_counters *kernel_counters)
{
	struct walk walk;

	if (!kernel_counters)
		return;
	if (!kernel_counters->per_task) {
		read_vmstat(kernel_counters, &kernel_counters->vmstat[3]);
		take_vmstat(kernel_counters);
		return;
	}
	walk_tasks(kernel_counters, &walk);
	for (int major = 0; major < 2; major++)
		kernel_counters->result.tasks[major].high =
			grown(kernel_counters->base[major].low, walk.faults[major].high);
	kernel_counters->result.ended = walk.ended;
	kernel_counters->result.early = walk.early;
	kernel_counters->result.living = walk.living;
	kernel_counters->result.exit_missed = session_exit_misses(kernel_counters->session);
}

void kernel_counters_rusage(struct kernel_counters *kernel_counters, const struct rusage *usage,
			    const char *scope)
{
	if (!kernel_counters)
		return;
	kernel_counters->result.has_rusage = true;
	kernel_counters->result.rusage_scope = scope;
	kernel_counters->result.rusage[0] = grown(kernel_counters->base[0].low, usage->ru_minflt);
	kernel_counters->result.rusage[1] = grown(kernel_counters->base[1].low, usage->ru_majflt);
}

const struct check_kernel *kernel_counters_result(const struct kernel_counters *kernel_counters)
{
	return &kernel_counters->result;
}

void kernel_counters_close(struct kernel_counters *kernel_counters)
{
	if (!kernel_counters)
		return;
	if (kernel_counters->targets)
		munmap((void *)kernel_counters->targets,
		       TARGET_WORDS * sizeof(*kernel_counters->targets));
	free(kernel_counters);
}
