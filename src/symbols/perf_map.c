// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/perf_map.c: parses the maps of JIT compilers and finds addresses in them.
 */
#include "symbols_perf_map.h"

#include <errno.h>
#include <stdlib.h>

#include "util/array.h"

/* How many functions back a function that surrounds others is searched. */
enum { MAX_NESTED = 64, MAX_NAME = 1024 };

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A hexadecimal number, with or without "0x", and the spaces after it. */
static const char *parse_hex(const char *at, const char *end, uint64_t *value)
{
	const char *first;

	if (end - at > 2 && at[0] == '0' && (at[1] | 0x20) == 'x')
		at += 2;
	first = at;
	*value = 0;
	while (at < end && hex_digit(*at) >= 0) {
		if (*value >> 60)
			return NULL;
		*value = *value << 4 | (uint64_t)hex_digit(*at++);
	}
	if (at == first || at == end || (*at != ' ' && *at != '\t'))
		return NULL;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

static int add_perf_map_entry(struct perf_map *map, uint64_t start, uint64_t size, const char *name,
			      size_t len)
{
	if (array_reserve(map->entries, map->cap, map->nr + 1))
		return -ENOMEM;
	map->entries[map->nr] = (struct perf_map_entry){
		.start = start, .size = size, .name = map->names.len, .line = map->nr
	};
	map->nr++;
	put(&map->names, name, len < MAX_NAME ? len : MAX_NAME);
	put_char(&map->names, '\0');
	return map->names.failed ? -ENOMEM : 0;
}

static int parse_perf_map_line(struct perf_map *map, const char *at, const char *end)
{
	uint64_t start, size;

	if (end > at && end[-1] == '\r')
		end--;
	at = parse_hex(at, end, &start);
	if (at)
		at = parse_hex(at, end, &size);
	if (!at || at == end || !size || start + size < start || memchr(at, '\0', end - at))
		return 0;
	return add_perf_map_entry(map, start, size, at, end - at);
}

static int compare_starts(const void *a, const void *b)
{
	const struct perf_map_entry *x = a, *y = b;

	return compare_u64(x->start, y->start) ?: compare_u64(x->line, y->line);
}

int perf_map_parse(struct perf_map *map, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	int err = 0;

	memset(map, 0, sizeof(*map));
	while (at < end && !err) {
		const char *newline = memchr(at, '\n', end - at);
		const char *stop = newline ? newline : end;

		err = parse_perf_map_line(map, at, stop);
		at = newline ? newline + 1 : end;
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
