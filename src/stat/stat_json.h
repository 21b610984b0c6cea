/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_json.h: strings and counts, made fit for JSON.
 */
#ifndef PFSTAT_STAT_STAT_JSON_H
#define PFSTAT_STAT_STAT_JSON_H

#include <jansson.h>
#include <stdint.h>

/* Integers of jansson are signed: a larger count is held at INT64_MAX. */
json_int_t json_count(uint64_t count);

/*
 * A JSON string of s, which need not be UTF-8: a task's comm is any 15 bytes.
 * Each byte that is no part of a valid sequence becomes U+FFFD; all else stays.
 * A new reference, or NULL when memory is out.
 */
json_t *json_string_of(const char *s);

/* Those of nr that are not 0 as [index, count], indices from first on; NULL when memory is out. */
json_t *json_counts(const uint64_t *counts, int nr, int first);

#endif
