// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_expose.c: the three formats, against exact texts, against the parsers of
 * others (promtool, python3-prometheus-client, protobuf-c, zlib), and the rules
 * of buckets against the histogram that they are made from.
 */
#include <inttypes.h>
#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "prometheus/prometheus_family.h"
#include "report/report.h"
#include "util/array.h"
#include "shared/hist.h"
#include "prometheus/metrics.pb-c.h"

static const uint64_t zeros[HIST_SLOTS];

static const struct metric_family faults = {
	.name = "pfstat_faults",
	.type = METRIC_COUNTER,
	.unit = "",
	.help = "By \"origin\".\nA \\ and a new line.",
};
static const struct metric_family cpu = {
	.name = "process_cpu_seconds",
	.type = METRIC_COUNTER,
	.unit = "seconds",
	.help = "CPU time.",
};
static const struct metric_family threshold = {
	.name = "pfstat_threshold_seconds",
	.type = METRIC_GAUGE,
	.unit = "seconds",
	.help = "Slow from here on.",
};
static const struct metric_family build = {
	.name = "pfstat_build",
	.type = METRIC_INFO,
	.unit = "",
	.help = "What was built.",
};
static const struct metric_family duration = {
	.name = "pfstat_duration_seconds",
	.type = METRIC_HISTOGRAM,
	.unit = "seconds",
	.help = "How long.",
	.le_min = -20,
	.le_max = 2,
	.le_step = 11,
};

static int setup(void **state)
{
	*state = exposition_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	exposition_free(*state);
	return 0;
}

/* --- one exposition with something of everything */

static void write_simple(struct exposition *e)
{
	static const struct label odd[] = { { "cgroup", "a\\b\"c\nd\xc3\xa9\xff"
							"f" } };
	static const struct label user[] = { { "origin", "user" }, { "access", "read" } };

	exposition_family(e, &faults);
	exposition_count(e, user, ARRAY_SIZE(user), UINT64_MAX);
	exposition_common(e, odd, ARRAY_SIZE(odd));
	exposition_count(e, user, 1, 0);
	exposition_count(e, NULL, 0, 7);
	exposition_common(e, NULL, 0);
	exposition_family(e, &cpu);
	exposition_seconds(e, NULL, 0, 12000000345);
	exposition_family(e, &threshold);
	exposition_value(e, user, 1, 0.01);
	exposition_value(e, user, 2, -1.5e300);
	exposition_value(e, NULL, 0, 3);
	exposition_family(e, &build);
	exposition_count(e, (struct label[]){ { "version", "1.2" } }, 1, 1);
}

static const struct exposition_exemplar exemplars[] = {
	{ { { "comm", "old" } }, 1, 800, 1700000000000000000 },
	{ { { "comm", "new" }, { "pid", "17" } }, 2, 900, 1700000001500000000 },
	{ { { "comm", "x\xff" } }, 1, 9000000000, 1700000002000000001 },
};

static void write_histogram(struct exposition *e)
{
	static const struct label path[] = { { "path", "anon" } };
	uint64_t slots[HIST_SLOTS] = { 0 };
	struct exposition_histogram h = {
		.buckets = slots,
		.sum_ns = 12345,
		.exemplars = exemplars,
		.nr_exemplars = ARRAY_SIZE(exemplars),
	};

	slots[0] = 1;
	slots[-20 * 8 - HIST_MIN] = 2; /* up to 2^-20 s */
	slots[-20 * 8 - HIST_MIN + 1] = 30; /* over it */
	slots[HIST_SLOTS - 1] = 400;
	exposition_family(e, &duration);
	exposition_histogram(e, path, ARRAY_SIZE(path), &h);
	h = (struct exposition_histogram){ .buckets = zeros };
	exposition_histogram(e, NULL, 0, &h);
}

static const char *write_all(struct exposition *e, enum exposition_format format, bool gzip,
			     size_t *len)
{
	const char *text;

	exposition_begin(e, format);
	write_simple(e);
	write_histogram(e);
	text = exposition_end(e, gzip, len);
	assert_non_null(text);
	return text;
}

static void expect_text(const char *text, size_t len, const char *want)
{
	char *copy = strndup(text, len);

	assert_non_null(copy);
	assert_string_equal(copy, want);
	free(copy);
}

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

struct families {
	Wire__MetricFamily *family[16];
	size_t nr;
};

static void unpack(struct families *f, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text, *end = p + len;

	f->nr = 0;
	while (p < end) {
		uint64_t size = 0;
		int shift = 0;

		do {
			assert_true(p < end && shift < 64);
			size |= (uint64_t)(*p & 0x7f) << shift;
			shift += 7;
		} while (*p++ & 0x80);
		assert_true(size <= (size_t)(end - p) && f->nr < ARRAY_SIZE(f->family));
		f->family[f->nr] = wire__metric_family__unpack(NULL, size, p);
		assert_non_null(f->family[f->nr]);
		f->nr++;
		p += size;
	}
}

static void free_families(struct families *f)
{
	for (size_t i = 0; i < f->nr; i++)
		wire__metric_family__free_unpacked(f->family[i], NULL);
}

static void expect_family(const Wire__MetricFamily *f, const char *name, Wire__MetricType type,
			  const char *unit, size_t nr)
{
	assert_string_equal(f->name, name);
	assert_int_equal(f->type, type);
	assert_string_equal(f->unit ? f->unit : "", unit);
	assert_int_equal(f->n_metric, nr);
}

static void expect_label(const Wire__Metric *m, size_t i, const char *name, const char *value)
{
	assert_true(i < m->n_label);
	assert_string_equal(m->label[i]->name, name);
	assert_string_equal(m->label[i]->value, value);
}

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

static void protobuf_has_classic_buckets_and_exemplars(void **state)
{
	static const double le[] = { 0x1p-20, 0x1p-9, 4, INFINITY };
	static const uint64_t count[] = { 3, 33, 33, 433 };
	struct families f;
	size_t len;
	const char *text = write_all(*state, EXPOSITION_PROTOBUF, false, &len);
	const Wire__Histogram *h;
	const Wire__Exemplar *x;

	unpack(&f, text, len);
	h = f.family[4]->metric[0]->histogram;
	expect_label(f.family[4]->metric[0], 0, "path", "anon");
	assert_int_equal(h->sample_count, 433);
	assert_true(h->sample_sum == 0.000012345);
	assert_int_equal(h->n_bucket, ARRAY_SIZE(le));
	for (size_t b = 0; b < ARRAY_SIZE(le); b++) {
		assert_true(h->bucket[b]->upper_bound == le[b]);
		assert_int_equal(h->bucket[b]->cumulative_count, count[b]);
		assert_int_equal(!!h->bucket[b]->exemplar, b == 0 || b == 3);
	}
	x = h->bucket[0]->exemplar;
	assert_true(x->value == 0.0000009);
	assert_int_equal(x->n_label, 2);
	assert_string_equal(x->label[0]->value, "new");
	assert_string_equal(x->label[1]->name, "pid");
	assert_int_equal(x->timestamp->seconds, 1700000001);
	assert_int_equal(x->timestamp->nanos, 500000000);
	assert_string_equal(h->bucket[3]->exemplar->label[0]->value, "x\xef\xbf\xbd");
	free_families(&f);
}

/* The slots that the native part of a histogram says. */
static void native_slots(const Wire__Histogram *h, uint64_t slots[HIST_SLOTS])
{
	int64_t count = 0;
	size_t d = 0;
	int index = 0;

	assert_int_equal(h->schema, HIST_SCHEMA);
	assert_true(h->zero_threshold == 0x1p-24);
	memset(slots, 0, HIST_SLOTS * sizeof(slots[0]));
	slots[0] = h->zero_count;
	for (size_t i = 0; i < h->n_positive_span; i++) {
		/* Only the first may be negative. */
		assert_true(i == 0 || h->positive_span[i]->offset >= 0);
		index += h->positive_span[i]->offset;
		for (uint32_t n = 0; n < h->positive_span[i]->length; n++, index++) {
			assert_true(d < h->n_positive_delta);
			count += h->positive_delta[d++];
			assert_true(count >= 0 && index > HIST_MIN && index <= HIST_MAX);
			slots[index - HIST_MIN] = (uint64_t)count;
		}
	}
	assert_int_equal(d, h->n_positive_delta);
}

static void expect_native(struct exposition *e, const uint64_t slots[HIST_SLOTS])
{
	struct exposition_histogram h = { .buckets = slots };
	uint64_t got[HIST_SLOTS], sum = 0;
	struct families f;
	const char *text;
	size_t len;

	exposition_begin(e, EXPOSITION_PROTOBUF);
	exposition_family(e, &duration);
	exposition_histogram(e, NULL, 0, &h);
	text = exposition_end(e, false, &len);
	assert_non_null(text);
	unpack(&f, text, len);
	native_slots(f.family[0]->metric[0]->histogram, got);
	assert_memory_equal(got, slots, sizeof(got));
	for (int s = 0; s < HIST_SLOTS; s++)
		sum += slots[s];
	assert_int_equal(f.family[0]->metric[0]->histogram->sample_count, sum);
	free_families(&f);
}

static void native_buckets_are_the_slots(void **state)
{
	uint64_t slots[HIST_SLOTS];

	expect_native(*state, zeros);
	for (int s = 0; s < HIST_SLOTS; s++) {
		memset(slots, 0, sizeof(slots));
		slots[s] = UINT64_MAX >> 2;
		expect_native(*state, slots);
	}
	srand(1);
	for (int round = 0; round < 200; round++) {
		int every = 1 + rand() % 8;

		for (int s = 0; s < HIST_SLOTS; s++)
			slots[s] = rand() % every ? 0 : (uint64_t)rand() << (rand() % 24);
		expect_native(*state, slots);
	}
}

/* One span bridges up to two empty buckets. */
static void far_buckets_begin_a_span(void **state)
{
	uint64_t slots[HIST_SLOTS] = { 0 };
	struct exposition_histogram h = { .buckets = slots };
	struct exposition *e = *state;
	const Wire__Histogram *got;
	struct families f;
	const char *text;
	size_t len;

	slots[10] = slots[13] = slots[17] = 1;
	exposition_begin(e, EXPOSITION_PROTOBUF);
	exposition_family(e, &duration);
	exposition_histogram(e, NULL, 0, &h);
	text = exposition_end(e, false, &len);
	assert_non_null(text);
	unpack(&f, text, len);
	got = f.family[0]->metric[0]->histogram;
	assert_int_equal(got->n_positive_span, 2);
	assert_int_equal(got->positive_span[0]->offset, 10 + HIST_MIN);
	assert_int_equal(got->positive_span[0]->length, 4);
	assert_int_equal(got->positive_span[1]->offset, 3);
	assert_int_equal(got->positive_span[1]->length, 1);
	free_families(&f);
}

/* --- buckets */

/* The cumulative counts by le of a histogram that holds one fault of ns. */
static void cumulate(struct exposition *e, const struct metric_family *family, uint64_t ns,
		     Wire__Histogram **out, struct families *f)
{
	static struct hist_tables tables;
	uint64_t slots[HIST_SLOTS] = { 0 };
	struct exposition_exemplar x = { .ns = ns };
	struct exposition_histogram h = { slots, ns, &x, 1 };
	const char *text;
	size_t len;

	if (!tables.upper[0])
		histogram_fill_tables(&tables);
	slots[hist_slot(&tables, ns)] = 1;
	exposition_begin(e, EXPOSITION_PROTOBUF);
	exposition_family(e, family);
	exposition_histogram(e, NULL, 0, &h);
	text = exposition_end(e, false, &len);
	assert_non_null(text);
	unpack(f, text, len);
	*out = f->family[0]->metric[0]->histogram;
}

/* Exactly at a bound a fault belongs to it, one nanosecond above to the next. */
static void expect_buckets(struct exposition *e, const struct metric_family *family, uint64_t ns)
{
	bool seen = false;
	Wire__Histogram *h;
	struct families f;

	cumulate(e, family, ns, &h, &f);
	for (size_t b = 0; b < h->n_bucket; b++) {
		/* long double holds ns and 10^9 * 2^k exactly. */
		bool in = (long double)ns <= 1e9L * h->bucket[b]->upper_bound;

		if (h->bucket[b]->cumulative_count != in)
			fail_msg("%" PRIu64 " ns: le %g says %d", ns, h->bucket[b]->upper_bound,
				 !in);
		/* The exemplar is in the smallest one. */
		assert_int_equal(!!h->bucket[b]->exemplar, in && !seen);
		seen |= in;
	}
	assert_true(seen);
	free_families(&f);
}

static void buckets_hold_what_is_at_most_le(void **state)
{
	struct metric_family family = duration;

	for (family.le_step = 1; family.le_step <= 5; family.le_step++) {
		family.le_min = -24;
		family.le_max = 7;
		expect_buckets(*state, &family, 0);
		expect_buckets(*state, &family, UINT64_MAX);
		for (int k = -24; k <= 7; k++) {
			uint64_t ns = (uint64_t)floorl(ldexpl(1e9L, k));

			for (uint64_t by = 0; by <= 2; by++) {
				expect_buckets(*state, &family, ns - by);
				/* The last slot ends nowhere: it is over every le. */
				expect_buckets(*state, &family, ns + by);
			}
		}
	}
}

static void le_is_the_shortest_float(void **state)
{
	/* Python's repr(2.0 ** k). */
	static const char *const want[] = {
		"5.960464477539063e-08",
		"1.1920928955078125e-07",
		"2.384185791015625e-07",
		"4.76837158203125e-07",
		"9.5367431640625e-07",
		"1.9073486328125e-06",
		"3.814697265625e-06",
		"7.62939453125e-06",
		"1.52587890625e-05",
		"3.0517578125e-05",
		"6.103515625e-05",
		"0.0001220703125",
		"0.000244140625",
		"0.00048828125",
		"0.0009765625",
		"0.001953125",
		"0.00390625",
		"0.0078125",
		"0.015625",
		"0.03125",
		"0.0625",
		"0.125",
		"0.25",
		"0.5",
		"1.0",
		"2.0",
		"4.0",
		"8.0",
		"16.0",
		"32.0",
		"64.0",
		"128.0",
	};
	struct metric_family family = duration;
	struct exposition *e = *state;

	family.le_min = -100;
	family.le_max = 100;
	family.le_step = 1;
	exposition_begin(e, EXPOSITION_TEXT);
	exposition_family(e, &family);
	assert_int_equal(e->nr_bounds, ARRAY_SIZE(want) + 1);
	for (size_t b = 0; b < ARRAY_SIZE(want); b++) {
		expect_text(e->bounds[b].text, e->bounds[b].text_len, want[b]);
		assert_true(e->bounds[b].le == ldexp(1, (int)b - 24));
	}
	expect_text(e->bounds[ARRAY_SIZE(want)].text, e->bounds[ARRAY_SIZE(want)].text_len, "+Inf");
}

static void exemplar_labels_fit_128_characters(void **state)
{
	char long_value[300];
	struct exposition_exemplar x = {
		.labels = { { "a", long_value }, { "bb", "123456" }, { "c", "x" } },
		.nr_labels = 3,
	};

	(void)state;
	memset(long_value, 'x', sizeof(long_value));
	long_value[127] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 1);
	long_value[126] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 1);
	long_value[125] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 1 | 4);
	long_value[117] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 1 | 2 | 4);
	memset(long_value, 'x', 128);
	long_value[128] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 2 | 4);
	/* Characters count, not bytes; and what is no UTF-8 as what it becomes. */
	for (int i = 0; i < 127; i++)
		memcpy(long_value + 2 * i, "\xc3\xa9", 2);
	long_value[254] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 1);
	memset(long_value, 0xff, 128);
	long_value[127] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 1);
	long_value[127] = (char)0xff;
	long_value[128] = '\0';
	assert_int_equal(exposition_exemplar_labels(&x), 2 | 4);
}

static void exemplars_with_no_labels_are_valid(void **state)
{
	struct exposition_exemplar x = { .ns = 1, .wall_ns = 2 };
	struct exposition_histogram h = { zeros, 0, &x, 1 };
	struct exposition *e = *state;
	const char *text;
	size_t len;

	exposition_begin(e, EXPOSITION_OPENMETRICS);
	exposition_family(e, &duration);
	exposition_histogram(e, NULL, 0, &h);
	text = exposition_end(e, false, &len);
	assert_non_null(text);
	assert_non_null(memmem(text, len, " 0 # {} 0.000000001 0.000000002\n", 32));
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

/* --- gzip, buffers */

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

static void a_family_without_samples_is_not_in_protobuf(void **state)
{
	struct exposition *e = *state;
	struct families f;
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
		cmocka_unit_test_setup_teardown(protobuf_has_classic_buckets_and_exemplars, setup,
						teardown),
		cmocka_unit_test_setup_teardown(native_buckets_are_the_slots, setup, teardown),
		cmocka_unit_test_setup_teardown(far_buckets_begin_a_span, setup, teardown),
		cmocka_unit_test_setup_teardown(buckets_hold_what_is_at_most_le, setup, teardown),
		cmocka_unit_test_setup_teardown(le_is_the_shortest_float, setup, teardown),
		cmocka_unit_test_setup_teardown(exemplar_labels_fit_128_characters, setup,
						teardown),
		cmocka_unit_test_setup_teardown(exemplars_with_no_labels_are_valid, setup,
						teardown),
		cmocka_unit_test_setup_teardown(protobuf_sums_are_the_nearest_doubles, setup,
						teardown),
		cmocka_unit_test(units_are_said_where_the_name_has_them),
		cmocka_unit_test_setup_teardown(gzip_is_the_same_text, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_an_exposition, setup, teardown),
		cmocka_unit_test_setup_teardown(a_family_without_samples_is_not_in_protobuf, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_exposition_leaves_nothing_behind, setup,
						teardown),
		cmocka_unit_test_setup_teardown(out_of_memory_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(a_thousand_scrapes_allocate_nothing, setup,
						teardown),
		cmocka_unit_test(content_types),
	};

	return cmocka_run_group_tests_name("expose", tests, NULL, NULL);
}
