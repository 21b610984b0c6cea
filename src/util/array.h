/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/array.h: arrays: their number of elements, growing, sorting, and searching sorted ones.
 */
#ifndef PFSTAT_UTIL_ARRAY_H
#define PFSTAT_UTIL_ARRAY_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Makes room for nr elements in items, an array of cap elements from malloc() or NULL:
 * 0 or -ENOMEM, which leaves both as they were. The capacity at least doubles.
 */
#define array_reserve(items, cap, nr)                                                              \
	({                                                                                         \
		size_t cap_ = (cap);                                                               \
		void *items_ = array_grown((items), &cap_, (nr), sizeof(*(items)));                \
                                                                                                   \
		if (items_) {                                                                      \
			(items) = items_;                                                          \
			(cap) = cap_;                                                              \
		}                                                                                  \
		items_ ? 0 : -ENOMEM;                                                              \
	})

/* For qsort(): the order of two numbers; of several, order = order ?: the next. */
static inline int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/*
 * How many of nr items begin at or below key: items of size bytes, each of which begins with a
 * uint64_t, in ascending order.
 */
size_t array_count_up_to(const void *items, size_t nr, size_t size, uint64_t key);

/* For array_reserve(): the array, grown or as it was; NULL: no memory. */
void *array_grown(void *items, size_t *cap, size_t nr, size_t size);

#endif
