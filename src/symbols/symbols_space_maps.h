/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_space_maps.h: what is or was mapped at an address of a process: asked for
 * the names of functions.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_SPACE_MAPS_H
#define PFSTAT_SYMBOLS_SYMBOLS_SPACE_MAPS_H

#include "symbols_address_space.h"

struct mapping {
	uint64_t start, end;
	uint64_t offset; /* in the file, of start */
	uint64_t since_ns; /* CLOCK_MONOTONIC; 0: before the records began */
	const struct mapped_file *file; /* valid until the next call that is not a find */
	int pid; /* whose it is or was */
	bool exited; /* /proc/PID is not of this program any more */
};

/*
 * A process was seen: unless it is known, its /proc/PID/maps is read. 0 or a
 * negative errno. Cheap when it is known.
 */
int address_spaces_see(struct address_spaces *a, int pid);

/*
 * What was mapped at address in process pid at when_ns (CLOCK_MONOTONIC;
 * UINT64_MAX: the last time that anything was). 0, or -ESRCH: the process is
 * unknown, or -ENOENT: nothing was mapped there that can be run.
 */
int address_spaces_find(struct address_spaces *a, int pid, uint64_t address, uint64_t when_ns,
			struct mapping *out);

#endif
