/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * samples.h: one exposition with something of everything, and the families of protobuf.
 */
#ifndef PFSTAT_TESTS_SAMPLES_H
#define PFSTAT_TESTS_SAMPLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "prometheus/metrics.pb-c.h"
#include "prometheus/prometheus_family.h"
#include "util/array.h"

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

static inline int setup(void **state)
{
	*state = exposition_new();
	return *state ? 0 : -1;
}

static inline int teardown(void **state)
{
	exposition_free(*state);
	return 0;
}

static inline void write_simple(struct exposition *e)
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

static inline void write_histogram(struct exposition *e)
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

static inline const char *write_all(struct exposition *e, enum exposition_format format, bool gzip,
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

static inline void expect_text(const char *text, size_t len, const char *want)
{
	char *copy = strndup(text, len);

	assert_non_null(copy);
	assert_string_equal(copy, want);
	free(copy);
}

struct families {
	Wire__MetricFamily *family[16];
	size_t nr;
};

static inline void unpack(struct families *f, const char *text, size_t len)
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

static inline void free_families(struct families *f)
{
	for (size_t i = 0; i < f->nr; i++)
		wire__metric_family__free_unpacked(f->family[i], NULL);
}

static inline void expect_family(const Wire__MetricFamily *f, const char *name,
				 Wire__MetricType type, const char *unit, size_t nr)
{
	assert_string_equal(f->name, name);
	assert_int_equal(f->type, type);
	assert_string_equal(f->unit ? f->unit : "", unit);
	assert_int_equal(f->n_metric, nr);
}

static inline void expect_label(const Wire__Metric *m, size_t i, const char *name,
				const char *value)
{
	assert_true(i < m->n_label);
	assert_string_equal(m->label[i]->name, name);
	assert_string_equal(m->label[i]->value, value);
}

#endif
