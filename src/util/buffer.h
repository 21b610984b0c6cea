/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/buffer.h: appends text, escaped text and numbers to memory that grows. Buffers that are
 * used again do not allocate any more. Without memory failed is set, and further bytes are
 * dropped: only the end of the output needs to check it.
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
 * Escapes backslashes and newlines, with quotes also double quotes, as Prometheus' text formats
 * do. Each invalid UTF-8 sequence becomes U+FFFD.
 */
void put_escaped(struct buffer *b, const char *s, bool quotes);
/* Only replaces invalid UTF-8. */
void put_utf8(struct buffer *b, const char *s);

void put_u64(struct buffer *b, uint64_t value);
/* Nanoseconds as exact seconds, without trailing zeros: "0.000012345", "12". */
void put_seconds(struct buffer *b, uint64_t ns);
/* The shortest decimal that reads back as value; "+Inf", "-Inf", "NaN". */
void put_double(struct buffer *b, double value);

/* Protobuf's variable-length integer. */
void put_varint(struct buffer *b, uint64_t value);

#endif
