// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/intern.c: one copy of each different sequence of bytes.
 */
#include "intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"

static int64_t intern_new(struct intern *t, const void *bytes, size_t len, uint64_t key)
{
	struct intern_item *item;

	if (t->closed)
		return -ENOSPC;
	item = array_reserve(t->items, t->cap, t->nr + 1) ? NULL : malloc(sizeof(*item) + len + 1);
	if (!item)
		return -ENOMEM;
	item->len = len;
	item->number = t->nr;
	memcpy(item->bytes, bytes, len);
	item->bytes[len] = '\0';
	hash_add(&t->by_bytes, &item->link, key);
	t->items[t->nr] = item;
	return t->nr++;
}

int64_t intern(struct intern *t, const void *bytes, size_t len)
{
	const uint64_t key = hash_bytes(bytes, len);
	const struct hash_link *link;

	if (!t->by_bytes.buckets && hash_open(&t->by_bytes, 0))
		return -ENOMEM;
	for (link = hash_find(&t->by_bytes, key); link; link = hash_next(link)) {
		const struct intern_item *item = hash_entry(link, struct intern_item, link);

		if (item->len == len && !memcmp(item->bytes, bytes, len))
			return item->number;
	}
	return intern_new(t, bytes, len, key);
}

int64_t intern_text(struct intern *t, const char *text)
{
	return intern(t, text, strlen(text));
}

void intern_free(struct intern *t)
{
	uint32_t i;

	for (i = 0; i < t->nr; i++)
		free(t->items[i]);
	free(t->items);
	hash_close(&t->by_bytes);
	memset(t, 0, sizeof(*t));
}
