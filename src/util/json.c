// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/json.c: commas, keys, and strings of any bytes as JSON.
 */
#include "json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "utf8.h"

/* U+FFFD, for what is no UTF-8. */
#define REPLACEMENT 0xfffd

static void put_code(FILE *f, uint32_t code)
{
	static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *found = code < 0x80 ? strchr(escaped, (int)code) : NULL;

	if (found)
		fprintf(f, "\\%c", letters[found - escaped]);
	else if (code >= 0x20 && code < 0x80)
		fputc((int)code, f);
	else if (code < 0x10000)
		fprintf(f, "\\u%04X", code);
	else
		fprintf(f, "\\u%04X\\u%04X", 0xd800 + ((code - 0x10000) >> 10),
			0xdc00 + ((code - 0x10000) & 0x3ff));
}

static void put_text(FILE *f, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	fputc('"', f);
	while (*s) {
		unsigned int length = utf8_length(s);

		put_code(f, length ? utf8_decode(s, length) : REPLACEMENT);
		s += length ? length : 1;
	}
	fputc('"', f);
}

static void put_lead(struct json_writer *w, const char *key)
{
	if (w->comma)
		fputc(',', w->file);
	w->comma = true;
	if (!key)
		return;
	put_text(w->file, key);
	fputc(':', w->file);
}

void json_begin(struct json_writer *w, const char *key, char bracket)
{
	put_lead(w, key);
	fputc(bracket, w->file);
	w->comma = false;
}

void json_end(struct json_writer *w, char bracket)
{
	fputc(bracket, w->file);
	w->comma = true;
}

void json_put_string(struct json_writer *w, const char *key, const char *s)
{
	put_lead(w, key);
	if (s)
		put_text(w->file, s);
	else
		fputs("null", w->file);
}

void json_put_uint(struct json_writer *w, const char *key, uint64_t value)
{
	put_lead(w, key);
	fprintf(w->file, "%" PRIu64, value > INT64_MAX ? INT64_MAX : value);
}

void json_put_int(struct json_writer *w, const char *key, int64_t value)
{
	put_lead(w, key);
	fprintf(w->file, "%" PRId64, value);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
	put_lead(w, key);
	fputs(value ? "true" : "false", w->file);
}

void json_put_format(struct json_writer *w, const char *key, const char *format, ...)
{
	va_list args;

	put_lead(w, key);
	fputc('"', w->file);
	va_start(args, format);
	vfprintf(w->file, format, args);
	va_end(args);
	fputc('"', w->file);
}
