// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/formats.c: the words for what a traced fault is made of; see trace/trace_event.h.
 */
#include "trace_event.h"

const struct trace_renderer *const trace_renderers[] = {
	&trace_text, &trace_json, &trace_perf_script, &trace_chrome, NULL,
};

const char *access_name(unsigned int access)
{
	static const char *const names[ACCESS_NR] = {
		[ACCESS_READ] = "read",
		[ACCESS_WRITE] = "write",
		[ACCESS_EXEC] = "exec",
	};

	return access < ACCESS_NR ? names[access] : "?";
}

bool trace_tells(const struct trace_run *run, unsigned int cause)
{
	return cause == CAUSE_ON_CPU || (run->causes & 1u << cause);
}
