/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * report/report_rows.h: from counters to numbers. All arithmetic of pfstat is here: no I/O, no
 * kernel. counters/counters.c fills snapshots, the output formats print reports.
 */
#ifndef PFSTAT_REPORT_REPORT_ROWS_H
#define PFSTAT_REPORT_REPORT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "report_histogram.h"
#include "shared/causes.h"
#include "shared/fault_counters.h"
#include "shared/tallies.h"

/* The fault counters of all CPUs added up; they only grow, except max_ns. */
struct fault_sum {
	uint64_t buckets[HIST_SLOTS];
	uint64_t sum_ns;
	uint64_t max_ns; /* of the interval that ends with this snapshot */
	uint64_t untimed;
	uint64_t access[ACCESS_NR];
	uint64_t retries;
	uint64_t stack_growths;
	uint64_t mmap_locks;
	uint64_t slow; /* with a threshold */
	uint64_t orders[MAX_ORDER_NOTED];
};

/* The time of the timed faults of a path and origin, by cause. */
struct cause_sum {
	uint64_t ns[CAUSE_NR];
};

struct snapshot {
	uint64_t mono_ns; /* CLOCK_MONOTONIC */
	uint64_t wall_ns; /* CLOCK_REALTIME, since the epoch */
	struct fault_sum sums[PATH_NR][ORIGIN_NR][2];
	struct cause_sum causes[PATH_NR][ORIGIN_NR]; /* with --causes */
	uint64_t tallies[TALLY_NR];
	/* Runs of the end programs on perf events, and what the fds counted themselves. */
	uint64_t end_runs;
	uint64_t events;
	uint64_t end_misses; /* runs of an end that is a function, which the kernel skipped */
	/* Program runs that the kernel skipped (recursion_misses), markers included. */
	uint64_t probe_misses;
	/* Faults begun and not ended when the run stopped; only in the last one. */
	uint64_t in_flight;
};

/* All paths and origins; and each with both severities, major 0 and 1. */
#define for_each_path_origin(path, origin)                                                         \
	for ((path) = 0; (path) < PATH_NR; (path)++)                                               \
		for ((origin) = 0; (origin) < ORIGIN_NR; (origin)++)
#define for_each_fault_sum(path, origin, major)                                                    \
	for_each_path_origin(path, origin)                                                         \
		for ((major) = 0; (major) < 2; (major)++)

enum exactness { EXACT, INFERRED, NOT_VISIBLE };

/* The standard errors of an estimated row (report_estimate.h). */
struct row_error {
	double count, sum_ns;
	double share; /* of the row's share of all faults, 0 .. 1 */
};

/* One path and origin with at least one fault. */
struct report_row {
	unsigned char path_id, origin_id; /* enum path, enum origin */
	const char *path;
	const char *origin;
	const char *outcome;
	const char *exactness;
	bool inferred; /* the path is inferred: exactness "inferred" */
	uint64_t count; /* timed + untimed */
	uint64_t timed; /* in a bucket */
	uint64_t untimed; /* counted, but the end was not seen: in no bucket */
	uint64_t minor;
	uint64_t major; /* minor + major < count when faults failed */
	uint64_t access[ACCESS_NR]; /* read, write, exec */
	uint64_t retries;
	uint64_t stack_growths; /* faults that made a stack grow */
	uint64_t mmap_locks; /* faults that took mmap_lock although the kernel has locks per VMA */
	uint64_t orders[MAX_ORDER_NOTED]; /* new anonymous folios of order 1 and up */
	uint64_t sum_ns;
	uint64_t max_ns;
	/* Of the timed faults; 0 when there are none. See snapshot_quantile(). */
	uint64_t avg_ns;
	uint64_t p50_ns;
	uint64_t p90_ns;
	uint64_t p99_ns;
	double rate; /* faults per second */
	double share; /* of the total time, 0 .. 1 */
	uint64_t buckets[HIST_SLOTS]; /* by slot; index = slot + HIST_MIN */
	struct cause_sum causes; /* with --causes */
	double cause_share[CAUSE_NR]; /* of sum_ns, 0 .. 1 */
	struct row_error error; /* with --duty */
};

/* Why something is missing, or may be coarser than it looks. */
struct report_loss {
	const char *reason; /* as in the outputs, for example "missed" */
	const char *text; /* a sentence for a person */
	uint64_t count;
};

#define REPORT_MAX_ROWS (PATH_NR * ORIGIN_NR)
#define REPORT_MAX_LOST (TALLY_NR + 4)

struct check;
struct group_report;
struct report_duty;

/* How one step of a fault is seen: its begin, its end, the record in flight. */
#define REPORT_METHODS 3
#define REPORT_UNUSED  8
struct report_method {
	const char *step;
	const char *row;
	const char *proof; /* the counter that shows whether it lost a fault */
	struct {
		const char *row, *reason;
	} unused[REPORT_UNUSED]; /* a NULL row after the last */
};

struct report {
	bool is_total; /* else one interval */
	uint64_t wall_ns;
	uint64_t duration_ns;
	const char *attach; /* the attach mode: fentry, kprobe, tracepoint or a mix */
	const struct report_method *methods; /* REPORT_METHODS of them; NULL: not told */
	struct report_row rows[REPORT_MAX_ROWS]; /* most total time first */
	unsigned int nr_rows;
	struct report_row total; /* over all rows; path "total", origin "" */
	struct report_loss lost[REPORT_MAX_LOST]; /* those with a count */
	unsigned int nr_lost;
	uint64_t filtered; /* faults that a filter left out */
	const struct check *check; /* of the total with --check, else NULL */
	/* Bits of the causes that were distinguished; 0 without --causes. The caller sets it. */
	uint32_t causes;
	const struct group_report *groups; /* with --by, else NULL */
	const struct report_duty *duty; /* with --duty: the rows are estimates; else NULL */
};

/*
 * The value below or at which the fraction q (0 .. 1) of the samples lies, in
 * ns: the upper bound of the bucket that holds it, at most max_ns. Never below
 * the true value, and above it by at most 2^(1/8) - 1 = 9.05 %. 0 when empty.
 */
uint64_t snapshot_quantile(const uint64_t buckets[HIST_SLOTS], uint64_t max_ns, double q);

/*
 * What happened from one snapshot to a later one (before NULL: from the start).
 * max_ns is not a difference but that of the later snapshot (the caller keeps
 * the maximum of a run). exact[path][origin] goes into the rows.
 * Without before the duration counts from 0 on the clock, so a total is better
 * taken from the snapshot of the start. is_total is set when before is NULL; a
 * caller that means it otherwise sets it afterwards.
 */
void snapshot_report(struct report *out, const struct snapshot *before,
		     const struct snapshot *after, enum exactness exact[PATH_NR][ORIGIN_NR],
		     const char *attach);

/* Adds what can be added, and keeps the larger maximum. */
void snapshot_add_row(struct report_row *total, const struct report_row *row);
/* Average, percentiles and rate, and the maximum that agrees with the buckets. */
void snapshot_finish_row(struct report_row *row, uint64_t duration_ns);

/* All reasons, also those without a count; before NULL: from the start. How many there are. */
unsigned int snapshot_losses(struct report_loss losses[REPORT_MAX_LOST],
			     const struct snapshot *before, const struct snapshot *after);

/* after less before; 0 should a counter have gone back: no interval gets 2^64 faults. */
uint64_t snapshot_grown(uint64_t before, uint64_t after);

/* Faults that filters left out. before NULL: from the start. */
uint64_t snapshot_filtered(const struct snapshot *before, const struct snapshot *after);

/* Faults of one path; 0 for snap NULL. */
uint64_t snapshot_count_of_path(const struct snapshot *snap, unsigned int path);

/* Faults of one sum, timed or not. */
uint64_t snapshot_count(const struct fault_sum *cell);

/* All faults. */
uint64_t snapshot_faults(const struct snapshot *snap);

/* Those of them without a latency. */
uint64_t snapshot_untimed(const struct snapshot *snap);

/* "lock", "io"; a sentence. See bpf/causes.h. */
const char *cause_name(unsigned int cause);
const char *cause_help(unsigned int cause);

const char *path_name(unsigned int path);
/* Does the kernel account such a fault as minor or major (else it failed)? */
bool path_completes(unsigned int path);
/* Is such a fault's end seen, so that its duration is known? */
bool path_is_timed(unsigned int path);
/* Can such a fault read from a disk? */
bool path_reads_disk(unsigned int path);
/* Can such a fault fail within handle_mm_fault()? */
bool path_fails_in_mm_fault(unsigned int path);
const char *path_help(unsigned int path);
const char *origin_name(unsigned int origin);
/* "read", "write", "exec". */
const char *access_name(unsigned int access);
/* The outcome of such a fault. Failed accesses of the kernel are fixed up: EFAULT. */
enum outcome outcome_of(unsigned int path, unsigned int origin);
const char *outcome_name(enum outcome outcome);
const char *exactness_name(enum exactness e);

#endif
