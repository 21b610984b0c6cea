// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/formats.c: the words for what a traced fault is made of; see trace/trace_event.h.
 */
#include "trace_event.h"

#include <inttypes.h>
#include <string.h>

#include "util/escape.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* The kernel's VM_EXEC, the same since ever. */
#define VM_EXEC 0x4

const struct trace_renderer *const trace_renderers[] = {
	&trace_text, &trace_json, &trace_perf_script, &trace_chrome, NULL,
};

const char *access_name(unsigned int access)
{
	static const char *const names[ACCESS_NR] = {
		[ACCESS_READ] = "read",
		[ACCESS_WRITE] = "write",
		[ACCESS_EXEC] = "exec",
	};

	return access < ACCESS_NR ? names[access] : "?";
}

const char *mapping_kind_name(unsigned int kind)
{
	static const char *const names[] = {
		[MAPPING_UNKNOWN] = "unknown", [MAPPING_NONE] = "none",   [MAPPING_ANON] = "anon",
		[MAPPING_HEAP] = "heap",       [MAPPING_STACK] = "stack", [MAPPING_FILE] = "file",
		[MAPPING_SPECIAL] = "special",
	};

	return kind < NR(names) ? names[kind] : "unknown";
}

bool trace_tells(const struct trace_run *run, unsigned int cause)
{
	return cause == CAUSE_ON_CPU || (run->causes & 1u << cause);
}

const char *trace_frame_name(char buf[TRACE_FRAME_LEN], const struct trace_frame *frame)
{
	const char *slash = frame->module ? strrchr(frame->module, '/') : NULL;
	const char *name = frame->symbol ? frame->symbol : slash ? slash + 1 : frame->module;
	uint64_t offset = frame->symbol ? frame->symbol_offset : frame->module_offset;
	size_t used;

	if (!name) {
		snprintf(buf, TRACE_FRAME_LEN, frame->address ? "0x%" PRIx64 : "-", frame->address);
		return buf;
	}
	/* 20: "+0x" and 16 digits. */
	escape_text(buf, TRACE_FRAME_LEN - 20, name, "");
	used = strlen(buf);
	snprintf(buf + used, TRACE_FRAME_LEN - used, "+0x%" PRIx64, offset);
	return buf;
}

/*
 * Names come the file's first, so a path is written from its end: what is there is
 * between at and the buffer's end. Room for "..." stays at the beginning.
 */
struct backward {
	char *begin, *at;
	bool full;
};

#define CUT "..."

static void put_before(struct backward *b, const char *s, size_t n)
{
	if (b->full || (size_t)(b->at - b->begin) < n + sizeof(CUT) - 1) {
		b->full = true;
		return;
	}
	b->at -= n;
	memcpy(b->at, s, n);
}

static void put_name_before(struct backward *b, const char *name, size_t n)
{
	while (n--) {
		unsigned char c = name[n];
		char octal[5];

		if (c >= 0x20 && c != 0x7f) {
			put_before(b, name + n, 1);
			continue;
		}
		snprintf(octal, sizeof(octal), "\\%03o", c);
		put_before(b, octal, 4);
	}
}

static const char *file_name(const struct fault_mapping *mapping, struct backward *b)
{
	size_t names_len = mapping->names_len < MAPPING_NAMES ? mapping->names_len : MAPPING_NAMES;

	if (mapping->flags & MAPPING_DELETED)
		put_before(b, " (deleted)", 10);
	for (size_t i = 0; i < names_len;) {
		size_t n = strnlen(mapping->names + i, names_len - i);

		put_name_before(b, mapping->names + i, n);
		put_before(b, "/", 1);
		i += n + 1;
	}
	if (!names_len)
		put_before(b, "/", 1);
	if (b->full || mapping->flags & MAPPING_CUT) {
		b->at -= sizeof(CUT) - 1;
		memcpy(b->at, CUT, sizeof(CUT) - 1);
	}
	return b->at;
}

static const char *anon_name(const struct fault_mapping *mapping, struct backward *b)
{
	size_t names_len = mapping->names_len < MAPPING_NAMES ? mapping->names_len : MAPPING_NAMES;
	size_t n = strnlen(mapping->names, names_len);

	put_before(b, "]", 1);
	put_name_before(b, mapping->names, n);
	put_before(b, n ? "[anon:" : "[anon", n ? 6 : 5);
	return b->at;
}

const char *mapping_name(const struct fault_mapping *mapping, char *buf, size_t len)
{
	struct backward b = { .begin = buf, .at = buf + len - 1 };

	*b.at = '\0';
	switch (mapping->kind) {
	case MAPPING_FILE:
		return file_name(mapping, &b);
	case MAPPING_ANON:
		return anon_name(mapping, &b);
	case MAPPING_HEAP:
		return "[heap]";
	case MAPPING_STACK:
		return "[stack]";
	case MAPPING_SPECIAL:
		/* Its code, or the data that the kernel keeps for it. */
		return mapping->vm_flags & VM_EXEC ? "[vdso]" : "[vvar]";
	default:
		return NULL;
	}
}
