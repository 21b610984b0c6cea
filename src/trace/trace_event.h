/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * trace/trace_event.h: one traced fault with all names, and the output formats of pfstat trace.
 * A format is one file with a struct format (run/run_output.h) and a golden test.
 */
#ifndef PFSTAT_TRACE_TRACE_EVENT_H
#define PFSTAT_TRACE_TRACE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/trace_record.h"
#include "report/report.h"
#include "run/run.h"
#include "util/json.h"
#include "symbols/symbols.h"

/* A record of the output. The strings live until the format returns. */
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

/* The output's context, the same for all faults. */
struct trace_run {
	const char *attach; /* as in the other outputs */
	uint32_t causes; /* a bit of each enum cause that this run distinguishes; ON_CPU always */
	uint64_t slower_ns; /* 0: no threshold */
	uint64_t sample; /* one in sample of them; 1: all */
	bool stacks;
	bool retries; /* are counted */
};

/* The output's summary, at the end. */
struct trace_summary {
	uint64_t printed;
	uint64_t lost; /* the ring buffer was full */
	uint64_t faults; /* measured in all */
	uint64_t untimed; /* of them: without a latency, so never traced */
};

/* In the order of the help; ended by NULL. */
extern const struct format *const trace_formats[];
extern const struct format trace_text, trace_json, trace_perf_script, trace_chrome;

/* The bit of cause is in run->causes. */
bool trace_has_cause(const struct trace_run *run, unsigned int cause);

/* What holds for the run, and what kind of access faulted. */
void trace_put_run(struct json_writer *w, const struct trace_run *run);
void trace_put_access(struct json_writer *w, const struct trace_record *r);

/* A line, if faults were lost. */
void trace_print_lost(FILE *f, const char *lead, const struct trace_summary *summary);

/*
 * "memcpy+0x1a", or "libc.so.6+0x1c4000" of the module without its directories, or the
 * address, with control characters escaped, in buf. "-" for address 0.
 */
#define TRACE_FRAME_LEN 512
const char *trace_frame_name(char buf[TRACE_FRAME_LEN], const struct symbol_frame *frame);

#endif
