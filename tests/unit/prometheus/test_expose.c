// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_expose.c: the three formats, against exact texts, and against the parsers of
 * others (promtool, python3-prometheus-client, protobuf-c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "samples.h"

#define ODD                                                                                        \
	"cgroup=\"a\\\\b\\\"c\\nd\xc3\xa9\xef\xbf\xbd"                                             \
	"f\""

static void text_is_exact(void **state)
{
	size_t len;
	const char *text = write_all(*state, EXPOSITION_TEXT, false, &len);

	expect_text(text, len,
		    "# HELP pfstat_faults_total By \"origin\".\\nA \\\\ and a new line.\n"
		    "# TYPE pfstat_faults_total counter\n"
		    "pfstat_faults_total{origin=\"user\",access=\"read\"} 18446744073709551615\n"
		    "pfstat_faults_total{" ODD ",origin=\"user\"} 0\n"
		    "pfstat_faults_total{" ODD "} 7\n"
		    "# HELP process_cpu_seconds_total CPU time.\n"
		    "# TYPE process_cpu_seconds_total counter\n"
		    "process_cpu_seconds_total 12.000000345\n"
		    "# HELP pfstat_threshold_seconds Slow from here on.\n"
		    "# TYPE pfstat_threshold_seconds gauge\n"
		    "pfstat_threshold_seconds{origin=\"user\"} 0.01\n"
		    "pfstat_threshold_seconds{origin=\"user\",access=\"read\"} -1.5e+300\n"
		    "pfstat_threshold_seconds 3\n"
		    "# HELP pfstat_build_info What was built.\n"
		    "# TYPE pfstat_build_info gauge\n"
		    "pfstat_build_info{version=\"1.2\"} 1\n"
		    "# HELP pfstat_duration_seconds How long.\n"
		    "# TYPE pfstat_duration_seconds histogram\n"
		    "pfstat_duration_seconds_bucket{path=\"anon\",le=\"9.5367431640625e-07\"} 3\n"
		    "pfstat_duration_seconds_bucket{path=\"anon\",le=\"0.001953125\"} 33\n"
		    "pfstat_duration_seconds_bucket{path=\"anon\",le=\"4.0\"} 33\n"
		    "pfstat_duration_seconds_bucket{path=\"anon\",le=\"+Inf\"} 433\n"
		    "pfstat_duration_seconds_sum{path=\"anon\"} 0.000012345\n"
		    "pfstat_duration_seconds_count{path=\"anon\"} 433\n"
		    "pfstat_duration_seconds_bucket{le=\"9.5367431640625e-07\"} 0\n"
		    "pfstat_duration_seconds_bucket{le=\"0.001953125\"} 0\n"
		    "pfstat_duration_seconds_bucket{le=\"4.0\"} 0\n"
		    "pfstat_duration_seconds_bucket{le=\"+Inf\"} 0\n"
		    "pfstat_duration_seconds_sum 0\n"
		    "pfstat_duration_seconds_count 0\n");
}

static void openmetrics_is_exact(void **state)
{
	size_t len;
	const char *text = write_all(*state, EXPOSITION_OPENMETRICS, false, &len);

	expect_text(text, len,
		    "# HELP pfstat_faults By \\\"origin\\\".\\nA \\\\ and a new line.\n"
		    "# TYPE pfstat_faults counter\n"
		    "pfstat_faults_total{origin=\"user\",access=\"read\"} 18446744073709551615\n"
		    "pfstat_faults_total{" ODD ",origin=\"user\"} 0\n"
		    "pfstat_faults_total{" ODD "} 7\n"
		    "# HELP process_cpu_seconds CPU time.\n"
		    "# TYPE process_cpu_seconds counter\n"
		    "# UNIT process_cpu_seconds seconds\n"
		    "process_cpu_seconds_total 12.000000345\n"
		    "# HELP pfstat_threshold_seconds Slow from here on.\n"
		    "# TYPE pfstat_threshold_seconds gauge\n"
		    "# UNIT pfstat_threshold_seconds seconds\n"
		    "pfstat_threshold_seconds{origin=\"user\"} 0.01\n"
		    "pfstat_threshold_seconds{origin=\"user\",access=\"read\"} -1.5e+300\n"
		    "pfstat_threshold_seconds 3\n"
		    "# HELP pfstat_build What was built.\n"
		    "# TYPE pfstat_build info\n"
		    "pfstat_build_info{version=\"1.2\"} 1\n"
		    "# HELP pfstat_duration_seconds How long.\n"
		    "# TYPE pfstat_duration_seconds histogram\n"
		    "# UNIT pfstat_duration_seconds seconds\n"
		    "pfstat_duration_seconds_bucket{path=\"anon\",le=\"9.5367431640625e-07\"} 3"
		    " # {comm=\"new\",pid=\"17\"} 0.0000009 1700000001.5\n"
		    "pfstat_duration_seconds_bucket{path=\"anon\",le=\"0.001953125\"} 33\n"
		    "pfstat_duration_seconds_bucket{path=\"anon\",le=\"4.0\"} 33\n"
		    "pfstat_duration_seconds_bucket{path=\"anon\",le=\"+Inf\"} 433"
		    " # {comm=\"x\xef\xbf\xbd\"} 9 1700000002.000000001\n"
		    "pfstat_duration_seconds_sum{path=\"anon\"} 0.000012345\n"
		    "pfstat_duration_seconds_count{path=\"anon\"} 433\n"
		    "pfstat_duration_seconds_bucket{le=\"9.5367431640625e-07\"} 0\n"
		    "pfstat_duration_seconds_bucket{le=\"0.001953125\"} 0\n"
		    "pfstat_duration_seconds_bucket{le=\"4.0\"} 0\n"
		    "pfstat_duration_seconds_bucket{le=\"+Inf\"} 0\n"
		    "pfstat_duration_seconds_sum 0\n"
		    "pfstat_duration_seconds_count 0\n"
		    "# EOF\n");
}

/* --- the parsers of others */

/* Runs command in a shell with the text as its stdin; returns what it printed. */
static char *run_parser(const char *command, const char *text, size_t len, int *status)
{
	char path[] = "/tmp/pfstat-test-XXXXXX", line[1024];
	size_t size = 1 << 20;
	char *said = calloc(1, size);
	int fd = mkstemp(path);
	FILE *f;

	assert_non_null(said);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
	snprintf(line, sizeof(line), "(%s) < %s 2>&1", command, path);
	f = popen(line, "r");
	assert_non_null(f);
	assert_true(fread(said, 1, size - 1, f) < size - 1);
	*status = pclose(f);
	unlink(path);
	return said;
}

static void promtool_takes_the_text(void **state)
{
	size_t len;
	int status;
	const char *text = write_all(*state, EXPOSITION_TEXT, false, &len);
	char *said;

	if (system("command -v promtool > /dev/null"))
		skip();
	said = run_parser("promtool check metrics", text, len, &status);
	if (status || *said)
		fail_msg("promtool (status %d): %s", status, said);
	free(said);
}

/* Prints each family and sample as it was understood. */
#define PYTHON "/usr/bin/python3"
#define READ_OPENMETRICS                                                                           \
	PYTHON " -c '\n"                                                                           \
	       "import sys\n"                                                                      \
	       "from prometheus_client.openmetrics import parser\n"                                \
	       "text = sys.stdin.buffer.read().decode()\n"                                         \
	       "for f in parser.text_string_to_metric_families(text):\n"                           \
	       "    print(f.name, f.type, f.unit or None, ascii(f.documentation))\n"               \
	       "    for s in f.samples:\n"                                                         \
	       "        x = s.exemplar\n"                                                          \
	       "        print(s.name, ascii(s.labels), s.value,\n"                                 \
	       "              *((ascii(x.labels), x.value, x.timestamp) if x else ()))\n'"

static void python_reads_the_openmetrics(void **state)
{
	size_t len;
	int status;
	const char *text = write_all(*state, EXPOSITION_OPENMETRICS, false, &len);
	char *said;

	if (system(PYTHON " -c 'import prometheus_client' 2> /dev/null"))
		skip();
	said = run_parser(READ_OPENMETRICS, text, len, &status);
	assert_string_equal(
		said,
		"pfstat_faults counter None 'By \"origin\".\\nA \\\\ and a new line.'\n"
		"pfstat_faults_total {'origin': 'user', 'access': 'read'} 18446744073709551615\n"
		"pfstat_faults_total {'cgroup': 'a\\\\b\"c\\nd\\xe9\\ufffdf', 'origin': 'user'} 0\n"
		"pfstat_faults_total {'cgroup': 'a\\\\b\"c\\nd\\xe9\\ufffdf'} 7\n"
		"process_cpu_seconds counter seconds 'CPU time.'\n"
		"process_cpu_seconds_total {} 12.000000345\n"
		"pfstat_threshold_seconds gauge seconds 'Slow from here on.'\n"
		"pfstat_threshold_seconds {'origin': 'user'} 0.01\n"
		"pfstat_threshold_seconds {'origin': 'user', 'access': 'read'} -1.5e+300\n"
		"pfstat_threshold_seconds {} 3\n"
		"pfstat_build info None 'What was built.'\n"
		"pfstat_build_info {'version': '1.2'} 1\n"
		"pfstat_duration_seconds histogram seconds 'How long.'\n"
		"pfstat_duration_seconds_bucket {'path': 'anon', 'le': '9.5367431640625e-07'} 3"
		" {'comm': 'new', 'pid': '17'} 9e-07 1700000001.500000000\n"
		"pfstat_duration_seconds_bucket {'path': 'anon', 'le': '0.001953125'} 33\n"
		"pfstat_duration_seconds_bucket {'path': 'anon', 'le': '4.0'} 33\n"
		"pfstat_duration_seconds_bucket {'path': 'anon', 'le': '+Inf'} 433"
		" {'comm': 'x\\ufffd'} 9 1700000002.000000001\n"
		"pfstat_duration_seconds_sum {'path': 'anon'} 1.2345e-05\n"
		"pfstat_duration_seconds_count {'path': 'anon'} 433\n"
		"pfstat_duration_seconds_bucket {'le': '9.5367431640625e-07'} 0\n"
		"pfstat_duration_seconds_bucket {'le': '0.001953125'} 0\n"
		"pfstat_duration_seconds_bucket {'le': '4.0'} 0\n"
		"pfstat_duration_seconds_bucket {'le': '+Inf'} 0\n"
		"pfstat_duration_seconds_sum {} 0\n"
		"pfstat_duration_seconds_count {} 0\n");
	assert_int_equal(status, 0);
	free(said);
}

/* --- protobuf */

static void protobuf_has_the_samples(void **state)
{
	static const char odd[] = "a\\b\"c\nd\xc3\xa9\xef\xbf\xbd"
				  "f";
	struct families f;
	size_t len;
	const char *text = write_all(*state, EXPOSITION_PROTOBUF, false, &len);

	unpack(&f, text, len);
	assert_int_equal(f.nr, 5);
	expect_family(f.family[0], "pfstat_faults_total", WIRE__METRIC_TYPE__COUNTER, "", 3);
	assert_string_equal(f.family[0]->help, faults.help);
	assert_int_equal(f.family[0]->metric[0]->n_label, 2);
	expect_label(f.family[0]->metric[0], 1, "access", "read");
	assert_true(f.family[0]->metric[0]->counter->value == 18446744073709551616.0);
	assert_int_equal(f.family[0]->metric[1]->n_label, 2);
	expect_label(f.family[0]->metric[1], 0, "cgroup", odd);
	expect_label(f.family[0]->metric[1], 1, "origin", "user");
	assert_int_equal(f.family[0]->metric[2]->n_label, 1);
	assert_true(f.family[0]->metric[2]->counter->value == 7);
	expect_family(f.family[1], "process_cpu_seconds_total", WIRE__METRIC_TYPE__COUNTER,
		      "seconds", 1);
	assert_int_equal(f.family[1]->metric[0]->n_label, 0);
	assert_true(f.family[1]->metric[0]->counter->value == 12.000000345);
	expect_family(f.family[2], "pfstat_threshold_seconds", WIRE__METRIC_TYPE__GAUGE, "seconds",
		      3);
	assert_true(f.family[2]->metric[1]->gauge->value == -1.5e300);
	expect_family(f.family[3], "pfstat_build_info", WIRE__METRIC_TYPE__GAUGE, "", 1);
	assert_true(f.family[3]->metric[0]->gauge->value == 1);
	expect_family(f.family[4], "pfstat_duration_seconds", WIRE__METRIC_TYPE__HISTOGRAM,
		      "seconds", 2);
	free_families(&f);
}

/* --- sums and units */

/* Long sums: both the double and the decimal are the nearest to the same number. */
static void protobuf_sums_are_the_nearest_doubles(void **state)
{
	struct exposition *e = *state;

	srand(3);
	for (int i = 0; i < 1000; i++) {
		uint64_t ns = ((uint64_t)rand() << 33 ^ (uint64_t)rand()) >> (rand() % 40);
		struct exposition_histogram h = { zeros, ns, NULL, 0 };
		struct buffer b = { 0 };
		struct families f;
		const char *text;
		size_t len;

		exposition_begin(e, EXPOSITION_PROTOBUF);
		exposition_family(e, &duration);
		exposition_histogram(e, NULL, 0, &h);
		text = exposition_end(e, false, &len);
		assert_non_null(text);
		unpack(&f, text, len);
		put_seconds(&b, ns);
		put_char(&b, '\0');
		assert_true(f.family[0]->metric[0]->histogram->sample_sum == strtod(b.data, NULL));
		buffer_free(&b);
		free_families(&f);
	}
}

/* Prometheus refuses the whole scrape when a name does not end in its unit. */
static void units_are_said_where_the_name_has_them(void **state)
{
	static const struct {
		struct metric_family family;
		bool unit;
	} cases[] = {
		{ { .name = "a_seconds", .unit = "seconds", .type = METRIC_GAUGE }, true },
		{ { .name = "a_seconds", .unit = "seconds", .type = METRIC_COUNTER }, true },
		{ { .name = "a_seconds", .unit = "seconds", .type = METRIC_INFO }, false },
		{ { .name = "a_seconds", .unit = "bytes", .type = METRIC_GAUGE }, false },
		{ { .name = "amicroseconds", .unit = "seconds", .type = METRIC_GAUGE }, false },
		{ { .name = "seconds", .unit = "seconds", .type = METRIC_GAUGE }, false },
		{ { .name = "s", .unit = "seconds", .type = METRIC_GAUGE }, false },
		{ { .name = "a_", .unit = "", .type = METRIC_GAUGE }, false },
		{ { .name = "a_", .unit = NULL, .type = METRIC_GAUGE }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(exposition_has_unit(&cases[i].family), cases[i].unit);
}

static void a_family_without_samples_is_not_in_protobuf(void **state)
{
	struct exposition *e = *state;
	struct families f = { .nr = 0 };
	const char *text;
	size_t len;

	exposition_begin(e, EXPOSITION_PROTOBUF);
	exposition_family(e, &cpu);
	exposition_family(e, &faults);
	exposition_count(e, NULL, 0, 1);
	exposition_family(e, &duration);
	text = exposition_end(e, false, &len);
	assert_non_null(text);
	unpack(&f, text, len);
	assert_int_equal(f.nr, 1);
	assert_string_equal(f.family[0]->name, "pfstat_faults_total");
	free_families(&f);
}

static void content_types(void **state)
{
	(void)state;
	assert_string_equal(exposition_content_type(EXPOSITION_TEXT),
			    "text/plain; version=0.0.4; charset=utf-8");
	assert_string_equal(exposition_content_type(EXPOSITION_OPENMETRICS),
			    "application/openmetrics-text; version=1.0.0; charset=utf-8");
	assert_string_equal(exposition_content_type(EXPOSITION_PROTOBUF),
			    "application/vnd.google.protobuf; "
			    "proto=io.prometheus.client.MetricFamily; encoding=delimited");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(text_is_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(openmetrics_is_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(promtool_takes_the_text, setup, teardown),
		cmocka_unit_test_setup_teardown(python_reads_the_openmetrics, setup, teardown),
		cmocka_unit_test_setup_teardown(protobuf_has_the_samples, setup, teardown),
		cmocka_unit_test_setup_teardown(protobuf_sums_are_the_nearest_doubles, setup,
						teardown),
		cmocka_unit_test(units_are_said_where_the_name_has_them),
		cmocka_unit_test_setup_teardown(a_family_without_samples_is_not_in_protobuf, setup,
						teardown),
		cmocka_unit_test(content_types),
	};

	return cmocka_run_group_tests_name("expose", tests, NULL, NULL);
}
