// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/json.c: JSON Lines, one object per fault and one at the end. docs/json.md is the
 * contract; the order of the keys is part of it.
 */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "stat/stat_json.h"
#include "report/report.h"
#include "trace_event.h"

#define JSON_LINES_SCHEMA 1

/* The kernel's VM_READ and so on, the same since ever. */
#define VM_READ   0x1
#define VM_WRITE  0x2
#define VM_EXEC   0x4
#define VM_SHARED 0x8

static json_t *string_or_null(const char *s)
{
	return s ? json_string_of(s) : json_null();
}

/* A string: JSON's readers keep 53 bits of a number. */
static json_t *hex(uint64_t v)
{
	return json_sprintf("0x%" PRIx64, v);
}

static json_t *pack_parts(const struct trace_run *run, const struct trace_record *r)
{
	json_t *parts = json_object();

	if (r->flags & TRACE_NO_PARTS) {
		json_decref(parts);
		return json_null();
	}
	for (unsigned int c = 0; c < CAUSE_NR; c++)
		if (trace_tells(run, c))
			json_object_set_new(parts, cause_name(c),
					    json_integer(json_count(r->parts[c])));
	return parts;
}

static json_t *pack_mapping(const struct trace_event *event)
{
	const struct fault_mapping *m = &event->record->mapping;
	json_t *mapping = json_pack("{s:s, s:o}", "kind", mapping_kind_name(m->kind), "name",
				    string_or_null(event->mapping));
	char perms[5];

	if (!mapping || m->kind == MAPPING_UNKNOWN || m->kind == MAPPING_NONE)
		return mapping;
	snprintf(perms, sizeof(perms), "%c%c%c%c", m->vm_flags & VM_READ ? 'r' : '-',
		 m->vm_flags & VM_WRITE ? 'w' : '-', m->vm_flags & VM_EXEC ? 'x' : '-',
		 m->vm_flags & VM_SHARED ? 's' : 'p');
	json_object_set_new(mapping, "start", hex(m->start));
	json_object_set_new(mapping, "end", hex(m->end));
	json_object_set_new(mapping, "perms", json_string(perms));
	if (m->kind != MAPPING_FILE)
		return mapping;
	json_object_set_new(mapping, "offset", json_integer(json_count(m->offset)));
	json_object_set_new(mapping, "dev", json_sprintf("%u:%u", m->dev >> 20, m->dev & 0xfffff));
	json_object_set_new(mapping, "ino", json_integer(json_count(m->ino)));
	json_object_set_new(mapping, "deleted", json_boolean(m->flags & MAPPING_DELETED));
	json_object_set_new(mapping, "cut", json_boolean(m->flags & MAPPING_CUT));
	return mapping;
}

static json_t *pack_frame(const struct symbol_frame *frame)
{
	json_t *packed =
		json_pack("{s:o, s:o, s:o}", "address", hex(frame->address), "symbol",
			  string_or_null(frame->symbol), "module", string_or_null(frame->module));
	uint64_t offset = frame->symbol ? frame->symbol_offset : frame->module_offset;

	if (packed && (frame->symbol || frame->module))
		json_object_set_new(packed, "offset", json_integer(json_count(offset)));
	return packed;
}

static void add_stack(json_t *line, const char *key, const char *error_key,
		      const struct symbol_frame *frames, unsigned int nr, int status)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < nr; i++)
		json_array_append_new(list, pack_frame(&frames[i]));
	json_object_set_new(line, key, list);
	if (status < 0)
		json_object_set_new(line, error_key, json_string(strerrorname_np(-status)));
}

/* ASCII only: neither a terminal nor a locale can read it another way. */
static void print_line(FILE *f, json_t *line)
{
	if (line && !json_dumpf(line, f, JSON_COMPACT | JSON_ENSURE_ASCII))
		fputc('\n', f);
	else if (!line)
		fputs("pfstat: out of memory: a line of JSON is missing\n", stderr);
	json_decref(line);
}

static void json_event(FILE *f, const struct trace_run *run, const struct trace_event *event)
{
	const struct trace_record *r = event->record;
	json_t *line = json_pack(
		"{s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:o, s:s, s:s,"
		" s:s, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o}",
		"schema", JSON_LINES_SCHEMA, "kind", "fault", "time_ns", json_count(event->wall_ns),
		"end_ns", json_count(r->end_ns), "latency_ns", json_count(r->ns), "pid",
		(json_int_t)r->pid, "tid", (json_int_t)r->tid, "comm", json_string_of(r->comm),
		"cpu", (json_int_t)r->cpu, "cgroup_id", json_count(r->cgroup), "cgroup",
		string_or_null(event->cgroup), "path", path_name(r->path), "origin",
		origin_name(r->origin), "access", access_name(r->access), "major",
		!!(r->flags & TRACE_MAJOR), "mmap_lock", !!(r->flags & TRACE_MMAP_LOCK), "stack",
		!!(r->flags & TRACE_STACK_GREW), "retries",
		run->retries ? json_integer(r->retries) : json_null(), "address", hex(r->address),
		"mapping", pack_mapping(event), "ip", r->ip ? pack_frame(&event->ip) : json_null(),
		"parts", pack_parts(run, r));

	if (line && run->stacks) {
		add_stack(line, "kernel_stack", "kernel_stack_error", event->kernel,
			  event->nr_kernel, r->kernel_stack);
		add_stack(line, "user_stack", "user_stack_error", event->user, event->nr_user,
			  r->user_stack);
	}
	print_line(f, line);
}

static void json_end(FILE *f, const struct trace_run *run, const struct trace_summary *summary)
{
	json_t *causes = json_array();

	for (unsigned int c = 0; c < CAUSE_NR; c++)
		if (trace_tells(run, c))
			json_array_append_new(causes, json_string(cause_name(c)));
	print_line(f, json_pack("{s:i, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "schema",
				JSON_LINES_SCHEMA, "kind", "trace_end", "attach",
				json_string_of(run->attach), "causes", causes, "slower_ns",
				json_count(run->slower_ns), "sample", json_count(run->sample),
				"printed", json_count(summary->printed), "lost",
				json_count(summary->lost), "faults", json_count(summary->faults),
				"untimed", json_count(summary->untimed)));
}

const struct trace_renderer trace_json = {
	.name = "json",
	.help = "JSON Lines, one object per fault",
	.event = json_event,
	.end = json_end,
};
