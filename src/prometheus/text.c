// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * prometheus/text.c: writes text 0.0.4 and OpenMetrics 1.0.0, which differ in the comments
 * about a family, in exemplars and in the end. exposition_common() renders a cgroup's labels
 * once, and a histogram's line up to its le is rendered once per histogram, so a
 * line is a few copies and one number.
 */
#include "prometheus_family.h"

/* "# WORD NAME ": the name of the family in OpenMetrics, of the series in text 0.0.4. */
static void put_comment(struct exposition *e, const char *word)
{
	put_text(&e->out, "# ");
	put_text(&e->out, word);
	put_char(&e->out, ' ');
	if (e->format == EXPOSITION_OPENMETRICS)
		put_text(&e->out, e->family->name);
	else
		put(&e->out, e->series.data, e->series.len);
	put_char(&e->out, ' ');
}

static const char *metric_type_name(const struct exposition *e)
{
	static const char *const names[] = { [METRIC_COUNTER] = "counter",
					     [METRIC_GAUGE] = "gauge",
					     [METRIC_INFO] = "info",
					     [METRIC_HISTOGRAM] = "histogram" };
	bool no_info = e->format == EXPOSITION_TEXT && e->family->type == METRIC_INFO;

	return names[no_info ? METRIC_GAUGE : e->family->type];
}

static void text_family(struct exposition *e)
{
	bool openmetrics = e->format == EXPOSITION_OPENMETRICS;

	put_comment(e, "HELP");
	put_escaped(&e->out, e->family->help, openmetrics);
	put_char(&e->out, '\n');
	put_comment(e, "TYPE");
	put_text(&e->out, metric_type_name(e));
	put_char(&e->out, '\n');
	if (openmetrics && exposition_has_unit(e->family)) {
		put_comment(e, "UNIT");
		put_text(&e->out, e->family->unit);
		put_char(&e->out, '\n');
	}
}

/* Each with a comma after it; put_series() makes the last one a brace. */
static void text_labels(struct exposition *e, struct buffer *to, const struct label *labels,
			size_t nr)
{
	(void)e;
	for (size_t i = 0; i < nr; i++) {
		put_text(to, labels[i].name);
		put(to, "=\"", 2);
		put_escaped(to, labels[i].value, true);
		put(to, "\",", 2);
	}
}

/* Name and labels of a series, up to the blank before its value. */
static void put_series(struct exposition *e, struct buffer *to, const char *suffix,
		       const struct label *labels, size_t nr)
{
	put(to, e->series.data, e->series.len);
	put_text(to, suffix);
	if (e->common.len || nr) {
		put_char(to, '{');
		put(to, e->common.data, e->common.len);
		text_labels(e, to, labels, nr);
		if (to->len)
			to->data[to->len - 1] = '}';
	}
	put_char(to, ' ');
}

static void text_sample(struct exposition *e, const struct label *labels, size_t nr,
			const struct sample *sample)
{
	put_series(e, &e->out, "", labels, nr);
	if (sample->kind == SAMPLE_COUNT)
		put_u64(&e->out, sample->count);
	else if (sample->kind == SAMPLE_NS)
		put_seconds(&e->out, sample->count);
	else
		put_double(&e->out, sample->value);
	put_char(&e->out, '\n');
}

static void put_exemplar(struct exposition *e, const struct exposition_exemplar *exemplar)
{
	unsigned int fit = exposition_exemplar_labels(exemplar);
	struct buffer *out = &e->out;

	put_text(out, " # {");
	for (size_t i = 0; i < exemplar->nr_labels; i++)
		if (fit & 1u << i)
			text_labels(e, out, &exemplar->labels[i], 1);
	if (fit && out->len)
		out->data[out->len - 1] = '}';
	else
		put_char(out, '}');
	put_char(out, ' ');
	put_seconds(out, exemplar->ns);
	put_char(out, ' ');
	put_seconds(out, exemplar->wall_ns);
}

static void text_histogram(struct exposition *e, const struct label *labels, size_t nr,
			   const struct exposition_histogram *histogram,
			   const struct bucket *buckets)
{
	struct buffer *out = &e->out, *line = &e->scratch;

	line->len = 0;
	put(line, e->series.data, e->series.len);
	put_text(line, "_bucket{");
	put(line, e->common.data, e->common.len);
	text_labels(e, line, labels, nr);
	put_text(line, "le=\"");
	for (unsigned int b = 0; b < e->nr_bounds; b++) {
		put(out, line->data, line->len);
		put(out, e->bounds[b].text, e->bounds[b].text_len);
		put(out, "\"} ", 3);
		put_u64(out, buckets[b].count);
		if (buckets[b].exemplar)
			put_exemplar(e, buckets[b].exemplar);
		put_char(out, '\n');
	}
	put_series(e, out, "_sum", labels, nr);
	put_seconds(out, histogram->sum_ns);
	put_char(out, '\n');
	put_series(e, out, "_count", labels, nr);
	put_u64(out, buckets[e->nr_bounds - 1].count);
	put_char(out, '\n');
}

static void text_finish(struct exposition *e)
{
	if (e->format == EXPOSITION_OPENMETRICS)
		put_text(&e->out, "# EOF\n");
}

const struct exposition_writer exposition_text_writer = {
	.family = text_family,
	.labels = text_labels,
	.sample = text_sample,
	.histogram = text_histogram,
	.end = text_finish,
};
