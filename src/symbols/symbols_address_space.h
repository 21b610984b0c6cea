/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_address_space.h: which file is mapped where in which process, over time, of
 * executable mappings. From the kernel's own records of mmap, exec, fork and exit
 * (a perf event that counts nothing), and /proc/PID/maps for what was there
 * before; where perf events are refused, from /proc/PID/maps alone.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_ADDRESS_SPACE_H
#define PFSTAT_SYMBOLS_SYMBOLS_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BUILD_ID_MAX = 20,
	EXITED_REMEMBERED = 4096, /* unless it is asked for more or less */
};

/* What is mapped. The same file is the same struct while anybody has it. */
struct mapped_file {
	/* As the process saw it at mmap; "//anon", "[vdso]", "/memfd:x (deleted)". */
	const char *path;
	/* Of the inode; all 0 when build_id_len is not, or there is no file. */
	uint64_t dev, inode, generation; /* generation 0: unknown */
	uint8_t build_id[BUILD_ID_MAX];
	uint8_t build_id_len;
};

bool mapped_file_equal(const struct mapped_file *a, const struct mapped_file *b);
/* Of files that are equal it is the same. */
uint64_t mapped_file_key(const struct mapped_file *file);

struct address_spaces_totals {
	uint64_t lost; /* records that the kernel had no room for */
	uint64_t exited; /* processes, or programs that executed another one */
	uint64_t spaces_dropped; /* exited processes beyond the limit, oldest first */
	uint64_t mappings_dropped; /* of processes with too many, oldest first */
	uint64_t spaces; /* known now, exited ones included */
};

struct address_spaces_options {
	/* Records of these threads and of what they create; NULL: of the whole machine. */
	const int *tids;
	unsigned int nr_tids;
	unsigned int max_exited; /* so many exited processes are remembered; 0: EXITED_REMEMBERED */
	bool no_events; /* /proc/PID/maps only */
};

struct address_spaces;

/*
 * 0 or a negative errno. *events: 0, or the negative errno with which the kernel
 * refused the records; then processes are read at address_spaces_see(), and those
 * that exit before are unknown.
 */
int address_spaces_open(struct address_spaces **out, const struct address_spaces_options *options,
			int *events);

/* A CPU that came online. 0 or a negative errno. */
int address_spaces_add_cpu(struct address_spaces *a, int cpu);

/* Readable when address_spaces_read() should be called; -1 without events. */
int address_spaces_fd(const struct address_spaces *a);

/* Takes what the kernel has recorded: the number of records, or a negative errno. */
int address_spaces_read(struct address_spaces *a);

void address_spaces_totals(const struct address_spaces *a, struct address_spaces_totals *totals);

void address_spaces_close(struct address_spaces *a);

/*
 * For tests, and what read() does with one record: perf_event_header and what is
 * behind it, len bytes. -EINVAL: it is not whole.
 */
int address_spaces_record(struct address_spaces *a, const void *record, size_t len);

#endif
