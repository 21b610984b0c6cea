// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/session_window.c: attaches for a window of time, and detaches all that a fault runs; the
 * programs stay loaded.
 *
 * The ends and the probes come first and go last: a fault that begins in a window has them all
 * its life. An end whose fault began before the window finds no begin.
 */
#include "probe_session_state.h"

#include <errno.h>

#include "shared/config.h"
#include "shared/hist.h"
#include "shared/tallies.h"
/* Its members are of these types. */
#include "pfstat.skel.h"
#include "report/report.h"
#include "util/clock.h"

bool session_is_windowed(const struct session *s, enum hook h)
{
	switch (h) {
	/* Tasks are followed all the time. Of the others a fault runs none, unless it fails. */
	case HOOK_task_newtask:
	case HOOK_sched_process_exec:
	case HOOK_sched_process_exit:
	case HOOK_signal_generate:
	case HOOK_signal_deliver:
	case HOOK_emulate_vsyscall:
		return false;
	default:
		return s->options.windows;
	}
}

/* A CPU that is offline has no events; it gets them in the next window. */
static int open_ends(struct session *s)
{
	const int nr = (int)s->skel->rodata->cfg.nr_cpus;
	int cpu, err = 0;

	if (!plan_end_row(s->plan)->of_targets)
		return session_attach_end(s);
	for (cpu = 0; cpu < nr && !err; cpu++) {
		err = end_events_open(&s->end_events, cpu);
		if (err == -ENODEV || err == -ENXIO)
			err = 0;
	}
	return err;
}

static int attach_hooks(struct session *s)
{
	int h, err = 0;

	for (h = 0; h < HOOK_NR && !err; h++)
		if (session_is_windowed(s, h))
			err = session_attach_hook(s, h);
	return err;
}

int session_open_window(struct session *s)
{
	int err = open_ends(s);

	err = err ?: attach_hooks(s);
	if (err)
		session_close_window(s, &(struct open_faults){ .count = 1 });
	return err;
}

void session_begin_change(const struct session *s, uint64_t change[2])
{
	change[0] = s->begin_change[0];
	change[1] = s->begin_change[1];
}

#define SCAN 8

/* Most records are free: this is the loop that takes the time. */
static bool any_in_flight(const struct inflight *f)
{
	return f[0].tid | f[1].tid | f[2].tid | f[3].tid | f[4].tid | f[5].tid | f[6].tid |
	       f[7].tid;
}

static void add_open_fault(struct open_faults *open, const struct inflight *f, uint64_t now_ns)
{
	const uint64_t age = snapshot_grown(f->start_ns, now_ns);

	open->count++;
	open->sum_ns += age;
	if (age > open->oldest_ns)
		open->oldest_ns = age;
}

/* forget: afterwards they are not in flight any more. */
static void scan_faults(const struct session *s, uint64_t now_ns, struct open_faults *open,
			bool forget)
{
	struct inflight *all = s->skel->bss->inflight, *f;

	_Static_assert(NR_INFLIGHT % SCAN == 0, "no rest");
	*open = (struct open_faults){ 0 };
	for (unsigned int i = 0; i < NR_INFLIGHT; i += SCAN) {
		if (!any_in_flight(&all[i]))
			continue;
		for (f = &all[i]; f < &all[i + SCAN]; f++) {
			if (!f->tid)
				continue;
			add_open_fault(open, f, now_ns);
			if (forget)
				__atomic_store_n(&f->tid, 0, __ATOMIC_SEQ_CST);
		}
	}
}

void session_open_faults(const struct session *s, uint64_t now_ns, struct open_faults *open)
{
	scan_faults(s, now_ns, open, false);
	open->count += s->skel->bss->overflow_live;
}

/* As free_overflow() of bpf/inflight.bpf.h does. Their age is not looked up. */
static unsigned int forget_overflow(struct session *s)
{
	const int fd = bpf_map__fd(s->skel->maps.inflight_overflow);
	unsigned int *of_user = s->skel->bss->overflow_of_user, nr = 0;
	struct inflight f;
	__u32 tid;

	while (!bpf_map_get_next_key(fd, NULL, &tid) && !bpf_map_lookup_elem(fd, &tid, &f) &&
	       !bpf_map_delete_elem(fd, &tid)) {
		of_user[(f.in_overflow - 1) % NR_OVERFLOW_USERS]--;
		s->skel->bss->overflow_live--;
		nr++;
	}
	return nr;
}

/* Of the programs that read or write them, only those of signals and of exit still run. */
static void cut_faults(struct session *s, struct open_faults *cut)
{
	scan_faults(s, clock_ns(CLOCK_MONOTONIC), cut, true);
	/* A map call, which pfstat avoids where it can. */
	if (s->skel->bss->overflow_live)
		cut->count += forget_overflow(s);
}

void session_close_window(struct session *s, struct open_faults *cut)
{
	int h;

	session_end_window(s);
	end_events_close(&s->end_events);
	session_detach_end(s);
	for (h = 0; h < HOOK_NR; h++)
		if (session_is_windowed(s, h))
			session_detach_hook(s, h);
	if (cut->count)
		cut_faults(s, cut);
}
