/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * filter.bpf.h: which faults are measured: by task (-p, -t, --), by cgroup and all below
 * it (-c), by the task's name (-C), and by the fault itself (--path, --min-latency, ...).
 */
#ifndef PFSTAT_BPF_FILTER_BPF_H
#define PFSTAT_BPF_FILTER_BPF_H

#include "cgroup_counters.bpf.h"
#include "state.bpf.h"
#include "worker_mm.bpf.h"

/* Deeper nesting is not followed; cgroup.max.depth may be set lower. */
#define CGROUP_DEPTH 64

/* The id of a cgroup's ancestor: by pointers since 6.1, by their ids before. */
static __always_inline u64 ancestor_id(struct cgroup *cgroup, u32 level)
{
	struct cgroup *ancestor = NULL;
	u64 id = 0;

	if (!bpf_core_field_exists(cgroup->ancestors)) {
		if (bpf_core_field_exists(cgroup->ancestor_ids))
			bpf_probe_read_kernel(
				&id, sizeof(id),
				(void *)__builtin_preserve_access_index(&cgroup->ancestor_ids) +
					level * sizeof(id));
		return id;
	}
	bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
			      (void *)__builtin_preserve_access_index(&cgroup->ancestors) +
				      level * sizeof(ancestor));
	return ancestor ? BPF_CORE_READ(ancestor, kn, id) : 0;
}

/* Is the current task in the cgroup, or in one below it? */
static __always_inline bool in_cgroup(u64 id)
{
	struct cgroup *cgroup = current_memory_cgroup();
	u32 depth = cgroup ? BPF_CORE_READ(cgroup, level) : 0;
	u32 level;

	for (level = 0; cgroup && level < CGROUP_DEPTH && level <= depth; level++)
		if (ancestor_id(cgroup, level) == id)
			return true;
	return false;
}

static __noinline bool is_wanted_task(void)
{
	char comm[16] = {};
	int i;

	if (cfg.only.comm_len) {
		bpf_get_current_comm(comm, sizeof(comm));
		for (i = 0; i < 16 && i < cfg.only.comm_len; i++)
			if (comm[i] != cfg.only.comm[i])
				return false;
	}
	return !cfg.only.cgroup || in_cgroup(cfg.only.cgroup);
}

/* Are the current task's faults measured? kernel_mode: of those, and of get_user_pages. */
static __always_inline bool is_measured(u32 tid, bool kernel_mode)
{
	bool target;

	/* Not with -t: the memory is the process's. */
	if (kernel_mode && cfg.filter && cfg.inherit_threads && is_kernel_thread())
		target = is_worker_measured(tid);
	else
		target = is_target(tid);
	return target && (!cfg.only.of_task || is_wanted_task());
}

#define DONE_DONE(id) | 1ull << PATH_##id
#define DONE_FAILED(id)
#define DONE_UNTIMED(id)
#define DONE_BIT(id, name, end, ...) DONE_##end(id)
/* The paths that the kernel accounts, so that an end program ran. */
#define DONE_PATHS (0ull PATHS(DONE_BIT))

_Static_assert(PATH_NR <= 64, "a bit for each path");

/* ns: UNTIMED when it is not known. Counts the faults that it excludes, so that the sums hold. */
static __always_inline bool is_wanted_fault(u32 path, u32 origin, u32 major, u64 ns)
{
	const bool timed = ns != UNTIMED;

	if ((!cfg.only.paths || cfg.only.paths >> (path & 63) & 1) &&
	    (!cfg.only.origins || cfg.only.origins >> (origin & 3) & 1) &&
	    (!cfg.only.major || major) && (!cfg.only.min_ns || (timed && ns >= cfg.only.min_ns)))
		return true;
	count(timed && origin != ORIGIN_GUP && DONE_PATHS >> (path & 63) & 1 ?
		      TALLY_FILTERED :
		      TALLY_FILTERED_FAILED);
	return false;
}

#endif
