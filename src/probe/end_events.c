// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/end_events.c: opens, counts and closes the events that end a fault.
 */
#include "probe_end_events.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "probe_perf_event.h"
#include "util/array.h"

static const unsigned int event_of[2] = {
	PERF_COUNT_SW_PAGE_FAULTS_MIN,
	PERF_COUNT_SW_PAGE_FAULTS_MAJ,
};

void end_events_init(struct end_events *end_events, int prog_minor, int prog_major, bool per_task,
		     bool inherit)
{
	*end_events = (struct end_events){
		.prog = { prog_minor, prog_major },
		.per_task = per_task,
		.inherit = per_task && inherit,
	};
}

static uint64_t pair_events(const struct end_event_pair *pair)
{
	uint64_t sum = 0, value;
	int i;

	for (i = 0; i < 2; i++)
		if (read(pair->fd[i], &value, sizeof(value)) == sizeof(value))
			sum += value;
	return sum;
}

static struct end_event_pair *find_pair(const struct end_events *end_events, int id)
{
	size_t i;

	for (i = 0; i < end_events->nr_pairs; i++)
		if (end_events->pairs[i].id == id)
			return &end_events->pairs[i];
	return NULL;
}

static void close_pair(struct end_events *end_events, struct end_event_pair *pair)
{
	end_events->closed_events += pair_events(pair);
	close(pair->fd[0]);
	close(pair->fd[1]);
}

static int open_end_event(const struct end_events *end_events, int which, int id)
{
	const bool per_task = end_events->per_task;
	int fd = perf_event_open_software(event_of[which], per_task ? id : -1, per_task ? -1 : id,
					  end_events->inherit);
	int err;

	if (fd < 0)
		return fd;
	/* Enabled last: an event without a program would look like a missed run. */
	err = perf_event_attach(fd, end_events->prog[which]);
	if (!err && ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* Opens a pair of id in the place of old, which is closed; NULL: in a new place. */
static int open_pair(struct end_events *end_events, int id, struct end_event_pair *old)
{
	int minor, major;

	if (!old &&
	    array_reserve(end_events->pairs, end_events->cap_pairs, end_events->nr_pairs + 1))
		return -ENOMEM;
	minor = open_end_event(end_events, 0, id);
	if (minor < 0)
		return minor;
	major = open_end_event(end_events, 1, id);
	if (major < 0) {
		close(minor);
		return major;
	}
	if (old)
		close_pair(end_events, old);
	else
		old = &end_events->pairs[end_events->nr_pairs++];
	*old = (struct end_event_pair){ .id = id, .fd = { minor, major } };
	return 0;
}

int end_events_open(struct end_events *end_events, int id)
{
	return open_pair(end_events, id, end_events->per_task ? NULL : find_pair(end_events, id));
}

int end_events_reopen(struct end_events *end_events, int tid)
{
	return open_pair(end_events, tid, NULL);
}

void end_events_stop(struct end_events *end_events)
{
	size_t i;
	int e;

	for (i = 0; i < end_events->nr_pairs; i++)
		for (e = 0; e < 2; e++)
			/* Of children as well. A CPU that is offline has nothing to stop. */
			ioctl(end_events->pairs[i].fd[e], PERF_EVENT_IOC_DISABLE, 0);
}

uint64_t end_events_count(const struct end_events *end_events)
{
	uint64_t sum = end_events->closed_events;
	size_t i;

	for (i = 0; i < end_events->nr_pairs; i++)
		sum += pair_events(&end_events->pairs[i]);
	return sum;
}

void end_events_close(struct end_events *end_events)
{
	size_t i;

	for (i = 0; i < end_events->nr_pairs; i++)
		close_pair(end_events, &end_events->pairs[i]);
	free(end_events->pairs);
	end_events->pairs = NULL;
	end_events->nr_pairs = end_events->cap_pairs = 0;
}
