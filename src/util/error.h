/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/error.h: an error with a text, where an errno is not enough. Below run/ nothing prints
 * and nothing uses exit statuses: functions return a negative errno and fill a struct error.
 */
#ifndef PFSTAT_UTIL_ERROR_H
#define PFSTAT_UTIL_ERROR_H

struct error {
	int code; /* a negative errno; 0: none */
	char text[512]; /* names the thing, the reason and the remedy; no newline */
};

/* Returns code. Longer texts are cut. */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
