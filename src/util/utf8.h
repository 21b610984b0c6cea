/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/utf8.h: checks for valid UTF-8 (RFC 3629).
 */
#ifndef PFSTAT_UTIL_UTF8_H
#define PFSTAT_UTIL_UTF8_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Length of the UTF-8 sequence at s, a string that is not empty. *valid false: length of the
 * part that one U+FFFD replaces.
 */
unsigned int utf8_sequence(const unsigned char *s, bool *valid);

/* Length of the valid sequence at s; 0 when it is none. */
static inline unsigned int utf8_length(const unsigned char *s)
{
	bool valid;
	unsigned int len = utf8_sequence(s, &valid);

	return valid ? len : 0;
}

bool utf8_is_valid(const char *s);

/* The code point of a valid sequence of length bytes. */
uint32_t utf8_decode(const unsigned char *s, unsigned int length);

#endif
