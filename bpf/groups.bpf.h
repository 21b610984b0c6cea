/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * groups.bpf.h: faults by one or two dimensions (--by). A group claims an entry
 * (slab.bpf.h) at its first fault; when none is left its faults are counted in entry 0.
 */
#ifndef PFSTAT_BPF_GROUPS_BPF_H
#define PFSTAT_BPF_GROUPS_BPF_H

#include "cgroup_counters.bpf.h"
#include "mapping.bpf.h"
#include "shared/group_key.h"
#include "slab.bpf.h"
#include "vma.bpf.h"

SLAB(group, struct group_faults, key);

/* The mapping of each entry, by mapping or by file; else 1. */
MMAP_ARRAY(group_mappings, struct fault_mapping);

static __always_inline bool is_by(enum dimension dim)
{
	return cfg.by[0] == dim || cfg.by[1] == dim;
}

/* ANON_VMA_NAME_MAX_LEN of include/linux/mm.h; read in parts, as the stack is short. */
#define ANON_NAME_MAX 80
#define NAME_PART     16

static __always_inline bool is_by_mapping(void)
{
	return is_by(DIM_MAPPING) || is_by(DIM_FILE);
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

/* By file, all memory without one has the same key. */
static __noinline int mapping_key(u64 key[2], u64 address, u64 vma_pointer, u32 dim)
{
	struct vm_area_struct *vma = (void *)vma_pointer;
	u32 kind = mapping_kind(address, vma);
	const char *name;

	key[0] = key[1] = 0;
	if (kind == MAPPING_FILE) {
		key[0] = file_inode(vma, &key[1]);
	} else if (dim == DIM_FILE) {
		return 0;
	} else if (kind == MAPPING_ANON) {
		name = vma_anon_name(vma);
		key[1] = name ? hash_name(name) : 0;
	}
	key[0] |= (u64)kind << 32;
	return 0;
}

/* Without a probe read where BTF has the task: it costs some 70 instructions. */
static __always_inline u64 process_start(struct task_struct *task)
{
	if (cfg.task_btf)
		return bpf_get_current_task_btf()->group_leader->start_boottime;
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

static __always_inline u64 thread_start(struct task_struct *task)
{
	if (cfg.task_btf)
		return bpf_get_current_task_btf()->start_boottime;
	return BPF_CORE_READ(task, start_boottime);
}

/* The part of the key for each row of DIMENSIONS; see struct group_key. */
#define DIMENSION_KEY(id, statements)                                                              \
	static __always_inline void group_key_##id(u64 key[2], u32 dim, struct task_struct *task,  \
						   u64 address, u64 vma, u32 path)                 \
	{                                                                                          \
		statements;                                                                        \
	}

/* clang-format off */
DIMENSION_KEY(PROCESS, key[0] = local_pid_tgid() >> 32;
	      key[1] = process_start(task))
DIMENSION_KEY(THREAD, key[0] = (u32)local_pid_tgid(); key[1] = thread_start(task))
DIMENSION_KEY(COMM, bpf_get_current_comm(key, 16))
DIMENSION_KEY(CGROUP, key[0] = current_cgroup())
DIMENSION_KEY(MAPPING, mapping_key(key, address, vma, dim))
DIMENSION_KEY(FILE, mapping_key(key, address, vma, dim))
DIMENSION_KEY(CPU, key[0] = bpf_get_smp_processor_id())
DIMENSION_KEY(NODE, key[0] = bpf_get_numa_node_id())
DIMENSION_KEY(PATH, key[0] = path)
/* clang-format on */

static __always_inline void dimension_key(u64 key[2], u32 dim, u64 address, u64 vma, u32 path)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	switch (dim) {
#define DIM_CASE(id, ...)                                                                          \
	case DIM_##id:                                                                             \
		group_key_##id(key, dim, task, address, vma, path);                                \
		break;
		DIMENSIONS(DIM_CASE)
#undef DIM_CASE
	}
}

static __always_inline void store_comm(char (*comm)[16], u32 dim)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (dim == DIM_PROCESS && cfg.task_btf)
		bpf_probe_read_kernel(*comm, sizeof(*comm),
				      bpf_get_current_task_btf()->group_leader->comm);
	else if (dim == DIM_PROCESS)
		BPF_CORE_READ_INTO(comm, task, group_leader, comm);
	else if (dim == DIM_THREAD)
		bpf_get_current_comm(*comm, sizeof(*comm));
}

/* Claims an entry for the group; 0: none is free. */
static __noinline u32 group_claim(struct group_key *key, u64 address, u64 vma)
{
	struct group_faults *counters;
	struct fault_mapping *mapping;
	u32 i = 0, entry;

	counters = slab_take(&group_slab, &group_free, &i);
	if (!counters)
		return 0;
	counters->key = *key;
	if (is_by_mapping()) {
		mapping = bpf_map_lookup_elem(&group_mappings, &i);
		if (mapping)
			mapping_fill(mapping, address, vma);
	}
	entry = slab_publish(&group_index, &group_free, key, i);
	if (entry == i)
		counters->used = 1;
	return entry;
}

static __always_inline struct group_faults *current_group(u64 address, u32 path)
{
	u64 vma = is_by_mapping() ? (u64)fault_vma(address) : 0;
	struct group_key key = {};
	struct group_faults *counters;
	u32 *known, i;

	dimension_key(key.dim[0], cfg.by[0], address, vma, path);
	if (cfg.by[1])
		dimension_key(key.dim[1], cfg.by[1], address, vma, path);
	known = bpf_map_lookup_elem(&group_index, &key);
	i = known ? *known : group_claim(&key, address, vma);
	counters = bpf_map_lookup_elem(&group_slab, &i);
	if (!counters || !i)
		return counters;
	store_comm(&counters->comm[0], cfg.by[0]);
	if (cfg.by[1])
		store_comm(&counters->comm[1], cfg.by[1]);
	return counters;
}

/*
 * ns: UNTIMED when it is not known. Global, so that the verifier checks it once, not once
 * per program and call.
 */
__noinline int record_group(u64 address, u64 path, u64 major, u64 ns)
{
	struct group_faults *counters = current_group(address, path);
	u64 *max;

	if (!counters)
		return 0;
	/* Before the fault is counted, so that no reader sees more major faults than faults. */
	if (major)
		__sync_fetch_and_add(&counters->major, 1);
	if (ns == UNTIMED) {
		__sync_fetch_and_add(&counters->untimed, 1);
		return 0;
	}
	__sync_fetch_and_add(&counters->buckets[hist_slot(&hist, ns)], 1);
	__sync_fetch_and_add(&counters->sum_ns, ns);
	/*
	 * Two CPUs at once may lose the larger one; the highest bucket then bounds it.
	 */
	max = &counters->max_ns[epoch & 1];
	if (ns > *max)
		*max = ns;
	return 0;
}

#endif
