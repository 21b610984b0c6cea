// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/symbols.c: see symbols/symbols.h.
 */
#include "symbols.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The threads that -p, -t or -- name; NULL: they have ended, or no memory. */
static int *measured_threads(const struct run *m, unsigned int *nr)
{
	const struct opts *opts = m->opts;
	int *tids = NULL, *more;
	size_t i;

	*nr = 0;
	if (opts->child || opts->tid) {
		tids = malloc(sizeof(*tids));
		if (tids)
			tids[(*nr)++] = opts->child ? m->child.pid : opts->tid;
		return tids;
	}
	for (i = 0; i < opts->nr_pids; i++) {
		struct dirent *entry;
		char path[32];
		DIR *dir;

		snprintf(path, sizeof(path), "/proc/%d/task", opts->pids[i]);
		dir = opendir(path);
		while (dir && (entry = readdir(dir))) {
			int tid = atoi(entry->d_name);

			more = tid ? realloc(tids, (*nr + 1) * sizeof(*tids)) : NULL;
			if (!more)
				continue;
			tids = more;
			tids[(*nr)++] = tid;
		}
		if (dir)
			closedir(dir);
	}
	return tids;
}

static void handle_records(void *arg)
{
	symbols_read(arg);
}

static void see_targets(struct symbols *p, const struct opts *opts)
{
	size_t i;

	for (i = 0; i < opts->nr_pids; i++)
		address_spaces_see(p->spaces, opts->pids[i]);
}

int symbols_open(struct symbols *p, struct run *m)
{
	struct address_spaces_options options = { 0 };
	int *tids = NULL, err, events = 0;

	/* No threads would mean the whole machine to it. */
	if (per_task(m->opts)) {
		tids = measured_threads(m, &options.nr_tids);
		if (!tids)
			return fail_errno(EXIT_FAILED, "symbols", -ESRCH);
	}
	options.tids = tids;
	err = address_spaces_open(&p->spaces, &options, &events);
	free(tids);
	if (!err)
		err = symbols_user_open(&p->user, p->spaces);
	if (!err)
		err = symbols_kernel_open(&p->kernel);
	if (!err && !events)
		err = run_watch(m, address_spaces_fd(p->spaces), handle_records, p);
	if (err)
		return fail_errno(exit_code_of(err), "symbols", err);
	if (events)
		fprintf(stderr,
			"pfstat: perf events are refused (%s): functions of processes that"
			" end while measuring have no names\n",
			strerror(-events));
	see_targets(p, m->opts);
	return 0;
}

void symbols_read(struct symbols *p)
{
	address_spaces_read(p->spaces);
}

void symbols_trim(struct symbols *p)
{
	symbols_user_trim(p->user);
}

void symbols_close(struct symbols *p)
{
	symbols_kernel_close(p->kernel);
	symbols_user_close(p->user);
	address_spaces_close(p->spaces);
}
