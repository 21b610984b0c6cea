/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/mapping.h: the place in memory that a fault was about: its VMA. Shared with user space.
 */
#ifndef PFSTAT_BPF_SHARED_MAPPING_H
#define PFSTAT_BPF_SHARED_MAPPING_H

/* What the VMA of a fault is, as /proc/PID/maps would say it. */
enum mapping_kind {
	MAPPING_UNKNOWN, /* the VMA could not be looked up */
	MAPPING_NONE, /* there is none at the address */
	MAPPING_ANON,
	MAPPING_HEAP,
	MAPPING_STACK,
	MAPPING_FILE, /* also shmem, memfd, hugetlbfs, devices */
	MAPPING_SPECIAL, /* no file, but vm_ops: the vDSO and its data */
};

/*
 * The names of a file and its directories, the file's first, each ended by NUL,
 * up to the root of the mount namespace's tree ("/" is not among them). Of anonymous memory
 * the name that PR_SET_VMA_ANON_NAME gave it, or none.
 */
#define MAPPING_NAMES 512

/* In place.flags. */
#define MAPPING_DELETED 0x1 /* the file has no name any more */
#define MAPPING_CUT     0x2 /* names has no room for all: the path's beginning is missing */

struct fault_mapping {
	unsigned long long start, end; /* of the VMA */
	unsigned long long offset; /* of the address in the file, bytes */
	unsigned long long vm_flags;
	unsigned long long ino;
	unsigned int dev; /* as the kernel has it: major << 20 | minor */
	unsigned char kind;
	unsigned char flags;
	unsigned short names_len; /* bytes of names in use */
	char names[MAPPING_NAMES];
};

#endif
