/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * trace.bpf.h: sends faults to user space through a ring buffer (pfstat trace).
 */
#ifndef PFSTAT_BPF_TRACE_BPF_H
#define PFSTAT_BPF_TRACE_BPF_H

#include "cgroup_counters.bpf.h"
#include "mapping.bpf.h"
#include "shared/trace_record.h"
#include "vma.bpf.h"

/* User space sets the size. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} trace_ring SEC(".maps");

/* Faults that could be sent, per CPU; for --sample. */
PERCPU_VALUE(trace_seen, u64);

static __always_inline bool is_sampled(void)
{
	u32 zero = 0;
	u64 *seen;

	if (cfg.trace_sample <= 1)
		return true;
	seen = bpf_map_lookup_elem(&trace_seen, &zero);
	return seen && !((*seen)++ % cfg.trace_sample);
}

struct trace_with_stacks {
	struct trace_record record;
	struct trace_stacks stacks;
};

/*
 * The walk may fault itself, with page faults disabled: open_fault() recognises that by
 * s->state.walking. Sets the bytes of each stack, or a negative errno.
 */
static __always_inline void trace_stacks(void *ctx, struct inflight *s, struct trace_with_stacks *t)
{
	s->state.walking = 1;
	t->record.kernel_stack = bpf_get_stack(ctx, t->stacks.kernel, sizeof(t->stacks.kernel), 0);
	t->record.user_stack = is_kernel_thread() ?
				       0 :
				       bpf_get_stack(ctx, t->stacks.user, sizeof(t->stacks.user),
						     BPF_F_USER_STACK);
	s->state.walking = 0;
}

static __always_inline void trace_task(struct trace_record *r)
{
	u64 id = local_pid_tgid();

	r->pid = id >> 32;
	r->tid = id;
	r->cpu = bpf_get_smp_processor_id();
	r->cgroup = current_cgroup();
	bpf_get_current_comm(r->comm, sizeof(r->comm));
}

/* d: NULL when no detail was kept. */
static __always_inline void trace_parts(struct trace_record *r, const struct detail *d, u64 on_cpu)
{
	int i;

	r->address = d ? d->address : 0;
	if (is_of_other(r->address))
		r->address -= ADDRESS_OF_OTHER;
	r->ip = d ? d->ip : 0;
	for (i = 0; i < CAUSE_NR - 1; i++)
		r->parts[i] = d ? d->parts[i] : 0;
	r->parts[CAUSE_ON_CPU] = on_cpu;
	if (!d)
		r->flags |= TRACE_NO_PARTS;
}

/* kind: path | major << 8 | notes << 16 */
static __always_inline void trace_fault(void *ctx, struct inflight *s, struct detail *d, u64 kind,
					u64 ns, u64 on_cpu)
{
	u32 notes = kind >> 16;
	struct trace_with_stacks *t;
	struct trace_record *r;

	if ((cfg.trace_slower_ns && ns < cfg.trace_slower_ns) || !is_sampled())
		return;
	if (cfg.trace_stacks)
		t = bpf_ringbuf_reserve(&trace_ring, sizeof(*t), 0);
	else
		t = bpf_ringbuf_reserve(&trace_ring, sizeof(*r), 0);
	if (!t) {
		count(TALLY_TRACE_LOST);
		return;
	}
	r = &t->record;
	r->ns = ns;
	r->end_ns = s->start_ns + ns;
	r->path = kind;
	r->origin = s->state.origin;
	r->access = s->evidence & EV(WRITE)     ? ACCESS_WRITE :
		    s->evidence & INFLIGHT_EXEC ? ACCESS_EXEC :
						  ACCESS_READ;
	r->flags = (kind >> 8 & 1 ? TRACE_MAJOR : 0) |
		   (notes & NOTE_MMAP_LOCK ? TRACE_MMAP_LOCK : 0) |
		   (notes & NOTE_STACK ? TRACE_STACK_GREW : 0);
	r->retries = cfg.gup && s->state.calls > 1 ? s->state.calls - 1 : 0;
	r->kernel_stack = r->user_stack = 0;
	trace_parts(r, d, on_cpu);
	trace_task(r);
	mapping_fill(&r->mapping, d ? d->address : 0, d ? (u64)fault_vma(d->address) : 0);
	if (cfg.trace_stacks)
		trace_stacks(ctx, s, t);
	bpf_ringbuf_submit(t, 0);
}

#endif
