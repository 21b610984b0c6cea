// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_json.c: JSON with hostile strings (a comm is any 15 bytes), and each
 * line held against docs/json.md by parsing it again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "stat/stat_formats.h"

#define FFFD   "\xef\xbf\xbd"
#define FFFD_5 FFFD FFFD FFFD FFFD FFFD

/* An array of the string; to be freed. */
static char *write_string(const char *s)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	struct json_writer w = { .file = f };

	assert_non_null(f);
	json_begin(&w, NULL, '[');
	json_put_string(&w, NULL, s);
	json_end(&w, ']');
	fclose(f);
	return text;
}

static void expect_dump(const json_t *value, const char *text)
{
	char *dump = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII);

	assert_non_null(dump);
	assert_string_equal(text, dump);
	free(dump);
}

static void expect_clean(const char *in, const char *out)
{
	char *text = write_string(in);
	json_t *again;

	/* Written and read back it is the same, and one line. */
	for (const char *p = text; *p; p++)
		assert_in_range((unsigned char)*p, 0x20, 0x7f);
	again = json_loads(text, 0, NULL);
	assert_non_null(again);
	assert_string_equal(json_string_value(json_array_get(again, 0)), out);
	/* Byte for byte as jansson writes it. */
	expect_dump(again, text);
	json_decref(again);
	free(text);
}

static void test_valid_strings_stay(void **state)
{
	static const char *const same[] = {
		"",
		"bash",
		"a\"b\\c/d",
		"line\nfeed\r\ttab",
		"\x1b[31mred\x1b[0m",
		"\x01\x1f\x7f",
		"</script>",
		"%s%n",
		"\xc3\xa9t\xc3\xa9",
		"\xe6\x97\xa5\xe6\x9c\xac",
		"\xf0\x9f\x90\xa7",
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		expect_clean(same[i], same[i]);
}

static void test_invalid_bytes_are_replaced(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "\x80", FFFD }, /* lone continuation */
		{ "a\xbf"
		  "b",
		  "a" FFFD "b" },
		{ "\xc0\xaf", FFFD FFFD }, /* overlong '/' */
		{ "\xc1\xbf", FFFD FFFD },
		{ "\xe0\x80\xaf", FFFD FFFD FFFD },
		{ "\xe0\x9f\xbf", FFFD FFFD FFFD },
		{ "\xf0\x80\x80\xaf", FFFD FFFD FFFD FFFD },
		{ "\xf0\x8f\xbf\xbf", FFFD FFFD FFFD FFFD },
		{ "\xed\xa0\x80", FFFD FFFD FFFD }, /* surrogates */
		{ "\xed\xbf\xbf", FFFD FFFD FFFD },
		{ "\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD }, /* over U+10FFFF */
		{ "\xf5\x80\x80\x80", FFFD FFFD FFFD FFFD },
		{ "\xfe", FFFD },
		{ "\xc3", FFFD }, /* truncated */
		{ "\xe6\x97", FFFD FFFD },
		{ "\xf0\x9f\x90", FFFD FFFD FFFD },
		{ "\xe6\x97z", FFFD FFFD "z" },
		{ "\xe6\x97\xe6\x97\xa5", FFFD FFFD "\xe6\x97\xa5" },
		{ "\xc3\"", FFFD "\"" },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		  FFFD_5 FFFD_5 FFFD_5 },
		/* A comm cut at 15 bytes in the middle of a character. */
		{ "12345678901234\xe6", "12345678901234" FFFD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_clean(cases[i].in, cases[i].out);
}

/* Whatever the bytes, jansson takes the result. */
static void test_random_bytes(void **state)
{
	uint64_t x = 42;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		char name[16] = { 0 };
		json_t *list;
		char *text;

		for (int i = 0; i < 15; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			/* Mostly bytes over 0x7f: the ones that can go wrong. */
			name[i] = (char)(x & 7 ? 0x80 | x >> 32 : x >> 32);
		}
		text = write_string(name);
		list = json_loads(text, 0, NULL);
		assert_non_null(list);
		expect_dump(list, text);
		json_decref(list);
		free(text);
	}
}

static json_t *render(const struct report *r)
{
	const struct stat_options options = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	json_t *line;

	assert_non_null(f);
	stat_json.record(&(struct output){ .file = f, .context = &options }, r);
	fclose(f);
	/* One line, and only one. */
	assert_ptr_equal(strchr(text, '\n'), text + size - 1);
	line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(line);
	free(text);
	return line;
}

static void expect_keys(json_t *object, const char *const *keys, size_t nr)
{
	const char *key;
	json_t *value;
	size_t i = 0;

	json_object_foreach(object, key, value)
	{
		(void)value;
		assert_true(i < nr);
		assert_string_equal(key, keys[i++]);
	}
	assert_int_equal(i, nr);
}

static json_int_t integer(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

/* Ascending, non-zero; returns the sum. */
static json_int_t sum_of_buckets(json_t *list)
{
	json_int_t last = HIST_MIN - 1, sum = 0;
	json_t *bucket;
	size_t i;

	json_array_foreach(list, i, bucket)
	{
		json_int_t index = json_integer_value(json_array_get(bucket, 0));
		json_int_t count = json_integer_value(json_array_get(bucket, 1));

		assert_int_equal(json_array_size(bucket), 2);
		assert_true(index > last && index <= HIST_MAX);
		assert_true(count > 0);
		last = index;
		sum += count;
	}
	return sum;
}

static void test_contract(void **state)
{
	static const char *const line_keys[] = { "schema", "kind",  "time_ns", "duration_ns",
						 "attach", "paths", "lost" };
	static const char *const path_keys[] = {
		"path",   "origin", "exactness", "count",   "minor",   "major",     "sum_ns",
		"max_ns", "p50_ns", "p90_ns",    "p99_ns",  "buckets", "untimed",   "retries",
		"read",   "write",  "exec",      "outcome", "stack",   "mmap_lock", "orders",
	};
	static struct report r = {
		.is_total = true,
		.wall_ns = 1700000000000000001,
		.duration_ns = 5,
		.attach = "fentry\xff\n\"",
		.nr_rows = 1,
		.nr_lost = 1,
		.rows = { {
			.path = "anon",
			.origin = "user",
			.exactness = "exact",
			.count = 8,
			.outcome = "ok",
			.stack_growths = 1,
			.mmap_locks = 2,
			.orders = { [3] = 5 },
			.untimed = 1,
			.minor = 6,
			.major = 2,
			.sum_ns = UINT64_MAX,
			.max_ns = 9,
			.buckets = { [0] = 2, [192] = 4, [255] = 1 },
		} },
		.lost = { { "missed", "text", 3 } },
	};
	json_t *line = render(&r), *path = json_array_get(json_object_get(line, "paths"), 0);

	(void)state;
	expect_keys(line, line_keys, sizeof(line_keys) / sizeof(line_keys[0]));
	assert_int_equal(integer(line, "schema"), 1);
	assert_int_equal(integer(line, "time_ns"), 1700000000000000001);
	assert_int_equal(integer(line, "duration_ns"), 5);
	assert_string_equal(json_string_value(json_object_get(line, "kind")), "total");
	assert_string_equal(json_string_value(json_object_get(line, "attach")),
			    "fentry" FFFD "\n\"");
	assert_int_equal(integer(json_object_get(line, "lost"), "missed"), 3);

	expect_keys(path, path_keys, sizeof(path_keys) / sizeof(path_keys[0]));
	assert_int_equal(sum_of_buckets(json_object_get(path, "buckets")) +
				 integer(path, "untimed"),
			 integer(path, "count"));
	assert_int_equal(json_integer_value(json_array_get(
				 json_array_get(json_object_get(path, "buckets"), 1), 0)),
			 0);
	assert_int_equal(integer(path, "stack"), 1);
	assert_int_equal(integer(path, "mmap_lock"), 2);
	assert_int_equal(json_integer_value(json_array_get(
				 json_array_get(json_object_get(path, "orders"), 0), 0)),
			 4);
	/* Beyond what JSON readers take for an integer: held at the largest. */
	assert_int_equal(integer(path, "sum_ns"), INT64_MAX);
	json_decref(line);
}

static void test_empty_report(void **state)
{
	static struct report r = { .attach = "kprobe" };
	json_t *line = render(&r);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(line, "kind")), "interval");
	assert_true(json_is_array(json_object_get(line, "paths")));
	assert_int_equal(json_array_size(json_object_get(line, "paths")), 0);
	assert_true(json_is_object(json_object_get(line, "lost")));
	assert_int_equal(json_object_size(json_object_get(line, "lost")), 0);
	json_decref(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_strings_stay),
		cmocka_unit_test(test_invalid_bytes_are_replaced),
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_contract),
		cmocka_unit_test(test_empty_report),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
