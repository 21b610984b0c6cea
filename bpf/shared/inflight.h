/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/inflight.h: a fault in flight, and the detail that is kept of it.
 */
#ifndef PFSTAT_BPF_SHARED_INFLIGHT_H
#define PFSTAT_BPF_SHARED_INFLIGHT_H

#include "causes.h"
#include "evidence.h"

/* task_struct.rss_stat (up to 6.1): events, and the counts by enum mm member. */
struct task_rss {
	int events;
	int file;
	int anon;
	int swap;
	int shmem;
};

/* The rest of a fault's state; one word, so that a begin is one store. */
struct inflight_state {
	unsigned char origin;
	unsigned char in_mm_fault; /* between entry and exit of handle_mm_fault */
	unsigned char major; /* get_user_pages faults: a call returned VM_FAULT_MAJOR */
	unsigned char walking; /* the kernel walks its stack for pfstat */
	unsigned short calls; /* of handle_mm_fault */
	unsigned short notes; /* NOTE_: what is counted in addition to the path */
};

/* In inflight_state.notes: rare, so one test covers all of them. */
#define NOTE_STACK      0x1 /* the stack was grown */
#define NOTE_MMAP_LOCK  0x2 /* mmap_lock was taken, though the kernel has locks per VMA */
#define NOTE_MMAP_AGAIN 0x4 /* more than once: retried, or the first try was refused */
#define NOTE_ORDER      8 /* bits from here on: order of the folio that was allocated */

/* One fault in flight: one cache line. */
struct inflight {
	unsigned int tid; /* owner; 0: free */
	unsigned int evidence; /* the index of the table, INFLIGHT_EXEC, INFLIGHT_PATH() */
	unsigned long long start_ns;
	struct inflight_state state;
	struct task_rss rss; /* at the begin */
	/* 1 + the index in overflow_of_user; 0: it is not in inflight_overflow. */
	unsigned int in_overflow;
	unsigned long long vmf; /* the struct vm_fault, once do_wp_page or __do_fault ran */
	/* The low halves of the task's own counts at the begin, where they are compared. */
	union {
		unsigned int numa_pages;
		struct {
			unsigned int min_flt;
			unsigned int maj_flt;
		} gup;
	};
};

/* In evidence, over the index: the access fetched an instruction. */
#define INFLIGHT_EXEC       (1u << EV_INDEX_BITS)

#define INFLIGHT_INDEX_MASK ((1u << EV_INDEX_BITS) - 1)

/* From here on: bits that most faults do not have. The flag: there are notes. */
#define INFLIGHT_RARE_SHIFT 22
#define INFLIGHT_RARE       (1u << INFLIGHT_RARE_SHIFT)

/* Above that: the path, when a hook that is a path by itself has run; else 0. */
#define INFLIGHT_PATH_SHIFT 24
#define INFLIGHT_PATH(path) (((path) + 1u) << INFLIGHT_PATH_SHIFT)

/*
 * Powers of two; a test build has small ones, to fill them. OVERFLOW_SHARE: of one user, so that
 * nobody's sleeping threads leave no room for the others.
 */
#ifndef NR_INFLIGHT
#define NR_INFLIGHT    16384
#define NR_OVERFLOW    8192
#define OVERFLOW_SHARE (NR_OVERFLOW / 4)
#endif

/* Users whose numbers are the same below it have one share. */
#define NR_OVERFLOW_USERS 4096

/*
 * Two bits per tid while it has a fault in flight that found no room, as offsets to the tid:
 * there is one; it is of kernel mode.
 */
#define UNRECORDED        0
#define UNRECORDED_KERNEL (1 << 22)
#define UNRECORDED_WORDS  (2 * (1 << 22) / 64)

/*
 * More about a fault in flight, when an option needs more than its path (cfg.details); by
 * the index in inflight.
 */
struct detail {
	unsigned long long address;
	unsigned long long ip;
	unsigned long long parts[CAUSE_ROOM]; /* ns; the rest is ON_CPU */
	unsigned long long span_ns; /* when the span began */
	unsigned long long off_ns; /* when it was switched out; 0: it was not */
	unsigned char span; /* 1 + the outermost cause that is going on; 0: none */
	unsigned char off; /* what the time off the CPU will count as */
	unsigned char over; /* the fault has ended: time off the CPU no longer counts */
};

#endif
