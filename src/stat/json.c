// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/json.c: JSON Lines, one object per report. docs/json.md is the contract; the order of
 * the keys is part of it.
 */
#include "stat_formats.h"

#define JSON_LINES_SCHEMA 1

/* The counts that are not 0 as [index, count], indices from first on. */
static void put_counts(struct json_writer *w, const char *key, const uint64_t *counts, int nr,
		       int first)
{
	json_begin(w, key, '[');
	for (int i = 0; i < nr; i++) {
		if (!counts[i])
			continue;
		json_begin(w, NULL, '[');
		json_put_int(w, NULL, i + first);
		json_put_uint(w, NULL, counts[i]);
		json_end(w, ']');
	}
	json_end(w, ']');
}

void json_put_times(struct json_writer *w, const struct report_row *row)
{
	json_put_uint(w, "major", row->major);
	json_put_uint(w, "sum_ns", row->sum_ns);
	json_put_uint(w, "max_ns", row->max_ns);
	json_put_uint(w, "p50_ns", row->p50_ns);
	json_put_uint(w, "p90_ns", row->p90_ns);
	json_put_uint(w, "p99_ns", row->p99_ns);
	put_counts(w, "buckets", row->buckets, HIST_SLOTS, HIST_MIN);
	json_put_uint(w, "untimed", row->untimed);
}

static void put_causes(struct json_writer *w, const struct report *r, const struct report_row *row)
{
	json_begin(w, "causes", '{');
	for (unsigned int c = 0; c < CAUSE_NR; c++)
		if (r->causes & 1u << c)
			json_put_uint(w, cause_name(c), row->causes.ns[c]);
	json_end(w, '}');
}

static void put_row(struct json_writer *w, const struct report *r, const struct report_row *row)
{
	json_begin(w, NULL, '{');
	json_put_string(w, "path", row->path);
	json_put_string(w, "origin", row->origin);
	json_put_string(w, "exactness", row->exactness);
	json_put_uint(w, "count", row->count);
	json_put_uint(w, "minor", row->minor);
	json_put_times(w, row);
	json_put_uint(w, "retries", row->retries);
	json_put_uint(w, "read", row->access[ACCESS_READ]);
	json_put_uint(w, "write", row->access[ACCESS_WRITE]);
	json_put_uint(w, "exec", row->access[ACCESS_EXEC]);
	json_put_string(w, "outcome", row->outcome);
	json_put_uint(w, "stack", row->stack_growths);
	json_put_uint(w, "mmap_lock", row->mmap_locks);
	put_counts(w, "orders", row->orders, MAX_ORDER_NOTED, 1);
	if (r->causes)
		put_causes(w, r, row);
	if (r->duty)
		json_put_estimate(w, r, row);
	json_end(w, '}');
}

static void put_losses(struct json_writer *w, const struct report *r)
{
	json_begin(w, "lost", '{');
	for (unsigned int i = 0; i < r->nr_lost; i++)
		json_put_uint(w, r->lost[i].reason, r->lost[i].count);
	json_end(w, '}');
}

static void put_check_row(struct json_writer *w, const struct check_row *row)
{
	json_begin(w, NULL, '{');
	json_put_string(w, "book", row->source);
	json_put_string(w, "counter", row->counter);
	json_put_uint(w, "kernel_low", row->kernel.low);
	json_put_uint(w, "kernel_high", row->kernel.high);
	json_put_uint(w, "pfstat", row->pfstat);
	json_put_string(w, "verdict", check_verdict_name(row->verdict));
	json_put_uint(w, "unexplained", row->unexplained);
	json_begin(w, "reasons", '{');
	for (unsigned int i = 0; i < row->nr_reasons; i++)
		json_put_uint(w, row->reason[i].name, row->reason[i].count);
	json_end(w, '}');
	json_end(w, '}');
}

static void put_check(struct json_writer *w, const struct check *check)
{
	json_begin(w, "check", '{');
	json_put_bool(w, "ok", check->ok);
	json_put_string(w, "error", check->error);
	json_begin(w, "rows", '[');
	for (unsigned int i = 0; i < check->nr_rows; i++)
		put_check_row(w, &check->row[i]);
	json_end(w, ']');
	json_put_uint(w, "ended", check->ended);
	json_put_uint(w, "living", check->living);
	json_end(w, '}');
}

static void put_methods(struct json_writer *w, const struct report_method *methods)
{
	json_begin(w, "methods", '{');
	for (int i = 0; i < REPORT_METHODS; i++)
		json_put_string(w, methods[i].step, methods[i].row);
	json_begin(w, "proof", '{');
	for (int i = 0; i < REPORT_METHODS; i++)
		json_put_string(w, methods[i].step, methods[i].proof);
	json_end(w, '}');
	json_begin(w, "refused", '[');
	for (int i = 0; i < REPORT_METHODS; i++)
		for (int j = 0; j < REPORT_UNUSED && methods[i].unused[j].row; j++) {
			json_begin(w, NULL, '{');
			json_put_string(w, "step", methods[i].step);
			json_put_string(w, "row", methods[i].unused[j].row);
			json_put_string(w, "reason", methods[i].unused[j].reason);
			json_end(w, '}');
		}
	json_end(w, ']');
	json_end(w, '}');
}

static int json_record(const struct output *out, const void *record)
{
	const struct report *r = record;
	struct json_writer w = { .file = out->file };

	json_begin(&w, NULL, '{');
	json_put_uint(&w, "schema", JSON_LINES_SCHEMA);
	json_put_string(&w, "kind", r->is_total ? "total" : "interval");
	json_put_uint(&w, "time_ns", r->wall_ns);
	json_put_uint(&w, "duration_ns", r->duration_ns);
	json_put_string(&w, "attach", r->attach);
	json_begin(&w, "paths", '[');
	for (unsigned int i = 0; i < r->nr_rows; i++)
		put_row(&w, r, &r->rows[i]);
	json_end(&w, ']');
	put_losses(&w, r);
	if (r->filtered)
		json_put_uint(&w, "filtered", r->filtered);
	if (r->check)
		put_check(&w, r->check);
	if (r->groups)
		json_put_groups(&w, r->groups);
	if (r->is_total && r->methods)
		put_methods(&w, r->methods);
	if (r->duty)
		json_put_duty(&w, r);
	json_end(&w, '}');
	fputc('\n', out->file);
	return 0;
}

const struct format stat_json = {
	.name = "json",
	.help = "JSON Lines, one object per report",
	.record = json_record,
};
