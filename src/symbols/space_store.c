// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/space_store.c: stores files, address spaces and mappings, and limits their number.
 */
#include "symbols_space_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

enum {
	MAX_MAPPINGS = 16384, /* of one space */
	MAX_DEPTH = 16, /* of parents */
};

/* --- files */

static bool mapped_file_equal(const struct mapped_file *a, const struct mapped_file *b)
{
	return a->dev == b->dev && a->inode == b->inode && a->generation == b->generation &&
	       a->build_id_len == b->build_id_len &&
	       !memcmp(a->build_id, b->build_id, a->build_id_len) && !strcmp(a->path, b->path);
}

void *mapped_file_get(struct hash *files, const struct mapped_file *file, size_t size)
{
	const uint64_t key = hash_bytes(file->path, strlen(file->path)) + file->inode;
	struct mapped_file_entry *entry;
	struct hash_link *link;

	for (link = hash_find(files, key); link; link = hash_next(link)) {
		entry = hash_entry(link, struct mapped_file_entry, link);
		if (mapped_file_equal(&entry->file, file))
			return entry;
	}
	entry = calloc(1, size);
	if (!entry)
		return NULL;
	entry->file = *file;
	entry->file.path = strdup(file->path);
	if (!entry->file.path) {
		free(entry);
		return NULL;
	}
	hash_add(files, &entry->link, key);
	return entry;
}

/* Adds a reference; NULL: out of memory. */
static struct file *file_get(struct address_spaces *a, const struct mapped_file *key)
{
	struct file *file = mapped_file_get(&a->files, key, sizeof(*file));

	if (file)
		file->refs++;
	return file;
}

static void file_put(struct address_spaces *a, struct file *file)
{
	if (--file->refs)
		return;
	hash_remove(&a->files, &file->entry.link);
	free((char *)file->entry.file.path);
	free(file);
}

/* --- spaces */

static void space_put(struct address_spaces *a, struct space *s)
{
	while (s && !--s->refs) {
		struct space *parent = s->parent;
		unsigned int i;

		for (i = 0; i < s->nr; i++)
			file_put(a, s->ranges[i].file);
		free(s->ranges);
		free(s);
		s = parent;
	}
}

void space_drop(struct address_spaces *a, struct space *s)
{
	hash_remove(&a->spaces, &s->link);
	space_put(a, s);
}

struct space *space_at(struct address_spaces *a, int pid, uint64_t when_ns)
{
	struct space *s = space_youngest(a, pid);

	while (s && s->born_ns > when_ns)
		s = space_older(s);
	return s;
}

struct space *space_next_living(const struct address_spaces *a, const struct space *s)
{
	do
		s = hash_entry(hash_iterate(&a->spaces, s ? &s->link : NULL), struct space, link);
	while (s && s->exited);
	return (struct space *)s;
}

void space_exits(struct address_spaces *a, struct space *s)
{
	if (s->exited)
		return;
	s->exited = true;
	a->totals.exited++;
	STAILQ_INSERT_TAIL(&a->exited_spaces, s, exited_link);
	if (++a->nr_exited <= a->max_exited)
		return;
	s = STAILQ_FIRST(&a->exited_spaces);
	STAILQ_REMOVE_HEAD(&a->exited_spaces, exited_link);
	a->nr_exited--;
	a->totals.spaces_dropped++;
	space_drop(a, s);
}

struct space *space_begin(struct address_spaces *a, int pid, uint64_t born_ns)
{
	struct space *before = space_at(a, pid, born_ns), *younger = NULL, *at;
	struct space *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->pid = pid;
	s->born_ns = born_ns;
	s->refs = 1;
	/* Records may come out of order. */
	for (at = space_youngest(a, pid); at && at != before; at = space_older(at))
		younger = at;
	if (younger)
		hash_add_after(&a->spaces, &younger->link, &s->link);
	else
		hash_add(&a->spaces, &s->link, (uint64_t)pid);
	if (before)
		space_exits(a, before);
	return s;
}

/* --- what is mapped */

/* In the order of since_ns. Takes over the reference to the file, also when it fails. */
static int insert_range(struct address_spaces *a, struct space *s, const struct range *range)
{
	unsigned int at;

	if (s->nr == MAX_MAPPINGS) {
		file_put(a, s->ranges[0].file);
		memmove(s->ranges, s->ranges + 1, --s->nr * sizeof(*s->ranges));
		a->totals.mappings_dropped++;
	}
	if (array_reserve(s->ranges, s->cap, s->nr + 1)) {
		file_put(a, range->file);
		return -ENOMEM;
	}
	for (at = s->nr; at && s->ranges[at - 1].since_ns > range->since_ns; at--)
		s->ranges[at] = s->ranges[at - 1];
	s->ranges[at] = *range;
	s->nr++;
	return 0;
}

/* So that memory that is mapped again and again, as by a JIT compiler, has one range. */
static bool range_is_known(const struct space *s, const struct range *range)
{
	unsigned int i;

	for (i = s->nr; i--;) {
		const struct range *r = &s->ranges[i];

		if (r->end <= range->start || r->start >= range->end)
			continue;
		return r->start <= range->start && r->end >= range->end && r->file == range->file &&
		       r->offset + (range->start - r->start) == range->offset &&
		       r->since_ns <= range->since_ns;
	}
	return false;
}

int space_add_range(struct address_spaces *a, struct space *s, struct range *range,
		    const struct mapped_file *key)
{
	range->file = file_get(a, key);
	if (!range->file)
		return -ENOMEM;
	if (range_is_known(s, range)) {
		file_put(a, range->file);
		return 0;
	}
	return insert_range(a, s, range);
}

/* --- forks */

/* Copies what s inherits, so that chains of parents stay short. */
static int copy_inherited_ranges(struct address_spaces *a, struct space *s)
{
	const struct space *from;
	uint64_t when_ns = s->forked_ns;
	int err = 0;

	for (from = s->parent; from && !err; from = from->parent) {
		unsigned int i;

		for (i = 0; i < from->nr && !err; i++) {
			struct range range = from->ranges[i];

			if (range.since_ns > when_ns)
				continue;
			range.file->refs++;
			err = insert_range(a, s, &range);
		}
		when_ns = from->forked_ns < when_ns ? from->forked_ns : when_ns;
	}
	space_put(a, s->parent);
	s->parent = NULL;
	s->depth = 0;
	return err;
}

int space_fork(struct address_spaces *a, int pid, int parent_pid, uint64_t time)
{
	struct space *parent = space_at(a, parent_pid, time), *s;

	/* First, as space_begin() could drop it as the oldest exited one. */
	if (parent)
		parent->refs++;
	s = space_begin(a, pid, time);
	if (!s) {
		space_put(a, parent);
		return -ENOMEM;
	}
	s->forked_ns = time;
	if (!parent)
		return 0;
	s->parent = parent;
	s->depth = parent->depth + 1;
	return s->depth > MAX_DEPTH ? copy_inherited_ranges(a, s) : 0;
}
