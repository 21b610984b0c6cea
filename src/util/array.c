// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/array.c: growing by doubling, with overflow checked; binary search.
 */
#include "array.h"

#include <stdlib.h>

#define CAP_MIN 16

void *array_grown(void *items, size_t *cap, size_t nr, size_t size)
{
	size_t grown = *cap ? *cap : CAP_MIN;

	if (items && nr <= *cap)
		return items;
	while (grown < nr && grown <= SIZE_MAX / 2)
		grown *= 2;
	items = grown < nr ? NULL : reallocarray(items, grown, size);
	if (items)
		*cap = grown;
	return items;
}

size_t array_count_up_to(const void *items, size_t nr, size_t size, uint64_t key)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (*(const uint64_t *)((const char *)items + middle * size) <= key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
