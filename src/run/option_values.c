// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/option_values.c: see run/run_options.h and run/run_option_rows.h: values, and the options
 * that several commands have.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_option_rows.h"
#include "proc/task.h"

bool opts_parse_number(const char *text, char end, long max, long *value, const char **rest)
{
	char *stop;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtol(text, &stop, 10);
	if (errno || *value < 1 || *value > max || (*stop && *stop != end))
		return false;
	if (rest)
		*rest = *stop ? stop + 1 : NULL;
	else if (*stop)
		return false;
	return true;
}

static bool has_pid(const struct opts *opts, int pid)
{
	size_t i;

	for (i = 0; i < opts->nr_pids; i++)
		if (opts->pids[i] == pid)
			return true;
	return false;
}

const char *opts_parse_pids(struct opts *opts, const char *text)
{
	while (text) {
		long pid;
		int *pids;

		if (!opts_parse_number(text, ',', 1 << 22, &pid, &text))
			return "not a list of process IDs (1 to 4194304)";
		if (has_pid(opts, pid))
			continue;
		pids = realloc(opts->pids, (opts->nr_pids + 1) * sizeof(*pids));
		if (!pids)
			return "out of memory";
		opts->pids = pids;
		opts->pids[opts->nr_pids++] = pid;
	}
	return NULL;
}

bool opts_parse_seconds(const char *text, uint64_t *ns)
{
	double seconds;
	char *stop;

	/* strtod() takes more: signs, hexadecimal, exponents, nan. */
	if (text[strspn(text, "0123456789.")])
		return false;
	errno = 0;
	seconds = strtod(text, &stop);
	/* A year is more than anybody waits for, and far below the overflow. */
	if (errno || *stop || stop == text || !(seconds >= 1e-3) || seconds > 366 * 86400.0)
		return false;
	*ns = llround(seconds * 1e9);
	return true;
}

bool opts_parse_time(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 } };
	size_t digits = strspn(text, "0123456789."), i;
	double value;
	char *stop;

	value = strtod(text, &stop);
	if (!digits || stop != text + digits)
		return false;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double t = value * units[i].ns;

		if (strcmp(stop, units[i].name))
			continue;
		*ns = t >= 1 && t <= 3600e9 ? llround(t) : 0;
		return *ns;
	}
	return false;
}

static void parse_pids(struct argp_state *state, struct opts *opts, const char *arg)
{
	const char *error = opts_parse_pids(opts, arg);
	size_t i;

	if (error)
		argp_failure(state, EXIT_USAGE, 0, "-p %s: %s", arg, error);
	for (i = 0; i < opts->nr_pids; i++)
		if (task_tgid(opts->pids[i]) != opts->pids[i])
			argp_failure(state, EXIT_USAGE, 0, "no such process: %d", opts->pids[i]);
}

static void parse_attach(struct argp_state *state, struct opts *opts, const char *arg)
{
	opts->attach = attach_mode_of(arg);
	if (opts->attach == ATTACH_NR)
		argp_failure(state, EXIT_USAGE, 0,
			     "--attach %s: not auto, fentry, kprobe or tracepoint", arg);
}

void opts_check_common(struct argp_state *state, const struct opts *opts)
{
	if (opts->gup && opts->attach == ATTACH_TRACEPOINT)
		argp_failure(state, EXIT_USAGE, 0,
			     "--gup needs --attach=auto, fentry or kprobe, not tracepoint");
}

void opts_parse_slower(struct argp_state *state, struct opts *opts, const char *arg)
{
	opts->slow_ns = 0;
	if (strcmp(arg, "0") && !opts_parse_time(arg, &opts->slow_ns))
		argp_failure(state, EXIT_USAGE, 0,
			     "--slower %s: not a time such as 500us, 10ms or 1s", arg);
}

void opts_refuse_command(struct argp_state *state, const struct opts *opts)
{
	if (opts->child)
		argp_failure(state, EXIT_USAGE, 0, "no COMMAND is taken: -- %s",
			     opts->child[0] ? opts->child[0] : "");
}

error_t opts_parse_common(int key, char *arg, struct argp_state *state)
{
	struct opts *opts = state->input;

	switch (key) {
	case 'p':
		parse_pids(state, opts, arg);
		break;
	case 'v':
		opts->verbose = true;
		break;
	case KEY_ATTACH:
		parse_attach(state, opts, arg);
		break;
	case KEY_NO_INHERIT:
		opts->no_inherit = true;
		break;
	case KEY_GUP:
		opts->gup = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}
