/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * detail.bpf.h: the detail of a fault in flight: address, instruction, and what its time
 * is spent on. Kept only if an option needs it (cfg.details).
 *
 * A span lasts from the begin to the end of something that has both (reclaim, compaction,
 * the wait for mmap_lock), and counts as that. Outside of spans, time off the CPU counts
 * by the reason why the task left the CPU.
 */
#ifndef PFSTAT_BPF_DETAIL_BPF_H
#define PFSTAT_BPF_DETAIL_BPF_H

#include "state.bpf.h"

/* NR_INFLIGHT when there are details, else 1. */
MAP(details, ARRAY, 0, 1, u32, struct detail);

/* The detail of fault s of task tid; NULL for a fault of the overflow table. */
static __always_inline struct detail *detail_of(const struct inflight *s, u32 tid)
{
	u32 i = tid & (NR_INFLIGHT - 1);

	return s->in_overflow ? NULL : bpf_map_lookup_elem(&details, &i);
}

static __always_inline void detail_begin(const struct inflight *s, u32 tid, u64 address, u64 ip)
{
	struct detail *d = detail_of(s, tid);

	if (!d) {
		count(TALLY_NO_DETAIL);
		return;
	}
	__builtin_memset(d, 0, sizeof(*d));
	d->address = address;
	d->ip = ip;
}

/* d: NULL when there is none. The value is that of a program, 0. */
static __always_inline int span_begin(struct detail *d, enum cause cause)
{
	if (!d || d->span)
		return 0;
	d->span_ns = bpf_ktime_get_ns();
	d->span = cause + 1;
	return 0;
}

static __always_inline int span_end(struct detail *d, enum cause cause)
{
	if (!d || d->span != cause + 1)
		return 0;
	d->parts[cause] += bpf_ktime_get_ns() - d->span_ns;
	d->span = 0;
	return 0;
}

/* The task leaves the CPU outside of spans: cause is what the time will count as. */
static __always_inline void leave_cpu(struct detail *d, enum cause cause)
{
	d->off = cause;
	d->off_ns = bpf_ktime_get_ns();
}

static __always_inline void return_to_cpu(struct detail *d)
{
	u64 off_ns = d->off_ns;

	if (!off_ns)
		return;
	d->off_ns = 0;
	d->parts[d->off & (CAUSE_ROOM - 1)] += bpf_ktime_get_ns() - off_ns;
}

/*
 * The fault has ended, after ns. A span that has no end yet (the kernel skipped its
 * program) ends now. Returns the rest: the time on the CPU.
 */
static __always_inline u64 detail_end(struct detail *d, u64 end_ns, u64 ns)
{
	u64 sum = 0;
	int i;

	if (d->span) {
		u32 cause = (d->span - 1) & (CAUSE_ROOM - 1);

		if (end_ns > d->span_ns)
			d->parts[cause] += end_ns - d->span_ns;
		d->span = 0;
	}
	for (i = 0; i < CAUSE_NR - 1; i++)
		sum += d->parts[i];
	return ns > sum ? ns - sum : 0;
}

_Static_assert(CAUSE_NR <= CAUSE_ROOM, "causes are masked");
_Static_assert(CAUSE_ON_CPU == CAUSE_NR - 1, "the rest is the last row");

#endif
