// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/output.c: one output of a command: opened, written in its format, checked for errors.
 */
#include "run_output.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/exit_status.h"

int output_open(struct output *out, const char *name, const struct format *format,
		const void *context)
{
	*out = (struct output){
		.name = name ? name : "standard output",
		.file = name ? fopen(name, "we") : stdout,
		.format = format,
		.context = context,
	};
	if (!out->file)
		return fail_errno(EXIT_FAILED, out->name, -errno);
	out->colour = isatty(fileno(out->file)) && !getenv("NO_COLOR");
	if (!out->format->state_size)
		return 0;
	out->state = calloc(1, out->format->state_size);
	return out->state ? 0 : fail_errno(EXIT_FAILED, out->name, -ENOMEM);
}

/* errno was 0 before the write. The first error counts: ferror() stays, errno does not. */
static void check_errors(struct output *out)
{
	if (out->closed || !ferror(out->file))
		return;
	if (errno != EPIPE)
		out->error = errno ? -errno : -EIO;
	out->closed = true;
}

void output_begin(struct output *out)
{
	errno = 0;
	if (out->format->begin)
		out->format->begin(out);
	check_errors(out);
}

void output_record(struct output *out, const void *record)
{
	int err;

	errno = 0;
	err = out->format->record(out, record);
	check_errors(out);
	if (err && !out->error)
		out->error = err;
}

void output_end(struct output *out, const void *summary)
{
	errno = 0;
	if (out->format->end)
		out->format->end(out, summary);
	output_flush(out);
}

void output_flush(struct output *out)
{
	errno = 0;
	fflush(out->file);
	check_errors(out);
}

int output_close(struct output *out, int code)
{
	free(out->state);
	if (out->file && out->file != stdout)
		fclose(out->file);
	if (out->error)
		fail_errno(EXIT_FAILED, out->name, out->error);
	return out->error ? EXIT_FAILED : code;
}
