/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_table_check.h: the outcome of --check, for a person and for JSON.
 */
#ifndef PFSTAT_STAT_STAT_TABLE_CHECK_H
#define PFSTAT_STAT_STAT_TABLE_CHECK_H

#include <jansson.h>
#include <stdio.h>

#include "stat_check.h"

void render_check(FILE *f, const struct check *check);

/* The object "check" of docs/json.md: a new reference, or NULL when memory is out. */
json_t *render_check_json(const struct check *check);

#endif
