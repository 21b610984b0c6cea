// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * doctor/options.c: the options of pfstat doctor, and its help.
 */
#include "doctor.h"

#include "util/array.h"

static const struct option_row rows[] = {
	OPTION_VERBOSE("each hook as well, and libbpf's messages"),
};

static const struct option_group print_options = { "What to print", rows, ARRAY_SIZE(rows) };

const struct option_table doctor_option_table = {
	.size = sizeof(struct run_options),
	.groups = { &print_options },
	.doc = "Prints what this kernel and these privileges allow, which paths are exact, and how"
	       " to get the rest.\v"
	       "Exit status: 0 measuring is possible, 3 not possible on this kernel, 4 missing"
	       " privilege.",
};
