/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_output.h: output formats, one vtable for all commands, and the stream that a format
 * is written to. A format is one file with a struct format and a golden test; the command lists
 * it in its table of formats. What context, record and summary are, the command defines:
 *   stat     struct stat_style, struct report, none
 *   trace    struct trace_run, struct trace_event, struct trace_summary
 *   profile  struct profile_run, struct stacks, none
 */
#ifndef PFSTAT_RUN_RUN_OUTPUT_H
#define PFSTAT_RUN_RUN_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct output;

/* None of them flushes: the caller knows whether more follows. */
struct format {
	const char *name; /* --format */
	const char *help; /* who reads it */
	size_t state_size; /* of output.state */
	/* begin and end may be NULL. record: 0, or a negative errno other than of writing. */
	void (*begin)(const struct output *out);
	int (*record)(const struct output *out, const void *record);
	void (*end)(const struct output *out, const void *summary);
};

struct output {
	FILE *file;
	const char *name; /* for messages */
	const struct format *format;
	const void *context; /* the command's, the same for all records */
	void *state; /* of the format: state_size bytes, zeroed; NULL: none */
	bool colour;
	bool closed; /* nobody reads any more, or it cannot be written */
	int error; /* why, as a negative errno; a reader that has gone is none */
};

/* Opens file name (NULL: standard output) for a format. Prints why not; an exit status. */
int output_open(struct output *out, const char *name, const struct format *format,
		const void *context);

/* These write, and set closed and error. */
void output_begin(struct output *out);
void output_record(struct output *out, const void *record);
void output_end(struct output *out, const void *summary);
/* What was written so far is with the reader. */
void output_flush(struct output *out);

/* Prints why it could not be written, if so. Returns code, or then EXIT_FAILED. */
int output_close(struct output *out, int code);

#endif
