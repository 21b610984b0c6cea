/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http_secret_file.h: files of the HTTP server's configuration, which can hold secrets.
 */
#ifndef PFSTAT_HTTP_HTTP_SECRET_FILE_H
#define PFSTAT_HTTP_HTTP_SECRET_FILE_H

#include <stddef.h>

/*
 * A whole file of at most 1 MiB, NUL-terminated; NULL with errno. For secrets: see
 * secret_free().
 */
char *secret_file_read(const char *path, size_t *len);
/* Overwrites text before freeing it. NULL is allowed. */
void secret_free(char *text);

#endif
