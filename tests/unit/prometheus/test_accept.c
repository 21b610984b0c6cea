// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_accept.c: what scrapers and browsers really send, what RFC 9110 allows,
 * and what nobody should send.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "prometheus/prometheus.h"
#include "util/array.h"

#define TEXT        EXPOSITION_TEXT
#define OPENMETRICS EXPOSITION_OPENMETRICS
#define PROTOBUF    EXPOSITION_PROTOBUF
#define PROTO_TYPE  "application/vnd.google.protobuf"
#define PROTO_RANGE PROTO_TYPE ";proto=io.prometheus.client.MetricFamily;encoding=delimited"

struct format_case {
	const char *accept;
	enum exposition_format format;
};

static void expect_formats(const struct format_case *cases, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		enum exposition_format got = negotiate_format(cases[i].accept);

		if (got != cases[i].format)
			fail_msg("\"%s\": format %d, should be %d",
				 cases[i].accept ? cases[i].accept : "(none)", got,
				 cases[i].format);
	}
}

static void what_clients_send(void **state)
{
	static const struct format_case cases[] = {
		/* Prometheus 2.42, then with native histograms. */
		{ "application/openmetrics-text;version=1.0.0,"
		  "application/openmetrics-text;version=0.0.1;q=0.75,"
		  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  OPENMETRICS },
		{ PROTO_RANGE ",application/openmetrics-text;version=1.0.0;q=0.8,"
			      "application/openmetrics-text;version=0.0.1;q=0.75,"
			      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  PROTOBUF },
		/* Prometheus 3, then with native histograms, then text alone. */
		{ "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
		  "application/openmetrics-text;version=0.0.1;q=0.4,"
		  "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
		  "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		  OPENMETRICS },
		{ PROTO_RANGE
		  ";q=0.6,"
		  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
		  "application/openmetrics-text;version=0.0.1;q=0.4,"
		  "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
		  "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		  PROTOBUF },
		{ "text/plain;version=0.0.4;q=0.2,*/*;q=0.1", TEXT },
		/* Prometheus before 2.23 read OpenMetrics 0.0.1 only. */
		{ "application/openmetrics-text; version=0.0.1,"
		  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  TEXT },
		/* An old agent, a browser, curl, a client that says nothing. */
		{ PROTO_RANGE ";q=0.7,text/plain;version=0.0.4;q=0.3,*/*;q=0.1", PROTOBUF },
		{ "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
		  TEXT },
		{ "*/*", TEXT },
		{ "", TEXT },
		{ NULL, TEXT },
	};

	(void)state;
	expect_formats(cases, ARRAY_SIZE(cases));
}

static void weights_decide_then_order(void **state)
{
	static const struct format_case cases[] = {
		{ "application/openmetrics-text;q=0.5,text/plain;q=0.6", TEXT },
		{ "text/plain;q=0.5,application/openmetrics-text;q=0.501", OPENMETRICS },
		{ "text/plain;q=0.5," PROTO_RANGE ";q=0.50", TEXT },
		{ PROTO_RANGE ";q=0.5,text/plain;q=0.500", PROTOBUF },
		{ "application/openmetrics-text;q=1.000,text/plain", OPENMETRICS },
		{ "text/plain,application/openmetrics-text", TEXT },
		/* The weight need not come last, and its name has no case. */
		{ "text/plain;Q=0.1," PROTO_TYPE ";q=0.2;encoding=delimited", PROTOBUF },
		{ "text/plain;q=0.001,application/openmetrics-text;q=0", TEXT },
		/* All refused: text all the same. */
		{ "*/*;q=0", TEXT },
		{ "application/openmetrics-text;q=0.000", TEXT },
	};

	(void)state;
	expect_formats(cases, ARRAY_SIZE(cases));
}

static void the_most_precise_range_counts(void **state)
{
	static const struct format_case cases[] = {
		{ "text/*", TEXT },
		{ "application/*", OPENMETRICS },
		{ "application/*,application/openmetrics-text;q=0.1", PROTOBUF },
		{ "text/*;q=0.3,*/*;q=0.4", OPENMETRICS },
		{ "*/*,text/plain;q=0", OPENMETRICS },
		{ "*/*,application/openmetrics-text;q=0,text/plain;q=0", PROTOBUF },
		{ "application/openmetrics-text;q=0,*/*;q=0.1", TEXT },
		{ "application/openmetrics-text;version=1.0.0;q=0.1,"
		  "application/openmetrics-text;q=0.9,text/plain;q=0.5",
		  TEXT },
		{ "application/openmetrics-text;version=1.0.0;q=0.9,"
		  "application/openmetrics-text;q=0.1,text/plain;q=0.5",
		  OPENMETRICS },
		{ "text/plain;q=0.1,text/plain;q=0.9,application/openmetrics-text;q=0.5", TEXT },
		{ "image/*,audio/ogg", TEXT },
	};

	(void)state;
	expect_formats(cases, ARRAY_SIZE(cases));
}

static void parameters_must_fit(void **state)
{
	static const struct format_case cases[] = {
		{ "application/openmetrics-text;version=2.0.0", TEXT },
		{ "application/openmetrics-text;version=2.0.0," PROTO_RANGE ";q=0.1", PROTOBUF },
		{ "application/openmetrics-text;version=1.0.0;charset=UTF-8", OPENMETRICS },
		{ "application/openmetrics-text;charset=latin1", TEXT },
		{ "application/openmetrics-text;escaping=values", OPENMETRICS },
		{ "application/openmetrics-text;colour=red", TEXT },
		{ PROTO_TYPE, PROTOBUF },
		{ PROTO_TYPE ";proto=io.prometheus.client.MetricFamily;encoding=text", TEXT },
		{ PROTO_TYPE ";proto=io.prometheus.client.Sample;encoding=delimited", TEXT },
		{ PROTO_TYPE ";encoding=delimited2", TEXT },
		{ PROTO_TYPE ";encoding=delimite", TEXT },
		/* Types and names of parameters have no case. */
		{ "Application/OpenMetrics-Text;VERSION=1.0.0", OPENMETRICS },
		{ "APPLICATION/*", OPENMETRICS },
		/* Quoted strings. */
		{ "application/openmetrics-text;version=\"1.0.0\"", OPENMETRICS },
		{ "application/openmetrics-text;version=\"1.\\0.0\"", OPENMETRICS },
		{ "application/openmetrics-text;version=\"1.0.0,text/plain\"", TEXT },
		{ "x/y;a=\"b,\\\",c\",application/openmetrics-text", OPENMETRICS },
		{ "x/y;a=\";q=0.1\"," PROTO_TYPE, PROTOBUF },
		/* Blanks, and members and parameters of nothing. */
		{ " \tapplication/openmetrics-text \t; version=1.0.0 ; q=0.9 , text/plain;q=0.8",
		  OPENMETRICS },
		{ ",, ,application/openmetrics-text,,", OPENMETRICS },
		{ "application/openmetrics-text; ;;version=1.0.0;", OPENMETRICS },
	};

	(void)state;
	expect_formats(cases, ARRAY_SIZE(cases));
}

static void malformed_members_are_not_there(void **state)
{
	static const struct format_case cases[] = {
		{ "application/openmetrics-text;q=2", TEXT },
		{ "application/openmetrics-text;q=1.001", TEXT },
		{ "application/openmetrics-text;q=0.1234", TEXT },
		{ "application/openmetrics-text;q=-1", TEXT },
		{ "application/openmetrics-text;q=", TEXT },
		{ "application/openmetrics-text;q", TEXT },
		{ "application/openmetrics-text;q=.5", TEXT },
		{ "application/openmetrics-text;q=1e0", TEXT },
		{ "application/openmetrics-text;q = 1", TEXT },
		{ "application/openmetrics-text;version=\"1.0.0", TEXT },
		{ "application/openmetrics-text;version=\"", TEXT },
		{ "application/openmetrics-text;version=\"1.0.0\\", TEXT },
		{ "application/openmetrics-text version=1.0.0", TEXT },
		{ "application/openmetrics-text;=1.0.0", TEXT },
		{ "application/", TEXT },
		{ "/*", TEXT },
		{ "*", TEXT },
		{ "*/openmetrics-text", TEXT },
		{ "applicationx/*", TEXT },
		{ "application/openmetrics", TEXT },
		{ "application/openmetrics-text2", TEXT },
		{ "\xff\xfe\x01", TEXT },
		/* They do not hurt the others. */
		{ "text/plain;q=5,application/openmetrics-text;q=0.1", OPENMETRICS },
		{ "a b c,application/openmetrics-text", OPENMETRICS },
		{ "\xff," PROTO_TYPE, PROTOBUF },
		/* A quote that is not closed takes all that follows with it. */
		{ "\"," PROTO_TYPE, TEXT },
	};

	(void)state;
	expect_formats(cases, ARRAY_SIZE(cases));
}

static void gzip(void **state)
{
	static const struct {
		const char *accept_encoding;
		bool gzip;
	} cases[] = {
		{ "gzip", true },
		{ "gzip, deflate, br", true },
		{ "br;q=1.0, gzip;q=0.8, *;q=0.1", true },
		{ "GZip", true },
		{ "x-gzip", true },
		{ "deflate,\tgzip ; q=0.001", true },
		{ "*", true },
		{ "*;q=0.5", true },
		{ "identity;q=0.5,gzip;q=0.5", true },
		{ "identity;q=0,gzip", true },
		{ "*;q=0,gzip", true },
		{ NULL, false },
		{ "", false },
		{ "identity", false },
		{ "gzip;q=0", false },
		{ "gzip;q=0.000,*", false },
		{ "*;q=0", false },
		{ "gzip;q=0.5,identity", false },
		{ "gzip;q=7", false },
		{ "gzipped", false },
		{ "gzi", false },
		{ "deflate;a=\"gzip\"", false },
		{ "br,deflate,zstd", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (negotiate_gzip(cases[i].accept_encoding) != cases[i].gzip)
			fail_msg("\"%s\": gzip should be %d",
				 cases[i].accept_encoding ? cases[i].accept_encoding : "(none)",
				 cases[i].gzip);
}

/* A hostile header may be as long as a request can be: time may not grow with its square. */
static void long_headers(void **state)
{
	static const char member[] = "x/y;a=\"\\\"\";q=0.5,";
	size_t len = sizeof(member) - 1, nr = 10000;
	char *text = malloc(nr * len + 64);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < nr; i++)
		memcpy(text + i * len, member, len);
	strcpy(text + nr * len, "application/openmetrics-text;q=0.1");
	assert_int_equal(negotiate_format(text), OPENMETRICS);
	memset(text, '"', nr * len);
	assert_int_equal(negotiate_format(text), TEXT);
	for (size_t i = 0; i < nr * len; i++)
		text[i] = "\\\""[i % 2];
	text[0] = '"';
	alarm(2);
	assert_int_equal(negotiate_format(text), TEXT);
	alarm(0);
	memset(text, ';', nr * len);
	assert_int_equal(negotiate_format(text), TEXT);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_clients_send),
		cmocka_unit_test(weights_decide_then_order),
		cmocka_unit_test(the_most_precise_range_counts),
		cmocka_unit_test(parameters_must_fit),
		cmocka_unit_test(malformed_members_are_not_there),
		cmocka_unit_test(gzip),
		cmocka_unit_test(long_headers),
	};

	return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
