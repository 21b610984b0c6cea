// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/options.c: the options of pfstat profile.
 */
#include <string.h>

#include "run/run_option_rows.h"

/* Stacks that are told apart: 1 KiB of kernel memory each. */
#define DEFAULT_STACKS 16384
#define MAX_STACKS     (1 << 20)

/* clang-format off */
static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "What to print", 3 },
	{ "weight", KEY_WEIGHT, "WHAT", 0, "of the stacks: time (default; ns of fault latency) or count", 0 },
	{ "format", KEY_FORMAT, "FORMAT", 0,
	  "folded (default; for flame graphs, speedscope) or pprof (gzip'ed protobuf)", 0 },
	OPTION_OUTPUT,
	{ "svg", KEY_SVG, "FILE", 0, "also draw an interactive flame graph into FILE", 0 },
	{ "stack-limit", KEY_STACK_LIMIT, "N", 0, "tell N stacks apart at a time (default 16384)", 0 },
	{ 0 }
};
/* clang-format on */

static const char doc[] =
	"Counts page faults by stack: where in the program they come from, weighted by the time"
	" that they take.\v"
	"With COMMAND, starts it, profiles it and its children, and returns its exit status."
	" Else it ends with Ctrl-C, or -d. The formats are described in docs/profile.md.\n"
	"\n"
	"Examples:\n"
	"  pfstat profile --svg faults.svg -- ./app      a flame graph of a command\n"
	"  pfstat profile -p 1234 -d 10 >folded          ten seconds of a process\n"
	"  pfstat profile --path wp_copy --weight count  who breaks copy-on-write how often\n"
	"\n"
	"Exit status: 0 ok, 1 failure, 2 usage, 3 this kernel cannot do it, 4 missing"
	" privilege; after -- the command's own.";

static error_t parse_profile(int key, char *arg, struct argp_state *state)
{
	struct opts *opts = state->input;
	long limit;

	switch (key) {
	case ARGP_KEY_INIT:
		opts_init_children(state);
		opts->stack_limit = DEFAULT_STACKS;
		break;
	case KEY_WEIGHT:
		if (strcmp(arg, "time") && strcmp(arg, "count"))
			argp_failure(state, EXIT_USAGE, 0, "--weight %s: not time or count", arg);
		opts->by_count = !strcmp(arg, "count");
		break;
	case KEY_FORMAT:
		if (strcmp(arg, "folded") && strcmp(arg, "pprof"))
			argp_failure(state, EXIT_USAGE, 0, "--format %s: not folded or pprof", arg);
		opts->profile_format = strcmp(arg, "pprof") ? PROFILE_FOLDED : PROFILE_PPROF;
		break;
	case KEY_SVG:
		opts->svg = arg;
		break;
	case KEY_STACK_LIMIT:
		if (!opts_parse_number(arg, '\0', MAX_STACKS, &limit, NULL))
			argp_failure(state, EXIT_USAGE, 0,
				     "--stack-limit %s: not a number of 1 to %d", arg, MAX_STACKS);
		opts->stack_limit = limit;
		break;
	case ARGP_KEY_END:
		opts_check_measure(state, opts);
		break;
	default:
		return opts_parse_output(key, arg, state);
	}
	return 0;
}

/* clang-format off */
const struct argp argp_profile = {
	.options = options, .parser = parse_profile, .args_doc = "\n-- COMMAND [ARG...]", .doc = doc,
	.children = opts_measure_children,
};
/* clang-format on */
