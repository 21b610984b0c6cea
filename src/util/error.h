/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/error.h: why something failed, in words, for functions whose errno does not say
 * enough. Below run/ nothing prints and nothing knows exit statuses: a function returns a
 * negative errno, and leaves the sentence in a struct error.
 */
#ifndef PFSTAT_UTIL_ERROR_H
#define PFSTAT_UTIL_ERROR_H

struct error {
	int code; /* a negative errno; 0: none */
	char text[512]; /* names the thing, the reason and the remedy; no newline */
};

/* Returns code. Text beyond the room is cut. */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
