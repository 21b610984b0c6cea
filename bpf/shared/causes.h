/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/causes.h: what a fault's time was spent on, one row each. The parts exclude each
 * other and add up to the fault's latency: the outermost of lock, reclaim,
 * memcg_reclaim, compaction and uffd includes all that happens inside of it, sleep
 * included; outside of them a sleep is io or off_cpu; the rest is on_cpu.
 */
#ifndef PFSTAT_BPF_SHARED_CAUSES_H
#define PFSTAT_BPF_SHARED_CAUSES_H

#define CAUSES(X)                                                                                  \
	X(LOCK, "lock", "waited for mmap_lock")                                                    \
	X(RECLAIM, "reclaim", "freed memory for itself (global direct reclaim)")                   \
	X(MEMCG, "memcg_reclaim", "freed memory of its memory cgroup, which was at a limit")       \
	X(COMPACTION, "compaction", "moved pages to get a large free block")                       \
	X(UFFD, "uffd", "waited for the handler of a userfaultfd")                                 \
	X(IO, "io", "waited for a block device, a swap device or another task's I/O")              \
	X(OFF_CPU, "off_cpu", "was off the CPU for another reason: preempted, or another lock")    \
	X(ON_CPU, "on_cpu", "the rest: ran")

/* clang-format off */
enum cause {
#define CAUSE_ENUM(id, name, text) CAUSE_##id,
	CAUSES(CAUSE_ENUM)
#undef CAUSE_ENUM
	CAUSE_NR
};
/* clang-format on */

/* Room for the parts of a fault, a power of two: the programs mask the index for the verifier. */
#define CAUSE_ROOM (CAUSE_NR <= 8 ? 8 : 16)

/*
 * Functions that a fault sleeps in, and the cause: the innermost one on the stack decides.
 * For sleeps that are neither I/O nor within a span of a hook.
 *
 * Before 5.11 no tracepoint shows the wait for mmap_lock. The handler of page faults takes
 * no other rwsem for reading; handle_mm_fault() and its callees do.
 */
#define WAIT_FUNCTIONS(X)                                                                          \
	/* throttle_direct_reclaim(): the last reserves are low; then the reclaim begins. */       \
	X(try_to_free_pages, RECLAIM)                                                              \
	/* After a reclaim that got nothing: a worker empties each CPU's list (up to 5.19). */     \
	X(drain_all_pages, RECLAIM)                                                                \
	X(__drain_all_pages, RECLAIM)                                                              \
	X(handle_userfault, UFFD)                                                                  \
	X(rwsem_down_read_slowpath, READ_LOCK)                                                     \
	X(handle_mm_fault, OFF_CPU)                                                                \
	X(exc_page_fault, HANDLER) /* x86-64 */                                                    \
	X(do_page_fault, HANDLER) /* arm64 */

/* clang-format off */
enum wait_function {
#define WAIT_ENUM(function, cause) WAIT_##function,
	WAIT_FUNCTIONS(WAIT_ENUM)
#undef WAIT_ENUM
	WAIT_NR
};
/* clang-format on */

/* Rows that need the frames further out. */
enum {
	CAUSE_READ_LOCK = CAUSE_NR, /* waits to read a lock; its caller decides which lock */
	CAUSE_HANDLER, /* the caller of that: it waits for mmap_lock */
};

/* The addresses of a function; 0: unknown. */
struct wait_range {
	unsigned long long begin, end;
};

/* Of faults of one (path, origin) that ended on one CPU; only grows. */
struct cause_counters {
	unsigned long long ns[CAUSE_NR];
};

#endif
