// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_collect.c: when runs of end programs are missing, and when they only have not
 * counted yet. The session, its kernel and the grace period are this file's (the Makefile
 * wraps their functions).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "counters/counters.h"

/* One CPU whose anonymous faults take a bucket each. */
static struct {
	int fault_counters_fd, tally_fd;
	struct fault_counters *fault_counters;
	unsigned int epoch;
	uint64_t overflow_live;
	uint64_t events;
	unsigned int at_work; /* programs that count within the next grace period */
	unsigned int graces;
} kernel;

static struct inflight slots[NR_INFLIGHT];

uint64_t __wrap_session_events(const struct session *s);
uint64_t __wrap_session_misses(const struct session *s);
uint64_t __wrap_session_end_misses(const struct session *s);
void __wrap_session_maps(const struct session *s, struct session_maps *maps);
void __wrap_rcu_wait(void);

static void count_runs(unsigned int n)
{
	struct fault_counters *cell =
		&kernel.fault_counters[FAULT_COUNTERS_INDEX(PATH_ANON, ORIGIN_USER, 0)];

	cell->buckets[3] += n;
	cell->sum_ns += n * 1000ull;
}

uint64_t __wrap_session_events(const struct session *s)
{
	(void)s;
	return kernel.events;
}

uint64_t __wrap_session_misses(const struct session *s)
{
	(void)s;
	return 0;
}

uint64_t __wrap_session_end_misses(const struct session *s)
{
	(void)s;
	return 0;
}

void __wrap_session_maps(const struct session *s, struct session_maps *maps)
{
	(void)s;
	*maps = (struct session_maps){
		.fault_counters_fd = kernel.fault_counters_fd,
		.tally_fd = kernel.tally_fd,
		.slow_fd = -1,
		.causes_fd = -1,
		.inflight = slots,
		.overflow_live = &kernel.overflow_live,
		.nr_cpus = 1,
		.epoch = &kernel.epoch,
	};
}

void __wrap_rcu_wait(void)
{
	kernel.graces++;
	count_runs(kernel.at_work);
	kernel.at_work = 0;
}

static int memory(const char *name, size_t len)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	return fd >= 0 && !ftruncate(fd, len) ? fd : -1;
}

static int setup(void **state)
{
	struct counters *c;

	memset(&kernel, 0, sizeof(kernel));
	kernel.fault_counters_fd =
		memory("cells", FAULT_COUNTERS_PER_CPU * sizeof(struct fault_counters));
	kernel.tally_fd = memory("tally", sizeof(struct tallies));
	if (kernel.fault_counters_fd < 0 || kernel.tally_fd < 0)
		return -1;
	kernel.fault_counters =
		mmap(NULL, FAULT_COUNTERS_PER_CPU * sizeof(struct fault_counters),
		     PROT_READ | PROT_WRITE, MAP_SHARED, kernel.fault_counters_fd, 0);
	if (kernel.fault_counters == MAP_FAILED || counters_open(&c, NULL))
		return -1;
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	counters_close(*state);
	munmap(kernel.fault_counters, FAULT_COUNTERS_PER_CPU * sizeof(struct fault_counters));
	close(kernel.fault_counters_fd);
	close(kernel.tally_fd);
	return 0;
}

/* Events without a run, and how often the reader has waited so far. */
static void expect(struct counters *c, uint64_t missed, unsigned int graces)
{
	struct snapshot *snap = malloc(sizeof(*snap));

	assert_non_null(snap);
	assert_int_equal(counters_read(c, snap, false), 0);
	assert_int_equal(snap->events - snap->end_runs, missed);
	assert_int_equal(snap->end_runs, snapshot_faults(snap));
	assert_int_equal(kernel.graces, graces);
	free(snap);
}

static void test_all_there(void **state)
{
	kernel.events = 5;
	count_runs(5);
	expect(*state, 0, 0);
}

/* Fired, and its run had begun: it is no missed one, and in this snapshot. */
static void test_at_work(void **state)
{
	kernel.events = 5;
	count_runs(3);
	kernel.at_work = 2;
	expect(*state, 0, 1);
	kernel.events++;
	kernel.at_work = 1;
	expect(*state, 0, 2);
}

/* What is missed stays so; it is waited for only when there is more of it. */
static void test_missed(void **state)
{
	kernel.events = 5;
	count_runs(4);
	expect(*state, 1, 1);
	kernel.events++;
	count_runs(1);
	expect(*state, 1, 1);
	kernel.events += 2;
	kernel.at_work = 1;
	expect(*state, 2, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_at_work, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missed, setup, teardown),
	};

	return cmocka_run_group_tests_name("collect", tests, NULL, NULL);
}
