// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/session_exec.c: opens end events again for tasks that a privileged exec took them
 * from; see bpf/exec.bpf.h.
 */
#include "probe_session_state.h"

#include <errno.h>
#include <sys/mman.h>

#include "shared/config.h"
#include "shared/hist.h"
#include "shared/tallies.h"
/* Its members are of these types. */
#include "pfstat.skel.h"

static int reopen_task(void *context, void *data, size_t size)
{
	struct reopening *r = context;
	const struct removed_events *removed = data;
	const uint32_t tid = removed->kernel_tid;
	const uint64_t bit = 1ull << (tid % 64);
	const size_t word = (tid / 64) % TARGET_WORDS;
	uint64_t *gaps = r->s->gaps + word;
	int err;

	(void)size;
	/* In this order: an exec meanwhile sets GAP_OPEN again, and is in the ring buffer. */
	__atomic_fetch_or(&gaps[GAP_OPENING / 64], bit, __ATOMIC_SEQ_CST);
	__atomic_fetch_and(&gaps[GAP_OPEN / 64], ~bit, __ATOMIC_SEQ_CST);
	err = end_events_reopen(&r->s->end_events, (int)removed->local_tid);
	if (err && err != -ESRCH) {
		r->err = err;
		r->tid = (int)removed->local_tid;
	}
	/* It stays in its gap, until its next exec. */
	if (err)
		return 0;
	__atomic_fetch_or(&gaps[GAP_CLOSING / 64], bit, __ATOMIC_SEQ_CST);
	__atomic_fetch_and(&gaps[GAP_OPENING / 64], ~bit, __ATOMIC_SEQ_CST);
	return 0;
}

int session_open_removed_events(struct session *s)
{
	void *gaps;

	if (!s->skel->rodata->cfg.end_by_task)
		return 0;
	gaps = mmap(NULL, GAP_WORDS * sizeof(*s->gaps), PROT_READ | PROT_WRITE, MAP_SHARED,
		    bpf_map__fd(s->skel->maps.exec_gaps), 0);
	if (gaps == MAP_FAILED)
		return -errno;
	s->gaps = gaps;
	s->reopening.s = s;
	s->removed_events = ring_buffer__new(bpf_map__fd(s->skel->maps.removed_events), reopen_task,
					     &s->reopening, NULL);
	return s->removed_events ? 0 : -errno;
}

int session_removed_events_fd(const struct session *s)
{
	return s->removed_events ? ring_buffer__epoll_fd(s->removed_events) : -ENOENT;
}

int session_reopen(struct session *s, int *tid)
{
	s->reopening.err = 0;
	ring_buffer__consume(s->removed_events);
	*tid = s->reopening.tid;
	return s->reopening.err;
}
