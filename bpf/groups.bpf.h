/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * groups.bpf.h: faults by one or two dimensions (--by). As for cgroups of the
 * exporter (scopes.bpf.h), a group gets its entry of a slab at its first fault, from a
 * stack of free ones; when there is none left its faults go to entry 0. User space reads the slab
 * through mmap, and gives entries back by running group_return.
 */
#ifndef PFSTAT_GROUPS_BPF_H
#define PFSTAT_GROUPS_BPF_H

#include "detail.bpf.h"
#include "entries.bpf.h"
#include "place.bpf.h"

/* The limit of groups and one; 1 without --by. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct group_cell);
} group_slab SEC(".maps");

/* The same, by mapping or by file: where they are. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct place);
} group_places SEC(".maps");

/* From the key of a group to its entry. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct group_key);
	__type(value, u32);
} group_index SEC(".maps");

/* Entries that nobody has; user space fills it before it attaches. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 1);
	__uint(key_size, 0);
	__uint(value_size, sizeof(u32));
} group_free SEC(".maps");

/* Written by user space. */
struct entry_return group_returned;

static __always_inline bool by(enum dimension dim)
{
	return cfg.by[0] == dim || cfg.by[1] == dim;
}

/* ANON_VMA_NAME_MAX_LEN of include/linux/mm.h; read in parts, as the stack is short. */
#define ANON_NAME_MAX	80
#define NAME_PART	16

static __always_inline bool by_place(void)
{
	return by(DIM_MAPPING) || by(DIM_FILE);
}

/* FNV-1a of the name of anonymous memory. */
static __noinline u64 hash_name(const char *from)
{
	u64 hash = 0xcbf29ce484222325ull;
	char part[NAME_PART];
	int i;

	for (i = 0; i < ANON_NAME_MAX; i++) {
		if (!(i % NAME_PART) && bpf_probe_read_kernel(part, sizeof(part), from + i))
			break;
		if (!part[i % NAME_PART])
			break;
		hash = (hash ^ (u8)part[i % NAME_PART]) * 0x100000001b3ull;
	}
	return hash;
}

/* By file all memory without one is alike. */
static __noinline int place_key(u64 key[2], u64 vma_pointer, u32 dim)
{
	struct vm_area_struct *vma = (void *)vma_pointer;
	u32 kind = vma ? vma_kind(vma) : PLACE_NONE;
	const char *name;

	key[0] = key[1] = 0;
	if (kind == PLACE_FILE) {
		key[0] = file_inode(vma, &key[1]);
	} else if (dim == DIM_FILE) {
		return 0;
	} else if (kind == PLACE_ANON) {
		name = anon_name(vma);
		key[1] = name ? hash_name(name) : 0;
	}
	key[0] |= (u64)kind << 32;
	return 0;
}

static __always_inline void dimension_key(u64 key[2], u32 dim, u64 vma, u32 path)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	switch (dim) {
	case DIM_PROCESS:
		key[0] = bpf_get_current_pid_tgid() >> 32;
		key[1] = BPF_CORE_READ(task, group_leader, start_boottime);
		break;
	case DIM_THREAD:
		key[0] = current_tid();
		key[1] = BPF_CORE_READ(task, start_boottime);
		break;
	case DIM_COMM:
		bpf_get_current_comm(key, 16);
		break;
	case DIM_CGROUP:
		key[0] = current_cgroup();
		break;
	case DIM_MAPPING:
	case DIM_FILE:
		place_key(key, vma, dim);
		break;
	case DIM_CPU:
		key[0] = bpf_get_smp_processor_id();
		break;
	case DIM_NODE:
		key[0] = bpf_get_numa_node_id();
		break;
	case DIM_PATH:
		key[0] = path;
		break;
	}
}

static __always_inline void name_dimension(char (*comm)[16], u32 dim)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (dim == DIM_PROCESS)
		BPF_CORE_READ_INTO(comm, task, group_leader, comm);
	else if (dim == DIM_THREAD)
		bpf_get_current_comm(*comm, sizeof(*comm));
}

/* As scope_claim(). */
static __noinline u32 group_claim(struct group_key *key, u64 address, u64 vma)
{
	struct group_cell *cell;
	struct place *place;
	u32 i = 0, *other;

	if (bpf_map_pop_elem(&group_free, &i))
		return 0;
	cell = bpf_map_lookup_elem(&group_slab, &i);
	if (!cell)
		return 0;
	cell->key = *key;
	if (by_place()) {
		place = bpf_map_lookup_elem(&group_places, &i);
		if (place)
			place_fill(place, address, vma);
	}
	if (!bpf_map_update_elem(&group_index, key, &i, BPF_NOEXIST)) {
		cell->used = 1;
		return i;
	}
	bpf_map_push_elem(&group_free, &i, 0);
	other = bpf_map_lookup_elem(&group_index, key);
	return other ? *other : 0;
}

static __always_inline struct group_cell *current_group(u64 address, u32 path)
{
	u64 vma = by_place() ? (u64)fault_vma(address) : 0;
	struct group_key key = {};
	struct group_cell *cell;
	u32 *known, i;

	dimension_key(key.dim[0], cfg.by[0], vma, path);
	if (cfg.by[1])
		dimension_key(key.dim[1], cfg.by[1], vma, path);
	known = bpf_map_lookup_elem(&group_index, &key);
	i = known ? *known : group_claim(&key, address, vma);
	cell = bpf_map_lookup_elem(&group_slab, &i);
	if (!cell || !i)
		return cell;
	name_dimension(&cell->comm[0], cfg.by[0]);
	if (cfg.by[1])
		name_dimension(&cell->comm[1], cfg.by[1]);
	return cell;
}

/*
 * ns: UNTIMED when it is not known. Global, so that the verifier looks at it once and not
 * once per door and path that it is called on.
 */
__noinline int record_group(u64 address, u64 path, u64 major, u64 ns)
{
	struct group_cell *cell = current_group(address, path);
	u64 *max;

	if (!cell)
		return 0;
	/* Before the fault itself: who reads the count first never sees more of them. */
	if (major)
		__sync_fetch_and_add(&cell->major, 1);
	if (ns == UNTIMED) {
		__sync_fetch_and_add(&cell->untimed, 1);
		return 0;
	}
	__sync_fetch_and_add(&cell->buckets[hist_slot(&hist, ns)], 1);
	__sync_fetch_and_add(&cell->sum_ns, ns);
	/* Two CPUs may lose the larger one; then the highest bucket says how long it can have been. */
	max = &cell->max_ns[epoch & 1];
	if (ns > *max)
		*max = ns;
	return 0;
}

/* What user space asks for with group_returned. */
static __always_inline int return_groups(void)
{
	return return_entries(&group_returned, &group_slab, __builtin_offsetof(struct group_cell, key),
			      &group_index, &group_free);
}

#endif
