// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/perf_map.c: parses the maps of JIT compilers and finds addresses in them.
 */
#include "symbols_perf_map.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

/* How many functions back a function that surrounds others is searched. */
enum { MAX_NESTED = 64, MAX_NAME = 1024 };

/* A hexadecimal number, with or without "0x", and the spaces after it; NULL: there is none. */
static const char *parse_hex(const char *at, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(at, &end, 16);
	/* strtoull() also takes spaces and signs. */
	if (errno || !isxdigit((unsigned char)*at) || !isblank((unsigned char)*end))
		return NULL;
	return end + strspn(end, " \t");
}

static int add_perf_map_entry(struct perf_map *map, uint64_t start, uint64_t size, const char *name)
{
	if (array_reserve(map->entries, map->cap, map->nr + 1))
		return -ENOMEM;
	map->entries[map->nr] = (struct perf_map_entry){
		.start = start, .size = size, .name = map->names.len, .line = map->nr
	};
	map->nr++;
	put(&map->names, name, strnlen(name, MAX_NAME));
	put_char(&map->names, '\0');
	return map->names.failed ? -ENOMEM : 0;
}

/* line[len] is '\0'. */
static int parse_perf_map_line(struct perf_map *map, char *line, size_t len)
{
	bool has_nul = strlen(line) != len;
	uint64_t start, size;
	const char *name;

	if (len && line[len - 1] == '\r')
		line[len - 1] = '\0';
	name = parse_hex(line, &start);
	name = name ? parse_hex(name, &size) : NULL;
	if (!name || !*name || !size || start + size < start || has_nul)
		return 0;
	return add_perf_map_entry(map, start, size, name);
}

static int compare_starts(const void *a, const void *b)
{
	const struct perf_map_entry *x = a, *y = b;

	return compare_u64(x->start, y->start) ?: compare_u64(x->line, y->line);
}

int perf_map_parse(struct perf_map *map, char *text, size_t len)
{
	char *at = text, *end = text + len;
	int err = 0;

	memset(map, 0, sizeof(*map));
	while (at < end && !err) {
		char *stop = memchr(at, '\n', end - at) ?: end;

		*stop = '\0';
		err = parse_perf_map_line(map, at, stop - at);
		at = stop + 1;
	}
	if (err)
		perf_map_free(map);
	else if (map->nr)
		qsort(map->entries, map->nr, sizeof(*map->entries), compare_starts);
	return err;
}

const struct perf_map_entry *perf_map_find(const struct perf_map *map, uint64_t address)
{
	const struct perf_map_entry *found = NULL;
	size_t nr = array_count_up_to(map->entries, map->nr, sizeof(*map->entries), address), i;

	for (i = nr; i && nr - i < MAX_NESTED; i--) {
		const struct perf_map_entry *e = &map->entries[i - 1];

		if (address - e->start < e->size && (!found || e->line > found->line))
			found = e;
	}
	return found;
}

void perf_map_free(struct perf_map *map)
{
	free(map->entries);
	buffer_free(&map->names);
	memset(map, 0, sizeof(*map));
}
