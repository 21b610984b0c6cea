// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/escape.c: which characters are escaped, and how.
 */
#include "escape.h"

#include <stdbool.h>
#include <string.h>

/* The valid sequence at s is a control character, invisible, or a space other than ' '. */
static bool is_invisible(const unsigned char *s, unsigned int length)
{
	const uint32_t c = utf8_decode(s, length);

	/* C0 and C1, and the no-break space. */
	if (c < 0x20 || (c >= 0x7f && c <= 0xa0))
		return true;
	/* Spaces, joiners, directional marks, ends of lines. */
	return (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
	       (c >= 0x205f && c <= 0x206f) || c == 0x1680 || c == 0x3000 || c == 0xfeff;
}

const char *escape_text(char *buf, size_t len, const char *s, const char *also)
{
	size_t used = 0;

	while (*s) {
		unsigned int valid = utf8_length((const unsigned char *)s);
		bool octal = !valid || is_invisible((const unsigned char *)s, valid) ||
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

void unescape_octal(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

void escape_csv(FILE *f, const char *s)
{
	if (!strpbrk(s, ",\"\r\n")) {
		fputs(s, f);
		return;
	}
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', f);
		fputc(*s, f);
	}
	fputc('"', f);
}
