/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat.h: one measurement from attach to the total.
 */
#ifndef PFSTAT_STAT_STAT_H
#define PFSTAT_STAT_STAT_H

#include "run/run_options.h"

/* Returns the exit status of pfstat; messages go to stderr. */
int run_stat(const struct opts *opts);

/* pfstat trace (trace/cmd.c) and pfstat profile (profile/cmd.c). */
int run_trace(const struct opts *opts);
int run_profile(const struct opts *opts);

#endif
