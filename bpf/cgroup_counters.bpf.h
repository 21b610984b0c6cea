/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * cgroup_counters.bpf.h: faults by cgroup (serve --by cgroup). A cgroup claims an entry
 * (slab.bpf.h) at its first fault; when none is left its faults are counted in entry 0.
 * User space reads the entries and returns those of removed cgroups
 * (src/counters/cgroup_counters.c).
 */
#ifndef PFSTAT_BPF_CGROUP_COUNTERS_BPF_H
#define PFSTAT_BPF_CGROUP_COUNTERS_BPF_H

#include "slab.bpf.h"

/* By the cgroup's id. */
SLAB(cgroup, struct cgroup_faults, key);

/*
 * The current task's cgroup in the hierarchy that accounts memory; NULL: unknown. The
 * number of the controller depends on the kernel's configuration.
 */
static __always_inline struct cgroup *current_memory_cgroup(void)
{
	struct cgroup_subsys_state *css = NULL;
	struct task_struct *task = (void *)bpf_get_current_task();
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	u32 memory;

	if (cfg.cgroup_unified)
		return BPF_CORE_READ(set, dfl_cgrp);
	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return NULL;
	memory = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	bpf_probe_read_kernel(&css, sizeof(css),
			      (void *)__builtin_preserve_access_index(&set->subsys) +
				      memory * sizeof(css));
	return css ? BPF_CORE_READ(css, cgroup) : NULL;
}

/* Its id; 0: unknown. The helper supports version 2 only. */
static __always_inline u64 current_cgroup(void)
{
	struct cgroup *cgroup;

	if (cfg.cgroup_unified)
		return bpf_get_current_cgroup_id();
	cgroup = current_memory_cgroup();
	return cgroup ? BPF_CORE_READ(cgroup, kn, id) : 0;
}

/* Claims an entry for the cgroup; 0: none is free. */
static __noinline u32 cgroup_claim(u64 id)
{
	u32 i = 0;
	struct cgroup_faults *counters = slab_take(&cgroup_slab, &cgroup_free, &i);

	if (!counters)
		return 0;
	counters->key = id;
	return slab_publish(&cgroup_index, &cgroup_free, &id, i);
}

static __always_inline struct cgroup_faults *current_cgroup_faults(void)
{
	u64 id = current_cgroup();
	u32 *known, i = 0;

	if (id) {
		known = bpf_map_lookup_elem(&cgroup_index, &id);
		i = known ? *known : cgroup_claim(id);
	}
	return bpf_map_lookup_elem(&cgroup_slab, &i);
}

/* bucket: HIST_SLOTS and over: untimed. */
static __noinline int record_cgroup(u64 path, u64 major, u64 ns, u64 bucket)
{
	struct cgroup_faults *counters = current_cgroup_faults();

	if (!counters)
		return 0;
	/* Otherwise the compiler checks a copy, which the verifier does not follow. */
	asm volatile("" : "+r"(path), "+r"(bucket));
	if (path >= PATH_NR)
		return 0;
	__sync_fetch_and_add(&counters->count[path][hist_below(major, 2)], 1);
	if (bucket >= HIST_SLOTS)
		return 0;
	__sync_fetch_and_add(&counters->sum_ns[path], ns);
	__sync_fetch_and_add(&counters->buckets[bucket], 1);
	return 0;
}

#endif
