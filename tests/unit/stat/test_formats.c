// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_formats.c: the output formats of stat compute nothing. The fields of the report
 * contradict each other, and each format prints the field, not what it could work out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stat/stat_formats.h"

/* 7 faults of 300 ns in all: neither the average, the shares nor the totals follow from that. */
static struct report report = {
	.is_total = true,
	.duration_ns = 1000,
	.attach = "fentry",
	.nr_rows = 1,
	.causes = 1u << CAUSE_LOCK,
	.rows = { {
		.path = "anon",
		.origin = "user",
		.outcome = "ok",
		.exactness = "exact",
		.inferred = true,
		.count = 7,
		.timed = 5,
		.untimed = 1,
		.minor = 4,
		.major = 2,
		.sum_ns = 300,
		.avg_ns = 17,
		.p50_ns = 18,
		.p90_ns = 19,
		.p99_ns = 20,
		.max_ns = 21,
		.rate = 99.5,
		.share = 0.125,
		.causes = { .ns = { [CAUSE_LOCK] = 30 } },
		.cause_share = { [CAUSE_LOCK] = 0.875 },
	} },
	.total = { .path = "total", .origin = "", .count = 1000, .timed = 1000, .sum_ns = 4000 },
};

static char *print(const struct format *format)
{
	const struct stat_options options = { 0 };
	char *text = NULL;
	size_t size = 0;
	struct output out = { .file = open_memstream(&text, &size), .context = &options };

	assert_non_null(out.file);
	assert_int_equal(format->record(&out, &report), 0);
	fclose(out.file);
	return text;
}

static void expect(const struct format *format, const char *const *parts, size_t nr)
{
	char *text = print(format);

	for (size_t i = 0; i < nr; i++)
		if (!strstr(text, parts[i]))
			fail_msg("%s does not print \"%s\":\n%s", format->name, parts[i], text);
	free(text);
}

#define EXPECT(format, ...)                                                                        \
	do {                                                                                       \
		static const char *const parts[] = { __VA_ARGS__ };                                \
                                                                                                   \
		expect(format, parts, sizeof(parts) / sizeof(parts[0]));                           \
	} while (0)

static void test_table_computes_nothing(void **state)
{
	(void)state;
	EXPECT(&stat_table, "anon~ ", " 7 ", " 99.5 ", "17ns", "18ns", "19ns", "20ns", "21ns",
	       "300ns", " 12.5%", "1000", "4.00us", " 87.5%");
}

static void test_json_computes_nothing(void **state)
{
	(void)state;
	EXPECT(&stat_json, "\"exactness\":\"exact\"", "\"count\":7,\"minor\":4,\"major\":2",
	       "\"sum_ns\":300,\"max_ns\":21,\"p50_ns\":18,\"p90_ns\":19,\"p99_ns\":20",
	       "\"untimed\":1", "\"lock\":30");
}

static void test_csv_computes_nothing(void **state)
{
	(void)state;
	EXPECT(&stat_csv, "anon,user,exact,7,4,2,300,21,18,19,20,1,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_computes_nothing),
		cmocka_unit_test(test_json_computes_nothing),
		cmocka_unit_test(test_csv_computes_nothing),
	};

	return cmocka_run_group_tests_name("formats", tests, NULL, NULL);
}
