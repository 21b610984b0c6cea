/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * trace.h: one fault as the ring buffer carries it (pfstat trace), and the place in
 * memory that it was about. Shared with user space.
 */
#ifndef PFSTAT_TRACE_H
#define PFSTAT_TRACE_H

#include "causes.h"

/* What the VMA of a fault is, as /proc/PID/maps would say it. */
enum place_kind {
	PLACE_UNKNOWN, /* the VMA could not be looked up */
	PLACE_NONE, /* there is none at the address */
	PLACE_ANON,
	PLACE_HEAP,
	PLACE_STACK,
	PLACE_FILE, /* also shmem, memfd, hugetlbfs, devices */
	PLACE_SPECIAL, /* no file, but vm_ops: the vDSO and its data */
};

/*
 * The names of a file and its directories, the file's first, each ended by NUL,
 * up to the root of the mount namespace's tree ("/" is not among them). Of anonymous memory
 * the name that PR_SET_VMA_ANON_NAME gave it, or none.
 */
#define PLACE_NAMES 320

/* In place.flags. */
#define PLACE_DELETED	0x1 /* the file has no name any more */
#define PLACE_CUT	0x2 /* names has no room for all: the path's beginning is missing */

struct place {
	unsigned long long start, end; /* of the VMA */
	unsigned long long offset; /* of the address in the file, bytes */
	unsigned long long vm_flags;
	unsigned long long ino;
	unsigned int dev; /* as the kernel has it: major << 20 | minor */
	unsigned char kind;
	unsigned char flags;
	unsigned short names_len; /* bytes of names in use */
	char names[PLACE_NAMES];
};

/* Frames of each stack at most; the kernel's own default limit. */
#define TRACE_FRAMES 127

/* In trace_record.flags. */
#define TRACE_MAJOR	0x1
#define TRACE_MMAP_LOCK	0x2 /* mmap_lock was taken though the kernel has locks per VMA */
#define TRACE_STACK_GREW 0x4
#define TRACE_NO_PARTS	0x8 /* its causes were not followed: its slot was another task's */

struct trace_record {
	unsigned long long end_ns; /* CLOCK_MONOTONIC */
	unsigned long long ns; /* latency */
	unsigned long long parts[CAUSE_NR]; /* ns; they add up to the latency */
	unsigned long long address;
	unsigned long long ip; /* of user mode, or of the kernel; 0 for get_user_pages */
	unsigned long long cgroup; /* id; 0: unknown */
	unsigned int pid; /* of the process (tgid) */
	unsigned int tid;
	unsigned int cpu;
	unsigned int retries; /* calls of handle_mm_fault beyond the first, with --gup */
	unsigned char path; /* enum fault_path */
	unsigned char origin; /* enum origin */
	unsigned char access; /* enum access */
	unsigned char flags; /* TRACE_ */
	/* With --stack: bytes of each stack, or a negative errno; the frames follow the record. */
	int kernel_stack;
	int user_stack;
	char comm[16];
	struct place place;
};

/* Behind the record with --stack: always room for both, whatever their lengths. */
struct trace_stacks {
	unsigned long long kernel[TRACE_FRAMES];
	unsigned long long user[TRACE_FRAMES];
};

#endif
