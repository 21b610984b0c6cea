// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/options.c: see run/run_options.h: which command it is.
 */
#include "run_options.h"

#include <stdlib.h>
#include <string.h>

#include "run_option_rows.h"

const char *argp_program_version = "pfstat " PFSTAT_VERSION;

/* What comes before the options; anything else is stat. */
static const struct {
	const char *name, *usage;
	enum command command;
	const struct argp *argp;
} commands[] = {
	{ "trace", "pfstat trace", COMMAND_TRACE, &argp_trace },
	{ "profile", "pfstat profile", COMMAND_PROFILE, &argp_profile },
	{ "doctor", "pfstat doctor", COMMAND_DOCTOR, &argp_doctor },
	{ "serve", "pfstat serve", COMMAND_SERVE, &argp_serve },
};

/* Where the first "--" is: what follows belongs to the command. */
static int find_separator(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return i;
	return argc;
}

void opts_parse(struct opts *opts, int argc, char **argv)
{
	int end = find_separator(argc, argv);
	size_t i;

	argp_err_exit_status = EXIT_USAGE;
	memset(opts, 0, sizeof(*opts));
	if (end < argc)
		opts->child = &argv[end + 1];
	for (i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		opts->command = commands[i].command;
		argv[1] = (char *)commands[i].usage;
		argp_parse(commands[i].argp, end - 1, argv + 1, 0, NULL, opts);
		return;
	}
	argp_parse(&argp_stat, end, argv, 0, NULL, opts);
}

void opts_free(struct opts *opts)
{
	free(opts->pids);
	opts->pids = NULL;
	opts->nr_pids = 0;
	free(opts->listen);
	opts->listen = NULL;
	opts->nr_listen = 0;
}
