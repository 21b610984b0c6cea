/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_kernel_counters.h: reads the kernel's own books for --check: the fault counters of the
 * measured tasks, or /proc/vmstat, at both ends of the run. The rules are in
 * stat/check.c.
 */
#ifndef PFSTAT_STAT_STAT_KERNEL_COUNTERS_H
#define PFSTAT_STAT_STAT_KERNEL_COUNTERS_H

#include <stdbool.h>
#include <sys/resource.h>

#include "stat_check.h"
#include "probe/probe.h"

struct books;

/* The session must be loaded. 0 or negative errno. */
int books_open(struct books **out, const struct session *s, bool per_task);

/*
 * session_add_task(), with the task's counters read before and after. books may
 * be NULL here and below: there is no --check.
 */
int books_add_task(struct books *books, struct session *s, int tid);

/* To be called around attaching, and around detaching. */
void books_attaching(struct books *books);
void books_attached(struct books *books);
void books_detaching(struct books *books);
void books_detached(struct books *books);

/* Of the command behind --, which was reaped; scope: why it counts other tasks, or NULL. */
void books_rusage(struct books *books, const struct rusage *usage, const char *scope);

/* A book that cannot be had, for a reason known elsewhere. */
void books_fail(struct books *books, const char *what, int err);

/* What was read, when all is over. */
const struct check_books *books_result(const struct books *books);

void books_close(struct books *books);

#endif
