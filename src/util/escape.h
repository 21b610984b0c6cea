/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/escape.h: strings that others chose (a task's name, a file's, a symbol's), made fit for
 * a line of text: they can neither end it nor talk to the terminal.
 */
#ifndef PFSTAT_UTIL_ESCAPE_H
#define PFSTAT_UTIL_ESCAPE_H

#include <stddef.h>

#include "utf8.h"

/* Room for an escaped string of len bytes: each of them can become four. */
#define ESCAPE_LEN(len) (4 * (len) + 1)

/*
 * s in buf (len bytes), cut where it is full. Bytes of control characters, of spaces other
 * than ' ', of characters that turn the direction of writing, of invalid UTF-8 and those in
 * also become \ooo, as in /proc/PID/maps.
 */
const char *escape_text(char *buf, size_t len, const char *s, const char *also);

/* The reverse, in place: as /proc/PID/maps and mountinfo write names. */
void unescape_octal(char *s);

#endif
