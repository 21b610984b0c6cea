/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * trace/trace.h: the command pfstat trace.
 */
#ifndef PFSTAT_TRACE_TRACE_H
#define PFSTAT_TRACE_TRACE_H

#include "run/run.h"

extern const struct command trace_command;

#endif
