// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/cmd.c: pfstat stat: intervals, the total, --by and --check.
 */
#include "stat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counters/counters.h"
#include "stat_duty.h"
#include "stat_formats.h"
#include "stat_kernel_counters.h"
#include "stat_unseen.h"

struct stat_run {
	const struct stat_options *options;
	struct run run;
	struct counters *counters;
	struct kernel_counters *kernel_counters; /* with --check */
	struct check check;
	struct output out;
	struct snapshot start, last, now;
	struct report report;
	struct stat_duty duty; /* with --duty */
	struct groups *groups; /* with --by */
	struct group_report group_report;
	bool keeps_exited; /* groups of exited tasks cannot be freed */
	uint64_t left; /* of COUNT */
	struct report_method methods[STEP_NR];
	uint64_t events, faults; /* counted by the kernel before the measurement */
	uint64_t unseen; /* faults that it counted since, if the total has none */
};

const struct format *const stat_formats[] = { &stat_table, &stat_json, &stat_csv, NULL };

/* --- --check */

/* Counters that cannot be read make the check fail at the end. */
static int open_check(struct stat_run *s)
{
	const bool per_task = run_is_per_task(&s->options->run);
	const enum hook hook = HOOK_sched_process_exit;
	int err;

	if (!s->options->check)
		return 0;
	err = kernel_counters_open(&s->kernel_counters, s->run.session, per_task);
	if (err)
		return fail_errno(EXIT_FAILED, "--check", err);
	s->run.observer = kernel_counters_observer(s->kernel_counters);
	if (per_task && s->run.plan.hook[hook].method != METHOD_TRACEPOINT)
		kernel_counters_fail(s->kernel_counters,
				     "tasks that end (the tracepoint sched_process_exit)",
				     s->run.plan.hook[hook].error);
	return 0;
}

/* wait4(2) counts, too, when the workload has ended by itself. */
static void read_rusage(struct stat_run *s)
{
	const char *scope = s->options->run.no_inherit ?
				    "counts the children, which --no-inherit leaves out" :
				    NULL;

	if (s->options->run.workload && !s->run.timed_out && workload_reap(&s->run.workload))
		kernel_counters_rusage(s->kernel_counters, &s->run.workload.usage, scope);
}

static void make_check(struct stat_run *s)
{
	const struct plan *plan = &s->run.plan;
	struct check_input input = {
		.total = &s->now,
		.exact = (const enum exactness(*)[ORIGIN_NR])plan->exact,
		.per_task = run_is_per_task(&s->options->run),
		.gup = plan->hook[HOOK_handle_mm_fault].method > METHOD_UNNEEDED,
		.perf_end = plan_end_row(plan)->of_targets,
		.vma_lock = s->run.caps.vma_lock,
	};

	if (!s->options->check)
		return;
	read_rusage(s);
	input.kernel_counters = kernel_counters_result(s->kernel_counters);
	check_make(&s->check, &input);
}

/* --- reports */

static void report_groups(struct stat_run *s)
{
	int err;

	if (!s->groups)
		return;
	err = groups_read(s->groups, s->report.is_total, &s->group_report);
	if (err) {
		fail_errno(EXIT_FAILED, "--by: cannot print the rows of a report", err);
		return;
	}
	group_report_make(&s->group_report, s->options->sort, s->options->top,
			  s->report.duration_ns);
	s->report.groups = &s->group_report;
}

/* Prints the report from before (NULL: the start) to now. */
static void print_report(struct stat_run *s, const struct snapshot *before, bool is_total)
{
	snapshot_report(&s->report, before, &s->now, s->run.plan.exact, s->run.plan.attach);
	s->report.is_total = is_total;
	s->report.methods = s->methods;
	s->report.causes = s->options->causes ? s->run.plan.causes : 0;
	s->report.check = is_total && s->options->check ? &s->check : NULL;
	report_groups(s);
	if (s->run.duty)
		stat_duty_report(&s->duty, &s->report);
	output_record(&s->out, &s->report);
	output_flush(&s->out);
}

/* A maximum belongs to its interval; that of the total is the largest of them all. */
static void keep_maxima(struct snapshot *all, const struct snapshot *interval)
{
	unsigned int path, origin, major;

	for_each_fault_sum(path, origin, major) {
		uint64_t ns = interval->sums[path][origin][major].max_ns;

		if (ns > all->sums[path][origin][major].max_ns)
			all->sums[path][origin][major].max_ns = ns;
	}
}

/* Exited tasks have been reported: their groups are free for others. */
static void free_exited(struct stat_run *s)
{
	int err = s->groups && !s->keeps_exited ? groups_free_exited(s->groups) : 0;

	if (!err)
		return;
	s->keeps_exited = true;
	fail_errno(EXIT_FAILED, "--by: cannot free the rows of exited processes", err);
}

static void handle_interval(void *arg)
{
	struct stat_run *s = arg;

	run_check_preemption(&s->run);
	counters_read(s->counters, &s->now, false);
	print_report(s, &s->last, false);
	if (s->out.closed)
		s->run.done = true;
	free_exited(s);
	keep_maxima(&s->start, &s->now);
	s->last = s->now;
	if (s->options->count && !--s->left)
		s->run.done = s->run.timed_out = true;
}

/* "No page faults" may be wrong. */
static void find_unseen(struct stat_run *s, uint64_t faults)
{
	char target[RUN_TARGETS_LEN];
	struct unseen_counts counts;

	/* There may be none in the windows; the kernel's counts stand beside. */
	if (s->run.duty)
		return;
	unseen_counts_make(&counts, &s->run, snapshot_grown(s->events, s->now.events),
			   snapshot_grown(s->faults, faults));
	s->unseen = unseen_faults(&s->report, &counts);
	if (s->unseen)
		fprintf(stderr,
			"pfstat: the kernel counted %llu faults of %s; pfstat saw none: its BPF programs"
			" did not run, or did not recognise the tasks\n",
			(unsigned long long)s->unseen, run_targets_text(&s->options->run, target));
}

static void print_total(struct stat_run *s)
{
	const uint64_t faults = unseen_read_faults(&s->run);

	run_stop(&s->run);
	if (s->groups)
		rcu_wait();
	counters_read(s->counters, &s->now, true);
	make_check(s);
	keep_maxima(&s->now, &s->start);
	memset(s->start.sums, 0, sizeof(s->start.sums));
	print_report(s, &s->start, true);
	find_unseen(s, faults);
	/* CSV has no place for it. */
	if (s->report.check && s->out.format == &stat_csv)
		table_check(stderr, &s->check);
}

/* --- the run */

static void end_duty_period(void *arg, const struct duty_period *period)
{
	struct stat_run *s = arg;

	stat_duty_period(&s->duty, period);
}

static int open_run(struct stat_run *s)
{
	const struct stat_options *o = s->options;
	const struct run_request request = {
		.causes = o->causes,
		.duty_period = end_duty_period,
		.arg = s,
		.by_cgroup = o->by[0] == DIM_CGROUP || o->by[1] == DIM_CGROUP,
		.session = {
			.cause_counters = o->causes,
			.by = { o->by[0], o->by[1] },
			.group_limit = o->by_limit,
		},
	};

	return run_open(&s->run, &o->run, &request);
}

static int open_groups(struct stat_run *s)
{
	int err;

	if (!s->options->by[0])
		return 0;
	err = groups_open(&s->groups, s->run.session, s->options->by, s->run.cgroups);
	if (err)
		return fail_errno(EXIT_FAILED, "cannot map the counters of --by", err);
	counters_on_epoch_flip(s->counters, groups_flip_epoch, s->groups);
	return 0;
}

static int open_interval(struct stat_run *s)
{
	int err;

	if (!s->options->interval_ns)
		return 0;
	s->left = s->options->count;
	err = run_watch_timer(&s->run, s->options->interval_ns, true, handle_interval, s);
	return err < 0 ? fail_errno(EXIT_FAILED, "timers", err) : 0;
}

static int start(struct stat_run *s)
{
	int err = run_start(&s->run);

	if (err)
		return err;
	err = counters_open(&s->counters, s->run.session);
	if (err)
		return fail_errno(EXIT_FAILED, "cannot map the counters", err);
	err = open_groups(s);
	if (err)
		return err;
	plan_describe_methods(&s->run.plan, s->methods);
	/* The clock of the first interval and of the total starts here, the counters at 0. */
	counters_read(s->counters, &s->now, false);
	s->start.mono_ns = s->last.mono_ns = s->now.mono_ns;
	s->start.wall_ns = s->last.wall_ns = s->now.wall_ns;
	s->events = s->now.events;
	s->faults = unseen_read_faults(&s->run);
	stat_duty_begin(&s->duty, &s->run, s->counters);
	err = run_go(&s->run);
	return err ? err : open_interval(s);
}

static int measure(struct stat_run *s)
{
	const struct run_options *options = &s->options->run;
	int code = output_open(&s->out, options->output, options->format, s->options);

	code = code ?: open_run(s);
	if (!code && options->dry_run) {
		plan_print(&s->run.plan, s->out.file);
		return 0;
	}
	code = code ?: open_check(s);
	code = code ?: run_attach_targets(&s->run);
	if (code)
		return code;
	output_begin(&s->out);
	code = start(s);
	if (code)
		return code;
	run_loop(&s->run);
	print_total(s);
	return (s->report.check && !s->check.ok) || s->unseen ? EXIT_FAILED : 0;
}

static int stat_run(const void *options)
{
	/* Snapshots are too large for a stack. */
	struct stat_run *s = calloc(1, sizeof(*s));
	int code;

	if (!s)
		return fail_errno(EXIT_FAILED, "snapshots", -ENOMEM);
	s->options = options;
	code = measure(s);
	/* These read the session, which run_release() closes. */
	counters_close(s->counters);
	groups_close(s->groups);
	kernel_counters_close(s->kernel_counters);
	code = output_close(&s->out, run_release(&s->run, code));
	free(s);
	return code;
}

const struct command stat_command = {
	.name = "stat",
	.help = "latency histograms by kernel path: the default command",
	.options = &stat_option_table,
	.run = stat_run,
};
