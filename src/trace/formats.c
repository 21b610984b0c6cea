// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/formats.c: the table of output formats, and words that they share.
 */
#include "trace_event.h"

const struct format *const trace_formats[] = {
	&trace_text, &trace_json, &trace_perf_script, &trace_chrome, NULL,
};

bool trace_has_cause(const struct trace_run *run, unsigned int cause)
{
	return cause == CAUSE_ON_CPU || (run->causes & 1u << cause);
}

void trace_put_run(struct json_writer *w, const struct trace_run *run)
{
	json_put_string(w, "attach", run->attach);
	json_begin(w, "causes", '[');
	for (unsigned int c = 0; c < CAUSE_NR; c++)
		if (trace_has_cause(run, c))
			json_put_string(w, NULL, cause_name(c));
	json_end(w, ']');
	json_put_uint(w, "slower_ns", run->slower_ns);
	json_put_uint(w, "sample", run->sample);
}

void trace_put_access(struct json_writer *w, const struct trace_record *r)
{
	json_put_string(w, "origin", origin_name(r->origin));
	json_put_string(w, "access", access_name(r->access));
	json_put_bool(w, "major", r->flags & TRACE_MAJOR);
	json_put_bool(w, "mmap_lock", r->flags & TRACE_MMAP_LOCK);
	json_put_bool(w, "stack", r->flags & TRACE_STACK_GREW);
}
