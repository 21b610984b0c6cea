/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * scopes.bpf.h: faults by cgroup (--by cgroup). A cgroup gets its entry of
 * scope_slab at its first fault, from a stack of free ones; when there is none
 * left its faults go to entry 0, so that nothing is lost. User space reads the
 * slab through mmap, and gives entries of removed cgroups back (src/scopes.c).
 */
#ifndef PFSTAT_SCOPES_BPF_H
#define PFSTAT_SCOPES_BPF_H

#include "state.bpf.h"

/* The limit of cgroups and one; 1 when they are not told apart. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scope_cell);
} scope_slab SEC(".maps");

/* From the id of a cgroup to its entry. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u64);
	__type(value, u32);
} scope_index SEC(".maps");

/* Entries that nobody has; user space fills it before it attaches. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 1);
	__uint(key_size, 0);
	__uint(value_size, sizeof(u32));
} scope_free SEC(".maps");

/*
 * The current task's cgroup in the hierarchy that accounts memory; NULL: unknown. The
 * controllers are numbered by the kernel's build.
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

/* Its id; 0: unknown. The helper knows version 2 only. */
static __always_inline u64 current_cgroup(void)
{
	struct cgroup *cgroup;

	if (cfg.cgroup_unified)
		return bpf_get_current_cgroup_id();
	cgroup = current_memory_cgroup();
	return cgroup ? BPF_CORE_READ(cgroup, kn, id) : 0;
}

/*
 * An entry for a cgroup that has none. Its key is there before anybody can find
 * it, and two CPUs may meet the cgroup at once: the later one gives back.
 */
static __noinline u32 scope_claim(u64 id)
{
	struct scope_cell *cell;
	u32 i = 0, *other;

	if (bpf_map_pop_elem(&scope_free, &i))
		return 0;
	cell = bpf_map_lookup_elem(&scope_slab, &i);
	if (!cell)
		return 0;
	cell->key = id;
	if (!bpf_map_update_elem(&scope_index, &id, &i, BPF_NOEXIST))
		return i;
	cell->key = 0;
	bpf_map_push_elem(&scope_free, &i, 0);
	other = bpf_map_lookup_elem(&scope_index, &id);
	return other ? *other : 0;
}

static __always_inline struct scope_cell *current_scope(void)
{
	u64 id = current_cgroup();
	u32 *known, i = 0;

	if (id) {
		known = bpf_map_lookup_elem(&scope_index, &id);
		i = known ? *known : scope_claim(id);
	}
	return bpf_map_lookup_elem(&scope_slab, &i);
}

/* slot: of the histogram; HIST_SLOTS and over: untimed. */
static __noinline int record_scope(u64 path, u64 major, u64 ns, u64 slot)
{
	struct scope_cell *cell = current_scope();

	if (!cell)
		return 0;
	/* Without this the compiler checks a copy, which the verifier does not follow. */
	asm volatile("" : "+r"(path), "+r"(slot));
	if (path >= PATH_NR)
		return 0;
	__sync_fetch_and_add(&cell->count[path][hist_below(major, 2)], 1);
	if (slot >= HIST_SLOTS)
		return 0;
	__sync_fetch_and_add(&cell->sum_ns[path], ns);
	__sync_fetch_and_add(&cell->buckets[slot], 1);
	return 0;
}

#endif
