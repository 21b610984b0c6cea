// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * report/mapping_name.c: names of the mappings that faults are in.
 */
#include "mapping_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util/array.h"

/* The same in all kernels. */
#define VM_EXEC 0x4

const char *mapping_kind_name(unsigned int kind)
{
	static const char *const names[] = {
		[MAPPING_UNKNOWN] = "unknown", [MAPPING_NONE] = "none",   [MAPPING_ANON] = "anon",
		[MAPPING_HEAP] = "heap",       [MAPPING_STACK] = "stack", [MAPPING_FILE] = "file",
		[MAPPING_SPECIAL] = "special", [MAPPING_OTHER] = "other",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

/*
 * The file's own name comes first in mapping->names, so a path is written from its end:
 * text is between at and the end of the buffer. Room for "..." stays at the beginning.
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
	case MAPPING_OTHER:
		return "[other process]";
	default:
		return NULL;
	}
}
