/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http_secret_file.h: the files of the HTTP server's configuration: their text can hold
 * secrets, and does not stay in memory.
 */
#ifndef PFSTAT_HTTP_HTTP_SECRET_FILE_H
#define PFSTAT_HTTP_HTTP_SECRET_FILE_H

#include <stddef.h>

/* A file of at most 1 MiB, NUL-terminated, for secret_free(); NULL with errno. */
char *secret_file_read(const char *path, size_t *len);
/* Overwrites text before freeing it. NULL is allowed. */
void secret_free(char *text);

#endif
