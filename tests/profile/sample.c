// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * sample.c: the made-up stacks in one of the outputs, on stdout.
 */
#include "made_up.h"

int main(int argc, char **argv)
{
	struct profile_run run = { .duration_ns = 10000000000,
				   .began_ns = 1700000000000000000,
				   .title = "pid 100 <server & co>" };
	const char *format = argc > 1 ? argv[1] : "";
	struct stacks s;
	int err = make_up(&s);

	run.by_count = argc > 2;
	if (!err && !strcmp(format, "folded"))
		err = profile_folded(&s, &run, stdout);
	else if (!err && !strcmp(format, "pprof"))
		err = profile_pprof(&s, &run, stdout);
	else if (!err && !strcmp(format, "svg"))
		err = profile_flamegraph(&s, &run, stdout);
	else if (!err)
		stacks_summary(&s, &run, "", stdout);
	stacks_free(&s);
	return err || fflush(stdout) || ferror(stdout);
}
