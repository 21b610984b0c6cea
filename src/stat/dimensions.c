// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/dimensions.c: the table of dimensions of --by. docs/json.md describes the fields.
 */
#include "stat_dimensions.h"

#include <inttypes.h>
#include <string.h>

#include "proc/container_id.h"
#include "util/escape.h"

/* The pid, tid, CPU, node or path; the id of a cgroup. */
static uint64_t group_number(const struct group_row *row, int n)
{
	return row->key.dim[n][0];
}

/* --- numbers */

static const char *number_text(char buf[DIMENSION_TEXT_LEN], const struct group_row *row, int n)
{
	snprintf(buf, DIMENSION_TEXT_LEN, "%" PRIu64, group_number(row, n));
	return buf;
}

static void number_json(struct json_writer *w, const char *key, const struct group_row *row, int n)
{
	json_put_uint(w, key, group_number(row, n));
}

static void number_csv(FILE *f, const struct group_row *row, int n)
{
	fprintf(f, ",%" PRIu64, group_number(row, n));
}

/* --- processes and threads */

static void put_task(struct json_writer *w, const char *key, const char *id,
		     const struct group_row *row, int n)
{
	json_begin(w, key, '{');
	json_put_uint(w, id, group_number(row, n));
	json_put_uint(w, "start_ns", row->key.dim[n][1]);
	json_put_string(w, "comm", row->comm[n]);
	json_end(w, '}');
}

static void process_json(struct json_writer *w, const char *key, const struct group_row *row, int n)
{
	put_task(w, key, "pid", row, n);
}

static void thread_json(struct json_writer *w, const char *key, const struct group_row *row, int n)
{
	put_task(w, key, "tid", row, n);
}

static void put_csv_text(FILE *f, const char *text)
{
	char buf[DIMENSION_TEXT_LEN];

	fputc(',', f);
	escape_csv(f, escape_text(buf, sizeof(buf), text ? text : "", ""));
}

static void task_csv(FILE *f, const struct group_row *row, int n)
{
	number_csv(f, row, n);
	put_csv_text(f, row->comm[n]);
}

/* --- texts */

static const char *name_text(char buf[DIMENSION_TEXT_LEN], const struct group_row *row, int n)
{
	return escape_text(buf, DIMENSION_TEXT_LEN, row->name[n] ? row->name[n] : "[unknown]", "");
}

static void name_json(struct json_writer *w, const char *key, const struct group_row *row, int n)
{
	json_put_string(w, key, row->name[n]);
}

static void name_csv(FILE *f, const struct group_row *row, int n)
{
	put_csv_text(f, row->name[n]);
}

/* --- cgroups */

/* The path, and the container as the tools of its runtime name it. */
static const char *cgroup_text(char buf[DIMENSION_TEXT_LEN], const struct group_row *row, int n)
{
	struct cgroup_names names;
	size_t len;

	if (!row->name[n]) {
		snprintf(buf, DIMENSION_TEXT_LEN, "(id %" PRIu64 ")", group_number(row, n));
		return buf;
	}
	container_id_parse(&names, row->name[n]);
	escape_text(buf, DIMENSION_TEXT_LEN - 64, row->name[n], "");
	len = strlen(buf);
	if (*names.container_id)
		snprintf(buf + len, DIMENSION_TEXT_LEN - len, " (%s %.12s)",
			 *names.runtime ? names.runtime : "container", names.container_id);
	return buf;
}

static void cgroup_json(struct json_writer *w, const char *key, const struct group_row *row, int n)
{
	struct cgroup_names names;

	container_id_parse(&names, row->name[n] ? row->name[n] : "");
	json_begin(w, key, '{');
	json_put_uint(w, "id", group_number(row, n));
	json_put_string(w, "path", row->name[n]);
	json_put_string(w, "runtime", names.runtime);
	json_put_string(w, "container_id", names.container_id);
	json_put_string(w, "pod_uid", names.pod_uid);
	json_end(w, '}');
}

static void cgroup_csv(FILE *f, const struct group_row *row, int n)
{
	number_csv(f, row, n);
	put_csv_text(f, row->name[n]);
}

/* --- mappings and files */

static const char *file_text(char buf[DIMENSION_TEXT_LEN], const struct group_row *row, int n)
{
	return escape_text(buf, DIMENSION_TEXT_LEN, row->name[n] ? row->name[n] : "(no file)", "");
}

/* The key's halves: kind and device; inode, or a hash of a name. */
static unsigned int key_kind(const struct group_row *row, int n)
{
	return (unsigned int)(group_number(row, n) >> 32);
}

static void mapping_json(struct json_writer *w, const char *key, const struct group_row *row, int n)
{
	const uint32_t dev = (uint32_t)group_number(row, n);

	json_begin(w, key, '{');
	json_put_string(w, "kind", mapping_kind_name(key_kind(row, n)));
	json_put_string(w, "name", row->name[n]);
	if (key_kind(row, n) == MAPPING_FILE) {
		json_put_format(w, "dev", "%u:%u", dev >> 20, dev & 0xfffff);
		json_put_uint(w, "ino", row->key.dim[n][1]);
	}
	json_end(w, '}');
}

static void file_json(struct json_writer *w, const char *key, const struct group_row *row, int n)
{
	if (key_kind(row, n) == MAPPING_FILE)
		mapping_json(w, key, row, n);
	else
		json_put_string(w, key, NULL);
}

/* --- the table */

/* clang-format off */
const struct dimension_row dimensions[DIM_NR] = {
	[DIM_PROCESS] = { .title = "PID", .is_number = true, .has_comm = true,
			  .csv = "pid,process_comm", .text = number_text,
			  .put_json = process_json, .put_csv = task_csv },
	[DIM_THREAD] = { .title = "TID", .is_number = true, .has_comm = true,
			 .csv = "tid,thread_comm", .text = number_text,
			 .put_json = thread_json, .put_csv = task_csv },
	[DIM_COMM] = { .title = "COMM", .csv = "comm", .text = name_text,
		       .put_json = name_json, .put_csv = name_csv },
	[DIM_CGROUP] = { .title = "CGROUP", .is_long = true, .csv = "cgroup_id,cgroup",
			 .text = cgroup_text, .put_json = cgroup_json, .put_csv = cgroup_csv },
	[DIM_MAPPING] = { .title = "MAPPING", .is_long = true, .csv = "mapping",
			  .text = name_text, .put_json = mapping_json, .put_csv = name_csv },
	[DIM_FILE] = { .title = "FILE", .is_long = true, .csv = "file", .text = file_text,
		       .put_json = file_json, .put_csv = name_csv },
	[DIM_CPU] = { .title = "CPU", .is_number = true, .csv = "cpu", .text = number_text,
		      .put_json = number_json, .put_csv = number_csv },
	[DIM_NODE] = { .title = "NODE", .is_number = true, .csv = "node", .text = number_text,
		       .put_json = number_json, .put_csv = number_csv },
	[DIM_PATH] = { .title = "PATH", .csv = "path", .text = name_text,
		       .put_json = name_json, .put_csv = name_csv },
};
/* clang-format on */

const char *dimension_name(unsigned int dim)
{
	static const char *const names[DIM_NR] = {
#define DIMENSION_NAME(id, name) [DIM_##id] = name,
		DIMENSIONS(DIMENSION_NAME)
#undef DIMENSION_NAME
	};

	return names[dim];
}
