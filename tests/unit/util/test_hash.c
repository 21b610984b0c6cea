// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_hash.c: hash tables against what a plain array says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/hash.h"

enum { NR = 20000 };

struct item {
	int number;
	struct hash_link link;
};

static struct item items[NR];

static struct item *first(const struct hash *h, uint64_t key)
{
	return hash_entry(hash_find(h, key), struct item, link);
}

/* Keys that differ only in the lower, the upper or all bits. */
static uint64_t key_of(unsigned int form, uint64_t i)
{
	static const uint64_t factors[] = { 1, 1ull << 44, 0x100000001b3 };

	return i * factors[form];
}

static void many_keys(void **state)
{
	struct hash h;
	unsigned int form;
	int i;

	(void)state;
	for (form = 0; form < 3; form++) {
		assert_int_equal(hash_open(&h, 0), 0);
		for (i = 0; i < NR; i++) {
			items[i].number = i;
			hash_add(&h, &items[i].link, key_of(form, i));
		}
		assert_int_equal(h.nr, NR);
		for (i = 0; i < NR; i++)
			assert_ptr_equal(first(&h, key_of(form, i)), &items[i]);
		assert_null(first(&h, key_of(form, NR)));
		for (i = 0; i < NR; i += 2)
			hash_remove(&h, &items[i].link);
		assert_int_equal(h.nr, NR / 2);
		for (i = 0; i < NR; i++)
			assert_ptr_equal(first(&h, key_of(form, i)), i % 2 ? &items[i] : NULL);
		hash_close(&h);
	}
}

static void chains_are_short(void **state)
{
	struct hash h;
	unsigned int form, i, longest = 0;

	(void)state;
	for (form = 0; form < 3; form++) {
		assert_int_equal(hash_open(&h, 0), 0);
		for (i = 0; i < NR; i++)
			hash_add(&h, &items[i].link, key_of(form, i));
		for (i = 0; i >> h.bits == 0; i++) {
			const struct hash_link *link = h.buckets[i];
			unsigned int length = 0;

			for (; link; link = link->next)
				length++;
			longest = length > longest ? length : longest;
		}
		hash_close(&h);
	}
	assert_in_range(longest, 1, 12);
}

/* The last added first, also when the table has grown; and one put between them. */
static void same_key(void **state)
{
	struct hash h;
	struct hash_link *link;
	int i;

	(void)state;
	assert_int_equal(hash_open(&h, 0), 0);
	for (i = 0; i < 10; i++) {
		items[i].number = i;
		hash_add(&h, &items[i].link, 42);
	}
	items[10].number = 100;
	hash_add_after(&h, &items[7].link, &items[10].link);
	for (i = 100; i < NR; i++)
		hash_add(&h, &items[i].link, i);
	for (i = 9, link = hash_find(&h, 42); link; link = hash_next(link)) {
		const struct item *item = hash_entry(link, struct item, link);

		if (item->number == 100)
			assert_int_equal(i, 6);
		else
			assert_int_equal(item->number, i--);
	}
	assert_int_equal(i, -1);
	assert_int_equal(h.nr, NR - 89);
	hash_close(&h);
}

static void iteration_sees_each_once(void **state)
{
	static unsigned char seen[NR];
	struct hash_link *link, *next;
	struct hash h = { 0 };
	int i;

	(void)state;
	assert_null(hash_iterate(&h, NULL));
	assert_int_equal(hash_open(&h, 1000), 0);
	assert_null(hash_iterate(&h, NULL));
	for (i = 0; i < NR; i++) {
		items[i].number = i;
		hash_add(&h, &items[i].link, i / 3);
	}
	hash_each(&h, link, next)
	{
		const struct item *item = hash_entry(link, struct item, link);

		seen[item->number]++;
		if (item->number % 2)
			hash_remove(&h, link);
	}
	for (i = 0; i < NR; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(h.nr, NR / 2);
	hash_clear(&h);
	assert_int_equal(h.nr, 0);
	assert_null(hash_iterate(&h, NULL));
	assert_null(hash_find(&h, 1));
	hash_close(&h);
}

static void key_of_bytes(void **state)
{
	char text[64];
	size_t len, other;
	uint64_t keys[64];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (len = 0; len < 64; len++) {
		keys[len] = hash_bytes(text, len);
		assert_int_equal(hash_bytes(text, len), keys[len]);
		for (other = 0; other < len; other++)
			assert_true(keys[other] != keys[len]);
	}
	/* Zeros count, too, and each byte. */
	assert_true(hash_bytes("\0", 1) != hash_bytes("\0\0", 2));
	for (len = 0; len < 63; len++) {
		text[len] = 'y';
		assert_true(hash_bytes(text, 63) != keys[63]);
		text[len] = 'x';
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_keys),    cmocka_unit_test(chains_are_short),
		cmocka_unit_test(same_key),     cmocka_unit_test(iteration_sees_each_once),
		cmocka_unit_test(key_of_bytes),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
