/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/trace_record.h: a fault in the ring buffer (pfstat trace).
 */
#ifndef PFSTAT_BPF_SHARED_TRACE_RECORD_H
#define PFSTAT_BPF_SHARED_TRACE_RECORD_H

#include "causes.h"
#include "mapping.h"

/* Frames of each stack at most; the kernel's own default limit. */
#define TRACE_FRAMES 127

/* In trace_record.flags. */
#define TRACE_MAJOR      0x1
#define TRACE_MMAP_LOCK  0x2 /* mmap_lock was taken though the kernel has locks per VMA */
#define TRACE_STACK_GREW 0x4
#define TRACE_NO_PARTS   0x8 /* its causes were not measured: it was in the overflow table */

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
	struct fault_mapping mapping;
};

/* After the record with --stack: room for both stacks, whatever their lengths. */
struct trace_stacks {
	unsigned long long kernel[TRACE_FRAMES];
	unsigned long long user[TRACE_FRAMES];
};

#endif
