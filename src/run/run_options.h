/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_options.h: the command line. One row of an argp table is one option; --help and
 * the man page follow it.
 */
#ifndef PFSTAT_RUN_RUN_OPTIONS_H
#define PFSTAT_RUN_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/probe.h"
#include "util/exit_status.h"
#include "trace/trace_event.h"

enum command { COMMAND_STAT, COMMAND_TRACE, COMMAND_PROFILE, COMMAND_DOCTOR, COMMAND_SERVE };

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV };

/* --sort: of the rows of --by; the largest first. */
#define SORTS(X)                                                                                   \
	X(TOTAL, "total")                                                                          \
	X(COUNT, "count")                                                                          \
	X(MAJOR, "major")                                                                          \
	X(AVG, "avg")                                                                              \
	X(P50, "p50")                                                                              \
	X(P99, "p99")                                                                              \
	X(MAX, "max")

/* clang-format off */
enum sort {
#define SORT_ENUM(id, name) SORT_##id,
	SORTS(SORT_ENUM)
#undef SORT_ENUM
	SORT_NR
};
/* clang-format on */

/* --format of profile. */
enum profile_format { PROFILE_FOLDED, PROFILE_PPROF };

struct opts {
	enum command command;
	enum attach_mode attach;
	enum format format;
	int *pids; /* -p */
	size_t nr_pids;
	int tid; /* -t; 0: not given */
	bool no_inherit;
	bool gup;
	bool histogram;
	bool timestamp;
	bool verbose;
	bool dry_run;
	bool check;
	uint64_t duration_ns; /* -d; 0: until something else ends it */
	uint64_t interval_ns; /* 0: only the total */
	uint64_t count; /* of intervals; 0: no limit */
	const char *output; /* -o; NULL: stdout */
	char **child; /* after --; NULL: none */
	struct fault_filter only; /* --path, --origin, --major, --min-latency, -C */
	const char *cgroup; /* -c: path or id; NULL: all */
	bool causes; /* --causes */
	enum dimension by[2]; /* --by; of serve DIM_CGROUP or none */
	unsigned int by_limit;
	enum sort sort;
	unsigned int top; /* -n: rows of --by; 0: all */
	uint64_t slow_ns; /* --slower; 0: no fault is slow */
	/* Of trace. */
	unsigned int sample; /* --sample; 0: not given */
	bool stacks; /* -g */
	unsigned int ring_bytes; /* -m */
	const struct trace_renderer *trace;
	/* Of profile. */
	bool by_count; /* --weight=count */
	enum profile_format profile_format;
	const char *svg; /* --svg; NULL: none */
	unsigned int stack_limit;
	/* Of serve. */
	unsigned int cgroup_limit;
	const char **listen; /* --web.listen-address */
	size_t nr_listen;
	const char *web_config; /* --web.config.file; NULL: none */
	bool systemd_socket;
};

/*
 * Fills opts from the command line. Bad input prints a message on stderr and
 * exits with EXIT_USAGE; --help and -V exit with 0. opts_free() gives back.
 */
void opts_parse(struct opts *opts, int argc, char **argv);
void opts_free(struct opts *opts);

/* Adds a list of pids, "1,2,3", each once: NULL, or the text of the error. */
const char *opts_parse_pids(struct opts *opts, const char *text);

/* Seconds, with a fraction or without, as nanoseconds: false when it is not over 0. */
bool opts_parse_seconds(const char *text, uint64_t *ns);

/* 10ms, 2.5us, 1s, 800ns as nanoseconds: false without a unit, or when it is not over 0. */
bool opts_parse_time(const char *text, uint64_t *ns);

#endif
