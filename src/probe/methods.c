// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/methods.c: the rows of methods: what each attaches, where it works, and how far it can be
 * trusted.
 */
#include "probe_methods.h"

#include <errno.h>

#include "probe_plan.h"
#include "util/array.h"

static int refuse_nothing(const struct plan_request *request, const struct caps *caps)
{
	(void)request;
	(void)caps;
	return 0;
}

static enum trust trust_always(const struct plan_request *request, const struct caps *caps,
			       const char **why)
{
	(void)request;
	(void)caps;
	(void)why;
	return TRUST_LOSSLESS;
}

static int refuse_exceptions(const struct plan_request *request, const struct caps *caps)
{
	(void)request;
	return caps->begin;
}

static const struct method_row begin_rows[] = {
	[BEGIN_EXCEPTIONS] = {
		.name = "exceptions",
		.text = "tracepoints exceptions:page_fault_user and page_fault_kernel",
		.proof = "end_without_begin",
		.price = 74,
		.refused = refuse_exceptions,
		.trust = trust_always,
	},
};

static int refuse_perf(const struct plan_request *request, const struct caps *caps)
{
	return request->per_task ? caps->perf_task : caps->perf_cpu;
}

/*
 * On a preemptible kernel a software event is dropped while the task in whose time it fires is
 * preempted in another BPF program or map call (bpf_prog_active); the event counts all the same.
 */
static enum trust trust_perf(const struct plan_request *request, const struct caps *caps,
			     const char **why)
{
	(void)request;
	if (!caps->preemptible)
		return TRUST_LOSSLESS;
	*why = "on a preemptible kernel programs on perf events are skipped now and then";
	return TRUST_COUNTED;
}

static int refuse_fexit(const struct plan_request *request, const struct caps *caps)
{
	(void)request;
	return caps->fexit;
}

/* The call of a function is seen for every task of the machine, and without its registers. */
static bool wants_no_function(const struct plan_request *request, const char **why)
{
	if (request->mode == ATTACH_KPROBE || request->mode == ATTACH_TRACEPOINT)
		*why = "the attach mode does without fentry and fexit";
	else if (request->per_task)
		*why = "every task of the machine would pay for it";
	else if (request->stacks)
		*why = "it has no registers of the fault, where stacks begin";
	return *why;
}

/* One program per CPU runs at a time, so a task that is preempted in it hides the faults of others.
 */
static enum trust trust_fexit(const struct plan_request *request, const struct caps *caps,
			      const char **why)
{
	if (wants_no_function(request, why))
		return TRUST_LAST_RESORT;
	if (caps->preemptible)
		*why = "on a preemptible kernel runs are skipped";
	else if (!caps->atomics)
		*why = "this kernel does not count skipped runs (5.12)";
	return *why ? TRUST_LAST_RESORT : TRUST_LOSSLESS;
}

static int refuse_sw_event(const struct plan_request *request, const struct caps *caps)
{
	(void)request;
	return caps->sw_event ? caps->sw_event : caps->perf_task;
}

/* __perf_sw_event() turns preemption off around the call, so no run is skipped. */
static enum trust trust_sw_event(const struct plan_request *request, const struct caps *caps,
				 const char **why)
{
	(void)caps;
	return wants_no_function(request, why) ? TRUST_LAST_RESORT : TRUST_LOSSLESS;
}

static const struct method_row end_rows[] = {
	[END_PERF] = {
		.name = "perf_event",
		.text = "perf software events page-faults-min and -maj",
		.proof = "the events' own counts",
		.price = 353,
		.refused = refuse_perf,
		.trust = trust_perf,
		.programs = { { "end_minor", "end_major" }, { "end_minor_vma", "end_major_vma" } },
		.of_targets = true,
	},
	[END_FEXIT] = {
		.name = "fexit",
		.text = "fexit on handle_mm_fault",
		.proof = "recursion_misses",
		.price = 184,
		.refused = refuse_fexit,
		.trust = trust_fexit,
		.programs = { { "fexit_end" }, { "fexit_end_vma" } },
		.is_function = true,
	},
	[END_SW_EVENT] = {
		.name = "sw_event",
		.text = "fentry on ___perf_sw_event",
		.proof = "recursion_misses",
		.price = 274,
		.refused = refuse_sw_event,
		.trust = trust_sw_event,
		.programs = { { "end_sw_event" }, { "end_sw_event_vma" } },
		.is_function = true,
		.needs_event = true,
	},
};

static const struct method_row record_rows[] = {
	[RECORD_ARRAY] = {
		.name = "array",
		.text = "array by thread ID, and a hash for those that find their element in use",
		.proof = "table_full",
		.refused = refuse_nothing,
		.trust = trust_always,
	},
};

static const struct {
	const char *name;
	const struct method_row *rows;
	unsigned int nr;
} steps[STEP_NR] = {
	[STEP_BEGIN] = { "begin", begin_rows, ARRAY_SIZE(begin_rows) },
	[STEP_END] = { "end", end_rows, ARRAY_SIZE(end_rows) },
	[STEP_RECORD] = { "record", record_rows, ARRAY_SIZE(record_rows) },
};

const struct method_row *method_row(enum step step, unsigned int i)
{
	return i < steps[step].nr ? &steps[step].rows[i] : NULL;
}

const char *step_name(enum step step)
{
	return steps[step].name;
}
