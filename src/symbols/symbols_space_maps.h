/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_space_maps.h: finds what is or was mapped at an address of a process.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_SPACE_MAPS_H
#define PFSTAT_SYMBOLS_SYMBOLS_SPACE_MAPS_H

#include "symbols_address_space.h"

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

#endif
