// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/options.c: the options of pfstat trace.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/run_option_rows.h"

#define DEFAULT_SLOWER_NS 1000000

/* Of the ring buffer: some 5,800 faults, or with stacks 6,000, which are four times as big. */
#define DEFAULT_RING_BYTES        (4u << 20)
#define DEFAULT_STACKS_RING_BYTES (16u << 20)
#define MAX_RING_BYTES            (1u << 30)

/* clang-format off */
static const struct argp_option options[] = {
	{ 0, 0, 0, 0, "What to print", 3 },
	{ "slower", KEY_SLOWER, "TIME", 0,
	  "faults that take TIME or longer (default 1ms; 0: all)", 0 },
	{ "sample", KEY_SAMPLE, "N", 0,
	  "every Nth of them on each CPU; without --slower, of all faults", 0 },
	{ "stack", 'g', 0, 0, "with their stacks, of user and of kernel mode", 0 },
	{ "mmap-pages", 'm', "PAGES", 0,
	  "size of the ring buffer: pages, or with a unit as in 64M; a power of two"
	  " (default 4M; with -g 16M)",
	  0 },
	{ "format", KEY_FORMAT, "FORMAT", 0, "text (default), json, perf-script or chrome", 0 },
	{ "json", KEY_JSON, 0, 0, "the same as --format=json", 0 },
	OPTION_OUTPUT,
	{ 0 }
};
/* clang-format on */

static const char doc[] =
	"Prints each slow page fault: who, where, and what its time was spent on.\v"
	"With COMMAND, starts it, traces it and its children, and returns its exit status.\n"
	"The formats and the causes are described in docs/trace.md.\n"
	"\n"
	"Examples:\n"
	"  pfstat trace -p 1234                      those of a process over 1 ms\n"
	"  pfstat trace --slower 10ms -g             of the whole machine, with stacks\n"
	"  pfstat trace --path swap --sample 100     every hundredth swap-in\n"
	"  pfstat trace --format=chrome -o f.json -- ./app   for Perfetto\n"
	"\n"
	"Exit status: 0 ok, 1 failure, 2 usage, 3 this kernel cannot do it, 4 missing"
	" privilege; after -- the command's own.";

static void parse_format(struct argp_state *state, struct opts *opts, const char *arg)
{
	size_t i;

	for (i = 0; trace_renderers[i]; i++) {
		if (strcmp(trace_renderers[i]->name, arg))
			continue;
		if (opts->trace && opts->trace != trace_renderers[i])
			argp_failure(state, EXIT_USAGE, 0,
				     "--format %s: there is another format already", arg);
		opts->trace = trace_renderers[i];
		return;
	}
	argp_failure(state, EXIT_USAGE, 0, "--format %s: not text, json, perf-script or chrome",
		     arg);
}

/* A number of pages, or of bytes with a unit, as perf record takes it; 0: neither. */
static uint64_t parse_size(const char *text)
{
	static const char units[] = "BKMG";
	const size_t digits = strspn(text, "0123456789");
	const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;
	char number[16];
	long n;

	if (digits >= sizeof(number) || (text[digits] && (!unit || text[digits + 1])))
		return 0;
	snprintf(number, sizeof(number), "%.*s", (int)digits, text);
	if (!opts_parse_number(number, '\0', MAX_RING_BYTES, &n, NULL))
		return 0;
	return unit ? (uint64_t)n << 10 * (unit - units) : (uint64_t)n * sysconf(_SC_PAGESIZE);
}

/* perf rounds up what is no power of two; to double the kernel's memory unasked is no help. */
static void parse_ring(struct argp_state *state, struct opts *opts, const char *arg)
{
	const uint64_t page = sysconf(_SC_PAGESIZE), bytes = parse_size(arg);

	if (!bytes)
		argp_failure(state, EXIT_USAGE, 0,
			     "-m %s: not a number of pages, or a size such as 512K or 16M", arg);
	if (bytes < page || bytes > MAX_RING_BYTES)
		argp_failure(state, EXIT_USAGE, 0, "-m %s: not from one page (%uK) to %uM", arg,
			     (unsigned int)page >> 10, MAX_RING_BYTES >> 20);
	if (bytes & (bytes - 1))
		argp_failure(state, EXIT_USAGE, 0, "-m %s: not a power of two", arg);
	opts->ring_bytes = bytes;
}

static error_t parse_trace(int key, char *arg, struct argp_state *state)
{
	struct opts *opts = state->input;
	const uint64_t not_given = ~0ull;
	long sample;

	switch (key) {
	case ARGP_KEY_INIT:
		opts_init_children(state);
		opts->slow_ns = not_given;
		break;
	case KEY_SLOWER:
		opts_parse_slower(state, opts, arg);
		break;
	case KEY_SAMPLE:
		if (!opts_parse_number(arg, '\0', 1000000000, &sample, NULL))
			argp_failure(state, EXIT_USAGE, 0,
				     "--sample %s: not a number of 1 to 1000000000", arg);
		opts->sample = sample;
		break;
	case 'g':
		opts->stacks = true;
		break;
	case 'm':
		parse_ring(state, opts, arg);
		break;
	case KEY_FORMAT:
		parse_format(state, opts, arg);
		break;
	case KEY_JSON:
		parse_format(state, opts, "json");
		break;
	case ARGP_KEY_END:
		if (opts->slow_ns == not_given)
			opts->slow_ns = opts->sample ? 0 : DEFAULT_SLOWER_NS;
		if (!opts->trace)
			opts->trace = trace_renderers[0];
		if (!opts->ring_bytes)
			opts->ring_bytes =
				opts->stacks ? DEFAULT_STACKS_RING_BYTES : DEFAULT_RING_BYTES;
		opts_check_measure(state, opts);
		break;
	default:
		return opts_parse_output(key, arg, state);
	}
	return 0;
}

/* clang-format off */
const struct argp argp_trace = {
	.options = options, .parser = parse_trace, .args_doc = "\n-- COMMAND [ARG...]", .doc = doc,
	.children = opts_measure_children,
};
/* clang-format on */
