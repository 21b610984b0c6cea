/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_plan.h: from options and capabilities to one method per hook. plan_make() is a
 * pure function: no I/O, no system call; tests/unit/probe/test_plan.c gives it invented kernels.
 */
#ifndef PFSTAT_PROBE_PROBE_PLAN_H
#define PFSTAT_PROBE_PROBE_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/causes.h"
#include "shared/config.h"
#include "shared/evidence.h"
#include "shared/fault_counters.h"
#include "probe_caps.h"
#include "probe_methods.h"
#include "report/report.h"

enum method {
	METHOD_NONE, /* cannot be attached; error says why */
	METHOD_UNNEEDED, /* another hook sets its facts, or the attach mode does not use it */
	METHOD_FENTRY,
	METHOD_KPROBE,
	METHOD_KPROBE_MULTI,
	METHOD_TRACEPOINT,
};

/* Can it be measured? If not, does the kernel refuse it, or is a privilege missing? */
enum plan_verdict { PLAN_OK, PLAN_KERNEL, PLAN_PRIVILEGE };

struct plan_request {
	enum attach_mode mode;
	bool per_task; /* -p, -t or --: events of tasks, and a filter */
	bool gup; /* --gup: hook handle_mm_fault itself */
	bool causes; /* measure what a fault's time is spent on */
	bool stacks; /* take the stacks of faults */
	unsigned char method[STEP_NR]; /* 1 + the row that must be used; 0: the best one */
	bool windows; /* --duty: attached and detached again and again */
};

struct plan {
	enum plan_verdict verdict;
	char reason[320]; /* not PLAN_OK: why, and the remedy */

	enum attach_mode mode; /* the best one that is used */
	char modes[24]; /* the mode, or a mix of two */
	char attach[40]; /* as in the outputs: modes, and the end if it is not by perf events */
	/* What is not optimal and why; empty: nothing. */
	char note[512];

	unsigned int begin, end, record; /* rows of methods.c */
	/* Why a row of a step is not used: it is refused (a negative errno), or the best it can do.
	 */
	struct {
		int error;
		const char *why; /* NULL: another row is cheaper */
	} unused[STEP_NR][METHODS_MAX];
	bool atomics;
	bool task_btf;
	bool tid_by_task;
	bool task_rss;
	enum vma_source vma_source;
	bool numa_by_task;
	bool orders;
	bool lock_by_tracepoint; /* which faults took mmap_lock, by its tracepoint */
	uint32_t causes; /* bits of enum cause: those that are measured */
	struct wait_range wait[WAIT_NR]; /* functions that the stack is searched for */
	struct {
		enum method method;
		int error;
	} hook[HOOK_NR];

	uint32_t facts; /* EV() of all that are watched */
	uint32_t ev_bit[EV_NR]; /* their bits in the index of the table */
	enum exactness exact[PATH_NR][ORIGIN_NR];
};

void plan_make(struct plan *plan, const struct plan_request *request, const struct caps *caps);

/* The row of the plan's end. */
const struct method_row *plan_end_row(const struct plan *plan);

/* Does the plan attach to hook h? */
bool plan_attaches(const struct plan *plan, enum hook h);

/* The row of a step that the plan uses; why it does not use another one. */
unsigned int plan_method(const struct plan *plan, enum step step);
const char *plan_unused_reason(const struct plan *plan, enum step step, unsigned int row);

/* The same for an output. */
void plan_describe_methods(const struct plan *plan, struct report_method methods[STEP_NR]);

const char *attach_mode_name(enum attach_mode mode);
const char *method_name(enum method method);

/* As text: each hook and its method, each path and how exactly it is seen (--dry-run, -v). */
void plan_print(const struct plan *plan, FILE *f);

#endif
