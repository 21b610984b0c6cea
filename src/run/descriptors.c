// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/descriptors.c: the limit of open files: raises it, and says how many files a run needs if
 * that is not enough.
 */
#include "run_setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "proc/procfs.h"
#include "proc/self_usage.h"

enum {
	/* For the begin, timers, and files that are read in between. */
	LEAST_RESERVE = 8,
	RESERVE = 64,
	MAX_RECORD_EVENTS = 4096, /* of threads, for names: each takes some 10 us to open */
};

static uint64_t open_files_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) ? RLIM_INFINITY : limit.rlim_cur;
}

void descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Root may have more than its hard limit. */
static void raise_hard_limit(void)
{
	struct rlimit limit;
	char text[32];

	if (procfs_read_text("/proc/sys/fs/nr_open", text, sizeof(text)))
		return;
	limit.rlim_cur = limit.rlim_max = strtoul(text, NULL, 10);
	setrlimit(RLIMIT_NOFILE, &limit);
}

bool descriptors_allow_thread_records(uint64_t nr_threads)
{
	return nr_threads * libbpf_num_possible_cpus() <= MAX_RECORD_EVENTS;
}

/* The threads that exist now; 0: the machine is measured. */
static uint64_t count_target_threads(const struct run_options *options)
{
	uint64_t sum = 0;
	size_t i;

	/* The end events of a window are those of the CPUs. */
	if (options->duty.period_ns)
		return 0;
	for (i = 0; i < options->nr_pids; i++) {
		struct procfs_stat stat;

		if (!procfs_read_stat(&stat, "/proc/%d/stat", options->pids[i]))
			sum += stat.num_threads;
	}
	return options->nr_pids ? sum : run_is_per_task(options);
}

/* All files that are open while nr_threads threads (0: the machine) are measured. */
static uint64_t needed_files(const struct run *run, uint64_t nr_threads)
{
	const uint64_t nr_cpus = libbpf_num_possible_cpus();
	uint64_t events = 0, records = 0;

	if (plan_end_row(&run->plan)->of_targets)
		events = 2 * (nr_threads ? nr_threads : nr_cpus);
	if (run->request.symbols && nr_threads && descriptors_allow_thread_records(nr_threads))
		records = nr_threads * nr_cpus;
	else if (run->request.symbols)
		records = nr_cpus;
	return run->open_files + events + records + run->options->nr_pids;
}

int descriptors_fail(struct run *run)
{
	const uint64_t limit = open_files_limit();
	const uint64_t nr_threads = count_target_threads(run->options);
	uint64_t needed = needed_files(run, nr_threads) + RESERVE;
	char target[RUN_TARGETS_LEN], threads[48] = "";
	const char *what = run_is_per_task(run->options) ?
				   run_targets_text(run->options, target) :
				   "perf events of the CPUs: Too many open files";

	/* They were enough when they were counted: the process creates threads quickly. */
	if (needed <= limit)
		needed = 2 * limit;
	if (nr_threads > 1)
		snprintf(threads, sizeof(threads), " (%llu threads)",
			 (unsigned long long)nr_threads);
	fprintf(stderr,
		"pfstat: %s%s: %llu open files are needed, and the limit is %llu:"
		" raise it (ulimit -n %llu)%s\n",
		what, threads, (unsigned long long)needed, (unsigned long long)limit,
		(unsigned long long)needed, nr_threads > 1 ? ", or measure the whole machine" : "");
	run->told_limit = true;
	return EXIT_FAILED;
}

static uint64_t count_open_files(void)
{
	struct self_usage usage;
	int fd;

	self_usage(&usage);
	if (usage.open_fds)
		return usage.open_fds;
	/* There is no /proc, or no descriptor is left to read it. */
	fd = dup(STDERR_FILENO);
	if (fd < 0)
		return errno == EMFILE ? open_files_limit() : 0;
	close(fd);
	return fd;
}

int descriptors_check(struct run *run)
{
	const uint64_t nr_threads = count_target_threads(run->options);
	uint64_t needed;

	run->open_files = count_open_files();
	needed = needed_files(run, nr_threads) + LEAST_RESERVE;
	if (needed > open_files_limit())
		raise_hard_limit();
	return needed > open_files_limit() ? descriptors_fail(run) : 0;
}

/*
 * Too few descriptors show in many ways, not all of which say EMFILE: libbpf takes it for
 * features that the kernel lacks. So after a failure a low limit is always worth a line.
 */
void run_explain_limit(void)
{
	const unsigned int enough = 4 * HOOK_NR + 64 + 2 * sysconf(_SC_NPROCESSORS_CONF);
	const uint64_t limit = open_files_limit();

	if (limit < enough)
		fprintf(stderr,
			"pfstat: the limit of open files is %llu, which may be the reason;"
			" %u are sufficient (ulimit -n)\n",
			(unsigned long long)limit, enough);
}
