// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * fuzz_cgroup_path.c: any bytes as a path. It must be read without fault, ids
 * must look like ids, and what lies deeper in must not change whose it is as
 * long as it is no container itself.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proc/container_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_hex(const char *text, size_t len, size_t other_len, bool dashes)
{
	size_t n = strlen(text);

	if (n && n != len && n != other_len)
		abort();
	if (text[strspn(text, dashes ? "0123456789abcdef-" : "0123456789abcdef")])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char deeper[] = "/init.scope";
	char *path = malloc(size + sizeof(deeper));
	struct cgroup_names names, inner;

	if (!path)
		abort();
	if (size)
		memcpy(path, data, size);
	path[size] = '\0';
	container_id_parse(&names, path);
	expect_hex(names.container_id, 64, 64, false);
	expect_hex(names.pod_uid, 36, 32, true);
	if (names.runtime[0] && !names.container_id[0])
		abort();
	strcat(path, deeper);
	container_id_parse(&inner, path);
	if (strcmp(names.container_id, inner.container_id) ||
	    strcmp(names.runtime, inner.runtime) || strcmp(names.pod_uid, inner.pod_uid))
		abort();
	free(path);
	return 0;
}
