// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * sample.c: the made-up stacks in one of the outputs, on stdout.
 */
#include "made_up.h"
#include "run/run.h"

int main(int argc, char **argv)
{
	struct profile_run run = { .duration_ns = 10000000000,
				   .began_ns = 1700000000000000000,
				   .title = "pid 100 <server & co>" };
	const struct format *const formats[] = { &profile_folded, &profile_pprof,
						 &profile_flamegraph };
	struct output out = { .file = stdout, .context = &run };
	const char *format = argc > 1 ? argv[1] : "";
	struct stacks s;
	int err = make_up(&s);
	size_t i;

	run.by_count = argc > 2;
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(format, formats[i]->name))
			out.format = formats[i];
	if (!err && out.format)
		err = out.format->record(&out, &s);
	else if (!err)
		stacks_summary(&s, &run, "", stdout);
	stacks_free(&s);
	return err || fflush(stdout) || ferror(stdout);
}
