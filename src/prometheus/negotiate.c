// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * prometheus/negotiate.c: content negotiation by the headers Accept and Accept-Encoding (RFC
 * 9110, sections 12.5.1 and 12.5.3). A header is a list of members, each a value with
 * parameters; a member that breaks the grammar is ignored, the others stay valid.
 */
#include <string.h>
#include <strings.h>

#include "prometheus.h"
#include "util/array.h"

/* Weights are in thousandths, as the header has them: 0 .. 1000. */
#define Q_MAX 1000

/* A stretch of the header. */
struct span {
	const char *text;
	size_t len;
};

/* --- the grammar */

static size_t space_length(const char *s)
{
	return strspn(s, " \t");
}

static size_t token_length(const char *s)
{
	return strspn(s, "!#$%&'*+-.^_`|~0123456789"
			 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* Of a quoted string with its quotes; 0: it has no end. */
static size_t quoted_length(const char *s)
{
	size_t n = 1;

	while (s[n] && s[n] != '"')
		n += s[n] == '\\' && s[n + 1] ? 2 : 1;
	return s[n] ? n + 1 : 0;
}

/*
 * Up to the comma that ends the member; commas in quotes do not end it. A quote that is
 * never closed extends to the end of the header: searching for it once per quote would
 * take quadratic time.
 */
static size_t member_length(const char *s)
{
	size_t n = 0;

	while (s[n] && s[n] != ',') {
		size_t quoted = s[n] == '"' ? quoted_length(s + n) : 1;

		if (!quoted)
			return strlen(s);
		n += quoted;
	}
	return n;
}

/* Is the span, without quotes and escapes, this text? */
static bool span_equals(struct span span, const char *text, bool case_counts)
{
	bool quoted = span.len && span.text[0] == '"';

	if (quoted)
		span = (struct span){ span.text + 1, span.len - 2 };
	for (size_t i = 0; i < span.len; i++, text++) {
		char c;

		if (quoted && span.text[i] == '\\' && i + 1 < span.len)
			i++;
		c = span.text[i];
		if (!*text || (case_counts ? c != *text : strncasecmp(&c, text, 1)))
			return false;
	}
	return !*text;
}

/*
 * Reads the next parameter and moves *s after it. 0: there is none; negative:
 * it is malformed. A ';' without a parameter is allowed.
 */
static int next_parameter(const char **s, struct span *name, struct span *value)
{
	const char *p = *s;

	do {
		p += space_length(p);
		if (*p != ';') {
			*s = p;
			return 0;
		}
		p++;
		p += space_length(p);
	} while (*p == ';' || *p == ',' || !*p);
	*name = (struct span){ p, token_length(p) };
	p += name->len;
	if (!name->len || *p != '=')
		return -1;
	p++;
	*value = (struct span){ p, *p == '"' ? quoted_length(p) : token_length(p) };
	if (!value->len)
		return -1;
	*s = p + value->len;
	return 1;
}

/* "0", "0.5", "0.333", "1", "1.000"; negative: anything else. */
static int parse_weight(struct span span)
{
	int q = 0, unit = Q_MAX;

	if (span.len > 5 || (span.len > 1 && span.text[1] != '.'))
		return -1;
	for (size_t i = 0; i < span.len; i++) {
		if (i == 1)
			continue;
		if (span.text[i] < '0' || span.text[i] > '9')
			return -1;
		q += (span.text[i] - '0') * unit;
		unit /= 10;
	}
	return q <= Q_MAX ? q : -1;
}

static size_t value_length(const char *s)
{
	size_t n = token_length(s);

	return n && s[n] == '/' ? n + 1 + token_length(s + n + 1) : n;
}

/* --- formats */

struct format_parameter {
	const char *name;
	const char *value; /* NULL: any */
};

/*
 * The formats, in order of preference when all else is equal. A range with a parameter
 * that a format does not have does not match: a reader of version 0.0.1 of OpenMetrics
 * may not understand 1.0.0. Escaping has no effect on the names of pfstat's metrics.
 */
static const struct {
	enum exposition_format format;
	const char *type;
	struct format_parameter parameters[3];
} formats[] = {
	{ EXPOSITION_TEXT,
	  "text/plain",
	  { { "version", "0.0.4" }, { "charset", "utf-8" }, { "escaping", NULL } } },
	{ EXPOSITION_OPENMETRICS,
	  "application/openmetrics-text",
	  { { "version", "1.0.0" }, { "charset", "utf-8" }, { "escaping", NULL } } },
	{ EXPOSITION_PROTOBUF,
	  "application/vnd.google.protobuf",
	  { { "proto", "io.prometheus.client.MetricFamily" },
	    { "encoding", "delimited" },
	    { "escaping", NULL } } },
};

#define NR_FORMATS ARRAY_SIZE(formats)

static bool has_parameter(size_t format, struct span name, struct span value)
{
	for (size_t i = 0; i < 3; i++) {
		const struct format_parameter *p = &formats[format].parameters[i];

		if (span_equals(name, p->name, false))
			return !p->value ||
			       span_equals(value, p->value, strcmp(p->name, "charset"));
	}
	return false;
}

/* 0: another type; 1: all types; 2: all subtypes ("text/" and a star); 3: this type. */
static int type_precision(struct span range, const char *type)
{
	size_t kind = strcspn(type, "/") + 1;

	if (span_equals(range, "*/*", true))
		return 1;
	if (range.len == kind + 1 && range.text[kind] == '*' &&
	    !strncasecmp(range.text, type, kind))
		return 2;
	return span_equals(range, type, false) ? 3 : 0;
}

/* --- members */

struct member {
	struct span value; /* "text/plain", "gzip": tokens and '/' */
	int q;
	/* How specific it is for each format, by RFC 9110, 12.5.1; 0: it does not match. */
	int precision[NR_FORMATS];
};

/* False: the member at s is not what RFC 9110 allows. */
static bool parse_member(const char *s, struct member *member)
{
	struct span name, value;
	int more;

	s += space_length(s);
	*member = (struct member){ .value = { s, value_length(s) }, .q = Q_MAX };
	s += member->value.len;
	for (size_t f = 0; f < NR_FORMATS; f++)
		member->precision[f] = type_precision(member->value, formats[f].type);
	while ((more = next_parameter(&s, &name, &value)) > 0) {
		if (span_equals(name, "q", false)) {
			member->q = parse_weight(value);
			if (member->q < 0)
				return false;
			continue;
		}
		for (size_t f = 0; f < NR_FORMATS; f++)
			if (!member->precision[f] || !has_parameter(f, name, value))
				member->precision[f] = 0;
			else
				member->precision[f]++;
	}
	return member->value.len && more == 0 && (!*s || *s == ',');
}

/* Reads the next well-formed member and moves *header after it; false: no more. */
static bool next_member(const char **header, struct member *member)
{
	while (**header) {
		bool good = parse_member(*header, member);

		*header += member_length(*header);
		*header += **header == ',';
		if (good)
			return true;
	}
	return false;
}

/* The most specific member that matches a format. */
struct match {
	int precision; /* 0: none matches */
	int q;
	size_t position; /* of the member in the header */
};

static bool is_better(const struct match *a, const struct match *b)
{
	return a->q != b->q ? a->q > b->q : a->position < b->position;
}

enum exposition_format negotiate_format(const char *accept)
{
	struct match matches[NR_FORMATS] = { 0 }, best = { 0 };
	enum exposition_format format = EXPOSITION_TEXT;
	struct member member;

	for (size_t position = 0; accept && next_member(&accept, &member); position++) {
		for (size_t f = 0; f < NR_FORMATS; f++) {
			struct match v = { member.precision[f], member.q, position };

			if (v.precision > matches[f].precision ||
			    (v.precision && v.precision == matches[f].precision &&
			     v.q > matches[f].q))
				matches[f] = v;
		}
	}
	/* q=0 means "not this one": it never wins. */
	for (size_t f = 0; f < NR_FORMATS; f++) {
		if (!matches[f].q || (best.q && !is_better(&matches[f], &best)))
			continue;
		best = matches[f];
		format = formats[f].format;
	}
	return format;
}

/* --- codings */

bool negotiate_gzip(const char *accept_encoding)
{
	int gzip = -1, any = -1, identity = 0;
	struct member member;

	while (accept_encoding && next_member(&accept_encoding, &member)) {
		if (span_equals(member.value, "gzip", false) ||
		    span_equals(member.value, "x-gzip", false))
			gzip = member.q > gzip ? member.q : gzip;
		else if (span_equals(member.value, "*", true))
			any = member.q;
		else if (span_equals(member.value, "identity", false))
			identity = member.q;
	}
	if (gzip < 0)
		gzip = any;
	return gzip > 0 && gzip >= identity;
}
