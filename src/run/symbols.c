// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/symbols.c: opens symbols for the targets of a run and watches their records.
 */
#include "run_symbols.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_targets.h"
#include "util/exit_status.h"

static void handle_symbol_records(void *symbols)
{
	symbols_read(symbols);
}

int run_open_symbols(struct run *m, struct symbols *symbols)
{
	const struct opts *opts = m->opts;
	const int tid = opts->child ? m->child.pid : opts->tid;
	struct target_threads threads = { 0 };
	int err = 0, events = 0;

	if (opts->nr_pids)
		err = targets_list_threads(opts->pids, opts->nr_pids, &threads);
	if (!err && tid)
		err = symbols_open(symbols, &tid, 1, &events);
	else if (!err)
		err = symbols_open(symbols, threads.tids, threads.nr, &events);
	free(threads.tids);
	if (!err && !events)
		err = run_watch(m, symbols_fd(symbols), handle_symbol_records, symbols);
	if (err)
		return fail_errno(exit_code_of(err), "symbols", err);
	if (events)
		fprintf(stderr,
			"pfstat: perf events are refused (%s): functions of processes that"
			" end while measuring have no names\n",
			strerror(-events));
	return 0;
}
