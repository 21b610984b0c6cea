/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/buffer.h: bytes that are appended to, and what an exposition appends:
 * text, escaped text, numbers. A buffer only grows, so that after the first
 * scrapes nothing is allocated any more. Out of memory sets failed, and what is
 * appended after that is dropped: only the end needs to look.
 */
#ifndef PFSTAT_UTIL_BUFFER_H
#define PFSTAT_UTIL_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "utf8.h"

struct buffer {
	char *data; /* NULL before the first byte; no '\0' at the end */
	size_t len, cap;
	bool failed;
};

/* Makes room for n more bytes; false: out of memory. */
bool buffer_grow(struct buffer *b, size_t n);
void buffer_free(struct buffer *b);

static inline bool buffer_room(struct buffer *b, size_t n)
{
	return n <= b->cap - b->len || buffer_grow(b, n);
}

static inline void put(struct buffer *b, const void *bytes, size_t n)
{
	if (!n || !buffer_room(b, n))
		return;
	memcpy(b->data + b->len, bytes, n);
	b->len += n;
}

static inline void put_char(struct buffer *b, char c)
{
	if (buffer_room(b, 1))
		b->data[b->len++] = c;
}

static inline void put_text(struct buffer *b, const char *s)
{
	put(b, s, strlen(s));
}

/*
 * Backslash and newline as Prometheus' text formats want them, with quotes also
 * the quote. Invalid UTF-8 becomes U+FFFD, one for each sequence that breaks off.
 */
void put_escaped(struct buffer *b, const char *s, bool quotes);
/* s with only its UTF-8 made valid. */
void put_utf8(struct buffer *b, const char *s);

void put_u64(struct buffer *b, uint64_t value);
/* ns nanoseconds in seconds, exact, without zeros at the end: "0.000012345", "12". */
void put_seconds(struct buffer *b, uint64_t ns);
/* The shortest decimal that reads back as value; "+Inf", "-Inf", "NaN". */
void put_double(struct buffer *b, double value);

/* Protobuf's variable-length integer. */
void put_varint(struct buffer *b, uint64_t value);

#endif
