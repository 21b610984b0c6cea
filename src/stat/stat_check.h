/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_check.h: the cross-check of pfstat's total with the kernel's counters. Pure arithmetic
 * and rules, no I/O: stat/kernel_counters.c reads the counters, the formats print the result.
 * docs/accounting.md explains the rules.
 */
#ifndef PFSTAT_STAT_STAT_CHECK_H
#define PFSTAT_STAT_STAT_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "report/report.h"

/*
 * What a counter of the kernel grew by while pfstat measured: attaching and
 * detaching take time, and what was counted meanwhile may be on either side.
 */
struct check_span {
	uint64_t low, high;
};

/* The counters of /proc/vmstat that are compared; each has a row in stat/check.c. */
#define CHECK_COUNTERS(X)                                                                          \
	X(pgfault)                                                                                 \
	X(pgmajfault)                                                                              \
	X(thp_fault_alloc)                                                                         \
	X(thp_zero_page_alloc)                                                                     \
	X(numa_hint_faults)                                                                        \
	X(pswpin)                                                                                  \
	X(cow_ksm)                                                                                 \
	X(pgreuse)

/* clang-format off */
enum check_counter {
#define CHECK_ENUM(name) CHECK_##name,
	CHECK_COUNTERS(CHECK_ENUM)
#undef CHECK_ENUM
	CHECK_COUNTER_NR
};
/* clang-format on */

extern const char *const check_counter_names[CHECK_COUNTER_NR];

#define CHECK_ERROR_LEN 160

/* What stat/kernel_counters.c read. */
struct check_kernel {
	/* Why the counters of this run could not be read; empty when they were. */
	char error[CHECK_ERROR_LEN];

	/* -p, -t, --: min_flt and maj_flt of the measured tasks. */
	struct check_span tasks[2];
	uint64_t ended, living; /* tasks */
	uint64_t early; /* of ended: the kernel let them fault after their count was read */
	uint64_t exit_missed; /* ends of any task that the kernel kept from pfstat */

	/* --: what wait4(2) says of the command, less what it had before. */
	bool has_rusage;
	uint64_t rusage[2];
	const char *rusage_scope; /* why it counts other tasks; NULL when it does not */

	/* Of the machine; has_counter: this kernel has it. */
	bool has_counter[CHECK_COUNTER_NR];
	struct check_span counter[CHECK_COUNTER_NR];
};

struct check_input {
	const struct snapshot *total; /* of the whole run, from 0 */
	const enum exactness (*exact)[ORIGIN_NR]; /* [PATH_NR] */
	const struct check_kernel *kernel_counters;
	bool per_task;
	bool gup; /* get_user_pages faults were measured */
	bool perf_end; /* perf events end a fault, not fexit */
	bool vma_lock; /* struct caps: pgfault counts a fault once, not each call */
};

enum check_verdict {
	CHECK_EQUAL,
	CHECK_EXPLAINED, /* the reasons add up to the difference */
	CHECK_INFORMATION, /* related, but not the same: nothing can be wrong */
	CHECK_UNEXPLAINED,
};

struct check_reason {
	const char *name; /* a word for programs */
	const char *text; /* for a person */
	uint64_t count; /* 0: no number, the two sides are not the same thing */
};

#define CHECK_MAX_REASONS 10
#define CHECK_MAX_ROWS    (CHECK_COUNTER_NR + 8)

struct check_row {
	const char *source; /* tasks, wait4, perf, vmstat */
	const char *counter;
	struct check_span kernel;
	uint64_t pfstat;
	enum check_verdict verdict;
	struct check_reason reason[CHECK_MAX_REASONS];
	unsigned int nr_reasons;
	uint64_t unexplained;
	bool surplus; /* unexplained: pfstat has more than the kernel, else less */
};

struct check {
	bool ok; /* all could be read, and nothing is unexplained */
	char error[CHECK_ERROR_LEN]; /* which counters could not be read, and why; or empty */
	uint64_t ended, living; /* tasks */
	struct check_row row[CHECK_MAX_ROWS];
	unsigned int nr_rows;
};

void check_make(struct check *out, const struct check_input *in);

const char *check_verdict_name(enum check_verdict verdict);

#endif
