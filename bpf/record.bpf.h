/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * record.bpf.h: where a closed fault is recorded: its cell's histogram.
 */
#ifndef PFSTAT_RECORD_BPF_H
#define PFSTAT_RECORD_BPF_H

#include "state.bpf.h"

/* ACCESS_READ, _WRITE or _EXEC: the two bits side by side. */
static __always_inline u32 access_of(u32 evidence)
{
	return (evidence / EV(WRITE)) % 2 * ACCESS_WRITE + (evidence / SLOT_EXEC) % 2 * ACCESS_EXEC;
}

static __always_inline struct cell *cell_of(u32 path, u32 origin, u32 major)
{
	u32 i = bpf_get_smp_processor_id() * CELLS_PER_CPU + CELL_INDEX(path, origin, major);

	return bpf_map_lookup_elem(&cells, &i);
}

/*
 * A fault of ns nanoseconds. Atomic adds: another program of pfstat may be
 * preempted in the middle of the same cell.
 *
 * The maximum has no atomic operation that 5.10 knows. The end programs on
 * perf events run with preemption off, so their cells have one writer at a
 * time; get_user_pages faults are closed from fexit, which on a preemptible
 * kernel is the one place where a maximum can lose a race, never a count.
 */
static __always_inline void record(struct slot *s, u32 path, u32 major, u64 ns)
{
	struct cell *c = cell_of(path, s->state.origin, major);
	u64 *max;

	if (!c)
		return;
	__sync_fetch_and_add(&c->buckets[hist_slot(&hist, ns)], 1);
	__sync_fetch_and_add(&c->sum_ns, ns);
	max = &c->max_ns[epoch & 1];
	if (ns > *max)
		*max = ns;
	__sync_fetch_and_add(&c->access[hist_below(access_of(s->evidence), ACCESS_PLACES)], 1);
	if (s->state.calls > 1)
		__sync_fetch_and_add(&c->retries, s->state.calls - 1);
}

/* A fault that happened, whose end nobody saw: counted, never timed. */
static __always_inline void record_untimed(u32 path, u32 origin, u32 access)
{
	struct cell *c = cell_of(path, origin, 0);

	if (!c)
		return;
	__sync_fetch_and_add(&c->untimed, 1);
	__sync_fetch_and_add(&c->access[hist_below(access, ACCESS_PLACES)], 1);
}

#endif
