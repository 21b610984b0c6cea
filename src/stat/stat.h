/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat.h: the command pfstat stat, which is also what runs without a command.
 */
#ifndef PFSTAT_STAT_STAT_H
#define PFSTAT_STAT_STAT_H

#include "run/run.h"

extern const struct command stat_command;

#endif
