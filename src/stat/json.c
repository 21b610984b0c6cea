// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/json.c: JSON Lines, one object per report. docs/json.md is the
 * contract; the order of the keys is part of it.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "util/escape.h"
#include "stat_format.h"
#include "stat_causes.h"
#include "stat_table_check.h"
#include "stat_groups.h"
#include "stat_json.h"

#define JSON_LINES_SCHEMA 1

json_t *json_string_of(const char *s)
{
	static const char replacement[] = "\xef\xbf\xbd";
	char *clean = malloc(strlen(s) * (sizeof(replacement) - 1) + 1);
	size_t used = 0;
	json_t *string;

	if (!clean)
		return NULL;
	while (*s) {
		unsigned int valid = utf8_length((const unsigned char *)s);
		const char *from = valid ? s : replacement;
		size_t length = valid ? valid : sizeof(replacement) - 1;

		memcpy(clean + used, from, length);
		used += length;
		s += valid ? valid : 1;
	}
	string = json_stringn(clean, used);
	free(clean);
	return string;
}

json_int_t json_count(uint64_t count)
{
	return count > INT64_MAX ? INT64_MAX : (json_int_t)count;
}

json_t *json_counts(const uint64_t *counts, int nr, int first)
{
	json_t *list = json_array();

	for (int i = 0; list && i < nr; i++) {
		if (!counts[i])
			continue;
		if (json_array_append_new(
			    list, json_pack("[i, I]", i + first, json_count(counts[i]))) < 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static json_t *pack_row(const struct report_row *row)
{
	return json_pack(
		"{s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o,"
		" s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:o}",
		"path", json_string_of(row->path), "origin", json_string_of(row->origin),
		"exactness", json_string_of(row->exactness), "count", json_count(row->count),
		"minor", json_count(row->minor), "major", json_count(row->major), "sum_ns",
		json_count(row->sum_ns), "max_ns", json_count(row->max_ns), "p50_ns",
		json_count(row->p50_ns), "p90_ns", json_count(row->p90_ns), "p99_ns",
		json_count(row->p99_ns), "buckets", json_counts(row->buckets, HIST_SLOTS, HIST_MIN),
		"untimed", json_count(row->untimed), "retries", json_count(row->retries), "read",
		json_count(row->access[ACCESS_READ]), "write",
		json_count(row->access[ACCESS_WRITE]), "exec", json_count(row->access[ACCESS_EXEC]),
		"outcome", json_string_of(row->outcome), "stack", json_count(row->stack_growths),
		"mmap_lock", json_count(row->mmap_locks), "orders",
		json_counts(row->orders, MAX_ORDER_NOTED, 1));
}

static json_t *pack_paths(const struct report *r)
{
	json_t *list = json_array();

	for (unsigned int i = 0; list && i < r->nr_rows; i++) {
		json_t *row = pack_row(&r->rows[i]);

		if (row && r->causes)
			json_object_set_new(row, "causes", render_causes_json(r, &r->rows[i]));
		if (json_array_append_new(list, row) < 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static json_t *pack_lost(const struct report *r)
{
	json_t *object = json_object();

	for (unsigned int i = 0; object && i < r->nr_lost; i++) {
		if (json_object_set_new(object, r->lost[i].reason,
					json_integer(json_count(r->lost[i].count))) < 0) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

/* Of a line, all but the brace that ends it. ASCII only: neither a terminal nor a locale can read
 * it another way. */
static bool print_open(FILE *f, const json_t *line)
{
	char *text = line ? json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	if (!text)
		return false;
	fwrite(text, 1, strlen(text) - 1, f);
	free(text);
	return true;
}

static void json_report(FILE *f, const struct report *r, const struct render_style *style)
{
	json_t *line = json_pack("{s:i, s:s, s:I, s:I, s:o, s:o, s:o}", "schema", JSON_LINES_SCHEMA,
				 "kind", r->is_total ? "total" : "interval", "time_ns",
				 json_count(r->wall_ns), "duration_ns", json_count(r->duration_ns),
				 "attach", json_string_of(r->attach), "paths", pack_paths(r),
				 "lost", pack_lost(r));

	(void)style;
	if (line && r->filtered)
		json_object_set_new(line, "filtered", json_integer(json_count(r->filtered)));
	if (line && r->check)
		json_object_set_new(line, "check", render_check_json(r->check));
	if (print_open(f, line)) {
		if (r->groups)
			render_groups_json(f, r->groups);
		fputs("}\n", f);
	} else {
		fputs("pfstat: out of memory: a line of JSON is missing\n", stderr);
	}
	fflush(f);
	json_decref(line);
}

const struct renderer render_json = {
	.name = "json",
	.report = json_report,
};
