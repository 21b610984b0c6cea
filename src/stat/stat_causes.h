/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_causes.h: what the time of each path was spent on (--causes), for each format.
 */
#ifndef PFSTAT_STAT_STAT_CAUSES_H
#define PFSTAT_STAT_STAT_CAUSES_H

#include <jansson.h>

#include "stat_format.h"

/* A second table below that of the paths. */
void render_causes_table(FILE *f, const struct report *r, const struct render_style *style);

/* An object, "lock": ns and so on, of the causes that were told apart; NULL: no memory. */
json_t *render_causes_json(const struct report *r, const struct report_row *row);

/* One column: lock:NS io:NS, those that there were. */
void render_causes_csv(FILE *f, const struct report *r, const struct report_row *row);

/* Names those that this run cannot tell from off_cpu or on_cpu; nothing when it can tell all. */
void render_causes_untold(FILE *f, uint32_t causes);

#endif
