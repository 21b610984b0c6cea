// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/json_groups.c: the rows of --by in JSON. docs/json.md is the contract; the order
 * of the keys is part of it.
 */
#include <inttypes.h>
#include <string.h>

#include "proc/container_id.h"
#include "stat_groups.h"
#include "stat_json.h"
#include "report/report.h"

static json_t *string_or_null(const char *s)
{
	return s ? json_string_of(s) : json_null();
}

static json_t *pack_task(const struct group_row *row, const char *id, int n)
{
	return json_pack("{s:I, s:I, s:o}", id, json_count(group_number(row, n)), "start_ns",
			 json_count(row->key.dim[n][1]), "comm", json_string_of(row->comm[n]));
}

static json_t *pack_cgroup(const struct group_row *row, int n)
{
	struct cgroup_names names;

	container_id_parse(&names, row->name[n] ? row->name[n] : "");
	return json_pack("{s:I, s:o, s:s, s:s, s:s}", "id", json_count(group_number(row, n)),
			 "path", string_or_null(row->name[n]), "runtime", names.runtime,
			 "container_id", names.container_id, "pod_uid", names.pod_uid);
}

/* The key's halves: place kind and device; inode, or a hash of a name. */
static json_t *pack_mapping(const struct group_row *row, enum dimension dim, int n)
{
	const uint64_t kind = group_number(row, n) >> 32;
	const uint32_t dev = (uint32_t)group_number(row, n);
	char text[24];

	if (dim == DIM_FILE && kind != MAPPING_FILE)
		return json_null();
	if (kind != MAPPING_FILE)
		return json_pack("{s:s, s:o}", "kind", mapping_kind_name(kind), "name",
				 string_or_null(row->name[n]));
	snprintf(text, sizeof(text), "%u:%u", dev >> 20, dev & 0xfffff);
	return json_pack("{s:s, s:o, s:s, s:I}", "kind", mapping_kind_name(kind), "name",
			 string_or_null(row->name[n]), "dev", text, "ino",
			 json_count(row->key.dim[n][1]));
}

static json_t *pack_dimension(const struct group_row *row, enum dimension dim, int n)
{
	char comm[17] = "";

	switch (dim) {
	case DIM_PROCESS:
		return pack_task(row, "pid", n);
	case DIM_THREAD:
		return pack_task(row, "tid", n);
	case DIM_COMM:
		memcpy(comm, row->key.dim[n], 16);
		return json_string_of(comm);
	case DIM_CGROUP:
		return pack_cgroup(row, n);
	case DIM_MAPPING:
	case DIM_FILE:
		return pack_mapping(row, dim, n);
	case DIM_PATH:
		return json_string(path_name(group_number(row, n)));
	default:
		return json_integer(json_count(group_number(row, n)));
	}
}

static json_t *pack_numbers(const struct report_row *n)
{
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I}", "count", json_count(n->count),
		"major", json_count(n->major), "sum_ns", json_count(n->sum_ns), "max_ns",
		json_count(n->max_ns), "p50_ns", json_count(n->p50_ns), "p90_ns",
		json_count(n->p90_ns), "p99_ns", json_count(n->p99_ns), "buckets",
		json_counts(n->buckets, HIST_SLOTS, HIST_MIN), "untimed", json_count(n->untimed));
}

static json_t *pack_group(const struct group_report *r, const struct group_row *row)
{
	json_t *object = json_object(), *numbers = pack_numbers(&row->n);

	for (int n = 0; object && n < 2 && r->by[n]; n++)
		if (json_object_set_new(object, dimension_name(r->by[n]),
					pack_dimension(row, r->by[n], n))) {
			json_decref(object);
			object = NULL;
		}
	if (!object || !numbers || json_object_update(object, numbers)) {
		json_decref(object);
		object = NULL;
	}
	json_decref(numbers);
	return object;
}

/* One value of the line that is being printed. */
static void print_value(FILE *f, const char *lead, json_t *value)
{
	fputs(lead, f);
	if (!value || json_dumpf(value, f, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY)) {
		fputs("null", f);
		fputs("pfstat: out of memory: a part of a line of JSON is null\n", stderr);
	}
	json_decref(value);
}

/* A row at a time: there may be very many, which as one object would take far more memory. */
void render_groups_json(FILE *f, const struct group_report *r)
{
	fputs(",\"by\":[", f);
	for (int n = 0; n < 2 && r->by[n]; n++)
		print_value(f, n ? "," : "", json_string(dimension_name(r->by[n])));
	fputs("],\"groups\":[", f);
	for (unsigned int i = 0; i < r->nr_rows; i++)
		print_value(f, i ? "," : "", pack_group(r, r->sorted[i]));
	print_value(f, "],\"groups_other\":", pack_numbers(&r->other));
	print_value(f, ",\"groups_exited\":", pack_numbers(&r->exited));
}
