// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/secret_file.c: reads small files and overwrites their text in memory before freeing it.
 */
#include "http_secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE (1 << 20)

/* Reads to the end of the file; -EFBIG: it is larger than MAX_FILE. */
static int read_to_end(int fd, char *text, size_t *len)
{
	ssize_t n = 1;

	for (*len = 0; n > 0 && *len <= MAX_FILE; *len += (size_t)n) {
		n = TEMP_FAILURE_RETRY(read(fd, text + *len, MAX_FILE + 1 - *len));
		if (n < 0)
			return -errno;
	}
	return *len > MAX_FILE ? -EFBIG : 0;
}

char *secret_file_read(const char *path, size_t *len)
{
	/* O_NONBLOCK: without a writer, opening a FIFO would block. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;
	/* Not resized, which would leave copies; only the pages that are read into exist. */
	char *text = fd < 0 ? NULL : malloc(MAX_FILE + 2);

	if (fd < 0)
		return NULL;
	err = text ? read_to_end(fd, text, len) : -ENOMEM;
	close(fd);
	if (text)
		text[*len] = '\0';
	if (!err)
		return text;
	secret_free(text);
	errno = -err;
	return NULL;
}

void secret_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}
