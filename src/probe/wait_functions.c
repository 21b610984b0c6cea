// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/wait_functions.c: finds the functions of WAIT_FUNCTIONS in /proc/kallsyms. Does not
 * use symbols/kernel.c, which keeps all symbols and takes longer.
 */
#include "probe_wait_functions.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[WAIT_NR] = {
#define WAIT_NAME(function, cause) #function,
	WAIT_FUNCTIONS(WAIT_NAME)
#undef WAIT_NAME
};

static struct wait_range *find_range(struct wait_range found[WAIT_NR], const char *name)
{
	int i;

	for (i = 0; i < WAIT_NR; i++)
		if (!strcmp(names[i], name))
			return &found[i];
	return NULL;
}

int wait_functions_read(struct wait_range found[WAIT_NR], FILE *f)
{
	struct wait_range *open = NULL; /* a function that has no end yet */
	char *line = NULL, *rest;
	unsigned long long address;
	bool hidden = false;
	size_t len = 0;

	memset(found, 0, WAIT_NR * sizeof(*found));
	/* Sorted by address, without sizes: a function ends where the next one begins. */
	while (getline(&line, &len, f) > 0) {
		/* "ffffffff81000000 T _stext" or "ffffffffc0000000 t xfs_init	[xfs]" */
		address = strtoull(line, &rest, 16);
		if (strnlen(rest, 4) < 4)
			continue;
		rest[3 + strcspn(rest + 3, "\t\n")] = '\0';
		if (open && address > open->begin) {
			open->end = address;
			open = NULL;
		}
		if (open)
			continue;
		open = find_range(found, rest + 3);
		if (!open)
			continue;
		open->begin = address;
		hidden = hidden || !address;
	}
	free(line);
	if (open || hidden)
		memset(found, 0, WAIT_NR * sizeof(*found));
	return hidden ? -EACCES : 0;
}

int wait_functions_find(struct wait_range found[WAIT_NR])
{
	FILE *f = fopen("/proc/kallsyms", "re");
	int err;

	memset(found, 0, WAIT_NR * sizeof(*found));
	if (!f)
		return -errno;
	err = wait_functions_read(found, f);
	fclose(f);
	return err;
}
