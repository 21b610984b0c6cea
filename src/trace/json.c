// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/json.c: JSON Lines, one object per fault and one at the end. docs/json.md is the
 * contract; the order of the keys is part of it.
 */
#include <inttypes.h>
#include <string.h>

#include "util/json.h"
#include "trace_event.h"

#define JSON_LINES_SCHEMA 1

/* The kernel's VM_READ and so on, the same since ever. */
#define VM_READ   0x1
#define VM_WRITE  0x2
#define VM_EXEC   0x4
#define VM_SHARED 0x8

/* A string: JSON's readers keep 53 bits of a number. */
static void put_hex(struct json_writer *w, const char *key, uint64_t v)
{
	json_put_format(w, key, "0x%" PRIx64, v);
}

static void put_parts(struct json_writer *w, const struct trace_run *run,
		      const struct trace_record *r)
{
	if (r->flags & TRACE_NO_PARTS) {
		json_put_string(w, "parts", NULL);
		return;
	}
	json_begin(w, "parts", '{');
	for (unsigned int c = 0; c < CAUSE_NR; c++)
		if (trace_has_cause(run, c))
			json_put_uint(w, cause_name(c), r->parts[c]);
	json_end(w, '}');
}

static void put_file_mapping(struct json_writer *w, const struct fault_mapping *m)
{
	json_put_uint(w, "offset", m->offset);
	json_put_format(w, "dev", "%u:%u", m->dev >> 20, m->dev & 0xfffff);
	json_put_uint(w, "ino", m->ino);
	json_put_bool(w, "deleted", m->flags & MAPPING_DELETED);
	json_put_bool(w, "cut", m->flags & MAPPING_CUT);
}

static void put_mapping(struct json_writer *w, const struct trace_event *event)
{
	const struct fault_mapping *m = &event->record->mapping;

	json_begin(w, "mapping", '{');
	json_put_string(w, "kind", mapping_kind_name(m->kind));
	json_put_string(w, "name", event->mapping);
	if (m->end) {
		put_hex(w, "start", m->start);
		put_hex(w, "end", m->end);
		json_put_format(w, "perms", "%c%c%c%c", m->vm_flags & VM_READ ? 'r' : '-',
				m->vm_flags & VM_WRITE ? 'w' : '-',
				m->vm_flags & VM_EXEC ? 'x' : '-',
				m->vm_flags & VM_SHARED ? 's' : 'p');
	}
	if (m->kind == MAPPING_FILE)
		put_file_mapping(w, m);
	json_end(w, '}');
}

static void put_frame(struct json_writer *w, const char *key, const struct symbol_frame *frame)
{
	json_begin(w, key, '{');
	put_hex(w, "address", frame->address);
	json_put_string(w, "symbol", frame->symbol);
	json_put_string(w, "module", frame->module);
	if (frame->symbol || frame->module)
		json_put_uint(w, "offset",
			      frame->symbol ? frame->symbol_offset : frame->module_offset);
	json_end(w, '}');
}

static void put_stack(struct json_writer *w, const char *key, const char *error_key,
		      const struct symbol_frame *frames, unsigned int nr, int status)
{
	json_begin(w, key, '[');
	for (unsigned int i = 0; i < nr; i++)
		put_frame(w, NULL, &frames[i]);
	json_end(w, ']');
	if (status < 0)
		json_put_string(w, error_key, strerrorname_np(-status));
}

static void begin_line(struct json_writer *w, const char *kind)
{
	json_begin(w, NULL, '{');
	json_put_uint(w, "schema", JSON_LINES_SCHEMA);
	json_put_string(w, "kind", kind);
}

static void end_line(struct json_writer *w)
{
	json_end(w, '}');
	fputc('\n', w->file);
}

static void put_task(struct json_writer *w, const struct trace_event *event)
{
	const struct trace_record *r = event->record;

	json_put_uint(w, "pid", r->pid);
	json_put_uint(w, "tid", r->tid);
	json_put_string(w, "comm", r->comm);
	json_put_uint(w, "cpu", r->cpu);
	json_put_uint(w, "cgroup_id", r->cgroup);
	json_put_string(w, "cgroup", event->cgroup);
}

static void put_fault(struct json_writer *w, const struct trace_run *run,
		      const struct trace_record *r)
{
	json_put_string(w, "path", path_name(r->path));
	trace_put_access(w, r);
	if (run->retries)
		json_put_uint(w, "retries", r->retries);
	else
		json_put_string(w, "retries", NULL);
	put_hex(w, "address", r->address);
}

static int json_record(const struct output *out, const void *record)
{
	const struct trace_run *run = out->context;
	const struct trace_event *event = record;
	const struct trace_record *r = event->record;
	struct json_writer w = { .file = out->file };

	begin_line(&w, "fault");
	json_put_uint(&w, "time_ns", event->wall_ns);
	json_put_uint(&w, "end_ns", r->end_ns);
	json_put_uint(&w, "latency_ns", r->ns);
	put_task(&w, event);
	put_fault(&w, run, r);
	put_mapping(&w, event);
	if (r->ip)
		put_frame(&w, "ip", &event->ip);
	else
		json_put_string(&w, "ip", NULL);
	put_parts(&w, run, r);
	if (run->stacks) {
		put_stack(&w, "kernel_stack", "kernel_stack_error", event->kernel, event->nr_kernel,
			  r->kernel_stack);
		put_stack(&w, "user_stack", "user_stack_error", event->user, event->nr_user,
			  r->user_stack);
	}
	end_line(&w);
	return 0;
}

static void json_summary(const struct output *out, const void *end)
{
	const struct trace_run *run = out->context;
	const struct trace_summary *summary = end;
	struct json_writer w = { .file = out->file };

	begin_line(&w, "trace_end");
	trace_put_run(&w, run);
	json_put_uint(&w, "printed", summary->printed);
	json_put_uint(&w, "lost", summary->lost);
	json_put_uint(&w, "faults", summary->faults);
	json_put_uint(&w, "untimed", summary->untimed);
	end_line(&w);
}

const struct format trace_json = {
	.name = "json",
	.help = "JSON Lines, one object per fault",
	.record = json_record,
	.end = json_summary,
};
