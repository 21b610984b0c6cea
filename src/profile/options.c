// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/options.c: the rows of options of pfstat profile, and its help.
 */
#include "profile_options.h"

#include "profile_stacks.h"
#include "util/array.h"

/* Stacks in the table of the BPF programs: 1 KiB of kernel memory each. */
#define DEFAULT_STACKS 16384
#define MAX_STACKS     (1 << 20)

static const char *weight_name(unsigned int weight)
{
	return weight == WEIGHT_TIME ? "time" : "count";
}

#define FIELD(member) OPTION_FIELD(struct profile_options, member)

/* clang-format off */
static const struct option_row rows[] = {
	{ .name = "weight", .arg = "WHAT", .kind = OPTION_CHOICE, FIELD(weight),
	  .max = WEIGHT_NR, .value_name = weight_name,
	  .help = "weight of a stack: time (default; ns of fault latency) or count" },
	OPTION_FORMAT,
	OPTION_OUTPUT,
	{ .name = "svg", .arg = "FILE", .kind = OPTION_TEXT, FIELD(svg),
	  .help = "also draw an interactive flame graph into FILE" },
	{ .name = "stack-limit", .arg = "N", .kind = OPTION_NUMBER, FIELD(stack_limit),
	  .initial = DEFAULT_STACKS, .min = 1, .max = MAX_STACKS,
	  .help = "keep at most N stacks at a time in the kernel (default 16384)" },
};
/* clang-format on */

static const struct option_group print_options = { "What to print", rows, ARRAY_SIZE(rows) };

const struct option_table profile_option_table = {
	.size = sizeof(struct profile_options),
	.groups = { &run_target_options, &run_filter_options, &print_options, &run_how_options },
	.formats = profile_formats,
	.args_doc = "\n-- COMMAND [ARG...]",
	.doc = "Counts page faults by stack: where in the program they come from, weighted by the"
	       " time that they take.\v"
	       "With COMMAND, starts it, profiles it and its children, and returns its exit status."
	       " Otherwise it ends with Ctrl-C or -d. The formats are described in"
	       " docs/profile.md.\n"
	       "\n"
	       "Examples:\n"
	       "  pfstat profile --svg faults.svg -- ./app      a flame graph of a command\n"
	       "  pfstat profile -p 1234 -d 10 >folded          ten seconds of a process\n"
	       "  pfstat profile --path wp_copy --weight count  who breaks copy-on-write how often\n"
	       "\n"
	       "Exit status: 0 ok, 1 failure, 2 usage, 3 not possible on this kernel, 4 missing"
	       " privilege; after -- the command's own.",
	.takes_workload = true,
};
