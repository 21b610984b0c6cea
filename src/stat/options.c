// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/options.c: the options of pfstat without a command.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "run/run_option_rows.h"

/* Rows of --by that are told apart: 2.2 KiB of kernel memory each. */
#define DEFAULT_GROUPS 16384
#define MAX_GROUPS     (1 << 20)
#define DEFAULT_TOP    20
#define NO_TOP         ~0u

static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "What to print", 3 },
	{ "histogram", 'H', 0, 0, "add a latency histogram of each path", 0 },
	{ "causes", KEY_CAUSES, 0, 0,
	  "what the time of each path was spent on: locks, reclaim, I/O, ...", 0 },
	{ "by", KEY_BY, "DIM[,DIM]", 0,
	  "a row for each process, thread, comm, cgroup, mapping, file, cpu, node or path,"
	  " or for each pair",
	  0 },
	{ "sort", KEY_SORT, "COLUMN", 0,
	  "order of these rows: total (default), count, major, avg, p50, p99 or max", 0 },
	{ "top", 'n', "N", 0, "the first N of these rows (default 20; 0: all)", 0 },
	{ "by-limit", KEY_BY_LIMIT, "N", 0,
	  "tell N rows apart (default 16384); the others are \"other\"", 0 },
	{ "json", KEY_JSON, 0, 0, "JSON Lines (see docs/json.md)", 0 },
	{ "csv", KEY_CSV, 0, 0, "comma-separated values", 0 },
	{ "timestamp", 'T', 0, 0, "the time of day before each interval", 0 },
	{ "output", 'o', "FILE", 0, "write to FILE instead of standard output", 0 },
	{ "check", KEY_CHECK, 0, 0,
	  "compare the total with the kernel's own counters; exit status 1 when a difference is"
	  " unexplained",
	  0 },
	{ "dry-run", KEY_DRY_RUN, 0, 0, "print what would be attached, and end", 0 },
	{ 0 }
};

static const char doc[] =
	"Page-fault latency by kernel path: who waits, on which path, how long."
	"\vWith COMMAND, starts it, measures it and its children, and returns its exit status."
	" With INTERVAL (seconds), prints what happened in each, COUNT times; a total ends"
	" every run.\n"
	"\n"
	"pfstat trace prints single slow faults; pfstat profile counts them by stack;\n"
	"pfstat serve is an exporter for Prometheus; pfstat doctor says what this kernel and"
	" these privileges allow. Each has help of its own.\n"
	"\n"
	"Examples:\n"
	"  pfstat -p 1234              until Ctrl-C, then the summary\n"
	"  pfstat -p 1234 1 10         ten times one second\n"
	"  pfstat -H -- make -j4       a command, with histograms\n"
	"  pfstat --by process 5       who, every five seconds\n"
	"  pfstat --causes -p 1234     what it waits for\n"
	"  pfstat --json -d 10         the whole machine, for a script\n"
	"\n"
	"Exit status: 0 ok, 1 failure, 2 usage, 3 this kernel cannot do it, 4 missing"
	" privilege; after -- the command's own.";

static const char args_doc[] = "[INTERVAL [COUNT]]\n[-- COMMAND [ARG...]]";

static void parse_by(struct argp_state *state, struct opts *opts, const char *arg)
{
	static const char *const names[DIM_NR] = {
#define DIM_NAME(id, name, title) [DIM_##id] = name,
		DIMENSIONS(DIM_NAME)
#undef DIM_NAME
	};
	const char *text = arg;
	int i, dim;

	for (i = 0; i < 2 && *text; i++) {
		size_t len = strcspn(text, ",");

		for (dim = 1; dim < DIM_NR; dim++)
			if (strlen(names[dim]) == len && !strncmp(names[dim], text, len))
				break;
		if (dim == DIM_NR)
			argp_failure(state, EXIT_USAGE, 0,
				     "--by %s: not process, thread, comm, cgroup, mapping, file,"
				     " cpu, node or path, or two of them with a comma",
				     arg);
		opts->by[i] = dim;
		text += len + (text[len] == ',');
	}
	if (*text || !i || arg[strlen(arg) - 1] == ',')
		argp_failure(state, EXIT_USAGE, 0, "--by %s: one or two dimensions", arg);
	if (opts->by[0] == opts->by[1])
		argp_failure(state, EXIT_USAGE, 0, "--by %s: twice the same", arg);
}

static void parse_sort(struct argp_state *state, struct opts *opts, const char *arg)
{
	static const char *const names[SORT_NR] = {
#define SORT_NAME(id, name) [SORT_##id] = name,
		SORTS(SORT_NAME)
#undef SORT_NAME
	};
	int sort;

	for (sort = 0; sort < SORT_NR && strcmp(arg, names[sort]); sort++)
		;
	if (sort == SORT_NR)
		argp_failure(state, EXIT_USAGE, 0,
			     "--sort %s: not total, count, major, avg, p50, p99 or max", arg);
	opts->sort = sort;
}

static unsigned int parse_limit(struct argp_state *state, const char *option, const char *arg,
				long max)
{
	long value;

	if (!opts_parse_number(arg, '\0', max, &value, NULL))
		argp_failure(state, EXIT_USAGE, 0, "%s %s: not a number of 1 to %ld", option, arg,
			     max);
	return value;
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
		argp_failure(state, EXIT_USAGE, 0,
			     "%s: too many arguments; a command goes behind --", arg);
	}
}

static void check_by(struct argp_state *state, struct opts *opts, bool has_top)
{
	if (!opts->by[0] && (opts->by_limit || opts->sort || has_top))
		argp_failure(state, EXIT_USAGE, 0, "--sort, -n and --by-limit need --by");
	if (opts->by[0] && opts->histogram)
		argp_failure(state, EXIT_USAGE, 0, "-H is for the table of paths, not for --by");
	if (!opts->by_limit)
		opts->by_limit = DEFAULT_GROUPS;
	if (!has_top)
		opts->top = DEFAULT_TOP;
}

static void check_together(struct argp_state *state, struct opts *opts)
{
	opts_check_measure(state, opts);
	if (opts->format != FORMAT_TABLE && opts->histogram)
		argp_failure(state, EXIT_USAGE, 0,
			     "-H is for the table; --json has the buckets, --csv cannot");
	if (opts->check && (opts->only.of_fault || opts->only.of_task || opts->cgroup))
		argp_failure(state, EXIT_USAGE, 0,
			     "--check compares all faults: no filter goes with it");
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
	case ARGP_KEY_INIT:
		opts_init_children(state);
		opts->top = NO_TOP;
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
	case KEY_CAUSES:
		opts->causes = true;
		break;
	case KEY_BY:
		parse_by(state, opts, arg);
		break;
	case KEY_SORT:
		parse_sort(state, opts, arg);
		break;
	case 'n':
		opts->top = strcmp(arg, "0") ? parse_limit(state, "-n", arg, 1 << 20) : 0;
		break;
	case KEY_BY_LIMIT:
		opts->by_limit = parse_limit(state, "--by-limit", arg, MAX_GROUPS);
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
		check_by(state, opts, opts->top != NO_TOP);
		check_together(state, opts);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* clang-format off */
const struct argp argp_stat = {
	.options = options, .parser = parse_option, .args_doc = args_doc, .doc = doc,
	.children = opts_measure_children,
};
/* clang-format on */
