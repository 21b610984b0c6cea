/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Pages that NUMA balancing has made inaccessible, to see who uses them.
 *
 * A task marks the pages of its own process while it uses CPU time. That is
 * made to happen before the phase, and balancing is off again by then: each
 * marked page faults once, when it is touched. What else was marked (stacks,
 * data) pretouch() puts right.
 */
#include "faultgen.h"

#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BALANCING     "/proc/sys/kernel/numa_balancing"
#define MARK_LIMIT_NS 60000000000ull
#define PASSES                                                                                     \
	2 /* over the whole address space: the first may have begun before the pages were there */
#define THP_SIZE     (2ull << 20)
#define HELPER_STACK (64ul << 10)

int numa_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, p->count, p->job->page);

	return err ? err : part_map_anon(p, MAP_PRIVATE);
}

/* Finished passes of this process: "mm->numa_scan_seq" of /proc/self/sched; -1 when it does not
 * say. */
static long scan_seq(void)
{
	char line[256], *colon;
	long seq = -1;
	FILE *f = fopen("/proc/self/sched", "re");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		colon = strchr(line, ':');
		if (colon && !strncmp(line, "mm->numa_scan_seq", 17) &&
		    sscanf(colon + 1, " %ld", &seq) == 1)
			break;
	}
	fclose(f);
	return seq;
}

/* What is used is the time of a CPU, not of the clock. */
static void use_cpu(uint64_t ns)
{
	const uint64_t until = now_ns() + ns;

	while (now_ns() < until)
		;
}

/* Best effort: without it, it takes seconds. 5.10 has the same numbers as sysctls. */
static void hurry(struct job *job)
{
	static const char *const names[][2] = {
		{ "scan_delay_ms", "1" },
		{ "scan_period_min_ms", "10" },
		{ "scan_period_max_ms", "10" },
	};
	char file[112];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(file, sizeof(file), "/sys/kernel/debug/sched/numa_balancing/%s",
			 names[i][0]);
		if (!setting_put(job, file, names[i][1]))
			continue;
		snprintf(file, sizeof(file), "/proc/sys/kernel/numa_balancing_%s", names[i][0]);
		setting_put(job, file, names[i][1]);
	}
}

static void *helper_main(void *arg)
{
	pthread_mutex_lock(arg);
	return NULL;
}

/* Burns CPU time until the kernel has been over all our memory. */
static int mark(struct job *job, const char *key, uint64_t before)
{
	const uint64_t until = now_ns() + MARK_LIMIT_NS;
	const long from = scan_seq();
	uint64_t marked;
	long seq;

	if (from < 0)
		return job_skip(
			job,
			"/proc/self/sched does not tell of NUMA balancing; it needs CONFIG_SCHED_DEBUG");
	do {
		use_cpu(5000000);
		marked = vmstat(key) - before;
		seq = scan_seq();
	} while ((marked < job->count || seq < from + PASSES) && now_ns() < until);
	if (marked < job->count)
		return job_skip(job,
				"NUMA balancing marked %llu of %llu pages in %llu s and %ld passes",
				(unsigned long long)marked, (unsigned long long)job->count,
				MARK_LIMIT_NS / 1000000000, seq - from);
	return 0;
}

/*
 * Of a process with one thread, pages on that thread's node are left alone, so
 * there is a second one that sleeps: this makes the kind on one node, too.
 */
static int mark_with_helper(struct job *job, const char *key, uint64_t before)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	char *stack = mmap(NULL, HELPER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	pthread_attr_t attr;
	pthread_t helper;
	int err;

	if (stack == MAP_FAILED)
		return job_fail(job, errno, "cannot map a stack");
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, HELPER_STACK);
	pthread_mutex_lock(&mutex);
	err = pthread_create(&helper, &attr, helper_main, &mutex);
	pthread_attr_destroy(&attr);
	if (err) {
		err = job_fail(job, err, "cannot start a thread");
	} else {
		err = mark(job, key, before);
		pthread_mutex_unlock(&mutex);
		pthread_join(helper, NULL);
	}
	munmap(stack, HELPER_STACK);
	return err;
}

static int balance(struct job *job, const char *key)
{
	/* Read first: the marking may begin at once. */
	const uint64_t before = vmstat(key);
	int err = setting_put(job, BALANCING, "1");

	if (err == -ENOENT)
		return job_skip(
			job, "this kernel does not balance NUMA; it needs CONFIG_NUMA_BALANCING");
	if (err)
		return job_skip(job, BALANCING " is not writable (%s); run as root",
				strerror(-err));
	hurry(job);
	/* main() took our memory out of the balancing. */
	syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0);
	err = mark_with_helper(job, key, before);
	if (!err && setting_put(job, BALANCING, "0"))
		err = job_fail(job, errno, "cannot write " BALANCING);
	return err;
}

int numa_arm(struct job *job, const struct kind *kind)
{
	struct part *p = NULL;
	uint64_t i;

	while ((p = job_next(job, kind, p)))
		for (i = 0; i < p->slots; i++)
			*(volatile char *)(p->base + i * p->unit) = 1;
	/* A page that a batch still holds is left alone. */
	flush_batch(job);
	return balance(job, "numa_pte_updates");
}

int thp_numa_arm(struct job *job, const struct kind *kind)
{
	int err = populate_huge(job, kind, true);

	return err ? err : balance(job, "numa_huge_pte_updates");
}

uint64_t thp_numa_check(struct part *p)
{
	uint64_t huge = part_smaps_kb(p, "AnonHugePages:") / (THP_SIZE >> 10);

	return p->slots > huge ? p->slots - huge : 0;
}

void numa_disarm(struct job *job)
{
	syscall(SYS_set_mempolicy, MPOL_LOCAL, NULL, 0);
	settings_restore(job);
}
