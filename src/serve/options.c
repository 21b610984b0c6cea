// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * serve/options.c: the options of pfstat serve.
 */
#include <stdlib.h>
#include <string.h>

#include "run/run_option_rows.h"

/* Where serve listens when it is not told; see docs/serve.md. */
#define DEFAULT_LISTEN  ":10240"
#define DEFAULT_SLOW_NS 10000000
/* About 3 KiB of kernel memory each. */
#define DEFAULT_CGROUPS 4096
#define MAX_CGROUPS     65536

/* clang-format off */
static const struct argp_option serve_options[] = {
	{ 0, 0, 0, 0, "What to measure (default: the whole machine)", 1 },
	{ "pid", 'p', "PID[,PID...]", 0, "these processes, their new threads and children", 0 },
	{ "no-inherit", KEY_NO_INHERIT, 0, 0, "leave out children that are created later", 0 },
	{ "gup", KEY_GUP, 0, 0, "also get_user_pages faults, in metrics of their own", 0 },
	{ "attach", KEY_ATTACH, "WAY", 0, "auto (default), fentry, kprobe or tracepoint", 0 },
	{ 0, 0, 0, 0, "What to export", 2 },
	{ "slower", KEY_SLOWER, "TIME", 0,
	  "count faults over TIME as slow, with exemplars (default 10ms; 0: none)", 0 },
	{ "causes", KEY_CAUSES, 0, 0,
	  "also what the time was spent on, by path: locks, reclaim, I/O, ...", 0 },
	{ "by", KEY_BY, "cgroup", 0, "also by cgroup, with the container and the pod", 0 },
	{ "cgroup-limit", KEY_CGROUP_LIMIT, "N", 0,
	  "cgroups counted apart at a time (default 4096); the others are \"other\"", 0 },
	{ 0, 0, 0, 0, "Where to serve", 3 },
	{ "web.listen-address", KEY_LISTEN, "ADDRESS", 0,
	  "HOST:PORT, :PORT or [IPV6]:PORT; may be given again (default " DEFAULT_LISTEN ")", 0 },
	{ "web.config.file", KEY_WEB_CONFIG, "FILE", 0,
	  "TLS, client certificates and passwords, as in Prometheus' exporters", 0 },
	{ "web.systemd-socket", KEY_SYSTEMD_SOCKET, 0, 0,
	  "take the sockets from systemd instead", 0 },
	{ "verbose", 'v', 0, 0, "say how each hook is attached, and libbpf's messages", 0 },
	{ 0, 0, 0, 0, "Help", 4 },
	{ 0 }
};
/* clang-format on */

static void parse_limit(struct argp_state *state, struct opts *opts, const char *arg)
{
	long limit;

	if (!opts_parse_number(arg, '\0', MAX_CGROUPS, &limit, NULL))
		argp_failure(state, EXIT_USAGE, 0, "--cgroup-limit %s: not a number of 1 to %d",
			     arg, MAX_CGROUPS);
	opts->cgroup_limit = limit;
}

static void add_listen(struct argp_state *state, struct opts *opts, const char *arg)
{
	const char **listen = realloc(opts->listen, (opts->nr_listen + 1) * sizeof(*listen));

	if (!listen)
		argp_failure(state, EXIT_FAILED, 0, "out of memory");
	opts->listen = listen;
	opts->listen[opts->nr_listen++] = arg;
}

static void check_serve(struct argp_state *state, struct opts *opts)
{
	opts_check_common(state, opts);
	opts_refuse_command(state, opts);
	if (opts->systemd_socket && opts->nr_listen)
		argp_failure(state, EXIT_USAGE, 0,
			     "--web.listen-address and --web.systemd-socket exclude each other");
	if (opts->cgroup_limit && !opts->by[0])
		argp_failure(state, EXIT_USAGE, 0, "--cgroup-limit needs --by cgroup");
	if (opts->by[0] && !opts->cgroup_limit)
		opts->cgroup_limit = DEFAULT_CGROUPS;
	if (!opts->nr_listen && !opts->systemd_socket)
		add_listen(state, opts, DEFAULT_LISTEN);
}

static error_t parse_serve(int key, char *arg, struct argp_state *state)
{
	struct opts *opts = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		opts->slow_ns = DEFAULT_SLOW_NS;
		break;
	case KEY_SLOWER:
		opts_parse_slower(state, opts, arg);
		break;
	case KEY_CAUSES:
		opts->causes = true;
		break;
	case KEY_BY:
		if (strcmp(arg, "cgroup"))
			argp_failure(state, EXIT_USAGE, 0, "--by %s: not cgroup", arg);
		opts->by[0] = DIM_CGROUP;
		break;
	case KEY_CGROUP_LIMIT:
		parse_limit(state, opts, arg);
		break;
	case KEY_LISTEN:
		add_listen(state, opts, arg);
		break;
	case KEY_WEB_CONFIG:
		opts->web_config = arg;
		break;
	case KEY_SYSTEMD_SOCKET:
		opts->systemd_socket = true;
		break;
	case ARGP_KEY_ARG:
		argp_failure(state, EXIT_USAGE, 0, "serve takes no argument: %s", arg);
		break;
	case ARGP_KEY_END:
		check_serve(state, opts);
		break;
	default:
		return opts_parse_common(key, arg, state);
	}
	return 0;
}

const struct argp argp_serve = {
	.options = serve_options,
	.parser = parse_serve,
	.doc = "Serves the latency of page faults to Prometheus, until SIGTERM; see docs/serve.md.\v"
	       "SIGHUP reads the file of --web.config.file again.\n"
	       "\n"
	       "Examples:\n"
	       "  pfstat serve\n"
	       "  pfstat serve --by cgroup --web.config.file=/etc/pfstat/web.yml\n"
	       "\n"
	       "Exit status: 0 ended by a signal, 1 failure, 2 usage, 3 this kernel cannot do it,"
	       " 4 missing privilege.",
};
