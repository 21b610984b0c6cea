/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/escape.h: escapes names of tasks, files and symbols, so that they cannot end a line of
 * text or control the terminal.
 */
#ifndef PFSTAT_UTIL_ESCAPE_H
#define PFSTAT_UTIL_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

#include "utf8.h"

/* Room for an escaped string of len bytes: each of them can become four. */
#define ESCAPE_LEN(len) (4 * (len) + 1)

/*
 * Copies s to buf (len bytes), cut where it is full. Bytes of control characters, of spaces other
 * than ' ', of characters that change the direction of text, of invalid UTF-8, and those in also
 * become \ooo, as in /proc/PID/maps. Returns buf.
 */
const char *escape_text(char *buf, size_t len, const char *s, const char *also);

/* Replaces \ooo by the byte, in place. */
void unescape_octal(char *s);

/* A field of comma-separated values (RFC 4180), quoted only where a reader needs it. */
void escape_csv(FILE *f, const char *s);

#endif
