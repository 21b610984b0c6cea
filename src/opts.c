// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * opts.c: see opts.h.
 */
#include "opts.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "pfstat " PFSTAT_VERSION;

/* Where serve listens when it is not told; see docs/serve.md. */
#define DEFAULT_LISTEN	":10240"
#define DEFAULT_SLOW_NS	10000000
/* About 3 KiB of kernel memory each. */
#define DEFAULT_CGROUPS	4096
#define MAX_CGROUPS	65536

enum {
	KEY_ATTACH = 256, KEY_DRY_RUN, KEY_JSON, KEY_CSV, KEY_NO_INHERIT, KEY_GUP, KEY_CHECK,
	KEY_LISTEN, KEY_WEB_CONFIG, KEY_SYSTEMD_SOCKET, KEY_SLOWER, KEY_BY, KEY_CGROUP_LIMIT,
};

static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "What to measure (default: the whole machine)", 1 },
	{ "pid", 'p', "PID[,PID...]", 0, "these processes, their new threads and children", 0 },
	{ "tid", 't', "TID", 0, "this one thread", 0 },
	{ "no-inherit", KEY_NO_INHERIT, 0, 0, "leave out children that are created later", 0 },
	{ "gup", KEY_GUP, 0, 0,
	  "also get_user_pages faults (mlock, O_DIRECT, ...), and count retries;"
	  " dearer, needs fentry or kprobes",
	  0 },
	{ "duration", 'd', "SEC", 0, "end after SEC seconds", 0 },
	{ 0, 0, 0, 0, "What to print", 2 },
	{ "histogram", 'H', 0, 0, "add a latency histogram of each path", 0 },
	{ "json", KEY_JSON, 0, 0, "JSON Lines (see docs/json.md)", 0 },
	{ "csv", KEY_CSV, 0, 0, "comma-separated values", 0 },
	{ "timestamp", 'T', 0, 0, "the time of day before each interval", 0 },
	{ "output", 'o', "FILE", 0, "write to FILE instead of standard output", 0 },
	{ "check", KEY_CHECK, 0, 0,
	  "compare the total with the kernel's own counters; exit status 1 when a difference is"
	  " unexplained",
	  0 },
	{ 0, 0, 0, 0, "How to measure", 3 },
	{ "attach", KEY_ATTACH, "WAY", 0,
	  "auto (default), fentry, kprobe or tracepoint", 0 },
	{ "dry-run", KEY_DRY_RUN, 0, 0, "print what would be attached, and end", 0 },
	{ "verbose", 'v', 0, 0, "say how each hook is attached, and libbpf's messages", 0 },
	{ 0, 0, 0, 0, "Help", 4 },
	{ 0 }
};

static const char doc[] =
	"Page-fault latency by kernel path: who waits, on which path, how long."
	"\vWith COMMAND, starts it, measures it and its children, and returns its exit status."
	" With INTERVAL (seconds), prints what happened in each, COUNT times; a total ends"
	" every run.\n"
	"\n"
	"pfstat doctor says what this kernel and these privileges allow;"
	" pfstat serve is an exporter for Prometheus.\n"
	"\n"
	"Examples:\n"
	"  pfstat -p 1234              until Ctrl-C, then the summary\n"
	"  pfstat -p 1234 1 10         ten times one second\n"
	"  pfstat -H -- make -j4       a command, with histograms\n"
	"  pfstat --json -d 10         the whole machine, for a script\n"
	"\n"
	"Exit status: 0 ok, 1 failure, 2 usage, 3 this kernel cannot do it, 4 missing"
	" privilege; after -- the command's own.";

static const char args_doc[] = "[INTERVAL [COUNT]]\n[-- COMMAND [ARG...]]";

/* A whole number of 1 .. max, and nothing behind it but end. */
static bool parse_number(const char *text, char end, long max, long *value, const char **rest)
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

		if (!parse_number(text, ',', 1 << 22, &pid, &text))
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

/* The process that task id belongs to; 0 when there is no such task. */
static int process_of(int id)
{
	char path[32], line[256];
	int tgid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", id);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (!tgid && fgets(line, sizeof(line), f))
		if (sscanf(line, "Tgid: %d", &tgid) != 1)
			tgid = 0;
	fclose(f);
	return tgid;
}

static void parse_pids(struct argp_state *state, struct opts *opts, const char *arg)
{
	const char *error = opts_parse_pids(opts, arg);
	size_t i;

	if (error)
		argp_failure(state, EXIT_USAGE, 0, "-p %s: %s", arg, error);
	for (i = 0; i < opts->nr_pids; i++)
		if (process_of(opts->pids[i]) != opts->pids[i])
			argp_failure(state, EXIT_USAGE, 0, "no such process: %d", opts->pids[i]);
}

static void parse_tid(struct argp_state *state, struct opts *opts, const char *arg)
{
	long tid;

	if (!parse_number(arg, '\0', 1 << 22, &tid, NULL))
		argp_failure(state, EXIT_USAGE, 0, "-t %s: not a thread ID (1 to 4194304)", arg);
	if (!process_of(tid))
		argp_failure(state, EXIT_USAGE, 0, "no such thread: %ld", tid);
	opts->tid = tid;
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
		if (!parse_number(arg, '\0', LONG_MAX, &count, NULL))
			argp_failure(state, EXIT_USAGE, 0, "count %s: not a number of 1 or more",
				     arg);
		opts->count = count;
		break;
	default:
		argp_failure(state, EXIT_USAGE, 0, "%s: too many arguments; a command goes behind --",
			     arg);
	}
}

static void parse_attach(struct argp_state *state, struct opts *opts, const char *arg)
{
	opts->attach = way_of(arg);
	if (opts->attach == WAY_NR)
		argp_failure(state, EXIT_USAGE, 0,
			     "--attach %s: not auto, fentry, kprobe or tracepoint", arg);
}

static void check_gup(struct argp_state *state, const struct opts *opts)
{
	if (opts->gup && opts->attach == WAY_TRACEPOINT)
		argp_failure(state, EXIT_USAGE, 0,
			     "--gup needs --attach=auto, fentry or kprobe, not tracepoint");
}

static void check_together(struct argp_state *state, const struct opts *opts)
{
	if (!!opts->nr_pids + !!opts->tid + !!opts->child > 1)
		argp_failure(state, EXIT_USAGE, 0, "-p, -t and -- COMMAND exclude each other");
	check_gup(state, opts);
	if (opts->format != FORMAT_TABLE && opts->histogram)
		argp_failure(state, EXIT_USAGE, 0,
			     "-H is for the table; --json has the buckets, --csv cannot");
	if (opts->child && !opts->child[0])
		argp_failure(state, EXIT_USAGE, 0, "no COMMAND behind --");
}

static void set_format(struct argp_state *state, struct opts *opts, enum format format)
{
	if (opts->format != FORMAT_TABLE && opts->format != format)
		argp_failure(state, EXIT_USAGE, 0, "--json and --csv exclude each other");
	opts->format = format;
}

/* The options that stat and serve have in common. */
static error_t parse_common(int key, char *arg, struct argp_state *state)
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

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct opts *opts = state->input;

	switch (key) {
	case 't':
		parse_tid(state, opts, arg);
		break;
	case 'd':
		if (!opts_parse_seconds(arg, &opts->duration_ns))
			argp_failure(state, EXIT_USAGE, 0,
				     "-d %s: not a number of seconds (0.001 or more)", arg);
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
		check_together(state, opts);
		break;
	default:
		return parse_common(key, arg, state);
	}
	return 0;
}

/* Where the first "--" is: what follows belongs to the command. */
static int find_separator(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return i;
	return argc;
}

static error_t parse_doctor(int key, char *arg, struct argp_state *state)
{
	struct opts *opts = state->input;

	if (key == 'v')
		opts->verbose = true;
	else if (key == ARGP_KEY_ARG)
		argp_failure(state, EXIT_USAGE, 0, "doctor takes no argument: %s", arg);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static const struct argp_option doctor_options[] = {
	{ "verbose", 'v', 0, 0, "each hook as well, and libbpf's messages", 0 },
	{ 0 }
};

static const struct argp_option serve_options[] = {
	{ 0, 0, 0, 0, "What to measure (default: the whole machine)", 1 },
	{ "pid", 'p', "PID[,PID...]", 0, "these processes, their new threads and children", 0 },
	{ "no-inherit", KEY_NO_INHERIT, 0, 0, "leave out children that are created later", 0 },
	{ "gup", KEY_GUP, 0, 0, "also get_user_pages faults, in metrics of their own", 0 },
	{ "attach", KEY_ATTACH, "WAY", 0, "auto (default), fentry, kprobe or tracepoint", 0 },
	{ 0, 0, 0, 0, "What to export", 2 },
	{ "slower", KEY_SLOWER, "TIME", 0,
	  "count faults over TIME as slow, with exemplars (default 10ms; 0: none)", 0 },
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

static void parse_limit(struct argp_state *state, struct opts *opts, const char *arg)
{
	long limit;

	if (!parse_number(arg, '\0', MAX_CGROUPS, &limit, NULL))
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
	check_gup(state, opts);
	if (opts->systemd_socket && opts->nr_listen)
		argp_failure(state, EXIT_USAGE, 0,
			     "--web.listen-address and --web.systemd-socket exclude each other");
	if (opts->cgroup_limit && opts->by != SCOPE_CGROUP)
		argp_failure(state, EXIT_USAGE, 0, "--cgroup-limit needs --by cgroup");
	if (opts->by == SCOPE_CGROUP && !opts->cgroup_limit)
		opts->cgroup_limit = DEFAULT_CGROUPS;
	if (!opts->nr_listen && !opts->systemd_socket)
		add_listen(state, opts, DEFAULT_LISTEN);
}

static error_t parse_serve(int key, char *arg, struct argp_state *state)
{
	struct opts *opts = state->input;

	switch (key) {
	case KEY_SLOWER:
		opts->slow_ns = 0;
		if (strcmp(arg, "0") && !opts_parse_time(arg, &opts->slow_ns))
			argp_failure(state, EXIT_USAGE, 0,
				     "--slower %s: not a time such as 500us, 10ms or 1s", arg);
		break;
	case KEY_BY:
		if (strcmp(arg, "cgroup"))
			argp_failure(state, EXIT_USAGE, 0, "--by %s: not cgroup", arg);
		opts->by = SCOPE_CGROUP;
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
		return parse_common(key, arg, state);
	}
	return 0;
}

static const struct argp argp_stat = {
	.options = options, .parser = parse_option, .args_doc = args_doc, .doc = doc,
};

static const struct argp argp_doctor = {
	.options = doctor_options, .parser = parse_doctor,
	.doc = "Says what this kernel and these privileges allow, which paths are exact, and"
	       " how to get the rest.\v"
	       "Exit status: 0 measuring is possible, 3 this kernel cannot, 4 missing privilege.",
};

static const struct argp argp_serve = {
	.options = serve_options, .parser = parse_serve,
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

void opts_parse(struct opts *opts, int argc, char **argv)
{
	int end = find_separator(argc, argv);

	argp_err_exit_status = EXIT_USAGE;
	memset(opts, 0, sizeof(*opts));
	if (argc > 1 && !strcmp(argv[1], "doctor")) {
		opts->command = COMMAND_DOCTOR;
		argv[1] = "pfstat doctor";
		argp_parse(&argp_doctor, argc - 1, argv + 1, 0, NULL, opts);
		return;
	}
	if (argc > 1 && !strcmp(argv[1], "serve")) {
		opts->command = COMMAND_SERVE;
		opts->slow_ns = DEFAULT_SLOW_NS;
		argv[1] = "pfstat serve";
		argp_parse(&argp_serve, argc - 1, argv + 1, 0, NULL, opts);
		return;
	}
	if (end < argc)
		opts->child = &argv[end + 1];
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
