/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/group_key.h: the dimensions of --by, one row each, and the faults of a group.
 */
#ifndef PFSTAT_BPF_SHARED_GROUP_KEY_H
#define PFSTAT_BPF_SHARED_GROUP_KEY_H

#include "hist_schema.h"
#include "mapping.h"

/*
 * Identifier and name in the option. Each has a function in bpf/groups.bpf.h that fills its
 * part of the key, and a row in src/stat/dimensions.c that prints it.
 */
#define DIMENSIONS(X)                                                                              \
	X(PROCESS, "process")                                                                      \
	X(THREAD, "thread")                                                                        \
	X(COMM, "comm")                                                                            \
	X(CGROUP, "cgroup")                                                                        \
	X(MAPPING, "mapping")                                                                      \
	X(FILE, "file")                                                                            \
	X(CPU, "cpu")                                                                              \
	X(NODE, "node")                                                                            \
	X(PATH, "path")

/* clang-format off */
enum dimension {
	DIM_NONE,
#define DIM_ENUM(id, ...) DIM_##id,
	DIMENSIONS(DIM_ENUM)
#undef DIM_ENUM
	DIM_NR
};
/* clang-format on */

/*
 * A fault's value in each dimension. PROCESS, THREAD: id; start time
 * (task_struct.start_boottime, ns; of a process its first thread's), so that a reused id is another
 * key. COMM: the 16 bytes. CGROUP: id. MAPPING: mapping_kind << 32 | device; inode, or a hash of
 * the name of anonymous memory. FILE: the same, 0 when there is no file. CPU, NODE: number.
 * PATH: enum fault_path.
 */
struct group_key {
	unsigned long long dim[2][2];
};

/*
 * One group's faults, of all CPUs; entry 0 of the slab is of all groups without an entry.
 * Only grows, except max_ns (see struct fault_counters). The count of faults is the sum of
 * the buckets plus untimed.
 */
struct group_faults {
	struct group_key key;
	unsigned int used; /* the entry has a key */
	unsigned int pad;
	char comm[2][16]; /* by dimension: the last name of a process or thread */
	unsigned long long buckets[HIST_SLOTS];
	unsigned long long sum_ns;
	unsigned long long max_ns[2];
	unsigned long long untimed;
	unsigned long long major;
};

#endif
