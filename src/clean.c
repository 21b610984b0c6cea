// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * clean.c: see clean.h.
 */
#include "clean.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

unsigned int utf8_length(const unsigned char *s)
{
	/* RFC 3629: the second byte's range rules out overlong forms and surrogates. */
	static const struct {
		unsigned char first, last, second_min, second_max, length;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (s[0] < 0x80)
		return 1;
	for (unsigned int i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (s[1] < forms[i].second_min || s[1] > forms[i].second_max)
			return 0;
		for (unsigned int n = 2; n < forms[i].length; n++)
			if ((s[n] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

/* The valid sequence at s does something other than to show itself. */
static bool is_control(const unsigned char *s, unsigned int length)
{
	if (length == 1)
		return *s < 0x20 || *s == 0x7f;
	if (length == 2)
		return s[0] == 0xc2 && s[1] < 0xa0; /* C1: U+0080 to U+009F */
	if (length == 3 && s[0] == 0xe2 && s[1] == 0x80) /* U+200B to U+200F, U+2028 to U+202E */
		return (s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae);
	if (length == 3 && s[0] == 0xe2 && s[1] == 0x81)
		return s[2] >= 0xa0 && s[2] <= 0xaf; /* U+2060 to U+206F */
	return length == 3 && s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf; /* U+FEFF */
}

const char *clean_text(char *buf, size_t len, const char *s, const char *also)
{
	size_t used = 0;

	while (*s) {
		unsigned int valid = utf8_length((const unsigned char *)s);
		bool octal = !valid || is_control((const unsigned char *)s, valid) ||
			     (valid == 1 && strchr(also, *s));
		unsigned int bytes = valid ? valid : 1;

		if (used + (octal ? 4 * bytes : bytes) >= len)
			break;
		for (unsigned int i = 0; i < bytes; i++, s++) {
			if (octal)
				used += sprintf(buf + used, "\\%03o", (unsigned char)*s);
			else
				buf[used++] = *s;
		}
	}
	buf[used] = '\0';
	return buf;
}
