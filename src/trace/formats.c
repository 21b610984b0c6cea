// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/formats.c: the table of output formats, and what they share.
 */
#include "trace_event.h"

#include <inttypes.h>
#include <string.h>

#include "util/escape.h"

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

void trace_print_lost(FILE *f, const char *lead, const struct trace_summary *summary)
{
	if (summary->lost)
		fprintf(f,
			"%s %" PRIu64
			": the ring buffer was full (-m makes it larger); printed %" PRIu64
			", of %" PRIu64 " faults measured\n",
			lead, summary->lost, summary->printed, summary->faults);
}

const char *trace_frame_name(char buf[TRACE_FRAME_LEN], const struct symbol_frame *frame)
{
	const char *slash = frame->module ? strrchr(frame->module, '/') : NULL;
	const char *name = frame->symbol ? frame->symbol : slash ? slash + 1 : frame->module;
	uint64_t offset = frame->symbol ? frame->symbol_offset : frame->module_offset;
	size_t used;

	if (!name) {
		snprintf(buf, TRACE_FRAME_LEN, frame->address ? "0x%" PRIx64 : "-", frame->address);
		return buf;
	}
	/* 20: "+0x" and 16 digits. */
	escape_text(buf, TRACE_FRAME_LEN - 20, name, "");
	used = strlen(buf);
	snprintf(buf + used, TRACE_FRAME_LEN - used, "+0x%" PRIx64, offset);
	return buf;
}
