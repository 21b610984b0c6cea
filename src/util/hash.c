// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/hash.c: chains that keep the order of links with the same key.
 */
#include "hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MIN_BITS 4

int hash_open(struct hash *h, size_t nr)
{
	h->nr = 0;
	for (h->bits = MIN_BITS; (size_t)1 << h->bits < nr; h->bits++)
		;
	h->buckets = calloc((size_t)1 << h->bits, sizeof(*h->buckets));
	return h->buckets ? 0 : -ENOMEM;
}

/* Each bucket becomes two. */
static void double_buckets(struct hash *h)
{
	struct hash grown;
	size_t i;

	if (hash_open(&grown, (size_t)2 << h->bits))
		return;
	for (i = 0; i >> h->bits == 0; i++) {
		struct hash_link **ends[] = { &grown.buckets[2 * i], &grown.buckets[2 * i + 1] };
		struct hash_link *link, *next;

		for (link = h->buckets[i]; link; link = next) {
			size_t half = (hash_bucket(&grown, link->key) - grown.buckets) & 1;

			next = link->next;
			link->next = NULL;
			*ends[half] = link;
			ends[half] = &link->next;
		}
	}
	grown.nr = h->nr;
	free(h->buckets);
	*h = grown;
}

void hash_add(struct hash *h, struct hash_link *link, uint64_t key)
{
	struct hash_link **bucket;

	if (h->nr++ >> h->bits)
		double_buckets(h);
	bucket = hash_bucket(h, key);
	link->key = key;
	link->next = *bucket;
	*bucket = link;
}

void hash_add_after(struct hash *h, struct hash_link *before, struct hash_link *link)
{
	h->nr++;
	link->key = before->key;
	link->next = before->next;
	before->next = link;
}

void hash_remove(struct hash *h, struct hash_link *link)
{
	struct hash_link **at = hash_bucket(h, link->key);

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	h->nr--;
}

void hash_clear(struct hash *h)
{
	memset(h->buckets, 0, sizeof(*h->buckets) << h->bits);
	h->nr = 0;
}

void hash_close(struct hash *h)
{
	free(h->buckets);
	*h = (struct hash){ 0 };
}

struct hash_link *hash_iterate(const struct hash *h, const struct hash_link *link)
{
	size_t i = 0;

	if (!h->buckets)
		return NULL;
	if (link && link->next)
		return link->next;
	if (link)
		i = hash_bucket(h, link->key) - h->buckets + 1;
	while (i >> h->bits == 0 && !h->buckets[i])
		i++;
	return i >> h->bits ? NULL : h->buckets[i];
}

static uint64_t hash_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * HASH_FACTOR;
	return hash ^ hash >> 32;
}

uint64_t hash_bytes(const void *bytes, size_t len)
{
	const char *at = bytes;
	uint64_t hash = len, word;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = hash_mix(hash, word);
	}
	word = 0;
	memcpy(&word, at, len);
	return hash_mix(hash, word);
}
