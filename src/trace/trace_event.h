/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * trace/trace_event.h: pfstat trace: one fault with all that is known of it in words, and the
 * table of output formats. A format is one file, trace_NAME.c, with a golden test.
 */
#ifndef PFSTAT_TRACE_TRACE_EVENT_H
#define PFSTAT_TRACE_TRACE_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/causes.h"
#include "shared/fault_counters.h"
#include "shared/tallies.h"
#include "shared/trace_record.h"
#include "report/report.h"
#include "symbols/symbols.h"

/* The strings live until the renderer returns. */
struct trace_event {
	const struct trace_record *record;
	uint64_t wall_ns; /* CLOCK_REALTIME at its end, since the epoch */
	const char *cgroup; /* path; NULL: unknown */
	const char *mapping; /* "/usr/lib/libc.so.6", "[heap]", "[anon:name]"; NULL: unknown */
	struct symbol_frame ip; /* of record->ip */
	/* With --stack, innermost first; 0 frames when there is none. */
	const struct symbol_frame *kernel, *user;
	unsigned int nr_kernel, nr_user;
};

/* What holds for the whole run. */
struct trace_run {
	const char *attach; /* as in the other outputs */
	uint32_t causes; /* bit of each enum cause that this run can tell; ON_CPU always */
	uint64_t slower_ns; /* 0: no threshold */
	uint64_t sample; /* every so many of them; 1: all */
	bool stacks;
	bool retries; /* are counted */
	bool colour;
	/*
	 * Of the renderer: state_size bytes, zeroed before begin. NULL will do: what is said once
	 * per thread is then said again with each fault.
	 */
	void *state;
};

/* How it went, for the end. */
struct trace_summary {
	uint64_t printed;
	uint64_t lost; /* the ring buffer was full */
	uint64_t faults; /* measured in all */
	uint64_t untimed; /* of them: without a latency, so never traced */
};

/* None of them flushes: the caller knows whether more faults are waiting. */
struct trace_renderer {
	const char *name; /* --format */
	const char *help; /* what reads it */
	size_t state_size; /* of trace_run.state */
	/* NULL where there is nothing to print. */
	void (*begin)(FILE *f, const struct trace_run *run);
	void (*event)(FILE *f, const struct trace_run *run, const struct trace_event *event);
	void (*end)(FILE *f, const struct trace_run *run, const struct trace_summary *summary);
};

extern const struct trace_renderer trace_text, trace_json, trace_perf_script, trace_chrome;

/* In the order of the help; ended by NULL. */
extern const struct trace_renderer *const trace_renderers[];

/* "read", "write", "exec". */
const char *access_name(unsigned int access);

/* The bit of cause is in run->causes. */
bool trace_tells(const struct trace_run *run, unsigned int cause);

/*
 * "memcpy+0x1a", or "libc.so.6+0x1c4000" of the module without its directories, or the
 * address, with control characters escaped, in buf. "-" for address 0.
 */
#define TRACE_FRAME_LEN 512
const char *trace_frame_name(char buf[TRACE_FRAME_LEN], const struct symbol_frame *frame);

#endif
