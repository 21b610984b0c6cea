// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/symbols.c: opens symbols for the targets of a run and reads their records from its loop.
 */
#include "run_setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proc/procfs.h"
#include "util/array.h"

struct threads {
	int *tids;
	size_t nr, cap;
};

static int append_thread(void *context, int tid)
{
	struct threads *t = context;
	int err = array_reserve(t->tids, t->cap, t->nr + 1);

	if (!err)
		t->tids[t->nr++] = tid;
	return err;
}

/* The threads of -p, -t or --; none: the machine. -ESRCH: all of them have ended. */
static int list_threads(const struct run *run, struct threads *t)
{
	const struct run_options *options = run->options;
	int err = 0;
	size_t i;

	if (options->workload || options->tid)
		return append_thread(t, options->workload ? run->workload.pid : (int)options->tid);
	for (i = 0; !err && i < options->nr_pids; i++) {
		err = procfs_each_thread(options->pids[i], append_thread, t);
		if (err == -ESRCH)
			err = 0;
	}
	return !err && options->nr_pids && !t->nr ? -ESRCH : err;
}

static void handle_symbol_records(void *symbols)
{
	symbols_read(symbols);
}

int run_open_symbols(struct run *run, struct symbols *symbols)
{
	struct threads threads = { 0 };
	int events = 0, err = list_threads(run, &threads);

	if (!descriptors_allow_thread_records(threads.nr))
		threads.nr = 0;
	/* First the events, as in targets_add_machine(). Records of tasks come from any CPU. */
	if (!err && !threads.nr)
		targets_watch_cpus(run);
	if (!err)
		err = symbols_open(symbols, threads.nr ? threads.tids : NULL,
				   (unsigned int)threads.nr, &events);
	free(threads.tids);
	if (!err && events == -EMFILE)
		err = events;
	if (!err && !events)
		err = run_watch(run, symbols_fd(symbols), handle_symbol_records, symbols);
	if (err)
		return targets_fail(run, "symbols", err);
	if (events)
		fprintf(stderr,
			"pfstat: perf events are refused (%s): functions of processes that end"
			" while measuring have no names\n",
			strerror(-events));
	run->symbols = symbols;
	return 0;
}
