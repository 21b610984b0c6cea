/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * pfstat.h: what the BPF programs and user space share: the layout of maps and
 * of the configuration. Times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef PFSTAT_H
#define PFSTAT_H

#include "evidence.h"
#include "hist.h"
#include "paths.h"

/* Where a fault came from. */
enum origin { ORIGIN_USER, ORIGIN_KERNEL, ORIGIN_GUP, ORIGIN_NR };

/* What the access was. */
enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC, ACCESS_NR };

/*
 * One (CPU, path, origin, severity): it only grows. The count of faults is the
 * sum of the buckets plus untimed.
 */
struct cell {
	unsigned long long buckets[HIST_SLOTS];
	unsigned long long sum_ns;
	/* Longest latency; max_ns[epoch & 1] is being written, the other one read. */
	unsigned long long max_ns[2];
	/* Faults that are known to have happened, but not how long they took. */
	unsigned long long untimed;
	/* Of all; the rest are reads. */
	unsigned long long writes;
	unsigned long long execs;
	/* Calls of handle_mm_fault beyond the first, where a hook counts them. */
	unsigned long long retries;
};

/* Cells of one CPU, and the index of one among them; major is 0 or 1. */
#define CELLS_PER_CPU (PATH_NR * ORIGIN_NR * 2)
#define CELL_INDEX(path, origin, major) (((path) * ORIGIN_NR + (origin)) * 2 + (major))

/*
 * What a run counts beside faults, per CPU. Each has a row: the name in the
 * outputs, whether it means that something was lost, and what it says.
 */
#define TALLIES(X)                                                                                 \
	X(END_WITHOUT_BEGIN, "end_without_begin", "faults that had begun before pfstat was attached")\
	X(END_OF_OTHERS, "end_of_others", "events of tasks that are not measured")                 \
	X(TABLE_FULL, "table_full", "faults dropped because both slot tables were full")           \
	X(VMA_BUSY, "vma_busy", "VMA look-ups refused because the lock was held")                  \
	X(GUP_NESTED, "gup_nested", "get_user_pages faults inside another fault, not measured")

enum tally {
#define TALLY_ENUM(id, name, text) TALLY_##id,
	TALLIES(TALLY_ENUM)
#undef TALLY_ENUM
	TALLY_NR
};

struct tallies {
	unsigned long long n[TALLY_NR];
};

/* What task_struct.rss_stat (up to 6.1) says: events, and the counts by enum mm member. */
struct task_rss {
	int events;
	int file;
	int anon;
	int swap;
	int shmem;
};

/* What a slot says beside time and evidence; one word, so that a begin is one store. */
struct slot_state {
	unsigned char origin;
	unsigned char in_mm_fault; /* between entry and exit of handle_mm_fault */
	unsigned char major; /* get_user_pages faults: some call said VM_FAULT_MAJOR */
	unsigned char pad;
	unsigned int calls; /* of handle_mm_fault */
};

/* One fault in flight: one cache line. */
struct slot {
	unsigned int tid; /* owner; 0: free */
	unsigned int evidence; /* the index of the table, and SLOT_EXEC */
	unsigned long long start_ns;
	struct slot_state state;
	struct task_rss rss; /* at the begin */
	unsigned int in_overflow; /* this is an entry of slots_overflow */
	unsigned int pad[4];
};

/* In evidence, over the index: the access fetched an instruction. */
#define SLOT_EXEC (1u << EV_INDEX_BITS)

#define NR_SLOTS	16384
#define NR_OVERFLOW	8192

/* One bit per tid; the kernel's limit of pid_max is 2^22. */
#define TARGET_WORDS	((1 << 22) / 64)

/* How a program learns about the VMA when the other evidence is ambiguous. */
enum vma_source { VMA_UNKNOWN, VMA_FIND, VMA_CACHE };

/* The configuration: written once before load, constant to the verifier. */
struct config {
	unsigned int nr_cpus;
	/* Only tasks whose bit is set in targets. */
	unsigned char filter;
	/* What a new task inherits of its creator's bit. */
	unsigned char inherit_threads;
	unsigned char inherit_children;
	/* bpf_get_current_task_btf exists (5.11). */
	unsigned char task_btf;
	/* task_struct.rss_stat is used as evidence (up to 6.1). */
	unsigned char task_rss;
	unsigned char vma_source;
	/* EV_SWAP is told by task_struct.rss_stat, not by a hook. */
	unsigned char swap_by_rss;
	/* get_user_pages faults and retries are seen (--gup). */
	unsigned char gup;
};

#endif
