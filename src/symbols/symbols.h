/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols.h: names of functions for a measuring command: the address spaces of
 * what it measures, followed from before the begin, and the symbols on top of them.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_H
#define PFSTAT_SYMBOLS_SYMBOLS_H

#include "run/run_loop.h"
#include "symbols_kernel.h"
#include "symbols_user.h"

struct symbols {
	struct address_spaces *spaces;
	struct symbols_user *user;
	struct symbols_kernel *kernel;
};

/*
 * Before the child runs (run_open()); adds itself to the loop. Says on stderr
 * what will be missing. An exit code; 0 also when processes that end early will have no names.
 */
int symbols_open(struct symbols *p, struct run *m);

/* Takes what was recorded until now: before symbols are asked for. */
void symbols_read(struct symbols *p);

/* Gives back memory when there is much of it; no name that was asked for is used any more. */
void symbols_trim(struct symbols *p);

void symbols_close(struct symbols *p);

#endif
