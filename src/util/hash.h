/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/hash.h: a hash table of links that are members of the caller's structs. Keys are numbers
 * with any distribution; several links can have the same key. The table grows.
 */
#ifndef PFSTAT_UTIL_HASH_H
#define PFSTAT_UTIL_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_FACTOR 0x9e3779b97f4a7c15 /* 2^64 divided by the golden ratio */

struct hash_link {
	struct hash_link *next; /* in its bucket */
	uint64_t key;
};

struct hash {
	struct hash_link **buckets;
	size_t nr;
	unsigned int bits; /* of the number of buckets */
};

/* The struct that has a link as its member; NULL of NULL. */
#define hash_entry(link, type, member)                                                             \
	({                                                                                         \
		const struct hash_link *link_ = (link);                                            \
                                                                                                   \
		link_ ? (type *)((char *)link_ - offsetof(type, member)) : NULL;                   \
	})

/* Room for nr links before it grows. 0 or -ENOMEM. */
int hash_open(struct hash *h, size_t nr);

/*
 * Before the others with the same key, or directly after one of them. Without memory to grow the
 * table becomes slower.
 */
void hash_add(struct hash *h, struct hash_link *link, uint64_t key);
void hash_add_after(struct hash *h, struct hash_link *before, struct hash_link *link);
void hash_remove(struct hash *h, struct hash_link *link);

/* Forgets all links. */
void hash_clear(struct hash *h);

/* The links stay the caller's. */
void hash_close(struct hash *h);

/* In any order: the first link for NULL, then the one after link; NULL: no more. */
struct hash_link *hash_iterate(const struct hash *h, const struct hash_link *link);

/* All links; the current one may be removed, others not. */
#define hash_each(h, link, next)                                                                   \
	for ((link) = hash_iterate((h), NULL);                                                     \
	     (link) && ((next) = hash_iterate((h), (link)), true); (link) = (next))

/* A key for bytes; different bytes may have the same key. */
uint64_t hash_bytes(const void *bytes, size_t len);

static inline struct hash_link **hash_bucket(const struct hash *h, uint64_t key)
{
	/* The upper bits of the product depend on all bits of the key. */
	return &h->buckets[key * HASH_FACTOR >> (64 - h->bits)];
}

static inline struct hash_link *hash_same_key(struct hash_link *link, uint64_t key)
{
	while (link && link->key != key)
		link = link->next;
	return link;
}

/* Links with this key, the last added first; NULL: no more. */
static inline struct hash_link *hash_find(const struct hash *h, uint64_t key)
{
	return hash_same_key(*hash_bucket(h, key), key);
}

static inline struct hash_link *hash_next(const struct hash_link *link)
{
	return hash_same_key(link->next, link->key);
}

#endif
