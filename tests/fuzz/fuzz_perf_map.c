// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * fuzz_perf_map.c: any bytes as the map that a JIT compiler wrote. Each entry must
 * be found at its first and last byte, or one that is around it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbols/symbols_perf_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_around(const struct perf_map *map, uint64_t address)
{
	const struct perf_map_entry *e = perf_map_find(map, address);

	if (e && address - e->start >= e->size)
		abort();
	if (e && strlen(map->names.data + e->name) == 0)
		abort();
	/* Many that begin in between can hide it. */
	if (!e && map->nr < 64)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct perf_map map;
	size_t i;

	if (!text)
		abort();
	memcpy(text, data, size);
	if (perf_map_parse(&map, text, size))
		abort();
	free(text);
	for (i = 0; i < map.nr; i++) {
		expect_around(&map, map.entries[i].start);
		expect_around(&map, map.entries[i].start + map.entries[i].size - 1);
	}
	perf_map_free(&map);
	return 0;
}
