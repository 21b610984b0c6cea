/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_command.h: a subcommand and its options, as rows. --help and the parser are made of
 * the same rows.
 */
#ifndef PFSTAT_RUN_RUN_COMMAND_H
#define PFSTAT_RUN_RUN_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct format;

enum option_kind {
	OPTION_FLAG, /* true; takes no value */
	OPTION_NUMBER, /* an integer of min to max */
	OPTION_SECONDS, /* a number of seconds, kept as ns */
	OPTION_TIME, /* a number with a unit, kept as ns; with min 0 also "0" */
	OPTION_TEXT, /* the string itself, not empty */
	OPTION_CHOICE, /* value_name(0) to value_name(max - 1): their index */
	OPTION_NAMES, /* the same, a list with commas: a bit of each */
	OPTION_FORMAT_NAME, /* one of the command's formats; without arg the one of the row's name
			     */
	OPTION_PARSED, /* by parse() */
};

struct option_row {
	const char *name;
	int letter; /* 0: none */
	const char *arg; /* NULL: takes no value */
	const char *help;
	enum option_kind kind;
	size_t offset, size; /* of the field in the command's options: OPTION_FIELD() */
	uint64_t min, max;
	uint64_t initial; /* of a number: the field without the option */
	const char *(*value_name)(unsigned int i);
	/* 0, or -EINVAL with the reason in error; the option and its value are put before it. */
	int (*parse)(void *field, const char *text, struct error *error);
};

#define OPTION_FIELD(type, member)                                                                 \
	.offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)

struct option_group {
	const char *heading;
	const struct option_row *rows;
	size_t nr;
};

struct option_table {
	size_t size; /* of the struct, which begins with struct run_options */
	const struct option_group *groups[5]; /* ended by NULL */
	const struct format *const *formats; /* ended by NULL; the first is the default */
	const char *args_doc; /* as argp's */
	const char *doc; /* as argp's: before and behind the options, with \v between */
	bool takes_workload; /* -- COMMAND */
	/* All may be NULL. */
	/* Argument number i, from 0 on; NULL: the command takes none. */
	int (*take_argument)(void *options, unsigned int i, const char *text, struct error *error);
	/* Do they fit together? After run_check_options(). */
	int (*check)(void *options, struct error *error);
	void (*release)(void *options);
};

struct command {
	const char *name; /* "stat" is also what runs without a name */
	const char *help; /* one line */
	const struct option_table *options;
	/* Returns the exit status. */
	int (*run)(const void *options);
};

/*
 * Parses the command line by the rows of the command that it names, and runs it: the exit status.
 */
int command_main(const struct command *const *commands, int argc, char **argv);

/*
 * The command that argv names, with its options parsed. Bad input prints a message and exits
 * with EXIT_USAGE; --help and -V exit with 0. command_release() follows.
 */
const struct command *command_parse(const struct command *const *commands, int argc, char **argv,
				    void **options);
void command_release(const struct command *command, void *options);

/* Names of values: name(context, i), which is NULL behind the last. */
typedef const char *option_name(const void *context, unsigned int i);
/* The value of the name at text, of len bytes; -1: there is none. */
int option_find_name(option_name *name, const void *context, const char *text, size_t len);
/* The error "WHATnot a, b or c". */
int option_refuse_name(option_name *name, const void *context, const char *what,
		       struct error *error);

/* Values of options: false when text is anything else, also when something follows it. */
bool option_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);
/* "1.5": seconds with or without a fraction, 0.001 or more, as ns. */
bool option_parse_seconds(const char *text, uint64_t *ns);
/* "10ms", "2.5us", "1s", "800ns", of 1 ns to an hour. */
bool option_parse_time(const char *text, uint64_t *ns);

#endif
