/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_plan_text.h: a plan as text: each hook and its method, each path and how exactly
 * it is seen (--dry-run, -v).
 */
#ifndef PFSTAT_PROBE_PROBE_PLAN_TEXT_H
#define PFSTAT_PROBE_PROBE_PLAN_TEXT_H

#include <stdio.h>

#include "probe_plan.h"

void plan_print(const struct plan *plan, FILE *f);

#endif
