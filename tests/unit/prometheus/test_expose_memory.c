// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_expose_memory.c: gzip, and the buffers: kept from one exposition to the next,
 * and out of memory.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "samples.h"

static void expect_gzip_of(const char *zipped, size_t zipped_len, const char *text, size_t len)
{
	z_stream z = { .next_in = (Bytef *)zipped, .avail_in = (uInt)zipped_len };
	char *out = malloc(len + 1);

	assert_non_null(out);
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)len + 1;
	/* gzip only. */
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, len);
	assert_int_equal(z.avail_in, 0);
	assert_memory_equal(out, text, len);
	inflateEnd(&z);
	free(out);
}

/* nr counters with labels as long as those of pods. */
static void write_many(struct exposition *e, enum exposition_format format, int nr)
{
	char value[160];

	exposition_begin(e, format);
	exposition_family(e, &faults);
	for (int i = 0; i < nr; i++) {
		snprintf(value, sizeof(value), "/kubepods.slice/kubepods-pod%08x.slice/%064x",
			 i * 2654435761u, i * 40503u);
		exposition_common(e, &(struct label){ "cgroup", value }, 1);
		exposition_count(e, (struct label[]){ { "path", "anon" } }, 1, (uint64_t)i * i);
		exposition_count(e, (struct label[]){ { "path", "wp_copy" } }, 1, (uint64_t)i);
	}
	exposition_common(e, NULL, 0);
	write_histogram(e);
}

static void gzip_is_the_same_text(void **state)
{
	/* Below and above the size at which the level changes, and back. */
	static const int sizes[] = { 0, 1, 100, 20000, 100, 20000, 1 };
	struct exposition *e = *state, *plain = exposition_new();

	assert_non_null(plain);
	for (int format = EXPOSITION_TEXT; format <= EXPOSITION_PROTOBUF; format++)
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			const char *text, *zipped;
			size_t len, zipped_len;

			write_many(plain, format, sizes[i]);
			text = exposition_end(plain, false, &len);
			write_many(e, format, sizes[i]);
			zipped = exposition_end(e, true, &zipped_len);
			assert_non_null(text);
			assert_non_null(zipped);
			expect_gzip_of(zipped, zipped_len, text, len);
			if (sizes[i] >= 100)
				assert_true(zipped_len < len / 4);
		}
	exposition_free(plain);
}

static void nothing_is_an_exposition(void **state)
{
	static const char *const want[] = { "", "# EOF\n", "" };
	struct exposition *e = *state;

	for (int format = EXPOSITION_TEXT; format <= EXPOSITION_PROTOBUF; format++) {
		const char *text;
		size_t len;

		exposition_begin(e, format);
		text = exposition_end(e, false, &len);
		assert_non_null(text);
		expect_text(text, len, want[format]);
		exposition_begin(e, format);
		text = exposition_end(e, true, &len);
		assert_non_null(text);
		expect_gzip_of(text, len, want[format], strlen(want[format]));
	}
}

/* Whatever was scraped before, the same is scraped now. */
static void an_exposition_leaves_nothing_behind(void **state)
{
	struct exposition *e = *state, *fresh = exposition_new();

	assert_non_null(fresh);
	for (int format = EXPOSITION_TEXT; format <= EXPOSITION_PROTOBUF; format++) {
		const char *text, *again;
		size_t len, again_len;

		/* Cut off with common labels and a family open. */
		exposition_begin(e, EXPOSITION_PROTOBUF);
		exposition_common(e, (struct label[]){ { "left", "over" } }, 1);
		exposition_family(e, &faults);
		exposition_count(e, NULL, 0, 1);
		again = write_all(e, format, false, &again_len);
		text = write_all(fresh, format, false, &len);
		assert_int_equal(len, again_len);
		assert_memory_equal(text, again, len);
	}
	exposition_free(fresh);
}

static void out_of_memory_is_said(void **state)
{
	struct exposition *e = *state;
	size_t len;

	for (size_t i = 0; i < 3; i++) {
		struct buffer *b = (struct buffer *[]){ &e->out, &e->scratch, &e->common }[i];

		exposition_begin(e, EXPOSITION_TEXT);
		write_simple(e);
		assert_false(buffer_room(b, SIZE_MAX));
		write_histogram(e);
		assert_null(exposition_end(e, i & 1, &len));
		write_all(e, EXPOSITION_TEXT, true, &len);
	}
}

static void a_thousand_scrapes_allocate_nothing(void **state)
{
	struct exposition *e = *state;
	const struct buffer *const buffers[] = { &e->out,  &e->series, &e->common, &e->scratch,
						 &e->body, &e->utf8,   &e->gzip };
	struct buffer before[ARRAY_SIZE(buffers)];
	struct mallinfo2 info;
	size_t len;

	for (int i = 0; i < 1000; i++) {
		if (i == 3) {
			info = mallinfo2();
			for (size_t b = 0; b < ARRAY_SIZE(buffers); b++)
				before[b] = *buffers[b];
		}
		write_many(e, i % 3, 200);
		assert_non_null(exposition_end(e, true, &len));
	}
	for (size_t b = 0; b < ARRAY_SIZE(buffers); b++) {
		assert_ptr_equal(buffers[b]->data, before[b].data);
		assert_int_equal(buffers[b]->cap, before[b].cap);
	}
	assert_int_equal(mallinfo2().uordblks, info.uordblks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(gzip_is_the_same_text, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_an_exposition, setup, teardown),
		cmocka_unit_test_setup_teardown(an_exposition_leaves_nothing_behind, setup,
						teardown),
		cmocka_unit_test_setup_teardown(out_of_memory_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(a_thousand_scrapes_allocate_nothing, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("expose_memory", tests, NULL, NULL);
}
