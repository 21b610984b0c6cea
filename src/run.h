/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run.h: one measurement from attach to the total.
 */
#ifndef PFSTAT_RUN_H
#define PFSTAT_RUN_H

#include "run/run_options.h"

/* Returns the exit status of pfstat; messages go to stderr. */
int run_stat(const struct opts *opts);

/* pfstat trace (run_trace.c) and pfstat profile (run_profile.c). */
int run_trace(const struct opts *opts);
int run_profile(const struct opts *opts);

#endif
