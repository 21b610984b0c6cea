// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * opts_stat.c: the options of pfstat without a command.
 */
#include <limits.h>
#include <stdlib.h>

#include "opts_internal.h"

static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "What to measure (default: the whole machine)", 1 },
	{ "pid", 'p', "PID[,PID...]", 0, "these processes, their new threads and children", 0 },
	{ "tid", 't', "TID", 0, "this one thread", 0 },
	{ "no-inherit", KEY_NO_INHERIT, 0, 0, "leave out children that are created later", 0 },
	{ "gup", KEY_GUP, 0, 0,
	  "also get_user_pages faults (mlock, O_DIRECT, ...), and count retries;"
	  " dearer, needs fentry or kprobes",
	  0 },
	{ "duration", 'd', "SEC", 0, "end after SEC seconds", 0 },
	{ 0, 0, 0, 0, "What to print", 2 },
	{ "histogram", 'H', 0, 0, "add a latency histogram of each path", 0 },
	{ "json", KEY_JSON, 0, 0, "JSON Lines (see docs/json.md)", 0 },
	{ "csv", KEY_CSV, 0, 0, "comma-separated values", 0 },
	{ "timestamp", 'T', 0, 0, "the time of day before each interval", 0 },
	{ "output", 'o', "FILE", 0, "write to FILE instead of standard output", 0 },
	{ "check", KEY_CHECK, 0, 0,
	  "compare the total with the kernel's own counters; exit status 1 when a difference is"
	  " unexplained",
	  0 },
	{ 0, 0, 0, 0, "How to measure", 3 },
	{ "attach", KEY_ATTACH, "WAY", 0,
	  "auto (default), fentry, kprobe or tracepoint", 0 },
	{ "dry-run", KEY_DRY_RUN, 0, 0, "print what would be attached, and end", 0 },
	{ "verbose", 'v', 0, 0, "say how each hook is attached, and libbpf's messages", 0 },
	{ 0, 0, 0, 0, "Help", 4 },
	{ 0 }
};

static const char doc[] =
	"Page-fault latency by kernel path: who waits, on which path, how long."
	"\vWith COMMAND, starts it, measures it and its children, and returns its exit status."
	" With INTERVAL (seconds), prints what happened in each, COUNT times; a total ends"
	" every run.\n"
	"\n"
	"pfstat doctor says what this kernel and these privileges allow;"
	" pfstat serve is an exporter for Prometheus.\n"
	"\n"
	"Examples:\n"
	"  pfstat -p 1234              until Ctrl-C, then the summary\n"
	"  pfstat -p 1234 1 10         ten times one second\n"
	"  pfstat -H -- make -j4       a command, with histograms\n"
	"  pfstat --json -d 10         the whole machine, for a script\n"
	"\n"
	"Exit status: 0 ok, 1 failure, 2 usage, 3 this kernel cannot do it, 4 missing"
	" privilege; after -- the command's own.";

static const char args_doc[] = "[INTERVAL [COUNT]]\n[-- COMMAND [ARG...]]";

static void parse_tid(struct argp_state *state, struct opts *opts, const char *arg)
{
	long tid;

	if (!opts_parse_number(arg, '\0', 1 << 22, &tid, NULL))
		argp_failure(state, EXIT_USAGE, 0, "-t %s: not a thread ID (1 to 4194304)", arg);
	if (!opts_process_of(tid))
		argp_failure(state, EXIT_USAGE, 0, "no such thread: %ld", tid);
	opts->tid = tid;
}

static void parse_argument(struct argp_state *state, struct opts *opts, const char *arg)
{
	long count;

	switch (state->arg_num) {
	case 0:
		if (!opts_parse_seconds(arg, &opts->interval_ns))
			argp_failure(state, EXIT_USAGE, 0,
				     "interval %s: not a number of seconds (0.001 or more);"
				     " a command goes behind --",
				     arg);
		break;
	case 1:
		if (!opts_parse_number(arg, '\0', LONG_MAX, &count, NULL))
			argp_failure(state, EXIT_USAGE, 0, "count %s: not a number of 1 or more",
				     arg);
		opts->count = count;
		break;
	default:
		argp_failure(state, EXIT_USAGE, 0, "%s: too many arguments; a command goes behind --",
			     arg);
	}
}

static void check_together(struct argp_state *state, const struct opts *opts)
{
	if (!!opts->nr_pids + !!opts->tid + !!opts->child > 1)
		argp_failure(state, EXIT_USAGE, 0, "-p, -t and -- COMMAND exclude each other");
	opts_check_common(state, opts);
	if (opts->format != FORMAT_TABLE && opts->histogram)
		argp_failure(state, EXIT_USAGE, 0,
			     "-H is for the table; --json has the buckets, --csv cannot");
	if (opts->child && !opts->child[0])
		argp_failure(state, EXIT_USAGE, 0, "no COMMAND behind --");
}

static void set_format(struct argp_state *state, struct opts *opts, enum format format)
{
	if (opts->format != FORMAT_TABLE && opts->format != format)
		argp_failure(state, EXIT_USAGE, 0, "--json and --csv exclude each other");
	opts->format = format;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct opts *opts = state->input;

	switch (key) {
	case 't':
		parse_tid(state, opts, arg);
		break;
	case 'd':
		if (!opts_parse_seconds(arg, &opts->duration_ns))
			argp_failure(state, EXIT_USAGE, 0,
				     "-d %s: not a number of seconds (0.001 or more)", arg);
		break;
	case 'H':
		opts->histogram = true;
		break;
	case 'T':
		opts->timestamp = true;
		break;
	case 'o':
		opts->output = arg;
		break;
	case KEY_DRY_RUN:
		opts->dry_run = true;
		break;
	case KEY_CHECK:
		opts->check = true;
		break;
	case KEY_JSON:
		set_format(state, opts, FORMAT_JSON);
		break;
	case KEY_CSV:
		set_format(state, opts, FORMAT_CSV);
		break;
	case ARGP_KEY_ARG:
		parse_argument(state, opts, arg);
		break;
	case ARGP_KEY_END:
		check_together(state, opts);
		break;
	default:
		return opts_parse_common(key, arg, state);
	}
	return 0;
}

const struct argp argp_stat = {
	.options = options, .parser = parse_option, .args_doc = args_doc, .doc = doc,
};
