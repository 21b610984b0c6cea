// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/end_events.c: see probe/probe_end_events.h.
 */
#include "probe_end_events.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "probe_caps.h"

static const unsigned int event_of[2] = {
	PERF_COUNT_SW_PAGE_FAULTS_MIN,
	PERF_COUNT_SW_PAGE_FAULTS_MAJ,
};

void spine_init(struct spine *spine, int prog_minor, int prog_major, bool per_task, bool inherit)
{
	*spine = (struct spine){
		.prog = { prog_minor, prog_major },
		.per_task = per_task,
		.inherit = per_task && inherit,
	};
}

static uint64_t pair_events(const struct spine_pair *pair)
{
	uint64_t sum = 0, value;
	int i;

	for (i = 0; i < 2; i++)
		if (read(pair->fd[i], &value, sizeof(value)) == sizeof(value))
			sum += value;
	return sum;
}

static struct spine_pair *find_pair(const struct spine *spine, int id)
{
	size_t i;

	for (i = 0; i < spine->nr_pairs; i++)
		if (spine->pairs[i].id == id)
			return &spine->pairs[i];
	return NULL;
}

bool spine_has(const struct spine *spine, int id)
{
	return find_pair(spine, id);
}

static void close_pair(struct spine *spine, struct spine_pair *pair)
{
	spine->closed_events += pair_events(pair);
	close(pair->fd[0]);
	close(pair->fd[1]);
}

static int open_pair(const struct spine *spine, int id, int fd[2])
{
	int i, err;

	for (i = 0; i < 2; i++) {
		fd[i] = spine->per_task ? caps_open_sw_event(event_of[i], id, -1, spine->inherit) :
					  caps_open_sw_event(event_of[i], -1, id, false);
		err = fd[i];
		if (fd[i] < 0)
			goto undo;
		/* Enabled last: an event without a program would look like a missed run. */
		if (ioctl(fd[i], PERF_EVENT_IOC_SET_BPF, spine->prog[i]) ||
		    ioctl(fd[i], PERF_EVENT_IOC_ENABLE, 0)) {
			err = -errno;
			close(fd[i]);
			goto undo;
		}
	}
	return 0;
undo:
	while (--i >= 0)
		close(fd[i]);
	return err;
}

int spine_open(struct spine *spine, int id)
{
	struct spine_pair *pair = find_pair(spine, id);
	int fd[2], err;

	err = open_pair(spine, id, fd);
	if (err)
		return err;
	if (pair) {
		close_pair(spine, pair);
	} else {
		pair = realloc(spine->pairs, (spine->nr_pairs + 1) * sizeof(*pair));
		if (!pair) {
			close(fd[0]);
			close(fd[1]);
			return -ENOMEM;
		}
		spine->pairs = pair;
		pair += spine->nr_pairs++;
	}
	*pair = (struct spine_pair){ .id = id, .fd = { fd[0], fd[1] } };
	return 0;
}

void spine_stop(struct spine *spine)
{
	size_t i;
	int e;

	for (i = 0; i < spine->nr_pairs; i++)
		for (e = 0; e < 2; e++)
			/* Of children as well. A CPU that is offline has nothing to stop. */
			ioctl(spine->pairs[i].fd[e], PERF_EVENT_IOC_DISABLE, 0);
}

uint64_t spine_events(const struct spine *spine)
{
	uint64_t sum = spine->closed_events;
	size_t i;

	for (i = 0; i < spine->nr_pairs; i++)
		sum += pair_events(&spine->pairs[i]);
	return sum;
}

void spine_close(struct spine *spine)
{
	size_t i;

	for (i = 0; i < spine->nr_pairs; i++)
		close_pair(spine, &spine->pairs[i]);
	free(spine->pairs);
	spine->pairs = NULL;
	spine->nr_pairs = 0;
}
