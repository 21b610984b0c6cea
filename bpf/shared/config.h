/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/config.h: the configuration of the BPF programs.
 */
#ifndef PFSTAT_BPF_SHARED_CONFIG_H
#define PFSTAT_BPF_SHARED_CONFIG_H

#include "fault_filter.h"

/* One bit per tid; the kernel's limit of pid_max is 2^22. */
#define TARGET_WORDS ((1 << 22) / 64)

/*
 * Three bits per tid after a privileged exec, as offsets to the tid; see bpf/exec.bpf.h.
 */
#define GAP_OPEN    0
#define GAP_OPENING (1 << 22)
#define GAP_CLOSING (2 << 22)
#define GAP_WORDS   (3 * TARGET_WORDS)

struct removed_events {
	unsigned int kernel_tid;
	unsigned int local_tid; /* in the pid namespace of user space */
};

/* No option wants more of each begin, or of each end, than paths and latencies. */
#define PLAIN_BEGIN 0x1
#define PLAIN_END   0x2
/* What they must do all the same: the fields of struct config with these names. */
#define PLAIN_FILTER   0x4
#define PLAIN_TID      0x8
#define PLAIN_RSS_ANON 0x10
#define PLAIN_RSS      0x20 /* several counts of pages: the begin only */
#define PLAIN_GROUPS   0x40

/* How a program looks up the VMA when the other evidence is ambiguous. */
enum vma_source { VMA_UNKNOWN, VMA_FIND, VMA_CACHE };

/* The configuration: written once before load, constant to the verifier. */
struct config {
	unsigned int nr_cpus;
	/* The pid namespace of user space: depth (0: the initial one) and number. */
	unsigned int pid_level;
	unsigned int pid_inum;
	/* Faults over it are counted as slow, with an exemplar; 0: no threshold. */
	unsigned long long slow_ns;
	/* Only tasks whose bit is set in targets. */
	unsigned char filter;
	/* New tasks that inherit the bit of their creator. */
	unsigned char inherit_threads;
	unsigned char inherit_children;
	/* The ends are events of tasks, which a privileged exec removes; see exec.bpf.h. */
	unsigned char end_by_task;
	/* The end is the call or the return of a function, which is seen for every task. */
	unsigned char end_by_function;
	/* bpf_get_current_task_btf exists (5.11). */
	unsigned char task_btf;
	unsigned char tid_by_task; /* the tid is read from the task (6.2) */
	/* task_struct.rss_stat is used as evidence (up to 6.1). */
	unsigned char task_rss;
	/* ... and of it only the count of anonymous pages, which never falls in a fault. */
	unsigned char anon_by_rss;
	unsigned char vma_source;
	/* EV_SWAP is set by task_struct.rss_stat, not by a hook. */
	unsigned char swap_by_rss;
	/* get_user_pages faults and retries are seen (--gup). */
	unsigned char gup;
	/* ... and end at the look-up that follows (kprobes see no return). */
	unsigned char gup_by_lookup;
	/* NUMA hints are recognised by the task's own counts, not by a hook. */
	unsigned char numa_by_task;
	/* A NUMA hint on a huge page is recognised by its number of pages, not by a hook. */
	unsigned char huge_by_pages;
	/* userfaultfd is recognised by the VMA, not by a hook. */
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

	/* PLAIN_: which short ways there are; one word, so that a program loads it once. */
	unsigned int plain;
	unsigned int plain_rss_evidence; /* of a new anonymous page, with PLAIN_RSS_ANON */

	/* What else is kept of each fault; all 0 by default. */
	unsigned char details; /* any of the following */
	unsigned char causes; /* measure what the time is spent on */
	unsigned char cause_counters; /* ... and sum it by path */
	unsigned char trace; /* send faults through the ring buffer */
	unsigned char trace_stacks;
	unsigned char profile; /* count faults by stack */
	unsigned long long trace_slower_ns; /* those over it; 0: all */
	unsigned int trace_sample; /* one in N of them */
	unsigned char by[2]; /* enum dimension: count faults by these */
	struct fault_filter only;
};

#endif
