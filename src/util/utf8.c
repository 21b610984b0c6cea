// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/utf8.c: checks for valid UTF-8.
 */
#include "utf8.h"

unsigned int utf8_sequence(const unsigned char *s, bool *valid)
{
	unsigned char c = s[0], low = 0x80, high = 0xbf;
	unsigned int len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	*valid = c < 0x80 || (c >= 0xc2 && c <= 0xf4);
	if (!*valid)
		return 1;
	/* The second byte rules out overlong forms, surrogates and values above U+10FFFF. */
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	/* NUL is never a continuation, so the string is not read beyond its end. */
	for (unsigned int i = 1; i < len; i++) {
		if (s[i] < low || s[i] > high) {
			*valid = false;
			return i;
		}
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

bool utf8_is_valid(const char *s)
{
	bool valid = true;

	while (*s && valid)
		s += utf8_sequence((const unsigned char *)s, &valid);
	return valid;
}

uint32_t utf8_decode(const unsigned char *s, unsigned int length)
{
	static const unsigned char first_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = s[0] & first_bits[length];
	unsigned int i;

	for (i = 1; i < length; i++)
		code = code << 6 | (s[i] & 0x3f);
	return code;
}
