// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_escape.c: strings of others in a line of text, and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "util/array.h"
#include "util/escape.h"

static void escapes(void **state)
{
	static const struct {
		const char *in, *also, *out;
	} cases[] = {
		{ "", "", "" },
		{ "plain text", "", "plain text" },
		{ "a b", " ", "a\\040b" },
		{ "a;b,c", ";,", "a\\073b\\054c" },
		{ "line\nnext\r\x1b[31m\x7f", "", "line\\012next\\015\\033[31m\\177" },
		{ "gr\xc3\xbc\xc3\x9f", "", "gr\xc3\xbc\xc3\x9f" },
		{ "\xe2\x82\xac \xf0\x9f\x98\x80", "", "\xe2\x82\xac \xf0\x9f\x98\x80" },
		/* C1 control, no-break space, right-to-left override, byte order mark. */
		{ "\xc2\x9b", "", "\\302\\233" },
		{ "\xc2\xa0", "", "\\302\\240" },
		{ "\xe2\x80\xae", "", "\\342\\200\\256" },
		{ "\xef\xbb\xbf", "", "\\357\\273\\277" },
		/* Broken off, overlong, a surrogate, too large. */
		{ "\xc3", "", "\\303" },
		{ "\xe2\x82", "", "\\342\\202" },
		{ "\xc0\xaf", "", "\\300\\257" },
		{ "\xed\xa0\x80", "", "\\355\\240\\200" },
		{ "\xf4\x90\x80\x80", "", "\\364\\220\\200\\200" },
		{ "\xff", "", "\\377" },
	};
	char buf[ESCAPE_LEN(64)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(escape_text(buf, sizeof(buf), cases[i].in, cases[i].also),
				    cases[i].out);
}

/* A string that is cut ends before a character that has no room. */
static void cut_where_full(void **state)
{
	char buf[8];

	(void)state;
	assert_string_equal(escape_text(buf, 5, "abcdefgh", ""), "abcd");
	assert_string_equal(escape_text(buf, 5, "ab\ncd", ""), "ab");
	assert_string_equal(escape_text(buf, 4, "ab\xe2\x82\xac", ""), "ab");
	assert_string_equal(escape_text(buf, 6, "ab\xe2\x82\xac", ""), "ab\xe2\x82\xac");
	assert_string_equal(escape_text(buf, 1, "a", ""), "");
}

static void unescapes(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "/a\\040b\\011c", "/a b\tc" },
		{ "\\134\\012\\377", "\\\n\xff" },
		/* No escape of one byte. */
		{ "\\", "\\" },
		{ "\\04", "\\04" },
		{ "\\400 \\089 \\n", "\\400 \\089 \\n" },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		strcpy(buf, cases[i].in);
		unescape_octal(buf);
		assert_string_equal(buf, cases[i].out);
	}
}

static void there_and_back(void **state)
{
	char in[256], buf[ESCAPE_LEN(256)];

	(void)state;
	for (int c = 1; c < 256; c++)
		in[c - 1] = (char)c;
	in[255] = '\0';
	escape_text(buf, sizeof(buf), in, "\\");
	unescape_octal(buf);
	assert_string_equal(buf, in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(cut_where_full),
		cmocka_unit_test(unescapes),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
