/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * state.bpf.h: the state of the programs: configuration, faults in flight, counters. Programs
 * allocate nothing and read no user memory (the read would fault).
 */
#ifndef PFSTAT_BPF_STATE_BPF_H
#define PFSTAT_BPF_STATE_BPF_H

#include "../vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "pid_namespace.bpf.h"
#include "shared/config.h"
#include "shared/evidence.h"
#include "shared/fault_counters.h"
#include "shared/hist.h"
#include "shared/inflight.h"
#include "shared/tallies.h"

#define MAP(name, map_type, flags, entries, key_type, element)                                     \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_##map_type);                                             \
		__uint(map_flags, flags);                                                          \
		__uint(max_entries, entries);                                                      \
		__type(key, key_type);                                                             \
		__type(value, element);                                                            \
	} name SEC(".maps")

/* An array that user space reads through mmap, and sizes before load. */
#define MMAP_ARRAY(name, element) MAP(name, ARRAY, BPF_F_MMAPABLE, 1, u32, element)

/* One value for each CPU. */
#define PERCPU_VALUE(name, element) MAP(name, PERCPU_ARRAY, 0, 1, u32, element)

const volatile struct config cfg;
/* Bit of each fact in the table's index; 0: not watched in this run. */
const volatile unsigned int ev_bit[EV_NR];
/* Evidence to path; see shared/evidence.h. */
const volatile unsigned char path_of[1 << EV_INDEX_BITS];
const volatile struct hist_tables hist;

/* Written by user space at each interval; see struct fault_counters. */
unsigned int epoch;
/* Set by user space when the begin is about to be attached. */
unsigned int measuring;
/* Faults in flight that are not in inflight; what looks for them is skipped when it is 0. */
unsigned long long overflow_live;
/* Of those, the ones in inflight_overflow, by user; at most OVERFLOW_SHARE. */
unsigned int overflow_of_user[NR_OVERFLOW_USERS];

/*
 * Faults in flight, by tid: a direct-mapped array (no hash, no lock, works on 5.10,
 * which has no task storage), and a hash for faults that find their element in use. A
 * global, not a map: its address is a constant, and user space reads at the end of the
 * run which faults are in flight.
 */
struct inflight inflight[NR_INFLIGHT];

MAP(inflight_overflow, HASH, 0, NR_OVERFLOW, u32, struct inflight);

/* Faults in flight that have no struct inflight. */
MAP(unrecorded, ARRAY, 0, UNRECORDED_WORDS, u32, u64);

/* The tids that are measured when there is a filter; TARGET_WORDS then, else 1. */
MMAP_ARRAY(targets, u64);

/* Tasks without end events; GAP_WORDS if cfg.end_by_task, else 1; see exec.bpf.h. */
MMAP_ARRAY(exec_gaps, u64);

/* cfg.nr_cpus * FAULT_COUNTERS_PER_CPU; user space sets the size before load. */
MMAP_ARRAY(fault_counters, struct fault_counters);

/* cfg.nr_cpus * SLOW_PER_CPU when there is a threshold, else 1. */
MMAP_ARRAY(slow_faults, struct slow_fault);

/* One per CPU. */
MMAP_ARRAY(tally, struct tallies);

/* In place of a latency: not known. */
#define UNTIMED (~0ull)

/* From 6.2 on a field of the task is one instruction; the helper costs 10. */
static __always_inline u32 current_tid(void)
{
	if (cfg.tid_by_task)
		return bpf_get_current_task_btf()->pid;
	return (u32)bpf_get_current_pid_tgid();
}

/* include/linux/sched.h */
#define PF_KTHREAD 0x00200000

static __always_inline bool is_kernel_thread(void)
{
	struct task_struct *task;

	if (cfg.task_btf)
		return bpf_get_current_task_btf()->flags & PF_KTHREAD;
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, flags) & PF_KTHREAD;
}

/* The ID of a task as user space has it; 0: it is in another pid namespace. */
static __always_inline u32 local_tid(struct task_struct *task)
{
	if (!cfg.pid_level)
		return BPF_CORE_READ(task, pid);
	return pid_in_namespace(BPF_CORE_READ(task, thread_pid), cfg.pid_level, cfg.pid_inum);
}

/* As bpf_get_current_pid_tgid(), for what user space reads. */
static __always_inline u64 local_pid_tgid(void)
{
	struct task_struct *task;

	if (!cfg.pid_level)
		return bpf_get_current_pid_tgid();
	task = (void *)bpf_get_current_task();
	return (u64)local_tid(BPF_CORE_READ(task, group_leader)) << 32 | local_tid(task);
}

/* Programs may be preempted between the look-up and the add: atomic. */
static __always_inline void count(enum tally what)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct tallies *t = bpf_map_lookup_elem(&tally, &cpu);

	if (t)
		__sync_fetch_and_add(&t->n[what], 1);
}

/* Is the bit of tid set in an array of them? */
static __always_inline bool has_tid(void *map, u32 tid)
{
	u32 word = tid / 64;
	u64 *bits = bpf_map_lookup_elem(map, &word);

	return bits && (*bits >> (tid & 63)) & 1;
}

/*
 * Sets the bit of tid to on. Only one task at a time has that tid, so an atomic add of the
 * difference is enough: 5.10 has no other atomic operation, and the other bits of the word
 * do not change.
 */
static __always_inline void set_tid(void *map, u32 tid, bool on)
{
	u32 word = tid / 64;
	u64 *bits = bpf_map_lookup_elem(map, &word);
	u64 bit = 1ull << (tid & 63);

	if (!bits || !!(*bits & bit) == on)
		return;
	__sync_fetch_and_add(bits, on ? bit : -bit);
}

static __always_inline bool is_target(u32 tid)
{
	return !cfg.filter || has_tid(&targets, tid);
}

static __always_inline void set_target(u32 tid, bool on)
{
	set_tid(&targets, tid, on);
}

#endif
