// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * proc/kallsyms.c: reads /proc/kallsyms, 200,000 lines, so without sscanf().
 */
#include "kallsyms.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* "ffffffff81000000 T _stext" or "ffffffffc0000000 t xfs_init	[xfs]"; ends the strings in it. */
static bool parse_symbol(char *line, struct kallsym *symbol)
{
	char *rest, *name_end, *module;

	symbol->address = strtoull(line, &rest, 16);
	if (rest == line || rest[0] != ' ' || !rest[1] || rest[2] != ' ')
		return false;
	symbol->type = rest[1];
	symbol->name = rest + 3;
	name_end = rest + 3 + strcspn(rest + 3, " \t\n");
	module = name_end + strspn(name_end, " \t\n");
	module[strcspn(module, " \t\n")] = '\0';
	*name_end = '\0';
	symbol->module = module;
	return symbol->name[0];
}

int kallsyms_read(FILE *from, kallsyms_visit visit, void *context)
{
	FILE *f = from ? from : fopen("/proc/kallsyms", "re");
	struct kallsym symbol;
	char *line = NULL;
	size_t len = 0;
	int err = 0;

	if (!f)
		return -errno;
	while (!err && getline(&line, &len, f) > 0)
		if (parse_symbol(line, &symbol))
			err = visit(context, &symbol);
	free(line);
	if (!from)
		fclose(f);
	return err;
}
