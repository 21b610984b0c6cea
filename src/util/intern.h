/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/intern.h: gives equal bytes the same number, from 0 on.
 */
#ifndef PFSTAT_UTIL_INTERN_H
#define PFSTAT_UTIL_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash.h"

struct intern {
	struct hash by_bytes;
	struct intern_item {
		struct hash_link link;
		size_t len;
		uint32_t number;
		_Alignas(max_align_t) char bytes[];
	} * *items; /* by number */
	uint32_t nr, cap;
	bool closed; /* new bytes are refused: -ENOSPC */
};

/* The number, or -ENOMEM. The copy of the bytes is aligned for any type and ends with '\0'. */
int64_t intern(struct intern *t, const void *bytes, size_t len);
int64_t intern_text(struct intern *t, const char *text);

static inline const void *interned(const struct intern *t, uint32_t number)
{
	return t->items[number]->bytes;
}

void intern_free(struct intern *t);

#endif
