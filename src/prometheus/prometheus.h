/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * prometheus/prometheus.h: chooses one of Prometheus' formats and writes metric families in it.
 * It has no families of its own: see the rows of serve/metrics.c.
 *
 * Used as a stream: exposition_begin(), then for each family exposition_family() and its
 * samples, then exposition_end(). The buffers are kept from scrape to scrape.
 */
#ifndef PFSTAT_PROMETHEUS_PROMETHEUS_H
#define PFSTAT_PROMETHEUS_PROMETHEUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The formats that a scraper can ask for. */
enum exposition_format {
	EXPOSITION_TEXT, /* text/plain; version=0.0.4 */
	EXPOSITION_OPENMETRICS, /* application/openmetrics-text; version=1.0.0 */
	EXPOSITION_PROTOBUF, /* delimited io.prometheus.client.MetricFamily, native histograms */
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_INFO, METRIC_HISTOGRAM };

struct metric_family {
	const char *name; /* without _total and _info: each format adds its own */
	enum metric_type type;
	const char
		*unit; /* "seconds", "bytes", ...; "" for none; exported only if name ends in it */
	const char *help; /* a sentence for readers who do not know pfstat */
	/*
	 * Histograms: the finite classic buckets are le = 2^le_min, then every
	 * 2^le_step times more, up to 2^le_max seconds. From 2^-24 to 2^7 s, where
	 * bpf/shared/hist_schema.h has bounds: others are left out.
	 */
	int le_min, le_max, le_step;
};

/* Values can be any bytes: the formats escape them and make them valid UTF-8. */
struct label {
	const char *name;
	const char *value;
};

/* Labels beyond the 128 characters that OpenMetrics allows (with names) are left out. */
struct exposition_exemplar {
	struct label labels[3];
	size_t nr_labels;
	uint64_t ns; /* the observation */
	uint64_t wall_ns; /* since the epoch */
};

/* A histogram of latencies, in the buckets of bpf/shared/hist_schema.h. */
struct exposition_histogram {
	/*
	 * HIST_SLOTS, not cumulative. Native: slot s is index s + HIST_MIN of schema 3;
	 * slot 0, which begins at 0 s, is the zero bucket, up to 2^-24 s.
	 */
	const uint64_t *buckets;
	uint64_t sum_ns;
	/* In any order; a bucket gets the newest one in it. OpenMetrics and protobuf only. */
	const struct exposition_exemplar *exemplars;
	size_t nr_exemplars;
};

struct exposition;

struct exposition *exposition_new(void); /* NULL: out of memory */
void exposition_free(struct exposition *e);

/* From here on only memory can run out: exposition_end() returns NULL then. */
void exposition_begin(struct exposition *e, enum exposition_format format);
/* family must not change until the next one, or the end. */
void exposition_family(struct exposition *e, const struct metric_family *family);
/* Labels that come first in each of the following samples; nr 0: none. */
void exposition_common(struct exposition *e, const struct label *labels, size_t nr);

/* One sample of the family; the function must fit its type. */
void exposition_count(struct exposition *e, const struct label *labels, size_t nr, uint64_t value);
/* ns nanoseconds as exact decimal seconds (protobuf: the nearest double). */
void exposition_seconds(struct exposition *e, const struct label *labels, size_t nr, uint64_t ns);
void exposition_value(struct exposition *e, const struct label *labels, size_t nr, double value);
void exposition_histogram(struct exposition *e, const struct label *labels, size_t nr,
			  const struct exposition_histogram *histogram);

/*
 * The complete text, valid until the next exposition_begin(); gzip: compressed
 * (RFC 1952). NULL: out of memory since exposition_begin().
 */
const char *exposition_end(struct exposition *e, bool gzip, size_t *len);

/* The value of Content-Type. */
const char *exposition_content_type(enum exposition_format format);

/* --- prometheus/negotiate.c: pure; any bytes may come in */

/*
 * The format that Accept prefers (by q, then by order in the header) among those
 * above. NULL, empty, unknown or malformed: text 0.0.4, as every exporter does,
 * never 406.
 */
enum exposition_format negotiate_format(const char *accept);

/* Does Accept-Encoding allow gzip? NULL, "gzip;q=0" and a bare "*;q=0": no. */
bool negotiate_gzip(const char *accept_encoding);

#endif
