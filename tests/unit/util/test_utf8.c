// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_utf8.c: what is valid UTF-8, and how much one replacement character replaces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/array.h"
#include "util/utf8.h"

static void sequences(void **state)
{
	static const struct {
		const char *text;
		unsigned int length;
		bool valid;
	} cases[] = {
		{ "a", 1, true },
		{ "\x7f", 1, true },
		{ "\xc2\x80", 2, true },
		{ "\xdf\xbf", 2, true },
		{ "\xe0\xa0\x80", 3, true },
		{ "\xed\x9f\xbf", 3, true },
		{ "\xee\x80\x80", 3, true },
		{ "\xf0\x90\x80\x80", 4, true },
		{ "\xf4\x8f\xbf\xbf", 4, true },
		/* Continuations, and first bytes that there are not. */
		{ "\x80", 1, false },
		{ "\xbf", 1, false },
		{ "\xc0\x80", 1, false },
		{ "\xc1\xbf", 1, false },
		{ "\xf5\x80\x80\x80", 1, false },
		{ "\xff", 1, false },
		/* The second byte shows it: overlong, surrogates, above U+10FFFF. */
		{ "\xe0\x9f\xbf", 1, false },
		{ "\xed\xa0\x80", 1, false },
		{ "\xf0\x8f\xbf\xbf", 1, false },
		{ "\xf4\x90\x80\x80", 1, false },
		/* Broken off: all that was right is one. */
		{ "\xc3", 1, false },
		{ "\xe2\x82", 2, false },
		{ "\xf0\x9f\x98", 3, false },
		{ "\xf0\x9f\x98z", 3, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const unsigned char *text = (const unsigned char *)cases[i].text;
		bool valid;

		assert_int_equal(utf8_sequence(text, &valid), cases[i].length);
		assert_int_equal(valid, cases[i].valid);
		assert_int_equal(utf8_length(text), cases[i].valid ? cases[i].length : 0);
	}
}

static void strings(void **state)
{
	(void)state;
	assert_true(utf8_is_valid(""));
	assert_true(utf8_is_valid("caf\xc3\xa9 \xe2\x82\xac"));
	assert_false(utf8_is_valid("caf\xe9"));
	assert_false(utf8_is_valid("ends with a part: \xe2\x82"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences),
		cmocka_unit_test(strings),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
