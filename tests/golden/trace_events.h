/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * trace_events.h: made-up faults, for the formats of pfstat trace.
 */
#ifndef PFSTAT_TRACE_EVENTS_H
#define PFSTAT_TRACE_EVENTS_H

#include "trace/trace_event.h"

/* A run as a format prints it: its options, its faults, its end. */
struct trace_story {
	struct trace_run run;
	struct trace_summary summary;
	void (*tell)(const struct output *out, unsigned int nr);
	unsigned int nr;
	bool colour;
};

/* Every kind of place and of name, flags, causes; with stacks; nothing but its ends. */
extern const struct trace_story trace_story_all, trace_story_stacks, trace_story_empty;

/* Many of many threads, times at which a double has no whole ns, by chance but always the same. */
extern const struct trace_story trace_story_many;

void trace_tell(FILE *f, const struct format *to, const struct trace_story *story);

/* names of a place: the file's and its directories', as the kernel's side leaves them. */
void trace_set_names(struct fault_mapping *mapping, const char *names, size_t len);

#endif
