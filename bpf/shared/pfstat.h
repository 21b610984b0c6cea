/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/pfstat.h: what the BPF programs and user space share: the layout of maps and
 * of the configuration. Times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef PFSTAT_BPF_SHARED_PFSTAT_H
#define PFSTAT_BPF_SHARED_PFSTAT_H

#include "exit_counters.h"
#include "causes.h"
#include "evidence.h"
#include "fault_filter.h"
#include "slab_return.h"
#include "group_key.h"
#include "hist.h"
#include "paths.h"

/* Where a fault came from. */
enum origin { ORIGIN_USER, ORIGIN_KERNEL, ORIGIN_GUP, ORIGIN_NR };

/* What the access was. */
enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC, ACCESS_NR };

/* Multi-size THP: the orders below PMD_ORDER. */
#define PMD_ORDER       9
#define MAX_ORDER_NOTED (PMD_ORDER - 1)

/*
 * One (CPU, path, origin, severity): it only grows. The count of faults is the
 * sum of the buckets plus untimed.
 */
struct fault_counters {
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
	/* Faults that made a stack grow. */
	unsigned long long stack_growths;
	/* Faults that took mmap_lock, where the kernel has locks per VMA (6.4). */
	unsigned long long mmap_locks;
	/* Faults that took longer than config.slow_ns. */
	unsigned long long slow;
	/* New anonymous folios of order 1 to MAX_ORDER_NOTED; the rest are single pages. */
	unsigned long long orders[MAX_ORDER_NOTED];
};

/* Cells of one CPU, and the index of one among them; major is 0 or 1. */
#define FAULT_COUNTERS_PER_CPU                    (PATH_NR * ORIGIN_NR * 2)
#define FAULT_COUNTERS_INDEX(path, origin, major) (((path)*ORIGIN_NR + (origin)) * 2 + (major))

/*
 * The last slow fault of one (CPU, path, severity): who had it, for a metric's
 * exemplar. seq is odd while it is written; tid 0: none yet.
 */
struct slow_fault {
	unsigned int seq;
	unsigned int tid;
	unsigned long long ns;
	unsigned long long end_ns; /* CLOCK_MONOTONIC */
	char comm[16];
};

/* Of one CPU, and the index of one among them. */
#define SLOW_PER_CPU            (PATH_NR * 2)
#define SLOW_INDEX(path, major) ((path)*2 + (major))

/*
 * One cgroup's faults of user and kernel mode, of all CPUs; entry 0 of the slab
 * is of all cgroups that have none of their own.
 */
struct cgroup_faults {
	unsigned long long key; /* the cgroup's id, if it has counted something */
	unsigned long long count[PATH_NR][2]; /* by major; untimed ones, too */
	unsigned long long sum_ns[PATH_NR];
	unsigned long long buckets[HIST_SLOTS]; /* of all paths */
};

/*
 * What a run counts beside faults, per CPU. Each has a row: the name in the
 * outputs, whether it means that something was lost, and what it says.
 */
/* clang-format off */
#define TALLIES(X)                                                                                 \
	X(END_WITHOUT_BEGIN, "end_without_begin", "faults that had begun before pfstat was attached")\
	X(END_OF_OTHERS, "end_of_others", "events of tasks that are not measured")                 \
	X(TABLE_FULL, "table_full", "faults dropped because both slot tables were full")           \
	X(VMA_BUSY, "vma_busy", "VMA look-ups refused because the lock was held")                  \
	X(GUP_NESTED, "gup_nested", "get_user_pages faults inside another fault, not measured")    \
	X(FILTERED, "filtered", "completed faults that a filter leaves out")                       \
	X(FILTERED_FAILED, "filtered_failed", "failed and get_user_pages faults that a filter leaves out") \
	X(STACK_WALK, "stack_walk", "faults of the kernel's own stack walks for pfstat")           \
	X(NO_DETAIL, "no_detail", "faults in the overflow table, whose causes are not followed")   \
	X(TRACE_LOST, "trace_lost", "faults that the trace left out: its ring buffer was full (--mmap-pages)") \
	X(STACKS_FULL, "stacks_full", "stacks that the profile had no room for (--stack-limit)")          \
	X(STACK_TORN, "stack_torn", "stacks that another program overwrote")

enum tally {
#define TALLY_ENUM(id, name, text) TALLY_##id,
	TALLIES(TALLY_ENUM)
#undef TALLY_ENUM
	TALLY_NR
};
/* clang-format on */

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
struct inflight_state {
	unsigned char origin;
	unsigned char in_mm_fault; /* between entry and exit of handle_mm_fault */
	unsigned char major; /* get_user_pages faults: some call said VM_FAULT_MAJOR */
	unsigned char walking; /* the kernel walks its stack for pfstat */
	unsigned short calls; /* of handle_mm_fault */
	unsigned short notes; /* what is counted beside the path: NOTE_ */
};

/* In inflight_state.notes: rare, so that one test covers all of it. */
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
	unsigned int in_overflow; /* this is an entry of inflight_overflow */
	unsigned long long vmf; /* the struct vm_fault, once do_wp_page or __do_fault ran */
	/* At the begin, low halves: what the task's own counts were, where they are compared. */
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

/* From here on is what most faults have not; the flag says that there are notes. */
#define INFLIGHT_RARE_SHIFT 22
#define INFLIGHT_RARE       (1u << INFLIGHT_RARE_SHIFT)

/* Above that: the path, when a hook that is a path by itself has run; else 0. */
#define INFLIGHT_PATH_SHIFT 24
#define INFLIGHT_PATH(path) (((path) + 1u) << INFLIGHT_PATH_SHIFT)

/* Powers of two; a test build has small ones, to fill them. */
#ifndef NR_INFLIGHT
#define NR_INFLIGHT 16384
#define NR_OVERFLOW 8192
#endif

/*
 * What else is kept of a fault in flight when somebody asks for more than its path
 * (cfg.details): by the index of its slot.
 */
struct detail {
	unsigned long long address;
	unsigned long long ip;
	unsigned long long parts[CAUSE_NR]; /* ns; what is left is ON_CPU */
	unsigned long long span_ns; /* when the span began */
	unsigned long long off_ns; /* when it was switched out; 0: it was not */
	unsigned char span; /* the outermost cause that is going on, and one; 0: none */
	unsigned char off; /* what the time off the CPU will count as */
	unsigned char over; /* the fault has ended: time off the CPU is no more its own */
};

/* One bit per tid; the kernel's limit of pid_max is 2^22. */
#define TARGET_WORDS ((1 << 22) / 64)

/* How a program learns about the VMA when the other evidence is ambiguous. */
enum vma_source { VMA_UNKNOWN, VMA_FIND, VMA_CACHE };

/* The configuration: written once before load, constant to the verifier. */
struct config {
	unsigned int nr_cpus;
	/* Faults over it are counted as slow, with an exemplar; 0: none is. */
	unsigned long long slow_ns;
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
	/* ... and end where the look-up that follows says so (kprobes see no return). */
	unsigned char gup_by_lookup;
	/* NUMA hints are told by the task's own counts, not by a hook. */
	unsigned char numa_by_task;
	/* A NUMA hint on a huge page is told by its number of pages, not by a hook. */
	unsigned char huge_by_pages;
	/* userfaultfd is told by the VMA, not by a hook. */
	unsigned char uffd_by_vma;
	/* Anonymous folios of several sizes are on: note their order. */
	unsigned char orders;
	/* Faults are counted by cgroup as well (--by cgroup). */
	unsigned char by_cgroup;
	/* The memory controller is in the unified hierarchy (v2). */
	unsigned char cgroup_unified;
	/* The notes on mmap_lock come from its tracepoint, not from a function. */
	unsigned char lock_by_tracepoint;
	/* ... and so does the end of the wait for it. */
	unsigned char lock_cause_here;

	/* What else is kept and told of each fault; all 0 by default. */
	unsigned char details; /* any of the following */
	unsigned char causes; /* follow what the time is spent on */
	unsigned char cause_counters; /* ... and add it up by path */
	unsigned char trace; /* send faults through the ring buffer */
	unsigned char trace_stacks;
	unsigned char profile; /* count faults by stack */
	unsigned long long trace_slower_ns; /* those over it; 0: all */
	unsigned int trace_sample; /* every so many of them */
	unsigned char by[2]; /* enum dimension: count faults by these */
	struct fault_filter only;
};

#endif
