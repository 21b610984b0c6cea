// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * fuzz_accept.c: any bytes as Accept and Accept-Encoding. They must be read
 * without fault, in time that grows with their length only, and a list that has
 * been lengthened by a refusal of something unknown must mean the same as before.
 */
#include <stdlib.h>
#include <string.h>

#include "prometheus/prometheus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *joined(const char *before, const uint8_t *data, size_t size)
{
	size_t len = strlen(before);
	char *text = malloc(len + size + 1);

	if (!text)
		abort();
	memcpy(text, before, len);
	if (size)
		memcpy(text + len, data, size);
	text[len + size] = '\0';
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *plain = joined("", data, size), *longer = joined("x/y;q=0,", data, size);
	enum exposition_format format = negotiate_format(plain);

	if (format != EXPOSITION_TEXT && format != EXPOSITION_OPENMETRICS &&
	    format != EXPOSITION_PROTOBUF)
		abort();
	if (negotiate_format(longer) != format || negotiate_gzip(longer) != negotiate_gzip(plain))
		abort();
	free(plain);
	free(longer);
	return 0;
}
