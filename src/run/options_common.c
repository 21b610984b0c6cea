// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/options_common.c: the options that all measuring commands have: whose faults, which
 * faults, how.
 */
#include <stdlib.h>
#include <string.h>

#include "run_option_rows.h"
#include "proc/task.h"

/* --- whose */

/* clang-format off */
static const struct argp_option target_options[] = {
	{ "pid", 'p', "PID[,PID...]", 0, "these processes, their new threads and children", 0 },
	{ "tid", 't', "TID", 0, "this one thread", 0 },
	{ "cgroup", 'c', "CGROUP", 0, "tasks of this cgroup and of those below it: a path or an id", 0 },
	{ "comm", 'C', "NAME", 0, "tasks of this name (comm, the first 15 bytes)", 0 },
	{ "no-inherit", KEY_NO_INHERIT, 0, 0, "leave out children that are created later", 0 },
	{ "gup", KEY_GUP, 0, 0,
	  "also get_user_pages faults (mlock, O_DIRECT, ...), and count retries;"
	  " dearer, needs fentry or kprobes",
	  0 },
	{ "duration", 'd', "SEC", 0, "end after SEC seconds", 0 },
	{ 0 }
};
/* clang-format on */

static void parse_tid(struct argp_state *state, struct opts *opts, const char *arg)
{
	long tid;

	if (!opts_parse_number(arg, '\0', 1 << 22, &tid, NULL))
		argp_failure(state, EXIT_USAGE, 0, "-t %s: not a thread ID (1 to 4194304)", arg);
	if (!task_tgid(tid))
		argp_failure(state, EXIT_USAGE, 0, "no such thread: %ld", tid);
	opts->tid = tid;
}

/* Longer ones are cut, as the kernel cuts them. */
static void parse_comm(struct argp_state *state, struct opts *opts, const char *arg)
{
	struct fault_filter *only = &opts->only;

	if (!*arg)
		argp_failure(state, EXIT_USAGE, 0, "-C: an empty name");
	strncpy(only->comm, arg, sizeof(only->comm) - 1);
	only->comm[sizeof(only->comm) - 1] = '\0';
	only->comm_len = strlen(only->comm) + 1;
	only->of_task = true;
}

static error_t parse_target(int key, char *arg, struct argp_state *state)
{
	struct opts *opts = state->input;

	switch (key) {
	case 't':
		parse_tid(state, opts, arg);
		break;
	case 'c':
		if (!*arg)
			argp_failure(state, EXIT_USAGE, 0, "-c: an empty path");
		opts->cgroup = arg;
		opts->only.of_task = true;
		break;
	case 'C':
		parse_comm(state, opts, arg);
		break;
	case 'd':
		if (!opts_parse_seconds(arg, &opts->duration_ns))
			argp_failure(state, EXIT_USAGE, 0,
				     "-d %s: not a number of seconds (0.001 or more)", arg);
		break;
	default:
		return opts_parse_common(key, arg, state);
	}
	return 0;
}

/* --- which */

/* clang-format off */
static const struct argp_option filter_options[] = {
	{ "path", KEY_PATH, "PATH[,PATH...]", 0, "these paths (pfstat doctor lists them)", 0 },
	{ "origin", KEY_ORIGIN, "ORIGIN[,...]", 0, "of these origins: user, kernel, gup", 0 },
	{ "major", KEY_MAJOR, 0, 0, "major faults", 0 },
	{ "min-latency", KEY_MIN_LATENCY, "TIME", 0, "faults that take TIME or longer (10us, 1ms)", 0 },
	{ 0 }
};
/* clang-format on */

/* Adds the bit of each name of a list; name(i) for i < nr. */
static uint64_t parse_names(struct argp_state *state, const char *option, const char *arg,
			    const char *(*name)(unsigned int), unsigned int nr)
{
	const char *text = arg;
	uint64_t bits = 0;

	do {
		size_t len = strcspn(text, ",");
		unsigned int i = 0;

		while (i < nr && (strlen(name(i)) != len || strncmp(name(i), text, len)))
			i++;
		if (i == nr)
			argp_failure(state, EXIT_USAGE, 0, "%s %s: there is no %.*s", option, arg,
				     len ? (int)len : 10, len ? text : "empty name");
		bits |= 1ull << i;
		text += len;
	} while (*text++);
	return bits;
}

static error_t parse_filter(int key, char *arg, struct argp_state *state)
{
	struct opts *opts = state->input;
	uint64_t ns;

	switch (key) {
	case KEY_PATH:
		opts->only.paths |= parse_names(state, "--path", arg, path_name, PATH_NR);
		break;
	case KEY_ORIGIN:
		opts->only.origins |= parse_names(state, "--origin", arg, origin_name, ORIGIN_NR);
		break;
	case KEY_MAJOR:
		opts->only.major = true;
		break;
	case KEY_MIN_LATENCY:
		if (!opts_parse_time(arg, &ns))
			argp_failure(state, EXIT_USAGE, 0,
				     "--min-latency %s: not a time such as 500us, 10ms or 1s", arg);
		opts->only.min_ns = ns;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	opts->only.of_fault = true;
	return 0;
}

/* --- how */

static const struct argp_option how_options[] = {
	{ "attach", KEY_ATTACH, "WAY", 0, "auto (default), fentry, kprobe or tracepoint", 0 },
	{ "verbose", 'v', 0, 0, "say how each hook is attached, and libbpf's messages", 0 },
	{ 0 }
};

/* --- all of it */

static const struct argp target_argp = { .options = target_options, .parser = parse_target };
static const struct argp filter_argp = { .options = filter_options, .parser = parse_filter };
static const struct argp how_argp = { .options = how_options, .parser = opts_parse_common };

const struct argp_child opts_measure_children[] = {
	{ &target_argp, 0, "What to measure (default: the whole machine)", 1 },
	{ &filter_argp, 0, "Which faults (default: all)", 2 },
	{ &how_argp, 0, "How to measure", 4 },
	{ 0 }
};

void opts_init_children(struct argp_state *state)
{
	size_t i;

	for (i = 0; opts_measure_children[i].argp; i++)
		state->child_inputs[i] = state->input;
}

error_t opts_parse_output(int key, char *arg, struct argp_state *state)
{
	struct opts *opts = state->input;

	if (key == 'o')
		opts->output = arg;
	else if (key == ARGP_KEY_ARG)
		argp_failure(state, EXIT_USAGE, 0,
			     "%s: %s takes no argument; a command goes behind --", arg,
			     opts->command == COMMAND_TRACE ? "trace" : "profile");
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

void opts_check_measure(struct argp_state *state, const struct opts *opts)
{
	if (!!opts->nr_pids + !!opts->tid + !!opts->child > 1)
		argp_failure(state, EXIT_USAGE, 0, "-p, -t and -- COMMAND exclude each other");
	if (opts->child && !opts->child[0])
		argp_failure(state, EXIT_USAGE, 0, "no COMMAND behind --");
	if (opts->only.origins == 1u << ORIGIN_GUP && !opts->gup)
		argp_failure(state, EXIT_USAGE, 0, "--origin gup needs --gup");
	opts_check_common(state, opts);
}
