// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/intern.c: see util/intern.h.
 */
#include "intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a. */
static uint32_t hash_of(const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	uint32_t hash = 2166136261u;

	while (len--)
		hash = (hash ^ *at++) * 16777619u;
	return hash;
}

static uint32_t *inflight_of(const struct intern *t, const void *bytes, size_t len, uint32_t hash)
{
	uint32_t i;

	for (i = hash & (t->nr_slots - 1); t->slots[i]; i = (i + 1) & (t->nr_slots - 1)) {
		const struct intern_item *item = &t->items[t->slots[i] - 1];

		if (item->hash == hash && item->len == len && !memcmp(item->bytes, bytes, len))
			break;
	}
	return &t->slots[i];
}

/* At most half of the slots are taken. */
static bool grow(struct intern *t)
{
	uint32_t cap = t->cap ? 2 * t->cap : 64, i;
	struct intern_item *items = realloc(t->items, cap * sizeof(*items));
	uint32_t *slots;

	if (!items)
		return false;
	t->items = items;
	slots = calloc(2ul * cap, sizeof(*slots));
	if (!slots)
		return false;
	free(t->slots);
	t->slots = slots;
	t->nr_slots = 2 * cap;
	t->cap = cap;
	for (i = 0; i < t->nr; i++)
		*inflight_of(t, items[i].bytes, items[i].len, items[i].hash) = i + 1;
	return true;
}

int64_t intern(struct intern *t, const void *bytes, size_t len)
{
	uint32_t hash = hash_of(bytes, len), *slot;
	char *copy;

	if (t->nr == t->cap && !grow(t))
		return -ENOMEM;
	slot = inflight_of(t, bytes, len, hash);
	if (*slot)
		return *slot - 1;
	if (t->closed)
		return -ENOSPC;
	copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	t->items[t->nr] = (struct intern_item){ .bytes = copy, .len = len, .hash = hash };
	*slot = ++t->nr;
	return t->nr - 1;
}

int64_t intern_text(struct intern *t, const char *text)
{
	return intern(t, text, strlen(text));
}

void intern_free(struct intern *t)
{
	uint32_t i;

	for (i = 0; i < t->nr; i++)
		free(t->items[i].bytes);
	free(t->items);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}
