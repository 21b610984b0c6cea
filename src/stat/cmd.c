// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/cmd.c: see stat/stat.h: pfstat without a command: intervals, the total, --check.
 */
#include "stat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stat_kernel_counters.h"
#include "stat_check.h"
#include "counters/counters.h"
#include "run/run_loop.h"
#include "stat_format.h"
#include "stat_table_check.h"

struct stat_run {
	const struct opts *opts;
	struct run measure;
	struct counters *counters;
	struct check *check; /* with --check, as measure.books */
	FILE *out;
	const struct renderer *renderer;
	struct render_style style;
	struct snapshot *start, *last, *now;
	struct report *report;
	struct groups *groups; /* with --by, as the next */
	struct group_report *group_report;
	bool keeps_exited; /* their entries cannot be freed */
	int interval;
	uint64_t left; /* of COUNT */
	int out_error; /* of writing; a reader that has gone is none */
};

static const struct renderer *const renderers[] = {
	[FORMAT_TABLE] = &render_table,
	[FORMAT_JSON] = &render_json,
	[FORMAT_CSV] = &render_csv,
};

/* --check: opens the kernel's books. One that cannot be had is a failure at the end. */
static int open_kernel_counters(struct stat_run *run)
{
	int exit_hook = run->measure.at.plan.hook[HOOK_sched_process_exit].method;
	int err;

	if (!run->opts->check)
		return 0;
	run->check = calloc(1, sizeof(*run->check));
	err = run->check ? kernel_counters_open(&run->measure.kernel_counters,
						run->measure.at.session, per_task(run->opts)) :
			   -ENOMEM;
	if (err)
		return fail_errno(EXIT_FAILED, "--check", err);
	if (per_task(run->opts) && exit_hook != METHOD_TRACEPOINT)
		kernel_counters_fail(run->measure.kernel_counters,
				     "tasks that end (the tracepoint sched_process_exit)",
				     run->measure.at.plan.hook[HOOK_sched_process_exit].error);
	return 0;
}

/* The second witness, when the command has ended by itself. */
static void read_rusage(struct stat_run *run)
{
	if (!run->opts->child || run->measure.timed_out || !workload_reap(&run->measure.child))
		return;
	kernel_counters_rusage(run->measure.kernel_counters, &run->measure.child.usage,
			       run->opts->no_inherit ?
				       "counts the children, which --no-inherit leaves out" :
				       NULL);
}

static void make_check(struct stat_run *run)
{
	struct check_input input = {
		.total = run->now,
		.exact = (const enum exactness(*)[ORIGIN_NR])run->measure.at.plan.exact,
		.per_task = per_task(run->opts),
		.gup = run->measure.at.plan.hook[HOOK_handle_mm_fault].method > METHOD_UNNEEDED,
		.perf_end = run->measure.at.plan.end == END_PERF,
		.vma_lock = run->measure.at.caps.vma_lock,
	};

	if (!run->check)
		return;
	read_rusage(run);
	input.kernel_counters = kernel_counters_result(run->measure.kernel_counters);
	check_make(run->check, &input);
}

/* JSON has it in the total; CSV has no place for it. */
static void print_check(struct stat_run *run)
{
	if (!run->check || run->opts->format == FORMAT_JSON)
		return;
	render_check(run->opts->format == FORMAT_CSV ? stderr : run->out, run->check);
}

/* The rows of --by. */
static void report_groups(struct stat_run *run)
{
	int err;

	if (!run->groups)
		return;
	err = groups_read(run->groups, run->report->is_total, run->group_report);
	if (err) {
		fail_errno(EXIT_FAILED, "--by: the rows of a report are missing", err);
		return;
	}
	group_report_make(run->group_report, run->opts->sort, run->opts->top,
			  run->report->duration_ns);
	run->report->groups = run->group_report;
}

/* Prints from before (NULL: the start) to now; false when nobody reads any more. */
static bool print_report(struct stat_run *run, const struct snapshot *before, bool is_total)
{
	snapshot_report(run->report, before, run->now, run->measure.at.plan.exact,
			run->measure.at.plan.attach);
	run->report->is_total = is_total;
	run->report->causes = run->opts->causes ? run->measure.at.plan.causes : 0;
	run->report->check = is_total ? run->check : NULL;
	report_groups(run);
	errno = 0;
	run->renderer->report(run->out, run->report, &run->style);
	if (!fflush(run->out) && !ferror(run->out))
		return true;
	if (errno != EPIPE && !run->out_error)
		run->out_error = errno ? -errno : -EIO;
	return false;
}

/* A maximum is of its interval; the total's is the largest of them all. */
static void keep_maxima(struct snapshot *all, const struct snapshot *interval)
{
	int path, origin, major;

	for (path = 0; path < PATH_NR; path++)
		for (origin = 0; origin < ORIGIN_NR; origin++)
			for (major = 0; major < 2; major++) {
				uint64_t ns = interval->sums[path][origin][major].max_ns;

				if (ns > all->sums[path][origin][major].max_ns)
					all->sums[path][origin][major].max_ns = ns;
			}
}

/* What has exited was reported: its entries are free for others. */
static void free_exited(struct stat_run *run)
{
	int err = run->groups && !run->keeps_exited ? groups_free_exited(run->groups) : 0;

	if (!err)
		return;
	run->keeps_exited = true;
	fail_errno(EXIT_FAILED, "--by: processes that have exited keep their entries", err);
}

static void handle_interval(void *arg)
{
	struct stat_run *run = arg;
	struct snapshot *swap;
	uint64_t expirations;

	if (read(run->interval, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	counters_read(run->counters, run->now, false);
	if (!print_report(run, run->last, false))
		run->measure.done = true;
	free_exited(run);
	keep_maxima(run->start, run->now);
	swap = run->last;
	run->last = run->now;
	run->now = swap;
	if (run->opts->count && !--run->left)
		run->measure.done = run->measure.timed_out = true;
}

static int open_output(struct stat_run *run)
{
	run->out = run->opts->output ? fopen(run->opts->output, "we") : stdout;
	if (!run->out)
		return fail_errno(EXIT_FAILED, run->opts->output, -errno);
	run->renderer = renderers[run->opts->format];
	run->style.histogram = run->opts->histogram;
	run->style.timestamp = run->opts->timestamp;
	memcpy(run->style.by, run->opts->by, sizeof(run->style.by));
	run->style.colour = isatty(fileno(run->out)) && !getenv("NO_COLOR");
	run->start = calloc(1, sizeof(*run->start));
	run->last = calloc(1, sizeof(*run->last));
	run->now = calloc(1, sizeof(*run->now));
	run->report = calloc(1, sizeof(*run->report));
	run->group_report = calloc(1, sizeof(*run->group_report));
	if (!run->start || !run->last || !run->now || !run->report || !run->group_report)
		return fail_errno(EXIT_FAILED, "snapshots", -ENOMEM);
	return 0;
}

static int open_interval(struct stat_run *run)
{
	int err;

	if (!run->opts->interval_ns)
		return 0;
	run->left = run->opts->count;
	run->interval = run_timer(run->opts->interval_ns, true);
	err = run_watch(&run->measure, run->interval, handle_interval, run);
	return err ? fail_errno(EXIT_FAILED, "timers", err) : 0;
}

static int open_groups(struct stat_run *run)
{
	struct groups_setup setup = {
		.by = { run->opts->by[0], run->opts->by[1] },
		.cgroups = run->measure.at.cgroups,
	};
	int err;

	if (!run->opts->by[0])
		return 0;
	err = groups_open(&run->groups, run->measure.at.session, &setup);
	if (err)
		return fail_errno(EXIT_FAILED, "cannot map the counters of --by", err);
	counters_on_epoch_flip(run->counters, groups_flip_epoch, run->groups);
	return 0;
}

static int start(struct stat_run *run)
{
	int err = run_start(&run->measure);

	if (err)
		return err;
	err = counters_open(&run->counters, run->measure.at.session);
	if (err)
		return fail_errno(EXIT_FAILED, "cannot map the counters", err);
	err = open_groups(run);
	if (err)
		return err;
	/* The clock of the first interval and of the total starts here, the counters at 0. */
	counters_read(run->counters, run->now, false);
	run->start->mono_ns = run->last->mono_ns = run->now->mono_ns;
	run->start->wall_ns = run->last->wall_ns = run->now->wall_ns;
	err = run_go(&run->measure);
	return err ? err : open_interval(run);
}

static void print_total(struct stat_run *run)
{
	kernel_counters_detaching(run->measure.kernel_counters);
	session_stop(run->measure.at.session);
	kernel_counters_detached(run->measure.kernel_counters);
	groups_settle(run->groups);
	counters_read(run->counters, run->now, true);
	make_check(run);
	keep_maxima(run->now, run->start);
	memset(run->start->sums, 0, sizeof(run->start->sums));
	if (print_report(run, run->start, true))
		print_check(run);
}

static void release(struct stat_run *run)
{
	free(run->check);
	free(run->start);
	free(run->last);
	free(run->now);
	free(run->report);
	free(run->group_report);
	if (run->out && run->out != stdout)
		fclose(run->out);
}

static int run_measure(struct stat_run *run)
{
	int code = open_output(run);

	if (!code)
		code = run_open(&run->measure, run->opts);
	if (!code && run->opts->dry_run) {
		plan_print(&run->measure.at.plan, run->out);
		return 0;
	}
	if (!code)
		code = open_kernel_counters(run);
	if (!code)
		code = run_attach_targets(&run->measure);
	if (!code && run->renderer->begin)
		run->renderer->begin(run->out, &run->style);
	if (!code)
		code = start(run);
	if (code)
		return code;
	run_loop(&run->measure);
	print_total(run);
	if (run->out_error)
		return fail_errno(EXIT_FAILED,
				  run->opts->output ? run->opts->output : "standard output",
				  run->out_error);
	return run->check && !run->check->ok ? EXIT_FAILED : 0;
}

int run_stat(const struct opts *opts)
{
	struct stat_run run = { .opts = opts };
	int code = run_measure(&run);

	/* These read the session, which run_release() closes. */
	counters_close(run.counters);
	groups_close(run.groups);
	kernel_counters_close(run.measure.kernel_counters);
	code = run_release(&run.measure, code);
	release(&run);
	return code;
}
