// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * doctor/options.c: the options of pfstat doctor.
 */
#include "run/run_option_rows.h"

static error_t parse_doctor(int key, char *arg, struct argp_state *state)
{
	struct opts *opts = state->input;

	if (key == 'v')
		opts->verbose = true;
	else if (key == ARGP_KEY_END)
		opts_refuse_command(state, opts);
	else if (key == ARGP_KEY_ARG)
		argp_failure(state, EXIT_USAGE, 0, "doctor takes no argument: %s", arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

/* clang-format off */
static const struct argp_option doctor_options[] = {
	{ "verbose", 'v', 0, 0, "each hook as well, and libbpf's messages", 0 },
	{ 0 }
};
/* clang-format on */

const struct argp argp_doctor = {
	.options = doctor_options,
	.parser = parse_doctor,
	.doc = "Says what this kernel and these privileges allow, which paths are exact, and"
	       " how to get the rest.\v"
	       "Exit status: 0 measuring is possible, 3 this kernel cannot, 4 missing privilege.",
};
