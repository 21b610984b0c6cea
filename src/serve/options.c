// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * serve/options.c: the rows of options of pfstat serve, and its help.
 */
#include "serve_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

/* See docs/serve.md. */
#define DEFAULT_LISTEN  ":10240"
#define DEFAULT_SLOW_NS 10000000
/* About 3 KiB of kernel memory each. */
#define DEFAULT_CGROUPS 4096
#define MAX_CGROUPS     65536

static int parse_by(void *field, const char *text, struct error *error)
{
	if (strcmp(text, "cgroup"))
		return error_set(error, -EINVAL, "not cgroup");
	*(bool *)field = true;
	return 0;
}

static int add_listen(struct serve_options *o, const char *text)
{
	int err = array_reserve(o->listen, o->cap_listen, o->nr_listen + 1);

	if (!err)
		o->listen[o->nr_listen++] = text;
	return err;
}

/* field: the struct itself. */
static int parse_listen(void *field, const char *text, struct error *error)
{
	return add_listen(field, text) ? error_set(error, -ENOMEM, "out of memory") : 0;
}

#define FIELD(member) OPTION_FIELD(struct serve_options, member)

/* clang-format off */
static const struct option_row target_rows[] = {
	OPTION_PIDS,
	OPTION_NO_INHERIT,
	{ .name = "gup", .kind = OPTION_FLAG, FIELD(run.gup),
	  .help = "also get_user_pages faults, in metrics of their own" },
	OPTION_DUTY,
	OPTION_ATTACH,
};

static const struct option_row export_rows[] = {
	{ .name = "slower", .arg = "TIME", .kind = OPTION_TIME, FIELD(slow_ns),
	  .initial = DEFAULT_SLOW_NS,
	  .help = "count faults over TIME as slow, with exemplars (default 10ms; 0: none)" },
	{ .name = "causes", .kind = OPTION_FLAG, FIELD(causes),
	  .help = "also the time by path and cause: locks, reclaim, I/O, ..." },
	{ .name = "by", .arg = "cgroup", .kind = OPTION_PARSED, FIELD(by_cgroup),
	  .parse = parse_by, .help = "also by cgroup, with the container and the pod" },
	{ .name = "cgroup-limit", .arg = "N", .kind = OPTION_NUMBER, FIELD(cgroup_limit),
	  .min = 1, .max = MAX_CGROUPS,
	  .help = "keep at most N cgroups at a time (default 4096); further cgroups are summed in"
		  " \"other\"" },
};

static const struct option_row web_rows[] = {
	{ .name = "web.listen-address", .arg = "ADDRESS", .kind = OPTION_PARSED,
	  .parse = parse_listen,
	  .help = "HOST:PORT, :PORT or [IPV6]:PORT; may be given again (default " DEFAULT_LISTEN ")" },
	{ .name = "web.config.file", .arg = "FILE", .kind = OPTION_TEXT, FIELD(web_config),
	  .help = "TLS, client certificates and passwords, as in Prometheus' exporters" },
	{ .name = "web.systemd-socket", .kind = OPTION_FLAG, FIELD(systemd_socket),
	  .help = "take the sockets from systemd instead" },
	OPTION_VERBOSE("print how each hook is attached, and libbpf's messages"),
};
/* clang-format on */

static const struct option_group target_options = { "What to measure (default: the whole machine)",
						    target_rows, ARRAY_SIZE(target_rows) };
static const struct option_group export_options = { "What to export", export_rows,
						    ARRAY_SIZE(export_rows) };
static const struct option_group web_options = { "Where to serve", web_rows, ARRAY_SIZE(web_rows) };

static int check(void *options, struct error *error)
{
	struct serve_options *o = options;

	if (o->systemd_socket && o->nr_listen)
		return error_set(
			error, -EINVAL,
			"--web.listen-address and --web.systemd-socket exclude each other");
	if (o->by_cgroup && o->run.duty.period_ns)
		return error_set(error, -EINVAL,
				 "--by cgroup cannot be combined with --duty: its counters are not"
				 " estimated");
	if (o->cgroup_limit && !o->by_cgroup)
		return error_set(error, -EINVAL, "--cgroup-limit needs --by cgroup");
	if (!o->cgroup_limit)
		o->cgroup_limit = DEFAULT_CGROUPS;
	if (!o->nr_listen && !o->systemd_socket && add_listen(o, DEFAULT_LISTEN))
		return error_set(error, -ENOMEM, "out of memory");
	return 0;
}

static void release(void *options)
{
	free(((struct serve_options *)options)->listen);
}

const struct option_table serve_option_table = {
	.size = sizeof(struct serve_options),
	.groups = { &target_options, &export_options, &web_options },
	.doc = "Serves the latency of page faults to Prometheus, until SIGTERM; see docs/serve.md.\v"
	       "SIGHUP reads the file of --web.config.file again.\n"
	       "\n"
	       "Examples:\n"
	       "  pfstat serve\n"
	       "  pfstat serve --by cgroup --web.config.file=/etc/pfstat/web.yml\n"
	       "\n"
	       "Exit status: 0 ended by a signal, 1 failure, 2 usage, 3 not possible on this"
	       " kernel, 4 missing privilege.",
	.check = check,
	.release = release,
};
