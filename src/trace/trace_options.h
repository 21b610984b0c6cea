/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * trace/trace_options.h: the options of pfstat trace.
 */
#ifndef PFSTAT_TRACE_TRACE_OPTIONS_H
#define PFSTAT_TRACE_TRACE_OPTIONS_H

#include "run/run.h"

struct trace_options {
	struct run_options run;
	uint64_t slow_ns; /* --slower; 0: no threshold */
	unsigned int sample; /* --sample; 0: not given */
	bool stacks; /* -g */
	unsigned int ring_bytes; /* -m */
};

extern const struct option_table trace_option_table;

#endif
