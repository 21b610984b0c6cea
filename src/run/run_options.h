/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_options.h: the options that several commands have: targets, filters, the attach
 * mode, the output. A command's struct of options begins with struct run_options.
 */
#ifndef PFSTAT_RUN_RUN_OPTIONS_H
#define PFSTAT_RUN_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/probe.h"

#include "run_command.h"
#include "run_duty.h"

struct run_options {
	int *pids; /* -p; each once */
	size_t nr_pids, cap_pids;
	unsigned int tid; /* -t; 0: not given */
	const char *cgroup; /* -c: path or id; NULL: all */
	struct fault_filter only; /* --path, --origin, --major, --min-latency, -C */
	bool no_inherit;
	bool gup;
	struct duty_options duty; /* --duty */
	uint64_t duration_ns; /* -d; 0: until something else ends the run */
	enum attach_mode attach;
	unsigned char method[STEP_NR]; /* --attach=end=NAME: 1 + the row; 0: the best one */
	bool verbose;
	bool dry_run;
	const char *output; /* -o; NULL: stdout */
	const struct format *format; /* NULL: the command's first one */
	char **workload; /* the command after --; NULL: none */
};

/* -p, -t, -c, -C, -d, --no-inherit, --gup; the filter of faults; --attach and -v. */
extern const struct option_group run_target_options, run_filter_options, run_how_options;

/* Rows that commands take into their own groups, as their help differs. */
#define OPTION_PIDS                                                                                \
	{                                                                                          \
		.name = "pid", .letter = 'p', .arg = "PID[,PID...]", .kind = OPTION_PARSED,        \
		.help = "these processes, their new threads and children", .parse = run_parse_pids \
	}
#define OPTION_NO_INHERIT                                                                          \
	{                                                                                          \
		.name = "no-inherit", .kind = OPTION_FLAG,                                         \
		OPTION_FIELD(struct run_options, no_inherit),                                      \
		.help = "leave out children that are created later"                                \
	}
#define OPTION_ATTACH                                                                              \
	{                                                                                          \
		.name = "attach", .arg = "MODE|STEP=NAME[,...]", .kind = OPTION_PARSED,            \
		.parse = run_parse_attach,                                                         \
		.help = "auto (default), fentry, kprobe or tracepoint; end=NAME: what ends a"      \
			" fault (pfstat doctor lists the names; also begin=, record=)"             \
	}
#define OPTION_VERBOSE(text)                                                                       \
	{                                                                                          \
		.name = "verbose", .letter = 'v', .kind = OPTION_FLAG,                             \
		OPTION_FIELD(struct run_options, verbose), .help = text                            \
	}
#define OPTION_OUTPUT                                                                              \
	{                                                                                          \
		.name = "output", .letter = 'o', .arg = "FILE", .kind = OPTION_TEXT,               \
		OPTION_FIELD(struct run_options, output),                                          \
		.help = "write to FILE instead of standard output"                                 \
	}
#define OPTION_FORMAT                                                                              \
	{                                                                                          \
		.name = "format", .arg = "FORMAT", .kind = OPTION_FORMAT_NAME,                     \
		OPTION_FIELD(struct run_options, format), .help = "one of"                         \
	}
/* --NAME for --format=NAME. */
#define OPTION_FORMAT_ALIAS(format_name, text)                                                     \
	{                                                                                          \
		.name = format_name, .kind = OPTION_FORMAT_NAME,                                   \
		OPTION_FIELD(struct run_options, format), .help = text                             \
	}

/* For rows: adds a list of pids, "1,2,3". options: the struct run_options. */
int run_parse_pids(void *options, const char *text, struct error *error);
/* A mode, and names of rows of methods: "fentry,end=sw_event". */
int run_parse_attach(void *options, const char *text, struct error *error);

/* Do the options fit together? 0 or -EINVAL with the reason in error. */
int run_check_options(struct run_options *options, struct error *error);

/* Are single tasks measured, and not the machine? */
bool run_is_per_task(const struct run_options *options);

/* Names the targets: "process 17", "the whole machine". Returns buf. */
#define RUN_TARGETS_LEN 64
const char *run_targets_text(const struct run_options *options, char buf[RUN_TARGETS_LEN]);

#endif
