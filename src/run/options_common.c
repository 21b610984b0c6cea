// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/options_common.c: the options that several commands have: targets, filters of faults,
 * the attach mode.
 */
#include "run_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc/procfs.h"
#include "util/array.h"

#define PID_MAX (1 << 22)

/* --- targets */

static int add_pid(struct run_options *o, int pid)
{
	size_t i;

	for (i = 0; i < o->nr_pids; i++)
		if (o->pids[i] == pid)
			return 0;
	if (array_reserve(o->pids, o->cap_pids, o->nr_pids + 1))
		return -ENOMEM;
	o->pids[o->nr_pids++] = pid;
	return 0;
}

int run_parse_pids(void *options, const char *text, struct error *error)
{
	for (bool more = true; more; text++) {
		size_t len = strcspn(text, ",");
		char number[16] = "";
		uint64_t pid;

		if (len < sizeof(number))
			memcpy(number, text, len);
		if (!option_parse_number(number, 1, PID_MAX, &pid))
			return error_set(error, -EINVAL,
					 "not a list of process IDs (1 to 4194304)");
		if (add_pid(options, (int)pid))
			return error_set(error, -ENOMEM, "out of memory");
		text += len;
		more = *text;
	}
	return 0;
}

/* Longer names are cut, as the kernel cuts them. */
static int parse_comm(void *field, const char *text, struct error *error)
{
	struct fault_filter *only = field;

	if (!*text)
		return error_set(error, -EINVAL, "an empty name");
	strncpy(only->comm, text, sizeof(only->comm) - 1);
	only->comm[sizeof(only->comm) - 1] = '\0';
	only->comm_len = strlen(only->comm) + 1;
	return 0;
}

/* --- --attach */

static const char *mode_name(const void *unused, unsigned int i)
{
	(void)unused;
	return i < ATTACH_NR ? attach_mode_name(i) : NULL;
}

static const char *row_name(const void *step, unsigned int i)
{
	const struct method_row *row = method_row(*(const int *)step, i);

	return row ? row->name : NULL;
}

/* STEP=NAME, of len bytes. 1: it is not of that form. */
static int parse_method(struct run_options *o, const char *text, size_t len, struct error *error)
{
	for (int step = 0; step < STEP_NR; step++) {
		size_t prefix = strlen(step_name(step));
		char what[16];
		int row;

		if (strncmp(text, step_name(step), prefix) || text[prefix] != '=')
			continue;
		row = option_find_name(row_name, &step, text + prefix + 1, len - prefix - 1);
		snprintf(what, sizeof(what), "%s ", step_name(step));
		if (row < 0)
			return option_refuse_name(row_name, &step, what, error);
		o->method[step] = row + 1;
		return 0;
	}
	return 1;
}

static int parse_mode(struct run_options *o, const char *text, size_t len, struct error *error)
{
	int mode = option_find_name(mode_name, NULL, text, len);

	if (mode < 0)
		return option_refuse_name(mode_name, NULL, "", error);
	o->attach = mode;
	return 0;
}

int run_parse_attach(void *options, const char *text, struct error *error)
{
	struct run_options *o = options;
	int err = 0;

	for (bool more = true; more && !err; text++) {
		size_t len = strcspn(text, ",");

		err = parse_method(o, text, len, error);
		if (err > 0)
			err = parse_mode(o, text, len, error);
		text += len;
		more = *text;
	}
	return err;
}

#define FIELD(member) OPTION_FIELD(struct run_options, member)

/* clang-format off */
static const struct option_row target_rows[] = {
	OPTION_PIDS,
	{ .name = "tid", .letter = 't', .arg = "TID", .kind = OPTION_NUMBER, FIELD(tid),
	  .min = 1, .max = PID_MAX, .help = "this thread only" },
	{ .name = "cgroup", .letter = 'c', .arg = "CGROUP", .kind = OPTION_TEXT, FIELD(cgroup),
	  .help = "tasks of this cgroup and of those below it: a path or an id" },
	{ .name = "comm", .letter = 'C', .arg = "NAME", .kind = OPTION_PARSED, FIELD(only),
	  .parse = parse_comm, .help = "tasks of this name (comm, the first 15 bytes)" },
	OPTION_NO_INHERIT,
	{ .name = "gup", .kind = OPTION_FLAG, FIELD(gup),
	  .help = "also get_user_pages faults (mlock, O_DIRECT, ...), and count retries;"
		  " more expensive, needs fentry or kprobes" },
	{ .name = "duration", .letter = 'd', .arg = "SEC", .kind = OPTION_SECONDS,
	  FIELD(duration_ns), .help = "end after SEC seconds" },
};

static const struct option_row filter_rows[] = {
	{ .name = "path", .arg = "PATH[,PATH...]", .kind = OPTION_NAMES, FIELD(only.paths),
	  .max = PATH_NR, .value_name = path_name,
	  .help = "only these paths (pfstat doctor lists them)" },
	{ .name = "origin", .arg = "ORIGIN[,...]", .kind = OPTION_NAMES, FIELD(only.origins),
	  .max = ORIGIN_NR, .value_name = origin_name,
	  .help = "only of these origins: user, kernel, gup" },
	{ .name = "major", .kind = OPTION_FLAG, FIELD(only.major), .help = "only major faults" },
	{ .name = "min-latency", .arg = "TIME", .kind = OPTION_TIME, FIELD(only.min_ns),
	  .min = 1, .help = "only faults that take TIME or longer (10us, 1ms)" },
};

static const struct option_row how_rows[] = {
	OPTION_ATTACH,
	OPTION_VERBOSE("print how each hook is attached, and libbpf's messages"),
};
/* clang-format on */

const struct option_group run_target_options = { "What to measure (default: the whole machine)",
						 target_rows, ARRAY_SIZE(target_rows) };
const struct option_group run_filter_options = { "Which faults (default: all)", filter_rows,
						 ARRAY_SIZE(filter_rows) };
const struct option_group run_how_options = { "How to measure", how_rows, ARRAY_SIZE(how_rows) };

/* --- together */

static int check_targets(const struct run_options *o, struct error *error)
{
	size_t i;

	if (!!o->nr_pids + !!o->tid + !!o->workload > 1)
		return error_set(error, -EINVAL, "-p, -t and -- COMMAND exclude each other");
	if (o->workload && !o->workload[0])
		return error_set(error, -EINVAL, "no COMMAND after --");
	for (i = 0; i < o->nr_pids; i++)
		if (procfs_tgid(o->pids[i]) != o->pids[i])
			return error_set(error, -ESRCH, "no such process: %d", o->pids[i]);
	if (o->tid && !procfs_tgid((int)o->tid))
		return error_set(error, -ESRCH, "no such thread: %u", o->tid);
	return 0;
}

/* A function takes milliseconds to attach and detach, a tracepoint some microseconds. */
static int check_duty(struct run_options *o, struct error *error)
{
	if (!o->duty.period_ns)
		return 0;
	if (o->gup)
		return error_set(
			error, -EINVAL,
			"--gup cannot be combined with --duty, which attaches to tracepoints only");
	if (o->attach != ATTACH_AUTO && o->attach != ATTACH_TRACEPOINT)
		return error_set(
			error, -EINVAL,
			"--attach=%s cannot be combined with --duty: functions take milliseconds"
			" to attach, tracepoints do not",
			attach_mode_name(o->attach));
	o->attach = ATTACH_TRACEPOINT;
	return 0;
}

int run_check_options(struct run_options *o, struct error *error)
{
	struct fault_filter *only = &o->only;

	only->of_fault = only->paths || only->origins || only->major || only->min_ns;
	only->of_task = only->comm_len || o->cgroup;
	if (only->origins == 1u << ORIGIN_GUP && !o->gup)
		return error_set(error, -EINVAL, "--origin gup needs --gup");
	if (o->gup && o->attach == ATTACH_TRACEPOINT)
		return error_set(error, -EINVAL,
				 "--gup needs --attach=auto, fentry or kprobe, not tracepoint");
	return check_duty(o, error) ?: check_targets(o, error);
}

bool run_is_per_task(const struct run_options *o)
{
	return o->nr_pids || o->tid || o->workload;
}

const char *run_targets_text(const struct run_options *o, char buf[RUN_TARGETS_LEN])
{
	if (o->workload)
		snprintf(buf, RUN_TARGETS_LEN, "%s", o->workload[0]);
	else if (o->nr_pids == 1)
		snprintf(buf, RUN_TARGETS_LEN, "process %d", o->pids[0]);
	else if (o->nr_pids)
		snprintf(buf, RUN_TARGETS_LEN, "%zu processes", o->nr_pids);
	else if (o->tid)
		snprintf(buf, RUN_TARGETS_LEN, "thread %u", o->tid);
	else
		snprintf(buf, RUN_TARGETS_LEN, "the whole machine");
	return buf;
}
