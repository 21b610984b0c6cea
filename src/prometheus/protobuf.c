// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * prometheus/protobuf.c: writes delimited MetricFamily messages (src/prometheus/metrics.proto),
 * with classic and native histograms.
 *
 * The head of a family is packed, then each metric as it comes; the labels of
 * exposition_common() are packed once.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "prometheus_family.h"
#include "prometheus/metrics.pb-c.h"
#include "util/array.h"
#include "util/message.h"

/* Numbers of the fields that are written one by one. */
enum {
	FAMILY_METRIC = 4,
	METRIC_LABEL = 1,
	METRIC_GAUGE_VALUE = 2,
	METRIC_COUNTER_VALUE = 3,
	METRIC_HISTOGRAM_VALUE = 7,
	HISTOGRAM_BUCKET = 3,
};

/* A longer gap of empty buckets is smaller as a new span than as zeros. */
#define GAP_MAX 2

/*
 * value, or a copy of it with valid UTF-8 in e->utf8, which must have room for
 * it: what is there already does not move. protobuf-c changes no string, and takes
 * it as char *.
 */
static char *valid_utf8(struct exposition *e, const char *value)
{
	size_t start = e->utf8.len;

	if (utf8_is_valid(value))
		return (char *)value;
	put_utf8(&e->utf8, value);
	put_char(&e->utf8, '\0');
	return e->utf8.failed ? (char *)"" : e->utf8.data + start;
}

static void proto_labels(struct exposition *e, struct buffer *to, const struct label *labels,
			 size_t nr)
{
	Wire__LabelPair pair = WIRE__LABEL_PAIR__INIT;

	for (size_t i = 0; i < nr; i++) {
		e->utf8.len = 0;
		pair.name = (char *)labels[i].name;
		pair.value = valid_utf8(e, labels[i].value);
		put_message_field(to, METRIC_LABEL, &pair.base);
	}
}

static const Wire__MetricType wire_types[] = {
	[METRIC_COUNTER] = WIRE__METRIC_TYPE__COUNTER,
	[METRIC_GAUGE] = WIRE__METRIC_TYPE__GAUGE,
	[METRIC_INFO] = WIRE__METRIC_TYPE__GAUGE,
	[METRIC_HISTOGRAM] = WIRE__METRIC_TYPE__HISTOGRAM,
};

static void proto_family(struct exposition *e)
{
	Wire__MetricFamily head = WIRE__METRIC_FAMILY__INIT;

	e->body.len = 0;
	e->utf8.len = 0;
	head.name = e->series.failed ? (char *)"" : e->series.data;
	head.help = valid_utf8(e, e->family->help);
	head.type = wire_types[e->family->type];
	if (exposition_has_unit(e->family))
		head.unit = (char *)e->family->unit;
	put_message(&e->body, &head.base);
}

/* A family without a metric is useless, and some readers fail on it. */
static void proto_end_family(struct exposition *e)
{
	if (!e->nr_samples)
		return;
	put_varint(&e->out, e->body.len);
	put(&e->out, e->body.data, e->body.len);
}

/* A metric is its labels, and then its value; end_metric() follows. */
static void begin_metric(struct exposition *e, const struct label *labels, size_t nr)
{
	e->scratch.len = 0;
	put(&e->scratch, e->common.data, e->common.len);
	proto_labels(e, &e->scratch, labels, nr);
}

static void end_metric(struct exposition *e)
{
	put_field_header(&e->body, FAMILY_METRIC, e->scratch.len);
	put(&e->body, e->scratch.data, e->scratch.len);
}

/*
 * The double nearest to ns / 10^9. Up to 2^53 the division alone rounds; beyond
 * it (104 days) ns would be rounded first.
 */
static double nearest_seconds(uint64_t ns)
{
	char text[32];

	if (ns <= (uint64_t)1 << 53)
		return (double)ns / 1e9;
	snprintf(text, sizeof(text), "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
	return strtod(text, NULL);
}

static double sample_number(const struct sample *sample)
{
	if (sample->kind == SAMPLE_DOUBLE)
		return sample->value;
	return sample->kind == SAMPLE_NS ? nearest_seconds(sample->count) : (double)sample->count;
}

static void proto_sample(struct exposition *e, const struct label *labels, size_t nr,
			 const struct sample *sample)
{
	bool counter = e->family->type == METRIC_COUNTER;
	Wire__Gauge value = WIRE__GAUGE__INIT; /* a counter has the same field */

	begin_metric(e, labels, nr);
	value.value = sample_number(sample);
	put_message_field(&e->scratch, counter ? METRIC_COUNTER_VALUE : METRIC_GAUGE_VALUE,
			  &value.base);
	end_metric(e);
}

/* --- histograms */

static void put_exemplar_bucket(struct exposition *e, Wire__Bucket *bucket,
				const struct exposition_exemplar *from)
{
	Wire__LabelPair labels[ARRAY_SIZE(from->labels)], *rows[ARRAY_SIZE(from->labels)];
	unsigned int fit = exposition_exemplar_labels(from);
	Wire__Exemplar exemplar = WIRE__EXEMPLAR__INIT;
	Wire__Timestamp timestamp = WIRE__TIMESTAMP__INIT;
	size_t room = 0; /* three bytes for each, and the '\0' */

	exemplar.value = nearest_seconds(from->ns);
	exemplar.timestamp = &timestamp;
	timestamp.seconds = (int64_t)(from->wall_ns / 1000000000);
	timestamp.nanos = (int32_t)(from->wall_ns % 1000000000);
	exemplar.label = rows;
	for (size_t i = 0; i < from->nr_labels; i++)
		room += 3 * strlen(from->labels[i].value) + 1;
	e->utf8.len = 0;
	if (!buffer_room(&e->utf8, room))
		return;
	for (size_t i = 0; i < from->nr_labels; i++) {
		Wire__LabelPair *pair = &labels[exemplar.n_label];

		if (!(fit & 1u << i))
			continue;
		wire__label_pair__init(pair);
		pair->name = (char *)from->labels[i].name;
		pair->value = valid_utf8(e, from->labels[i].value);
		rows[exemplar.n_label++] = pair;
	}
	bucket->exemplar = &exemplar;
	put_message_field(&e->value, HISTOGRAM_BUCKET, &bucket->base);
}

static void put_bucket(struct exposition *e, double le, const struct bucket *from)
{
	Wire__Bucket bucket = WIRE__BUCKET__INIT;

	bucket.cumulative_count = from->count;
	bucket.upper_bound = le;
	if (from->exemplar)
		put_exemplar_bucket(e, &bucket, from->exemplar);
	else
		put_message_field(&e->value, HISTOGRAM_BUCKET, &bucket.base);
}

/*
 * Slot 0 is everything from 0 to 2^-24 s, which no bucket of the schema is; it is
 * exactly what a zero bucket with that threshold says. The threshold also marks
 * the histogram as native while it is empty. The other slots are the schema's
 * buckets, each as the difference to the one before.
 */
static void put_native(struct buffer *to, const uint64_t *slots)
{
	Wire__Histogram h = WIRE__HISTOGRAM__INIT;
	Wire__BucketSpan spans[HIST_SLOTS], *rows[HIST_SLOTS], *span = NULL;
	int64_t deltas[HIST_SLOTS];
	int next = 0; /* the index behind the last bucket written */
	uint64_t before = 0;

	h.has_schema = h.has_zero_threshold = h.has_zero_count = 1;
	h.schema = HIST_SCHEMA;
	h.zero_threshold = ldexp(1, LE_MIN);
	h.zero_count = slots[0];
	h.positive_span = rows;
	h.positive_delta = deltas;
	for (int s = 1; s < HIST_SLOTS; s++) {
		int index = s + HIST_MIN;

		if (!slots[s])
			continue;
		if (!span || index - next > GAP_MAX) {
			span = rows[h.n_positive_span] = &spans[h.n_positive_span];
			wire__bucket_span__init(span);
			span->offset = index - next;
			h.n_positive_span++;
			next = index;
		}
		for (; next <= index; next++) {
			uint64_t count = next == index ? slots[s] : 0;

			deltas[h.n_positive_delta++] = (int64_t)(count - before);
			before = count;
			span->length++;
		}
	}
	put_message(to, &h.base);
}

static void proto_histogram(struct exposition *e, const struct label *labels, size_t nr,
			    const struct exposition_histogram *histogram,
			    const struct bucket *buckets)
{
	Wire__Histogram sums = WIRE__HISTOGRAM__INIT;

	begin_metric(e, labels, nr);
	e->value.len = 0;
	sums.has_sample_count = sums.has_sample_sum = 1;
	sums.sample_count = buckets[e->nr_bounds - 1].count;
	sums.sample_sum = nearest_seconds(histogram->sum_ns);
	put_message(&e->value, &sums.base);
	for (unsigned int b = 0; b < e->nr_bounds; b++)
		put_bucket(e, e->bounds[b].le, &buckets[b]);
	put_native(&e->value, histogram->buckets);
	put_field_header(&e->scratch, METRIC_HISTOGRAM_VALUE, e->value.len);
	put(&e->scratch, e->value.data, e->value.len);
	end_metric(e);
}

const struct exposition_writer exposition_proto_writer = {
	.family = proto_family,
	.end_family = proto_end_family,
	.labels = proto_labels,
	.sample = proto_sample,
	.histogram = proto_histogram,
};
