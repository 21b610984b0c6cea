// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_end_events.c: which events are opened, and their sums, with invented events.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/probe_end_events.h"

#define MAX_FDS 64

/* The events, by fd. */
static struct event {
	bool open, enabled;
	unsigned int config;
	int pid, cpu, prog;
	bool inherit;
	uint64_t count;
} events[MAX_FDS];

static int open_error, attach_error; /* of the second event of a pair */

int __wrap_perf_event_open_software(unsigned int config, int pid, int cpu, bool inherit);
int __wrap_perf_event_attach(int fd, int prog);
int __wrap_ioctl(int fd, unsigned long request, ...);
ssize_t __wrap_read(int fd, void *buf, size_t size);
int __wrap_close(int fd);
int __real_close(int fd);

int __wrap_perf_event_open_software(unsigned int config, int pid, int cpu, bool inherit)
{
	int fd;

	if (open_error && config == PERF_COUNT_SW_PAGE_FAULTS_MAJ)
		return open_error;
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_in_range(fd, 0, MAX_FDS - 1);
	events[fd] = (struct event){
		.open = true, .config = config, .pid = pid, .cpu = cpu, .inherit = inherit
	};
	return fd;
}

int __wrap_perf_event_attach(int fd, int prog)
{
	if (attach_error && events[fd].config == PERF_COUNT_SW_PAGE_FAULTS_MAJ)
		return attach_error;
	assert_false(events[fd].enabled);
	events[fd].prog = prog;
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	events[fd].enabled = request == PERF_EVENT_IOC_ENABLE;
	return 0;
}

ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	assert_int_equal(size, sizeof(uint64_t));
	assert_true(events[fd].open);
	memcpy(buf, &events[fd].count, size);
	return (ssize_t)size;
}

int __wrap_close(int fd)
{
	if (fd >= 0 && fd < MAX_FDS)
		events[fd].open = false;
	return __real_close(fd);
}

static unsigned int nr_open(void)
{
	unsigned int nr = 0;

	for (int fd = 0; fd < MAX_FDS; fd++)
		nr += events[fd].open;
	return nr;
}

static int reset_events(void **state)
{
	(void)state;
	memset(events, 0, sizeof(events));
	open_error = attach_error = 0;
	return 0;
}

static void a_task_has_a_pair_of_events(void **state)
{
	struct end_events ends;

	(void)state;
	end_events_init(&ends, 11, 12, true, true);
	assert_int_equal(end_events_open(&ends, 4321), 0);
	assert_int_equal(nr_open(), 2);
	for (int fd = 0; fd < MAX_FDS; fd++) {
		const struct event *e = &events[fd];
		bool major = e->config == PERF_COUNT_SW_PAGE_FAULTS_MAJ;

		if (!e->open)
			continue;
		assert_int_equal(e->pid, 4321);
		assert_int_equal(e->cpu, -1);
		assert_int_equal(e->prog, major ? 12 : 11);
		assert_true(e->inherit);
		assert_true(e->enabled);
	}
	assert_int_equal(ends.nr_pairs, 1);
	assert_int_equal(ends.pairs[0].id, 4321);
	end_events_stop(&ends);
	for (int fd = 0; fd < MAX_FDS; fd++)
		assert_false(events[fd].enabled);
	end_events_close(&ends);
	assert_int_equal(nr_open(), 0);
	assert_int_equal(ends.nr_pairs, 0);
}

static void events_of_a_cpu_are_not_inherited(void **state)
{
	struct end_events ends;

	(void)state;
	end_events_init(&ends, 11, 12, false, true);
	assert_int_equal(end_events_open(&ends, 3), 0);
	for (int fd = 0; fd < MAX_FDS; fd++) {
		if (!events[fd].open)
			continue;
		assert_int_equal(events[fd].pid, -1);
		assert_int_equal(events[fd].cpu, 3);
		assert_false(events[fd].inherit);
	}
	end_events_close(&ends);
}

static void set_counts(uint64_t count)
{
	for (int fd = 0; fd < MAX_FDS; fd++)
		if (events[fd].open && !events[fd].count)
			events[fd].count = count;
}

/* A CPU comes online again: its old events are dead, what they counted is not lost. */
static void a_reopened_cpu_keeps_its_sum(void **state)
{
	struct end_events ends;

	(void)state;
	end_events_init(&ends, 11, 12, false, false);
	for (int cpu = 0; cpu < 10; cpu++) {
		assert_int_equal(end_events_open(&ends, cpu), 0);
		set_counts((uint64_t)cpu + 1);
	}
	assert_int_equal(end_events_count(&ends), 2 * 55);
	assert_int_equal(end_events_open(&ends, 4), 0);
	assert_int_equal(nr_open(), 20);
	assert_int_equal(end_events_count(&ends), 2 * 55);
	set_counts(100);
	assert_int_equal(end_events_count(&ends), 2 * 55 + 200);
	end_events_close(&ends);
	assert_int_equal(end_events_count(&ends), 2 * 55 + 200);
}

static void a_failed_pair_leaves_nothing_open(void **state)
{
	struct end_events ends;

	(void)state;
	end_events_init(&ends, 11, 12, true, false);
	open_error = -ESRCH;
	assert_int_equal(end_events_open(&ends, 7), -ESRCH);
	assert_int_equal(nr_open(), 0);
	open_error = 0;
	attach_error = -EACCES;
	assert_int_equal(end_events_open(&ends, 7), -EACCES);
	assert_int_equal(nr_open(), 0);
	assert_int_equal(ends.nr_pairs, 0);
	assert_int_equal(end_events_count(&ends), 0);
	end_events_close(&ends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_task_has_a_pair_of_events, reset_events),
		cmocka_unit_test_setup(events_of_a_cpu_are_not_inherited, reset_events),
		cmocka_unit_test_setup(a_reopened_cpu_keeps_its_sum, reset_events),
		cmocka_unit_test_setup(a_failed_pair_leaves_nothing_open, reset_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
