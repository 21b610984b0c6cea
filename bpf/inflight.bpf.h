/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * inflight.bpf.h: faults in flight: found, claimed, begun, freed; and how a fault is
 * recorded that its task left open.
 */
#ifndef PFSTAT_BPF_INFLIGHT_BPF_H
#define PFSTAT_BPF_INFLIGHT_BPF_H

#include "detail.bpf.h"
#include "exec_gap.bpf.h"
#include "record.bpf.h"

/* Reads only the watched counts; the verifier removes the rest as dead code. */
static __always_inline void read_task_rss(struct task_rss *rss)
{
	struct task_struct *task;

	if (!cfg.task_btf) {
		task = (void *)bpf_get_current_task();
		bpf_core_read(rss, sizeof(*rss), &task->rss_stat);
		return;
	}
	task = bpf_get_current_task_btf();
	rss->events = task->rss_stat.events;
	if (ev_bit[EV_RSS_ANON])
		rss->anon = task->rss_stat.count[1];
	if (cfg.swap_by_rss)
		rss->swap = task->rss_stat.count[2];
	if (ev_bit[EV_RSS_FILE]) {
		rss->file = task->rss_stat.count[0];
		rss->shmem = task->rss_stat.count[3];
	}
}

#define RSS_CALLS 3 /* more calls of handle_mm_fault than a fault makes */

/*
 * The changes of the task's own page counts during the fault. Up to 6.1 they are added
 * to the mm every 64 faults, at the start of handle_mm_fault (check_sync_rss_stat), which
 * resets events and counts: then the value at the end is the difference. Doubtful: reset,
 * and no change, as the reset may have come in the second call of a retried fault, after
 * the change (5.10, where the first write to a shared page is retried).
 */
static __always_inline u32 rss_evidence(const struct task_rss *begin, bool *doubtful)
{
	struct task_rss end = {};
	bool folded;
	u32 ev = 0;

	read_task_rss(&end);
	/* A plain begin keeps the count of anonymous pages only. */
	folded = cfg.anon_by_rss ? !end.events : end.events <= begin->events;
	if (ev_bit[EV_RSS_ANON] && end.anon > (folded ? 0 : begin->anon))
		ev |= ev_bit[EV_RSS_ANON];
	if (cfg.swap_by_rss && end.swap < (folded ? 0 : begin->swap))
		ev |= ev_bit[EV_SWAP];
	if (ev_bit[EV_RSS_FILE] &&
	    (end.file > (folded ? 0 : begin->file) || end.shmem > (folded ? 0 : begin->shmem)))
		ev |= ev_bit[EV_RSS_FILE];
	/* Of a retried fault, several calls ago; without the begin's value that is not seen. */
	if (cfg.anon_by_rss && end.events < RSS_CALLS)
		folded = true;
	*doubtful = folded && !ev;
	return ev;
}

static __always_inline struct inflight *inflight_at(u32 tid)
{
	return &inflight[hist_below(tid, NR_INFLIGHT)];
}

/* The open fault of the task with that ID; NULL when there is none. */
static __always_inline struct inflight *inflight_find(u32 tid)
{
	struct inflight *s = inflight_at(tid);

	if (s->tid == tid)
		return s;
	return overflow_live ? bpf_map_lookup_elem(&inflight_overflow, &tid) : NULL;
}

static __noinline int free_overflow(struct inflight *s, u32 tid)
{
	unsigned int *of_user =
		&overflow_of_user[hist_below(s->in_overflow - 1, NR_OVERFLOW_USERS)];

	if (bpf_map_delete_elem(&inflight_overflow, &tid))
		return 0;
	__sync_fetch_and_add(of_user, -1);
	__sync_fetch_and_add(&overflow_live, -1);
	return 0;
}

static __always_inline void inflight_free(struct inflight *s, u32 tid)
{
	if (!s->in_overflow)
		s->tid = 0;
	else
		free_overflow(s, tid);
}

static __always_inline u32 classify(u32 evidence)
{
	u32 path = path_of[evidence & INFLIGHT_INDEX_MASK];

	return evidence >> INFLIGHT_PATH_SHIFT ? (evidence >> INFLIGHT_PATH_SHIFT) - 1 : path;
}

/* The low halves of the task's fault counts. */
static __always_inline void read_task_flt(u32 *min_flt, u32 *maj_flt)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	*min_flt = BPF_CORE_READ(task, min_flt);
	*maj_flt = BPF_CORE_READ(task, maj_flt);
}

enum gup_end { GUP_NONE, GUP_MINOR, GUP_MAJOR };

/* Has the kernel accounted this get_user_pages fault since it began? */
static __always_inline enum gup_end gup_accounted(const struct inflight *s)
{
	u32 min_flt, maj_flt;

	read_task_flt(&min_flt, &maj_flt);
	if (maj_flt != s->gup.maj_flt)
		return GUP_MAJOR;
	return min_flt != s->gup.min_flt ? GUP_MINOR : GUP_NONE;
}

/* The path of a fault that completed unseen, from the evidence at hand. */
static __always_inline u32 leftover_path(const struct inflight *s)
{
	u32 evidence = s->evidence;
	u32 path = classify(evidence);
	bool doubtful;

	if (path >= PATH_NR && cfg.task_rss) {
		evidence |= ev_bit[EV_RSS_KNOWN] | rss_evidence(&s->rss, &doubtful);
		path = classify(evidence);
	}
	return path < PATH_NR ? path : PATH_UNCLASSIFIED;
}

/* 0 where details are not kept. */
static __always_inline u64 inflight_address(const struct inflight *s)
{
	struct detail *d = cfg.details ? detail_of(s, s->tid) : NULL;

	return d ? d->address : 0;
}

/*
 * Records a fault that the task left open: no end came. A fault of user mode (user_path) did
 * not reach the accounting in handle_mm_fault, or the run of its end program was missed. A
 * fault of kernel mode failed: only the exception table handles it. Where the return of
 * get_user_pages faults is not seen (kprobes), they may have been accounted.
 */
static __always_inline void record_leftover_as(struct inflight *s, u32 user_path)
{
	u32 path = PATH_UNRESOLVED;
	u32 major = 0;

	if (s->state.origin != ORIGIN_GUP && take_gap(s->tid))
		count(is_kernel_thread() ? TALLY_KERNEL_THREAD : TALLY_PRIVILEGED_EXEC);
	else if (s->state.origin == ORIGIN_KERNEL)
		path = PATH_FIXUP;
	else if (s->state.origin == ORIGIN_USER)
		path = user_path;
	if (cfg.gup_by_lookup && s->state.origin == ORIGIN_GUP) {
		enum gup_end end = gup_accounted(s);

		path = end ? leftover_path(s) : PATH_FIXUP;
		major = end == GUP_MAJOR;
	}
	record_untimed(path, s->state.origin, major, s->evidence, inflight_address(s));
}

static __always_inline void record_leftover(struct inflight *s)
{
	record_leftover_as(s, PATH_UNRESOLVED);
}

/*
 * The user who answers for the current task: its real user, which a set-user-ID program does
 * not change. In a user namespace its numbers cost nothing, so there it is the one who made it
 * (root makes those of containers: there the numbers count).
 */
static __noinline u32 responsible_user(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct user_namespace *ns = BPF_CORE_READ(cred, user_ns), *parent;
	u32 owner = 0;

	/* create_user_ns() allows 32 levels below the initial one. */
	for (int i = 0; i < 33; i++) {
		parent = BPF_CORE_READ(ns, parent);
		if (!parent)
			break;
		owner = BPF_CORE_READ(ns, owner.val);
		ns = parent;
	}
	return owner ?: BPF_CORE_READ(cred, uid.val);
}

static __noinline struct inflight *claim_overflow(u32 tid)
{
	struct inflight *s = bpf_map_lookup_elem(&inflight_overflow, &tid);
	struct inflight fresh = { .tid = tid };
	u32 user;

	if (s) {
		record_leftover(s);
		return s;
	}
	user = hist_below(responsible_user(), NR_OVERFLOW_USERS);
	fresh.in_overflow = 1 + user;
	if (overflow_of_user[user] >= OVERFLOW_SHARE ||
	    bpf_map_update_elem(&inflight_overflow, &tid, &fresh, BPF_NOEXIST))
		return NULL;
	__sync_fetch_and_add(&overflow_of_user[user], 1);
	__sync_fetch_and_add(&overflow_live, 1);
	return bpf_map_lookup_elem(&inflight_overflow, &tid);
}

/* --- faults in flight that found no room: counted at their end, untimed */

static __noinline int begin_unrecorded(u32 tid, u32 origin)
{
	set_tid(&unrecorded, UNRECORDED + tid, true);
	set_tid(&unrecorded, UNRECORDED_KERNEL + tid, origin == ORIGIN_KERNEL);
	__sync_fetch_and_add(&overflow_live, 1);
	return 0;
}

/* Of the current task: has it ended with path? false: there is none. */
static __noinline bool end_unrecorded(u32 tid, u32 path, u32 major)
{
	u32 origin;

	if (!has_tid(&unrecorded, UNRECORDED + tid))
		return false;
	origin = has_tid(&unrecorded, UNRECORDED_KERNEL + tid) ? ORIGIN_KERNEL : ORIGIN_USER;
	set_tid(&unrecorded, UNRECORDED + tid, false);
	__sync_fetch_and_add(&overflow_live, -1);
	record_untimed(path, origin, major, 0, 0);
	return true;
}

/* It failed with path; nothing if there is none. */
static __always_inline int fail_unrecorded(u32 tid, u32 path)
{
	if (overflow_live)
		end_unrecorded(tid, path, 0);
	return 0;
}

/*
 * The struct inflight for a fault that begins now. cmpxchg, as two tasks with tids of the
 * same index may begin at once on two CPUs. 5.10 and 5.11 lack that instruction (atomics
 * false): there the later writer wins, and the end of the other fault finds no begin,
 * which is counted.
 */
static __always_inline struct inflight *inflight_claim(u32 tid, bool atomics)
{
	struct inflight *s = inflight_at(tid);

	if (s->tid == tid) {
		record_leftover(s);
		return s;
	}
	fail_unrecorded(tid, PATH_UNRESOLVED);
	if (s->tid || (overflow_live && bpf_map_lookup_elem(&inflight_overflow, &tid)))
		return claim_overflow(tid);
	if (!atomics)
		s->tid = tid;
	else if (__sync_val_compare_and_swap(&s->tid, 0, tid))
		return claim_overflow(tid);
	return s;
}

/*
 * Pages of the task's NUMA hints: task_numa_fault() adds them up (kernel/sched/fair.c), and
 * resets the counts when it places the task.
 */
static __always_inline u32 numa_pages(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!bpf_core_field_exists(task->numa_faults_locality))
		return 0;
	return BPF_CORE_READ(task, numa_faults_locality[0]) +
	       BPF_CORE_READ(task, numa_faults_locality[1]);
}

/* Fills a claimed struct inflight. */
static __always_inline void inflight_begin(struct inflight *s, struct inflight_state state,
					   u32 evidence)
{
	s->state = state;
	s->evidence = evidence;
	if (cfg.task_rss)
		read_task_rss(&s->rss);
	if (cfg.numa_by_task) {
		s->numa_pages = numa_pages();
		s->evidence |= INFLIGHT_RARE;
	}
	s->start_ns = bpf_ktime_get_ns();
}

#endif
