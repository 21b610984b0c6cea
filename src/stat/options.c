// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/options.c: the rows of options of pfstat stat, and its help.
 */
#include "stat_options.h"

#include <errno.h>
#include <string.h>

#include "stat_dimensions.h"
#include "stat_formats.h"
#include "util/array.h"

/* Rows of --by: 2.2 KiB of kernel memory each. */
#define DEFAULT_GROUPS 16384
#define MAX_GROUPS     (1 << 20)
#define DEFAULT_TOP    20
#define NO_TOP         ~0u

static const char *value_of_by(const void *unused, unsigned int i)
{
	(void)unused;
	return i + 1 < DIM_NR ? dimension_name(i + 1) : NULL;
}

static int parse_by(void *field, const char *arg, struct error *error)
{
	enum dimension *by = field;
	const char *text = arg;
	int i;

	for (i = 0; i < 2 && *text; i++) {
		size_t len = strcspn(text, ",");

		by[i] = option_find_name(value_of_by, NULL, text, len) + 1;
		if (!by[i]) {
			option_refuse_name(value_of_by, NULL, "", error);
			strcat(error->text, ", or two of them with a comma");
			return error->code;
		}
		text += len + (text[len] == ',');
	}
	if (*text || !i || arg[strlen(arg) - 1] == ',')
		return error_set(error, -EINVAL, "one or two dimensions");
	if (i == 1)
		by[1] = DIM_NONE;
	return by[0] == by[1] ? error_set(error, -EINVAL, "the two dimensions are the same") : 0;
}

#define FIELD(member)            OPTION_FIELD(struct stat_options, member)
#define DIMENSION_WORD(id, name) " " name

/* clang-format off */
static const struct option_row print_rows[] = {
	{ .name = "histogram", .letter = 'H', .kind = OPTION_FLAG, FIELD(histogram),
	  .help = "add a latency histogram of each path" },
	{ .name = "causes", .kind = OPTION_FLAG, FIELD(causes),
	  .help = "split the time of each path by cause: locks, reclaim, I/O, ..." },
	{ .name = "by", .arg = "DIM[,DIM]", .kind = OPTION_PARSED, FIELD(by), .parse = parse_by,
	  .help = "a row for each value of DIM, or for each pair of values; DIM is one of:"
		  DIMENSIONS(DIMENSION_WORD) },
	{ .name = "sort", .arg = "COLUMN", .kind = OPTION_CHOICE, FIELD(sort),
	  .max = SORT_NR, .value_name = sort_name,
	  .help = "order of these rows: total (default), count, major, avg, p50, p99 or max" },
	{ .name = "top", .letter = 'n', .arg = "N", .kind = OPTION_NUMBER, FIELD(top),
	  .initial = NO_TOP, .max = 1 << 20,
	  .help = "the first N of these rows (default 20; 0: all)" },
	{ .name = "by-limit", .arg = "N", .kind = OPTION_NUMBER, FIELD(by_limit),
	  .min = 1, .max = MAX_GROUPS,
	  .help = "keep at most N rows (default 16384); further groups are summed in (other)" },
	OPTION_FORMAT,
	OPTION_FORMAT_ALIAS("json", "JSON Lines (see docs/json.md)"),
	OPTION_FORMAT_ALIAS("csv", "comma-separated values"),
	{ .name = "timestamp", .letter = 'T', .kind = OPTION_FLAG, FIELD(timestamp),
	  .help = "print the time of day before each interval" },
	OPTION_OUTPUT,
	{ .name = "check", .kind = OPTION_FLAG, FIELD(check),
	  .help = "cross-check the total against the kernel's own counters; exit status 1 when a"
		  " difference is unexplained" },
	{ .name = "dry-run", .kind = OPTION_FLAG, FIELD(run.dry_run),
	  .help = "print what would be attached, and end" },
};
static const struct option_row how_rows[] = {
	OPTION_DUTY,
	OPTION_ATTACH,
	OPTION_VERBOSE("print how each hook is attached, and libbpf's messages"),
};
/* clang-format on */

static const struct option_group print_options = { "What to print", print_rows,
						   ARRAY_SIZE(print_rows) };

static const struct option_group how_options = { "How to measure", how_rows, ARRAY_SIZE(how_rows) };

static int take_argument(void *options, unsigned int i, const char *text, struct error *error)
{
	struct stat_options *o = options;

	if (i == 0 && !option_parse_seconds(text, &o->interval_ns))
		return error_set(error, -EINVAL,
				 "interval %s: not a number of seconds (0.001 or more);"
				 " put the command after --",
				 text);
	if (i == 1 && !option_parse_number(text, 1, INT64_MAX, &o->count))
		return error_set(error, -EINVAL, "count %s: not a number of 1 or more", text);
	return i > 1 ? error_set(error, -EINVAL, "%s: too many arguments; put the command after --",
				 text) :
		       0;
}

static int check_by(struct stat_options *o, struct error *error)
{
	if (!o->by[0] && (o->by_limit || o->sort || o->top != NO_TOP))
		return error_set(error, -EINVAL, "--sort, -n and --by-limit need --by");
	if (o->by[0] && o->histogram)
		return error_set(error, -EINVAL, "-H cannot be combined with --by");
	if (!o->by_limit)
		o->by_limit = DEFAULT_GROUPS;
	if (o->top == NO_TOP)
		o->top = DEFAULT_TOP;
	return 0;
}

static int check_duty(const struct stat_options *o, struct error *error)
{
	const struct duty_options *duty = &o->run.duty;

	if (!duty->period_ns)
		return 0;
	if (o->check)
		return error_set(error, -EINVAL,
				 "--check compares all faults and cannot be combined with --duty,"
				 " which measures a part of them");
	if (o->by[0])
		return error_set(error, -EINVAL,
				 "--by cannot be combined with --duty: its rows are not estimated");
	if (o->interval_ns && o->interval_ns < duty->period_ns)
		return error_set(error, -EINVAL,
				 "INTERVAL is shorter than the PERIOD of --duty: not each would"
				 " have a window");
	return 0;
}

static int check(void *options, struct error *error)
{
	struct stat_options *o = options;

	if (o->run.format != &stat_table && o->histogram)
		return error_set(error, -EINVAL,
				 "-H works only with the table; --json has the buckets");
	if (o->check && (o->run.only.of_fault || o->run.only.of_task))
		return error_set(error, -EINVAL,
				 "--check compares all faults and cannot be combined with filters");
	return check_duty(o, error) ?: check_by(o, error);
}

const struct option_table stat_option_table = {
	.size = sizeof(struct stat_options),
	.groups = { &run_target_options, &run_filter_options, &print_options, &how_options },
	.formats = stat_formats,
	.args_doc = "[INTERVAL [COUNT]]\n[-- COMMAND [ARG...]]",
	.doc = "Page-fault latency by kernel path: who waits, on which path, how long."
	       "\vWith COMMAND, starts it, measures it and its children, and returns its exit"
	       " status. With INTERVAL (seconds), prints a report of each interval, COUNT times;"
	       " a total ends every run.\n"
	       "\n"
	       "Examples:\n"
	       "  pfstat -p 1234              until Ctrl-C, then the summary\n"
	       "  pfstat -p 1234 1 10         ten times one second\n"
	       "  pfstat -H -- make -j4       a command, with histograms\n"
	       "  pfstat --by process 5       by process, every five seconds\n"
	       "  pfstat --causes -p 1234     what it waits for\n"
	       "  pfstat --json -d 10         the whole machine, for a script\n"
	       "\n"
	       "Exit status: 0 ok, 1 failure, 2 usage, 3 not possible on this kernel, 4 missing"
	       " privilege; after -- the command's own.",
	.takes_workload = true,
	.take_argument = take_argument,
	.check = check,
};
