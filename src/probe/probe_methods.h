/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_methods.h: the ways to see the begin and the end of a fault and to keep the fault
 * in flight, one row each. The plan takes a row of each; --attach=end=NAME asks for one.
 */
#ifndef PFSTAT_PROBE_PROBE_METHODS_H
#define PFSTAT_PROBE_PROBE_METHODS_H

#include <stdbool.h>

struct caps;
struct plan_request;

enum step { STEP_BEGIN, STEP_END, STEP_RECORD, STEP_NR };

/* The rows that other code names; more may follow. Their order is of no meaning. */
enum begin_method { BEGIN_EXCEPTIONS };
enum end_method { END_PERF, END_FEXIT, END_SW_EVENT };
enum record_method { RECORD_ARRAY };

#define METHODS_MAX 8 /* rows of a step, at most */

/* How far a row can be trusted here. The plan takes the most trusted, and of these the cheapest. */
enum trust {
	TRUST_LAST_RESORT, /* it may lose faults, or everybody pays for it; else refused */
	TRUST_COUNTED, /* it may lose faults, and counts each one */
	TRUST_LOSSLESS,
};

struct method_row {
	const char *name; /* in --attach, doctor and JSON */
	const char *text; /* what is attached, in --dry-run */
	const char *proof; /* the counter that shows whether it lost a fault */
	unsigned int price; /* instructions per fault of an empty program (6.1) */
	int (*refused)(const struct plan_request *request, const struct caps *caps);
	enum trust (*trust)(const struct plan_request *request, const struct caps *caps,
			    const char **why);
	/* An end: its programs, without and with bpf_find_vma; the second may be NULL. */
	const char *programs[2][2];
	/* The end programs run on perf events of each task or CPU, which count the faults, too. */
	bool of_targets;
	bool is_function; /* it attaches to a function by fentry or fexit */
	/* Links, and pfstat keeps software events open for them: else the kernel skips the call. */
	bool needs_event;
};

/* Row i of a step; NULL after the last. */
const struct method_row *method_row(enum step step, unsigned int i);

/* "begin", "end", "record" */
const char *step_name(enum step step);

#endif
