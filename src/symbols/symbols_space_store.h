/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_space_store.h: the files, address spaces and mappings that are known.
 * space_records.c adds what the kernel records, space_maps.c what /proc/PID/maps has.
 *
 * A process has one space for each program that it has executed. A forked space does not copy
 * the mappings of its parent, but refers to the parent at the time of the fork. Records are
 * ordered by time within one read; those of two reads may overlap by microseconds, so all
 * decisions depend on times, not on the order of records.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_SPACE_STORE_H
#define PFSTAT_SYMBOLS_SYMBOLS_SPACE_STORE_H

#include <sys/queue.h>

#include "symbols_address_space.h"

struct file {
	struct mapped_file_entry entry; /* first */
	unsigned int refs;
};

struct range {
	uint64_t start, end, offset, since_ns;
	struct file *file;
};

struct space {
	struct hash_link link; /* by pid; of the same pid the youngest first */
	STAILQ_ENTRY(space) exited_link; /* in the order of their exits */
	struct space *parent;
	uint64_t forked_ns; /* later mappings of parent are not inherited */
	uint64_t born_ns; /* 0: before the records began */
	uint64_t read_ns; /* last time of its maps; 0: never */
	uint64_t exe_dev, exe_inode; /* at that time */
	uint64_t checked_ns; /* last check of them */
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
	STAILQ_HEAD(, space) exited_spaces;
	unsigned int nr_exited, max_exited;
	uint64_t sweep_at; /* without records: number of spaces at which exited ones are searched */
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

/* A new space; the previous one of this pid has exited. NULL: out of memory. */
struct space *space_begin(struct address_spaces *a, int pid, uint64_t born_ns);

/* A new space that inherits the mappings of the parent at that time. 0 or -ENOMEM. */
int space_fork(struct address_spaces *a, int pid, int parent_pid, uint64_t time);

/* Forgets s. Its mappings stay while children refer to it. */
void space_drop(struct address_spaces *a, struct space *s);

/* Remembers s as exited, and may free the oldest exited space. */
void space_exits(struct address_spaces *a, struct space *s);

/* Adds range, of the file that equals key, to s, unless it is known. 0 or -ENOMEM. */
int space_add_range(struct address_spaces *a, struct space *s, struct range *range,
		    const struct mapped_file *key);

/* Adds the present mappings of the processes of the options. 0 or a negative errno. */
int spaces_add_present(struct address_spaces *a, const struct address_spaces_options *options);

#endif
