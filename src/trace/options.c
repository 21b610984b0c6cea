// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/options.c: the rows of options of pfstat trace, and its help.
 */
#include "trace_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "trace_event.h"
#include "util/array.h"

#define DEFAULT_SLOWER_NS 1000000
#define NOT_GIVEN         ~0ull

/* Of the ring buffer: about 5,800 faults, or 6,000 with stacks, which are four times as big. */
#define DEFAULT_RING_BYTES        (4u << 20)
#define DEFAULT_STACKS_RING_BYTES (16u << 20)
#define MAX_RING_BYTES            (1u << 30)

/* A number of pages, or of bytes with a unit, as perf record takes it; 0: neither. */
static uint64_t parse_size(const char *text)
{
	static const char units[] = "BKMG";
	const size_t digits = strspn(text, "0123456789");
	const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;
	char number[16];
	uint64_t n;

	if (digits >= sizeof(number) || (text[digits] && (!unit || text[digits + 1])))
		return 0;
	snprintf(number, sizeof(number), "%.*s", (int)digits, text);
	if (!option_parse_number(number, 1, MAX_RING_BYTES, &n))
		return 0;
	return unit ? n << 10 * (unit - units) : n * sysconf(_SC_PAGESIZE);
}

/* perf rounds up to a power of two; doubling the kernel's memory unasked is no help. */
static int parse_ring(void *field, const char *text, struct error *error)
{
	const uint64_t page = sysconf(_SC_PAGESIZE), bytes = parse_size(text);

	if (!bytes)
		return error_set(error, -EINVAL,
				 "not a number of pages, or a size such as 512K or 16M");
	if (bytes < page || bytes > MAX_RING_BYTES)
		return error_set(error, -EINVAL, "not from one page (%uK) to %uM",
				 (unsigned int)page >> 10, MAX_RING_BYTES >> 20);
	if (bytes & (bytes - 1))
		return error_set(error, -EINVAL, "not a power of two");
	*(unsigned int *)field = (unsigned int)bytes;
	return 0;
}

#define FIELD(member) OPTION_FIELD(struct trace_options, member)

/* clang-format off */
static const struct option_row rows[] = {
	{ .name = "slower", .arg = "TIME", .kind = OPTION_TIME, FIELD(slow_ns),
	  .initial = NOT_GIVEN,
	  .help = "only faults that take TIME or longer (default 1ms; 0: all)" },
	{ .name = "sample", .arg = "N", .kind = OPTION_NUMBER, FIELD(sample),
	  .min = 1, .max = 1000000000,
	  .help = "every Nth of them on each CPU; without --slower, of all faults" },
	{ .name = "stack", .letter = 'g', .kind = OPTION_FLAG, FIELD(stacks),
	  .help = "with the stacks of user and kernel mode" },
	{ .name = "mmap-pages", .letter = 'm', .arg = "PAGES", .kind = OPTION_PARSED,
	  FIELD(ring_bytes), .parse = parse_ring,
	  .help = "size of the ring buffer: pages, or with a unit as in 64M; a power of two"
		  " (default 4M; with -g 16M)" },
	OPTION_FORMAT,
	OPTION_FORMAT_ALIAS("json", "the same as --format=json"),
	OPTION_OUTPUT,
};
/* clang-format on */

static const struct option_group print_options = { "What to print", rows, ARRAY_SIZE(rows) };

static int check(void *options, struct error *error)
{
	struct trace_options *o = options;

	(void)error;
	if (o->slow_ns == NOT_GIVEN)
		o->slow_ns = o->sample ? 0 : DEFAULT_SLOWER_NS;
	if (!o->ring_bytes)
		o->ring_bytes = o->stacks ? DEFAULT_STACKS_RING_BYTES : DEFAULT_RING_BYTES;
	return 0;
}

const struct option_table trace_option_table = {
	.size = sizeof(struct trace_options),
	.groups = { &run_target_options, &run_filter_options, &print_options, &run_how_options },
	.formats = trace_formats,
	.args_doc = "\n-- COMMAND [ARG...]",
	.doc = "Prints each slow page fault: who, where, and what its time was spent on.\v"
	       "With COMMAND, starts it, traces it and its children, and returns its exit status.\n"
	       "The formats and the causes are described in docs/trace.md.\n"
	       "\n"
	       "Examples:\n"
	       "  pfstat trace -p 1234                      those of a process over 1 ms\n"
	       "  pfstat trace --slower 10ms -g             of the whole machine, with stacks\n"
	       "  pfstat trace --path swap --sample 100     every hundredth swap-in\n"
	       "  pfstat trace --format=chrome -o f.json -- ./app   for Perfetto\n"
	       "\n"
	       "Exit status: 0 ok, 1 failure, 2 usage, 3 not possible on this kernel, 4 missing"
	       " privilege; after -- the command's own.",
	.takes_workload = true,
	.check = check,
};
