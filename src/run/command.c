// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/command.c: from rows of options to argp, and from the command line to a struct of
 * options.
 */
#include "run_command.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "util/array.h"
#include "util/exit_status.h"
#include "run_options.h"
#include "run_output.h"

/* Keys of options without a letter begin here. */
#define KEY_BASE 256

const char *argp_program_version = "pfstat " PFSTAT_VERSION;

/* One run of argp. */
struct parser {
	const struct command *command;
	struct run_options *options; /* the command's own, by its first member */
	unsigned int nr_arguments;
};

/* Row number i of all groups; NULL behind the last. */
static const struct option_row *row_at(const struct option_table *table, size_t i,
				       unsigned int *group)
{
	unsigned int g;

	for (g = 0; table->groups[g]; g++) {
		if (i < table->groups[g]->nr) {
			*group = g + 1;
			return &table->groups[g]->rows[i];
		}
		i -= table->groups[g]->nr;
	}
	return NULL;
}

static const struct option_row *row_of_key(const struct option_table *table, int key)
{
	const struct option_row *row;
	unsigned int group;
	size_t i;

	for (i = 0; (row = row_at(table, i, &group)); i++)
		if (key == (row->letter ? row->letter : (int)(KEY_BASE + i)))
			return row;
	return NULL;
}

/* --- values */

/* "-d" or "--slower": as a message names the option. */
static const char *option_text(const struct option_row *row, char buf[64])
{
	if (row->letter)
		snprintf(buf, 64, "-%c", row->letter);
	else
		snprintf(buf, 64, "--%s", row->name);
	return buf;
}

static void store_uint(void *field, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(uint8_t *)field = (uint8_t)value;
		break;
	case 4:
		*(uint32_t *)field = (uint32_t)value;
		break;
	default:
		*(uint64_t *)field = value;
	}
}

static void set_initial_values(const struct option_table *table, void *options)
{
	const struct option_row *row;
	unsigned int group;
	size_t i;

	for (i = 0; (row = row_at(table, i, &group)); i++)
		if (row->initial)
			store_uint((char *)options + row->offset, row->size, row->initial);
}

/* The names of a row's values. */
struct value_names {
	const struct option_row *row;
	const struct format *const *formats;
};

static const char *value_name(const void *context, unsigned int i)
{
	const struct value_names *names = context;

	if (names->row->kind == OPTION_FORMAT_NAME)
		return names->formats[i] ? names->formats[i]->name : NULL;
	return i < names->row->max ? names->row->value_name(i) : NULL;
}

static int parse_choice(const struct parser *p, const struct option_row *row, const char *text,
			uint64_t *value, struct error *error)
{
	const struct value_names names = { row, p->command->options->formats };
	int i = option_find_name(value_name, &names, text, strlen(text));

	*value = i;
	return i < 0 ? option_refuse_name(value_name, &names, "", error) : 0;
}

static int parse_names(const struct option_row *row, const char *text, uint64_t *bits,
		       struct error *error)
{
	const struct value_names names = { .row = row };

	do {
		size_t len = strcspn(text, ",");
		int i = option_find_name(value_name, &names, text, len);

		if (i < 0)
			return error_set(error, -EINVAL, "there is no %.*s", len ? (int)len : 10,
					 len ? text : "empty name");
		*bits |= 1ull << i;
		text += len;
	} while (*text++);
	return 0;
}

static int parse_time(const struct option_row *row, const char *text, uint64_t *ns,
		      struct error *error)
{
	if (!row->min && !strcmp(text, "0"))
		return 0;
	return option_parse_time(text, ns) ?
		       0 :
		       error_set(error, -EINVAL, "not a time such as 500us, 10ms or 1s");
}

/* A format named twice is no contradiction. */
static int choose_format(const struct parser *p, const struct option_row *row, const char *name,
			 struct error *error)
{
	const struct format *format;
	uint64_t i;

	if (parse_choice(p, row, name, &i, error))
		return error->code;
	format = p->command->options->formats[i];
	if (p->options->format && p->options->format != format)
		return error_set(error, -EINVAL,
				 "there is another format already (%s): they exclude each other",
				 p->options->format->name);
	p->options->format = format;
	return 0;
}

static int parse_value(const struct parser *p, const struct option_row *row, const char *text,
		       struct error *error)
{
	void *field = (char *)p->options + row->offset;
	uint64_t value = 0;
	int err = 0;

	switch (row->kind) {
	case OPTION_FLAG:
		value = 1;
		break;
	case OPTION_NUMBER:
		if (!option_parse_number(text, row->min, row->max, &value))
			err = error_set(error, -EINVAL, "not a number of %llu to %llu",
					(unsigned long long)row->min, (unsigned long long)row->max);
		break;
	case OPTION_SECONDS:
		if (!option_parse_seconds(text, &value))
			err = error_set(error, -EINVAL, "not a number of seconds (0.001 or more)");
		break;
	case OPTION_TIME:
		err = parse_time(row, text, &value, error);
		break;
	case OPTION_CHOICE:
		err = parse_choice(p, row, text, &value, error);
		break;
	case OPTION_NAMES:
		memcpy(&value, field, row->size);
		err = parse_names(row, text, &value, error);
		break;
	case OPTION_TEXT:
		if (!*text)
			return error_set(error, -EINVAL, "an empty %s",
					 !strcmp(row->arg, "CGROUP") ? "path" : "name");
		*(const char **)field = text;
		return 0;
	case OPTION_FORMAT_NAME:
		return choose_format(p, row, text ? text : row->name, error);
	case OPTION_PARSED:
		return row->parse(field, text, error);
	}
	if (!err)
		store_uint(field, row->size, value);
	return err;
}

/* --- argp */

static void check_together(struct argp_state *state, struct parser *p)
{
	const struct option_table *table = p->command->options;
	struct run_options *options = p->options;
	struct error error;
	int err = 0;

	if (options->workload && !table->takes_workload)
		argp_failure(state, EXIT_USAGE, 0, "no COMMAND is taken: -- %s",
			     options->workload[0] ? options->workload[0] : "");
	if (!options->format && table->formats)
		options->format = table->formats[0];
	err = run_check_options(options, &error);
	if (!err && table->check)
		err = table->check(options, &error);
	if (err)
		argp_failure(state, EXIT_USAGE, 0, "%s", error.text);
}

static void take_argument(struct argp_state *state, struct parser *p, const char *text)
{
	const struct option_table *table = p->command->options;
	struct error error;

	if (!table->take_argument && table->takes_workload)
		argp_failure(state, EXIT_USAGE, 0,
			     "%s: %s takes no argument; put the command after --", text,
			     p->command->name);
	else if (!table->take_argument)
		argp_failure(state, EXIT_USAGE, 0, "%s takes no argument: %s", p->command->name,
			     text);
	else if (table->take_argument(p->options, p->nr_arguments++, text, &error))
		argp_failure(state, EXIT_USAGE, 0, "%s", error.text);
}

static error_t parse_key(int key, char *arg, struct argp_state *state)
{
	struct parser *p = state->input;
	const struct option_row *row;
	struct error error;
	char option[64];

	switch (key) {
	case ARGP_KEY_ARG:
		take_argument(state, p, arg);
		return 0;
	case ARGP_KEY_END:
		check_together(state, p);
		return 0;
	}
	row = key > 0 ? row_of_key(p->command->options, key) : NULL;
	if (!row)
		return ARGP_ERR_UNKNOWN;
	if (parse_value(p, row, arg, &error))
		argp_failure(state, EXIT_USAGE, 0, "%s%s%s: %s", option_text(row, option),
			     arg ? " " : "", arg ? arg : "", error.text);
	return 0;
}

/* argp's rows: a heading before each group, ended by zeroes. */
static struct argp_option *make_argp_options(const struct option_table *table)
{
	const struct option_row *row;
	struct argp_option *options;
	unsigned int group, last = 0;
	size_t i, nr = 0;

	for (i = 0; row_at(table, i, &group); i++)
		;
	options = calloc(2 * i + 1, sizeof(*options));
	if (!options)
		return NULL;
	for (i = 0; (row = row_at(table, i, &group)); i++) {
		if (group != last)
			options[nr++] =
				(struct argp_option){ .doc = table->groups[group - 1]->heading,
						      .group = (int)group };
		last = group;
		options[nr++] = (struct argp_option){
			.name = row->name,
			.key = row->letter ? row->letter : (int)(KEY_BASE + i),
			.arg = row->arg,
			.doc = row->help,
			.group = (int)group,
		};
	}
	return options;
}

/* The help of --format lists the formats. */
static char *add_formats(int key, const char *text, void *parser)
{
	const struct option_table *table = ((struct parser *)parser)->command->options;
	const struct option_row *row = key > 0 ? row_of_key(table, key) : NULL;
	char *list = NULL;
	size_t len, i;
	FILE *f;

	if (!row || row->kind != OPTION_FORMAT_NAME || !row->arg)
		return (char *)text;
	f = open_memstream(&list, &len);
	if (!f)
		return (char *)text;
	fputs(text, f);
	for (i = 0; table->formats[i]; i++)
		fprintf(f, "%s %s (%s%s)", i ? "," : "", table->formats[i]->name,
			table->formats[i]->help, i ? "" : "; default");
	fclose(f);
	return list;
}

/* The help of the command that needs no name lists the others. */
static char *add_commands(const struct command *const *commands, const char *doc)
{
	char *text = NULL;
	size_t len, i;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fputs(doc, f);
	fputs("\n\nCommands, each with a --help of its own:\n", f);
	for (i = 1; commands[i]; i++)
		fprintf(f, "  pfstat %-10s%s\n", commands[i]->name, commands[i]->help);
	fclose(f);
	return text;
}

/* Where the first "--" is: the workload follows. */
static int find_separator(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return i;
	return argc;
}

static void run_argp(struct parser *p, const struct command *const *commands, int argc, char **argv)
{
	const struct option_table *table = p->command->options;
	char *doc = p->command == commands[0] ? add_commands(commands, table->doc) : NULL;
	struct argp argp = {
		.options = make_argp_options(table),
		.parser = parse_key,
		.args_doc = table->args_doc,
		.doc = doc ? doc : table->doc,
		.help_filter = add_formats,
	};

	if (!argp.options)
		exit(fail_errno(EXIT_FAILED, "options", -ENOMEM));
	argp_parse(&argp, argc, argv, 0, NULL, p);
	free((void *)argp.options);
	free(doc);
}

const struct command *command_parse(const struct command *const *commands, int argc, char **argv,
				    void **options)
{
	struct parser p = { .command = commands[0] };
	int end = find_separator(argc, argv), first = 0, i;
	char name[64];

	for (i = 0; argc > 1 && commands[i]; i++)
		if (!strcmp(argv[1], commands[i]->name)) {
			p.command = commands[i];
			first = 1;
		}
	p.options = calloc(1, p.command->options->size);
	if (!p.options)
		exit(fail_errno(EXIT_FAILED, "options", -ENOMEM));
	set_initial_values(p.command->options, p.options);
	if (end < argc)
		p.options->workload = &argv[end + 1];
	if (first) {
		snprintf(name, sizeof(name), "pfstat %s", p.command->name);
		argv[first] = name;
	}
	argp_err_exit_status = EXIT_USAGE;
	run_argp(&p, commands, end - first, argv + first);
	*options = p.options;
	return p.command;
}

void command_release(const struct command *command, void *options)
{
	if (command->options->release)
		command->options->release(options);
	free(((struct run_options *)options)->pids);
	free(options);
}

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	return level <= LIBBPF_INFO ? vfprintf(stderr, format, args) : 0;
}

int command_main(const struct command *const *commands, int argc, char **argv)
{
	void *options;
	const struct command *command = command_parse(commands, argc, argv, &options);
	int code;

	libbpf_set_print(((struct run_options *)options)->verbose ? print_libbpf : NULL);
	code = command->run(options);
	command_release(command, options);
	return code;
}
