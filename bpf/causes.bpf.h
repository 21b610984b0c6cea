/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * causes.bpf.h: what a fault's time is spent on: begin and end of each cause, time off the
 * CPU, and the sums by path.
 */
#ifndef PFSTAT_BPF_CAUSES_BPF_H
#define PFSTAT_BPF_CAUSES_BPF_H

#include "detail.bpf.h"

/* nr_cpus * PATH_NR * ORIGIN_NR with --causes, else 1. */
MMAP_ARRAY(cause_counters, struct cause_counters);

/* The detail of the open fault of task tid, current or not; NULL: none. */
static __always_inline struct detail *open_detail(u32 tid)
{
	struct inflight *s = &inflight[hist_below(tid, NR_INFLIGHT)];

	return s->tid == tid ? detail_of(s, tid) : NULL;
}

static __always_inline int begin_cause(enum cause cause)
{
	return span_begin(open_detail(current_tid()), cause);
}

static __always_inline int end_cause(enum cause cause)
{
	return span_end(open_detail(current_tid()), cause);
}

/*
 * Ends the causes of a fault before the clock is read. For programs that can be preempted
 * themselves (fexit, on 7.x tracepoints): their own waiting is not part of the fault.
 */
static __always_inline void stop_causes(u32 tid)
{
	struct detail *d = cfg.causes ? open_detail(tid) : NULL;

	if (d)
		d->over = 1;
}

/* Is it the mmap_lock of the current task? False when the task has no open fault. */
static __always_inline bool is_mmap_lock(const void *lock)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mm_struct *mm;

	if (!open_detail(current_tid()))
		return false;
	mm = BPF_CORE_READ(task, mm);
	return mm && lock == __builtin_preserve_access_index(&mm->mmap_lock);
}

/*
 * The addresses of WAIT_FUNCTIONS, from user space. Their stack frames are near the top: inner
 * to them are only frames of the scheduler (schedule(), schedule_timeout(),
 * wait_for_completion()) and of pfstat.
 */
const volatile struct wait_range wait_ranges[WAIT_NR] = {};

const unsigned char wait_causes[WAIT_NR] = {
#define WAIT_CAUSE(function, cause) [WAIT_##function] = CAUSE_##cause,
	WAIT_FUNCTIONS(WAIT_CAUSE)
#undef WAIT_CAUSE
};

#define WAIT_FRAMES 16

/* The stack of a task that goes to sleep; interrupts are off, so the CPU has one user of it. */
PERCPU_VALUE(wait_stack, u64[WAIT_FRAMES]);

static __noinline int cause_of_stack(void *ctx)
{
	u32 zero = 0, i, f;
	u64 *ip = bpf_map_lookup_elem(&wait_stack, &zero);
	bool reads_lock = false;
	long len;

	if (!ip)
		return CAUSE_OFF_CPU;
	len = bpf_get_stack(ctx, ip, WAIT_FRAMES * sizeof(*ip), 0);
	for (i = 0; i < WAIT_FRAMES; i++) {
		if ((long)(i * sizeof(*ip)) >= len)
			break;
		for (f = 0; f < WAIT_NR; f++)
			if (ip[i] >= wait_ranges[f].begin && ip[i] < wait_ranges[f].end)
				break;
		if (f == WAIT_NR)
			continue;
		if (wait_causes[f] < CAUSE_NR)
			return wait_causes[f];
		if (wait_causes[f] == CAUSE_HANDLER)
			return reads_lock ? CAUSE_LOCK : CAUSE_OFF_CPU;
		reads_lock = true;
	}
	return CAUSE_OFF_CPU;
}

/* Why the current task, prev, leaves the CPU during a fault. */
static __always_inline enum cause off_cpu_cause(void *ctx, bool preempt, struct task_struct *prev)
{
	if (preempt)
		return CAUSE_OFF_CPU;
	/* io_schedule(): for a block device, a swap device, a page that another task reads. */
	if (BPF_CORE_READ_BITFIELD(prev, in_iowait))
		return CAUSE_IO;
	return cause_of_stack(ctx);
}

static __always_inline int switch_tasks(void *ctx, bool preempt, struct task_struct *prev,
					struct task_struct *next)
{
	u32 from = prev->pid, to = next->pid;
	struct inflight *s = &inflight[hist_below(from, NR_INFLIGHT)];
	struct detail *d;

	if (from && s->tid == from) {
		d = detail_of(s, from);
		/* A span includes the time off the CPU; after its end the fault has none. */
		if (d && !d->span && !d->over)
			leave_cpu(d, off_cpu_cause(ctx, preempt, prev));
	}
	d = to ? open_detail(to) : NULL;
	if (d)
		return_to_cpu(d);
	return 0;
}

static __always_inline void record_causes(struct detail *d, u32 path, u32 origin, u64 on_cpu)
{
	u32 i = (bpf_get_smp_processor_id() * PATH_NR + path) * ORIGIN_NR + origin;
	struct cause_counters *counters = bpf_map_lookup_elem(&cause_counters, &i);
	int cause;

	if (!counters)
		return;
	for (cause = 0; cause < CAUSE_NR - 1; cause++) {
		if (d->parts[cause])
			__sync_fetch_and_add(&counters->ns[cause], d->parts[cause]);
	}
	__sync_fetch_and_add(&counters->ns[CAUSE_ON_CPU], on_cpu);
}

#endif
