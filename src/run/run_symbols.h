/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_symbols.h: symbols of what a run measures.
 */
#ifndef PFSTAT_RUN_RUN_SYMBOLS_H
#define PFSTAT_RUN_RUN_SYMBOLS_H

#include "run_loop.h"
#include "symbols/symbols.h"

/*
 * After run_open(), before the workload runs: opens the symbols, and reads their records from
 * the loop of m. An exit code, and a message when it or perf events failed; without perf
 * events it still returns 0.
 */
int run_open_symbols(struct run *m, struct symbols *symbols);

#endif
