/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/exit_status.h: exit statuses of pfstat, and messages before an exit. Only for run/ and the
 * commands.
 */
#ifndef PFSTAT_UTIL_EXIT_STATUS_H
#define PFSTAT_UTIL_EXIT_STATUS_H

/* See EXIT STATUS in the man page. */
enum exit_code { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_KERNEL = 3, EXIT_PRIVILEGE = 4 };

/* Prints "pfstat: what: the error's text" to stderr; err is a negative errno. Returns code. */
int fail_errno(int code, const char *what, int err);

/* Prints "pfstat: text" to stderr; returns code. */
int fail_with(int code, const char *text);

/* EXIT_PRIVILEGE or EXIT_FAILED, by a negative errno. */
int exit_code_of(int err);

#endif
