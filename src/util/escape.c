// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/escape.c: see util/escape.h.
 */
#include "escape.h"

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

/* The valid sequence at s does not show, or does something else, or is a space but ' '. */
static bool is_hidden(const unsigned char *s, unsigned int length)
{
	unsigned int c;

	if (length == 1)
		return *s < 0x20 || *s == 0x7f;
	if (length == 2)
		return s[0] == 0xc2 && s[1] <= 0xa0; /* C1 and the no-break space */
	if (length != 3)
		return false;
	c = (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
	/* Spaces, joiners, marks and embeddings of direction, ends of lines. */
	return (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
	       (c >= 0x205f && c <= 0x206f) || c == 0x1680 || c == 0x3000 || c == 0xfeff;
}

const char *escape_text(char *buf, size_t len, const char *s, const char *also)
{
	size_t used = 0;

	while (*s) {
		unsigned int valid = utf8_length((const unsigned char *)s);
		bool octal = !valid || is_hidden((const unsigned char *)s, valid) ||
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
