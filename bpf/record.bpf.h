/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * record.bpf.h: records a closed fault: in its fault counters, its cgroup's, and all that
 * the options ask for.
 */
#ifndef PFSTAT_BPF_RECORD_BPF_H
#define PFSTAT_BPF_RECORD_BPF_H

#include "causes.bpf.h"
#include "cgroup_counters.bpf.h"
#include "filter.bpf.h"
#include "groups.bpf.h"
#include "stack_table.bpf.h"
#include "trace.bpf.h"

static __always_inline struct fault_counters *fault_counters_of(u32 path, u32 origin, u32 major)
{
	u32 i = bpf_get_smp_processor_id() * FAULT_COUNTERS_PER_CPU +
		FAULT_COUNTERS_INDEX(path, origin, major);

	return bpf_map_lookup_elem(&fault_counters, &i);
}

/*
 * Reads are the rest, so the most frequent access needs no instruction. Runs before the
 * fault is counted, so that no reader takes a write for a read.
 */
static __always_inline void count_access(struct fault_counters *c, u32 evidence)
{
	if (evidence & EV(WRITE))
		__sync_fetch_and_add(&c->writes, 1);
	else if (evidence & INFLIGHT_EXEC)
		__sync_fetch_and_add(&c->execs, 1);
}

/* What is counted in addition to the path; rare, so one test decides. */
static __always_inline void count_notes(struct fault_counters *c, u32 path, u32 notes)
{
	u32 order = notes >> NOTE_ORDER;

	if (notes & NOTE_STACK)
		__sync_fetch_and_add(&c->stack_growths, 1);
	if (notes & NOTE_MMAP_LOCK)
		__sync_fetch_and_add(&c->mmap_locks, 1);
	/* In other paths the order may be that of read-ahead. */
	if (cfg.orders && path == PATH_ANON && order && order <= MAX_ORDER_NOTED)
		__sync_fetch_and_add(&c->orders[hist_below(order - 1, MAX_ORDER_NOTED)], 1);
}

/*
 * Keeps the task of a slow fault. One writer at a time: if a program was preempted here on
 * this CPU, the other one's fault is not kept.
 */
static __noinline int note_slow(u32 path, u32 major, u64 ns)
{
	u32 i = bpf_get_smp_processor_id() * SLOW_PER_CPU + SLOW_INDEX(path, major);
	struct slow_fault *slow = bpf_map_lookup_elem(&slow_faults, &i);

	if (!slow || slow->seq & 1)
		return 0;
	__sync_fetch_and_add(&slow->seq, 1);
	slow->tid = (u32)local_pid_tgid();
	slow->ns = ns;
	slow->end_ns = bpf_ktime_get_ns();
	bpf_get_current_comm(slow->comm, sizeof(slow->comm));
	__sync_fetch_and_add(&slow->seq, 1);
	return 0;
}

/* What the fault counters do not hold. kind: path | major << 8 | notes << 16. */
static __noinline int record_details(void *ctx, struct inflight *s, u64 kind, u64 ns)
{
	struct detail *d = detail_of(s, s->tid);
	u32 path = kind & 0xff, major = kind >> 8 & 1;
	u64 on_cpu = ns;

	if (cfg.causes && d) {
		on_cpu = detail_end(d, s->start_ns + ns, ns);
		if (cfg.cause_counters)
			record_causes(d, path, s->state.origin, on_cpu);
	}
	if (cfg.by[0])
		record_group(d ? d->address : 0, path, major, ns);
	if (cfg.trace)
		trace_fault(ctx, s, d, kind, ns, on_cpu);
	if (cfg.profile)
		profile_fault(ctx, s, path, ns);
	return 0;
}

/*
 * A fault of ns nanoseconds; ctx is that of the program. Atomic adds: another program of pfstat may
 * have been preempted while it wrote to the same counters.
 *
 * 5.10 has no atomic operation for a maximum. The end programs on perf events run with
 * preemption off, so their counters have one writer at a time. Faults that end elsewhere
 * (failures, get_user_pages faults, fexit in place of perf events) can lose the race for a
 * maximum on a preemptible kernel, never a count.
 */
static __always_inline u64 count_latency(struct fault_counters *c, u32 evidence, u64 ns)
{
	u64 bucket = hist_slot(&hist, ns), *max;

	count_access(c, evidence);
	__sync_fetch_and_add(&c->buckets[bucket], 1);
	__sync_fetch_and_add(&c->sum_ns, ns);
	max = &c->max_ns[epoch & 1];
	if (ns > *max)
		*max = ns;
	return bucket;
}

/* A minor fault without notes, of which no option but --by wants more (PLAIN_END). */
static __always_inline void record_plain(struct inflight *s, u32 path, u64 ns, bool groups)
{
	struct fault_counters *c = fault_counters_of(path, s->state.origin, 0);

	if (c)
		count_latency(c, s->evidence, ns);
	if (groups)
		record_group(0, path, 0, ns);
}

static __always_inline void record(void *ctx, struct inflight *s, u32 path, u32 major, u64 ns,
				   u32 notes)
{
	struct fault_counters *c;
	u64 bucket;

	if (cfg.only.of_fault && !is_wanted_fault(path, s->state.origin, major, ns))
		return;
	c = fault_counters_of(path, s->state.origin, major);
	if (!c)
		return;
	bucket = count_latency(c, s->evidence, ns);
	if (cfg.slow_ns && ns > cfg.slow_ns) {
		__sync_fetch_and_add(&c->slow, 1);
		if (s->state.origin != ORIGIN_GUP)
			note_slow(path, major, ns);
	}
	if (notes)
		count_notes(c, path, notes);
	if (cfg.gup && s->state.calls > 1)
		__sync_fetch_and_add(&c->retries, s->state.calls - 1);
	if (cfg.by_cgroup && s->state.origin != ORIGIN_GUP)
		record_cgroup(path, major, ns, bucket);
	if (cfg.details)
		record_details(ctx, s, path | major << 8 | (u64)notes << 16, ns);
	else if (cfg.by[0])
		record_group(0, path, major, ns);
}

/* A fault with an unseen end: counted, not timed. */
static __always_inline void record_untimed(u32 path, u32 origin, u32 major, u32 evidence,
					   u64 address)
{
	struct fault_counters *c;

	if (cfg.only.of_fault && !is_wanted_fault(path, origin, major, UNTIMED))
		return;
	c = fault_counters_of(path, origin, major);
	if (!c)
		return;
	count_access(c, evidence);
	__sync_fetch_and_add(&c->untimed, 1);
	if (cfg.by_cgroup && origin != ORIGIN_GUP)
		record_cgroup(path, major, 0, HIST_SLOTS);
	if (cfg.by[0])
		record_group(address, path, major, UNTIMED);
	if (cfg.profile)
		profile_add_rest(path, origin, 0);
}

#endif
