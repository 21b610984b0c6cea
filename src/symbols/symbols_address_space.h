/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_address_space.h: the executable mappings of processes over time, from the
 * kernel's records of mmap, exec, fork and exit (a perf event that counts nothing), and from
 * /proc/PID/maps for earlier ones; only from /proc/PID/maps where perf events are refused.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_ADDRESS_SPACE_H
#define PFSTAT_SYMBOLS_SYMBOLS_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/hash.h"

enum {
	BUILD_ID_MAX = 20,
	EXITED_REMEMBERED = 4096, /* the default */
};

/* A mapped file, or other mapped memory. */
struct mapped_file {
	/*
	 * In the mount namespace of the process at mmap; "//anon", "[vdso]", "/memfd:x (deleted)".
	 */
	const char *path;
	/* Of the inode; all 0 with a build-id, or without a file. */
	uint64_t dev, inode, generation; /* generation 0: unknown */
	uint8_t build_id[BUILD_ID_MAX];
	uint8_t build_id_len;
};

/* Of a hash table of files: entries begin with it. */
struct mapped_file_entry {
	struct hash_link link;
	struct mapped_file file; /* path is a copy */
};

/* The entry of an equal file, or a new one of size bytes, zeroed; NULL: out of memory. */
void *mapped_file_get(struct hash *files, const struct mapped_file *file, size_t size);

struct address_spaces_totals {
	uint64_t lost; /* records without room in the ring buffer */
	uint64_t exited; /* programs, by exit or exec */
	uint64_t spaces_dropped; /* exited processes beyond the limit, oldest first */
	uint64_t mappings_dropped; /* of processes with too many, oldest first */
	uint64_t spaces; /* now, with exited ones */
};

struct address_spaces_options {
	/* These threads and what they create; NULL: the complete machine. */
	const int *tids;
	unsigned int nr_tids;
	unsigned int max_exited; /* exited processes to remember; 0: EXITED_REMEMBERED */
	bool no_events; /* /proc/PID/maps only */
};

struct address_spaces;

/*
 * 0 or a negative errno. *events: 0, or the negative errno with which the kernel refused the
 * records; then maps are read at address_spaces_add_process(), and processes that exit before
 * are unknown.
 */
int address_spaces_open(struct address_spaces **out, const struct address_spaces_options *options,
			int *events);

/* A CPU that came online. 0 or a negative errno. */
int address_spaces_add_cpu(struct address_spaces *a, int cpu);

/* Readable when address_spaces_read() should be called; -1 without events. */
int address_spaces_fd(const struct address_spaces *a);

/* Reads the records of the kernel: their number, or a negative errno. */
int address_spaces_read(struct address_spaces *a);

void address_spaces_totals(const struct address_spaces *a, struct address_spaces_totals *totals);

void address_spaces_close(struct address_spaces *a);

struct mapping {
	uint64_t start, end;
	uint64_t offset; /* in the file, of start */
	uint64_t since_ns; /* CLOCK_MONOTONIC; 0: before the records began */
	const struct mapped_file *file; /* valid until the next other call */
	int pid; /* of the process */
	bool exited; /* the program: /proc/PID does not exist or has another one */
};

/* Reads /proc/PID/maps of a process that is not known yet. 0 or a negative errno. */
int address_spaces_add_process(struct address_spaces *a, int pid);

/*
 * The mapping at address in process pid at when_ns (CLOCK_MONOTONIC; UINT64_MAX: the last one).
 * 0, -ESRCH: the process is unknown, or -ENOENT: no executable mapping.
 */
int address_spaces_find(struct address_spaces *a, int pid, uint64_t address, uint64_t when_ns,
			struct mapping *out);

/*
 * For tests, and for each record of read(): len bytes that begin with a perf_event_header.
 * -EINVAL: too short.
 */
int address_spaces_record(void *spaces, const void *record, size_t len);

#endif
