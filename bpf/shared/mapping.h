/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/mapping.h: the mapping (VMA) that a fault was in.
 */
#ifndef PFSTAT_BPF_SHARED_MAPPING_H
#define PFSTAT_BPF_SHARED_MAPPING_H

/* The kind of a VMA, as in /proc/PID/maps. */
enum mapping_kind {
	MAPPING_UNKNOWN, /* the VMA could not be looked up */
	MAPPING_NONE, /* there is none at the address */
	MAPPING_ANON,
	MAPPING_HEAP,
	MAPPING_STACK,
	MAPPING_FILE, /* also shmem, memfd, hugetlbfs, devices */
	MAPPING_SPECIAL, /* no file, but vm_ops: the vDSO and its data */
	MAPPING_OTHER, /* in the memory of another process (get_user_pages) */
};

/*
 * The names of a file and its directories, the file's first, each ended by NUL, up to the
 * root of the mount namespace (without "/"). Of anonymous memory the name that
 * PR_SET_VMA_ANON_NAME gave it, or none.
 */
#define MAPPING_NAMES 512

/* In fault_mapping.flags. */
#define MAPPING_DELETED 0x1 /* the file was unlinked */
#define MAPPING_CUT     0x2 /* no room for all names: the path's beginning is missing */

struct fault_mapping {
	unsigned long long start, end; /* of the VMA */
	unsigned long long offset; /* of the address in the file, bytes */
	unsigned long long vm_flags;
	unsigned long long ino;
	unsigned int dev; /* in the kernel's encoding: major << 20 | minor */
	unsigned char kind;
	unsigned char flags;
	unsigned short names_len; /* bytes of names in use */
	char names[MAPPING_NAMES];
};

#endif
