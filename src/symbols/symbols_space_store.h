/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_space_store.h: the files, address spaces and mappings that are known.
 * space_records.c adds what the kernel records, space_maps.c what /proc/PID/maps has.
 *
 * A process has one space for each program that it executed. A forked space has
 * no copy of its parent's mappings, but refers to the parent as of the time of
 * the fork. Records come in the order of their times within one read; those of
 * two reads may overlap by microseconds, so everything goes by times.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_SPACE_STORE_H
#define PFSTAT_SYMBOLS_SYMBOLS_SPACE_STORE_H

#include "symbols_address_space.h"
#include "util/hash.h"

struct file {
	struct hash_link link; /* by mapped_file_key() */
	struct mapped_file public;
	unsigned int refs;
};

struct range {
	uint64_t start, end, offset, since_ns;
	struct file *file;
};

struct space {
	struct hash_link link; /* by pid; of the same pid the youngest first */
	struct space *exited_next; /* the one that exited after it */
	struct space *parent;
	uint64_t forked_ns; /* of parent only what was there by then */
	uint64_t born_ns; /* 0: before the records began */
	uint64_t read_ns; /* its maps, last; 0: never */
	uint64_t exe_dev, exe_inode; /* when they were read */
	uint64_t asked_ns; /* whether it is still that program, last */
	struct range *ranges; /* in the order of since_ns */
	unsigned int nr, cap;
	unsigned int refs; /* children, and one for being in the table */
	unsigned int depth;
	int pid;
	bool exited;
};

struct address_spaces {
	struct mmap_records *records; /* NULL: refused */
	bool machine; /* of the complete machine */
	bool incomplete; /* records are missing: maps are read when an address is not found */
	struct hash spaces, files;
	struct space *oldest_exited, *newest_exited;
	unsigned int nr_exited, max_exited;
	uint64_t sweep_at; /* spaces; without records nobody says who exited */
	struct address_spaces_totals totals;
};

/* The spaces of pid; NULL: there are no more. */
static inline struct space *space_youngest(const struct address_spaces *a, int pid)
{
	return hash_entry(hash_find(&a->spaces, (uint64_t)pid), struct space, link);
}

static inline struct space *space_older(const struct space *s)
{
	return hash_entry(hash_next(&s->link), struct space, link);
}

/* All spaces whose program runs: the first for NULL, then the one after s. */
struct space *space_next_living(const struct address_spaces *a, const struct space *s);

/* The space of pid as of when_ns, or NULL. */
struct space *space_at(struct address_spaces *a, int pid, uint64_t when_ns);

/* A new space; the one of this pid before it has ended. NULL: out of memory. */
struct space *space_begin(struct address_spaces *a, int pid, uint64_t born_ns);

/* The space of pid that begins as its parent's is at that time. 0 or -ENOMEM. */
int space_fork(struct address_spaces *a, int pid, int parent_pid, uint64_t time);

/* Forgets s; its mappings stay while children refer to them. */
void space_drop(struct address_spaces *a, struct space *s);

/* It is remembered as long as others that exited are: this may free the oldest of them. */
void space_exits(struct address_spaces *a, struct space *s);

/* range, of the file that key names, is mapped in s; unless that is known. 0 or -ENOMEM. */
int space_add_range(struct address_spaces *a, struct space *s, struct range *range,
		    const struct mapped_file *key);

/*
 * What is mapped already, of what the options name, when the records begin. 0 or a
 * negative errno.
 */
int spaces_see_present(struct address_spaces *a, const struct address_spaces_options *options);

#endif
