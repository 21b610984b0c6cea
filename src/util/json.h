/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/json.h: writes JSON as it comes, without spaces. ASCII only, so that neither a terminal
 * nor a locale can read it another way. In an object each value has a key; in an array, and for
 * the outermost value, key is NULL.
 */
#ifndef PFSTAT_UTIL_JSON_H
#define PFSTAT_UTIL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_writer {
	FILE *file;
	bool comma; /* the next value follows another one */
};

/* bracket: '{' or '['; '}' or ']'. */
void json_begin(struct json_writer *w, const char *key, char bracket);
void json_end(struct json_writer *w, char bracket);

/*
 * s need not be UTF-8: a task's comm is any 15 bytes. Each byte that is no part of a valid
 * sequence becomes U+FFFD. NULL: null.
 */
void json_put_string(struct json_writer *w, const char *key, const char *s);
/* A larger value than INT64_MAX is written as that: readers have signed integers. */
void json_put_uint(struct json_writer *w, const char *key, uint64_t value);
void json_put_int(struct json_writer *w, const char *key, int64_t value);
void json_put_bool(struct json_writer *w, const char *key, bool value);
/* A string of ASCII without quotes and backslashes. */
void json_put_format(struct json_writer *w, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
