/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_perf_map.h: the names that a JIT compiler writes for its functions:
 * /tmp/perf-PID.map, lines "START SIZE NAME", numbers in hexadecimal.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_PERF_MAP_H
#define PFSTAT_SYMBOLS_SYMBOLS_PERF_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"

struct perf_map_entry {
	uint64_t start, size;
	uint32_t name; /* offset in names */
	uint32_t line; /* later lines replace earlier ones */
};

struct perf_map {
	struct perf_map_entry *entries; /* by start */
	size_t nr, cap;
	struct buffer names;
};

/*
 * text may contain anything; invalid lines are left out. It is written to, up to text[len].
 * 0 or -ENOMEM.
 */
int perf_map_parse(struct perf_map *map, char *text, size_t len);

/* The entry that has the address, or NULL. */
const struct perf_map_entry *perf_map_find(const struct perf_map *map, uint64_t address);

void perf_map_free(struct perf_map *map);

#endif
