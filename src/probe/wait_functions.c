// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/wait_functions.c: finds the functions that faults wait in. Not by symbols/kernel.c,
 * which keeps all of kallsyms: a run that only counts starts sooner without.
 */
#include "probe_wait_functions.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "proc/kallsyms.h"

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

struct wait_search {
	struct wait_range *found;
	struct wait_range *open; /* a function whose end is still to come */
	bool hidden;
};

/* Sorted by address: there are no sizes, but a function ends where the next begins. */
static int match_wait_function(void *context, const struct kallsym *symbol)
{
	struct wait_search *search = context;

	if (search->open && symbol->address > search->open->begin) {
		search->open->end = symbol->address;
		search->open = NULL;
	}
	if (search->open)
		return 0;
	search->open = find_range(search->found, symbol->name);
	if (!search->open)
		return 0;
	search->open->begin = symbol->address;
	search->hidden = search->hidden || !symbol->address;
	return 0;
}

int wait_functions_read(struct wait_range found[WAIT_NR], FILE *f)
{
	struct wait_search search = { .found = found };
	int err;

	memset(found, 0, WAIT_NR * sizeof(*found));
	err = kallsyms_read(f, match_wait_function, &search);
	if (search.open || search.hidden)
		memset(found, 0, WAIT_NR * sizeof(*found));
	return search.hidden ? -EACCES : err;
}
