// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/buffer.c: growing, escaping, and numbers without printf() in the hot paths.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "array.h"
#include "buffer.h"

bool buffer_grow(struct buffer *b, size_t n)
{
	if (b->failed || n > SIZE_MAX - b->len || array_reserve(b->data, b->cap, b->len + n))
		b->failed = true;
	return !b->failed;
}

void buffer_free(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){ 0 };
}

/* --- text */

static void put_sequence(struct buffer *b, const char **s)
{
	bool valid;
	size_t len = utf8_sequence((const unsigned char *)*s, &valid);

	if (valid)
		put(b, *s, len);
	else
		put_text(b, "\xef\xbf\xbd");
	*s += len;
}

void put_utf8(struct buffer *b, const char *s)
{
	while (*s)
		put_sequence(b, &s);
}

/* Bytes that no text format escapes. Most values have no others. */
static size_t plain_length(const char *s)
{
	size_t n = 0;

	while ((unsigned char)s[n] >= 0x20 && (unsigned char)s[n] < 0x7f && s[n] != '\\' &&
	       s[n] != '"')
		n++;
	return n;
}

void put_escaped(struct buffer *b, const char *s, bool quotes)
{
	for (;;) {
		size_t n = plain_length(s);

		put(b, s, n);
		s += n;
		if (!*s)
			return;
		if (*s == '\n' || *s == '\\' || (*s == '"' && quotes)) {
			put_char(b, '\\');
			put_char(b, *s == '\n' ? 'n' : *s);
			s++;
		} else {
			put_sequence(b, &s);
		}
	}
}

/* --- numbers */

/* Writes value so that it ends before end; returns its first digit. */
static char *digits_before(char *end, uint64_t value)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";

	while (value >= 100) {
		end -= 2;
		memcpy(end, &pairs[value % 100 * 2], 2);
		value /= 100;
	}
	if (value >= 10) {
		end -= 2;
		memcpy(end, &pairs[value * 2], 2);
	} else {
		*--end = (char)('0' + value);
	}
	return end;
}

void put_u64(struct buffer *b, uint64_t value)
{
	char text[20], *start = digits_before(text + sizeof(text), value);

	put(b, start, (size_t)(text + sizeof(text) - start));
}

void put_seconds(struct buffer *b, uint64_t ns)
{
	uint64_t fraction = ns % 1000000000;
	char text[10];
	size_t len = sizeof(text);

	put_u64(b, ns / 1000000000);
	if (!fraction)
		return;
	/* The leading 1 keeps the zeros after the point, and becomes the point. */
	digits_before(text + sizeof(text), 1000000000 + fraction);
	text[0] = '.';
	while (text[len - 1] == '0')
		len--;
	put(b, text, len);
}

/*
 * Adds one to the last digit before the exponent. Not to a 9: a carry makes a shorter number,
 * which has been tried before.
 */
static void bump_last_digit(char *text)
{
	size_t end = strcspn(text, "e");

	if (end && text[end - 1] >= '0' && text[end - 1] < '9')
		text[end - 1]++;
}

static void put_fraction(struct buffer *b, double value)
{
	char text[32];

	/*
	 * 15 digits suffice for all shorter forms (%g drops zeros), 17 for all numbers.
	 * printf() rounds a tie to even, which may not read back, as for 2^-24.
	 */
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, value);
		if (strtod(text, NULL) == value)
			break;
		bump_last_digit(text);
		if (strtod(text, NULL) == value)
			break;
	}
	put_text(b, text);
}

void put_double(struct buffer *b, double value)
{
	if (isnan(value))
		put_text(b, "NaN");
	else if (isinf(value))
		put_text(b, value > 0 ? "+Inf" : "-Inf");
	else if (value >= 0 && value < 1e15 && value == (double)(uint64_t)value)
		put_u64(b, (uint64_t)value);
	else
		put_fraction(b, value);
}

void put_varint(struct buffer *b, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		put_char(b, (char)(value | 0x80));
	put_char(b, (char)value);
}
