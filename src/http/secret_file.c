// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/secret_file.c: see http/http_secret_file.h.
 */
#include "http_secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE (1 << 20)

static char *read_all(int fd, size_t *len)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t n = 1;

	for (*len = 0; n > 0 && *len <= MAX_FILE; *len += (size_t)n) {
		if (*len + 1 >= size) {
			char *grown = realloc(text, size += 16384);

			if (!grown)
				break;
			text = grown;
		}
		do
			n = read(fd, text + *len, size - *len - 1);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			break;
	}
	if (n == 0 && *len <= MAX_FILE) {
		text[*len] = '\0';
		return text;
	}
	if (*len > MAX_FILE)
		errno = EFBIG;
	n = errno;
	free(text);
	errno = (int)n;
	return NULL;
}

char *secret_file_read(const char *path, size_t *len)
{
	/* O_NONBLOCK: a FIFO must not hold us up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;
	char *text;

	if (fd < 0)
		return NULL;
	text = read_all(fd, len);
	err = errno;
	close(fd);
	errno = err;
	return text;
}

void secret_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}
