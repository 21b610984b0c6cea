/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * prometheus/prometheus_family.h: the state of an exposition, and the interface of the writers
 * of the formats. Text 0.0.4 and OpenMetrics are one writer.
 */
#ifndef PFSTAT_PROMETHEUS_PROMETHEUS_FAMILY_H
#define PFSTAT_PROMETHEUS_PROMETHEUS_FAMILY_H

#include <libdeflate.h>

#include "shared/hist_schema.h"
#include "prometheus.h"
#include "util/buffer.h"

/* Powers of two that are bounds of slots: slot 0 ends at 2^-24 s, the last has no end. */
#define LE_MIN        (HIST_MIN / 8)
#define LE_MAX        ((HIST_MAX - 1) / 8)
#define NR_BOUNDS_MAX (LE_MAX - LE_MIN + 2)

/* OpenMetrics allows this many characters in an exemplar's labels, names included. */
#define EXEMPLAR_CHARS_MAX 128

/* One classic bucket of the family; the last is +Inf. */
struct bound {
	double le; /* seconds */
	uint64_t max_ns; /* the largest whole ns at or below le */
	unsigned int slots; /* it holds the slots before this one */
	char text[32]; /* le, for both text formats */
	size_t text_len;
};

/* The sample of one classic bucket. */
struct bucket {
	uint64_t count; /* cumulative */
	const struct exposition_exemplar *exemplar; /* NULL: none */
};

struct sample {
	enum { SAMPLE_COUNT, SAMPLE_NS, SAMPLE_DOUBLE } kind;
	union {
		uint64_t count; /* SAMPLE_COUNT, and SAMPLE_NS in ns */
		double value;
	};
};

struct exposition_writer {
	/* e->family, e->series and e->bounds are set. */
	void (*family)(struct exposition *e);
	void (*end_family)(struct exposition *e); /* may be NULL */
	/* Appends rendered labels to to, in the form of e->common. */
	void (*labels)(struct exposition *e, struct buffer *to, const struct label *labels,
		       size_t nr);
	void (*sample)(struct exposition *e, const struct label *labels, size_t nr,
		       const struct sample *sample);
	/* buckets: e->nr_bounds of them, the last one counts all. */
	void (*histogram)(struct exposition *e, const struct label *labels, size_t nr,
			  const struct exposition_histogram *histogram,
			  const struct bucket *buckets);
	void (*end)(struct exposition *e); /* may be NULL */
};

extern const struct exposition_writer exposition_text_writer, exposition_proto_writer;

struct exposition {
	enum exposition_format format;
	const struct exposition_writer *writer;
	const struct metric_family *family; /* NULL: none begun */
	struct bound bounds[NR_BOUNDS_MAX];
	unsigned int nr_bounds;
	size_t nr_samples; /* of the family */

	union {
		struct {
			struct buffer out;
			/* The family's name with the suffix of counters and infos, and a '\0'. */
			struct buffer series;
			struct buffer common; /* rendered by the writer's labels() */
			struct buffer scratch; /* for the writer */
			struct buffer body; /* protobuf: the family, which follows its length */
			struct buffer value; /* protobuf: the same of a histogram */
			struct buffer utf8; /* values made valid UTF-8 */
			struct buffer gzip;
		};
		struct buffer buffers[8]; /* the same */
	};
	struct libdeflate_compressor *small, *large; /* by the size of out */
};

/* Does the family's name end in its unit, as the formats with a unit require? */
bool exposition_has_unit(const struct metric_family *family);
/*
 * A bit for each of the exemplar's labels that fits into EXEMPLAR_CHARS_MAX after those
 * before it.
 */
unsigned int exposition_exemplar_labels(const struct exposition_exemplar *exemplar);
#endif
