/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * serve/serve.h: the command pfstat serve, the exporter: measures until a signal ends it, and
 * answers Prometheus' scrapes meanwhile.
 */
#ifndef PFSTAT_SERVE_SERVE_H
#define PFSTAT_SERVE_SERVE_H

#include "run/run.h"

extern const struct command serve_command;

#endif
