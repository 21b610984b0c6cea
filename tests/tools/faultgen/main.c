/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Owns the command line and the exit code. */
#include "faultgen.h"

#include <argp.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_DELAY_NS 10000000000ull

enum { OPT_LIST = 256, OPT_JSON, OPT_PAUSE, OPT_DIR, OPT_SPAWN, OPT_DELAY };

/* clang-format off */
static const struct argp_option options[] = {
	{ "list", OPT_LIST, NULL, 0, "Print the kinds and exit", 0 },
	{ "json", OPT_JSON, NULL, 0, "Print JSON, one object on one line", 0 },
	{ "pause", OPT_PAUSE, NULL, 0, "Print \"ready PID\" after setup, wait for a line on stdin, make the faults, "
	  "print the result, wait for another line, exit", 0 },
	{ "dir", OPT_DIR, "DIR", 0,
	  "Where the temporary file goes (default $TMPDIR or /tmp); some kinds need a disk filesystem", 0 },
	{ "spawn", OPT_SPAWN, NULL, 0, "Start the threads within the measured phase", 0 },
	{ "delay", OPT_DELAY, "NS", 0, "Let each fault that waits for userfaultfd wait that long (default 0)", 0 },
	{ 0 },
};
/* clang-format on */

static const char doc[] =
	"Make exactly COUNT page faults of KIND, and no others, in THREADS threads (default 1: the main thread itself)."
	"\vNatures of a count: exact; some: COUNT on its path, and others; any: COUNT or more, one at least on its path. "
	"KIND is one of --list, \"mix\" or \"all\". Exit status: 0 exact, 1 failed or not exact, 2 usage, "
	"77 this machine cannot make the kind.";

static uint64_t parse_number(struct argp_state *state, const char *what, const char *text,
			     uint64_t min, uint64_t max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value < min || value > max)
		argp_error(state, "%s: '%s' is not a number from %llu to %llu", what, text,
			   (unsigned long long)min, (unsigned long long)max);
	return value;
}

static void parse_argument(struct argp_state *state, struct options *opts, const char *arg)
{
	switch (state->arg_num) {
	case 0:
		if (strcmp(arg, "all") && !kind_find(arg))
			argp_error(state, "KIND: '%s' is unknown; see --list", arg);
		opts->kind = arg;
		break;
	case 1:
		opts->count = parse_number(state, "COUNT", arg, 1, MAX_COUNT);
		break;
	case 2:
		opts->threads = parse_number(state, "THREADS", arg, 1, MAX_THREADS);
		break;
	default:
		argp_error(state, "'%s' is one argument too many; KIND COUNT [THREADS]", arg);
	}
}

static void check_dir(struct argp_state *state, const char *dir)
{
	struct stat st;

	if (stat(dir, &st))
		argp_error(state, "--dir: '%s' is not usable (%s); give a directory that exists",
			   dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		argp_error(state, "--dir: '%s' is not a directory", dir);
}

static uint64_t upfront_limit(const struct kind *kind)
{
	return kind->flags & KIND_HUGE ? UPFRONT_LIMIT / 512 : UPFRONT_LIMIT;
}

static void check_limit(struct argp_state *state, const struct options *opts)
{
	const struct kind *kind = opts->kind ? kind_find(opts->kind) : NULL;

	if (kind && (kind->flags & KIND_UPFRONT) && opts->count > upfront_limit(kind))
		argp_error(state, "COUNT: %s holds all its pages at once, so %llu is the most",
			   kind->name, (unsigned long long)upfront_limit(kind));
	if (kind && (kind->flags & KIND_PROCESS) && opts->count > PROCESS_LIMIT)
		argp_error(state, "COUNT: %s uses up a process for each, so %d is the most",
			   kind->name, PROCESS_LIMIT);
	if (kind && (kind->flags & KIND_COMPOUND) && opts->count > UPFRONT_LIMIT)
		argp_error(
			state,
			"COUNT: %s has parts that hold all their pages at once, so %d is the most",
			kind->name, UPFRONT_LIMIT);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *opts = state->input;

	switch (key) {
	case OPT_LIST:
		opts->list = true;
		break;
	case OPT_JSON:
		opts->json = true;
		break;
	case OPT_PAUSE:
		opts->pause = true;
		break;
	case OPT_DIR:
		check_dir(state, arg);
		opts->dir = arg;
		break;
	case OPT_SPAWN:
		opts->spawn = true;
		break;
	case OPT_DELAY:
		opts->delay_ns = parse_number(state, "--delay", arg, 0, MAX_DELAY_NS);
		break;
	case ARGP_KEY_ARG:
		parse_argument(state, opts, arg);
		break;
	case ARGP_KEY_END:
		if (!opts->list && !opts->count)
			argp_error(state, "KIND and COUNT are missing");
		check_limit(state, opts);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static int run_one(const struct options *opts, const struct kind *kind, uint64_t count, bool pause)
{
	struct job *job = job_new(opts, kind, count);
	int code;

	if (!job) {
		fprintf(stderr, "faultgen: %s: out of memory; use fewer THREADS\n", kind->name);
		return EXIT_INEXACT;
	}
	job->pause = pause;
	code = job_run(job);
	job_free(job);
	return code;
}

/* Every kind in turn. --pause waits once before the first and once after the last. */
static int run_all(const struct options *opts)
{
	int worst = EXIT_EXACT;
	unsigned int i;

	if (opts->pause) {
		report_ready();
		wait_line();
	}
	for (i = 0; i < kinds_nr; i++) {
		uint64_t count = opts->count;

		if ((kinds[i].flags & (KIND_HUGE | KIND_PROCESS)) && count > HUGE_IN_ALL)
			count = HUGE_IN_ALL;
		if ((kinds[i].flags & (KIND_UPFRONT | KIND_COMPOUND)) && count > UPFRONT_LIMIT)
			count = UPFRONT_LIMIT;
		if (run_one(opts, &kinds[i], count, false) == EXIT_INEXACT)
			worst = EXIT_INEXACT;
	}
	if (opts->pause)
		wait_line();
	return worst;
}

int main(int argc, char **argv)
{
	static const struct argp argp = { options, parse, "KIND COUNT [THREADS]\n--list", doc, NULL,
					  NULL,    NULL };
	struct options opts = { .dir = getenv("TMPDIR"), .threads = 1 };

	if (argc == 1 && !strcmp(argv[0], OOM_CHILD))
		return oom_child();
	argp_err_exit_status = EXIT_USAGE;
	if (!opts.dir || !*opts.dir)
		opts.dir = "/tmp";
	argp_parse(&argp, argc, argv, 0, NULL, &opts);
	if (opts.list) {
		report_list(opts.json);
		return EXIT_EXACT;
	}
	/* An explicit policy takes our memory out of NUMA balancing, whose hinting faults would be
	 * strays. */
	syscall(SYS_set_mempolicy, MPOL_LOCAL, NULL, 0);
	if (!strcmp(opts.kind, "all"))
		return run_all(&opts);
	return run_one(&opts, kind_find(opts.kind), opts.count, opts.pause);
}
