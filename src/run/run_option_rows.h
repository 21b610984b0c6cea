/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_option_rows.h: what the commands' tables of options have in common. Each
 * command has a file of its own, opts_COMMAND.c, with its rows and its help.
 */
#ifndef PFSTAT_RUN_RUN_OPTION_ROWS_H
#define PFSTAT_RUN_RUN_OPTION_ROWS_H

#include <argp.h>

#include "run_options.h"

/* Options without a letter. */
/* clang-format off */
enum {
	KEY_ATTACH = 256, KEY_DRY_RUN, KEY_JSON, KEY_CSV, KEY_NO_INHERIT, KEY_GUP, KEY_CHECK,
	KEY_LISTEN, KEY_WEB_CONFIG, KEY_SYSTEMD_SOCKET, KEY_SLOWER, KEY_BY, KEY_CGROUP_LIMIT,
	KEY_PATH, KEY_ORIGIN, KEY_MAJOR, KEY_MIN_LATENCY, KEY_CAUSES, KEY_SORT, KEY_BY_LIMIT,
	KEY_SAMPLE, KEY_FORMAT, KEY_WEIGHT, KEY_SVG, KEY_STACK_LIMIT,
};
/* clang-format on */

extern const struct argp argp_stat, argp_trace, argp_profile, argp_doctor, argp_serve;

/*
 * Groups of options that commands share, for argp_child: whose faults, which faults,
 * how to measure. ended by a row of NULL. The parent gives its input on
 * (opts_init_children()), and takes a separate look at all of them at the end
 * (opts_check_measure()).
 */
extern const struct argp_child opts_measure_children[];
void opts_init_children(struct argp_state *state);
void opts_check_measure(struct argp_state *state, const struct opts *opts);

/* For a command that writes one output, and takes no argument: ARGP_ERR_UNKNOWN for any other. */
#define OPTION_OUTPUT                                                                              \
	{                                                                                          \
		"output", 'o', "FILE", 0, "write to FILE instead of standard output", 0            \
	}
error_t opts_parse_output(int key, char *arg, struct argp_state *state);

/* A whole number of 1 .. max, and nothing behind it but end; rest (may be NULL) follows it. */
bool opts_parse_number(const char *text, char end, long max, long *value, const char **rest);

/* The options -p, -v, --attach, --no-inherit and --gup: ARGP_ERR_UNKNOWN for any other. */
error_t opts_parse_common(int key, char *arg, struct argp_state *state);
/* Behind the last option: ends the program when they contradict each other. */
void opts_check_common(struct argp_state *state, const struct opts *opts);

/* --slower: a time, or 0 for no threshold. */
void opts_parse_slower(struct argp_state *state, struct opts *opts, const char *arg);

/* For a command that measures what runs already: ends the program when there is a "--". */
void opts_refuse_command(struct argp_state *state, const struct opts *opts);

#endif
