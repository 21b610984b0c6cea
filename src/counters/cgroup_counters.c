// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * counters/cgroup_counters.c: see counters/counters_cgroups.h.
 */
#include "counters_cgroups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/probe_slab.h"
#include "util/rcu.h"

enum fate { KEPT, ENDS, FOLDS };

struct scopes {
	struct entries entries;
	struct scope_cell *slab;
	unsigned char *fates; /* by entry */
	unsigned int *forgotten; /* entries that do not stay */
	struct scope_cell folded;
};

int scopes_open(struct scopes **out, const struct session *session)
{
	struct scopes *s = calloc(1, sizeof(*s));
	struct session_maps maps;
	int err = -ENOMEM;

	if (!s)
		return err;
	session_maps(session, &maps);
	s->entries = maps.scopes;
	s->fates = calloc(s->entries.limit + 1ul, sizeof(*s->fates));
	s->forgotten = calloc(s->entries.limit, sizeof(*s->forgotten));
	if (s->fates && s->forgotten) {
		s->slab = entries_map(&s->entries, s->entries.slab_fd, sizeof(*s->slab));
		err = -errno;
	}
	if (!s->slab) {
		scopes_close(s);
		return err;
	}
	*out = s;
	return 0;
}

unsigned int scopes_limit(const struct scopes *s)
{
	return s->entries.limit;
}

/*
 * An entry without faults has perhaps been claimed while another CPU claimed one for the
 * same cgroup, and its key is another entry's.
 */
uint64_t scopes_key(const struct scopes *s, unsigned int entry, uint64_t *faults)
{
	const volatile struct scope_cell *cell = &s->slab[entry];
	uint64_t key = cell->key;
	unsigned int path;

	*faults = 0;
	for (path = 0; key && path < PATH_NR; path++)
		*faults += cell->count[path][0] + cell->count[path][1];
	return *faults ? key : 0;
}

const struct scope_cell *scopes_cell(const struct scopes *s, unsigned int entry)
{
	return &s->slab[entry];
}

void scopes_add(struct scope_cell *sum, const struct scope_cell *cell)
{
	unsigned int i;

	for (i = 0; i < PATH_NR; i++) {
		sum->count[i][0] += cell->count[i][0];
		sum->count[i][1] += cell->count[i][1];
		sum->sum_ns[i] += cell->sum_ns[i];
	}
	for (i = 0; i < HIST_SLOTS; i++)
		sum->buckets[i] += cell->buckets[i];
}

void scopes_other(const struct scopes *s, struct scope_cell *sum)
{
	*sum = s->folded;
	scopes_add(sum, &s->slab[0]);
}

void scopes_forget(struct scopes *s, unsigned int entry, bool fold)
{
	s->fates[entry] = fold ? FOLDS : ENDS;
}

static void clear(struct scopes *s, unsigned int entry)
{
	struct scope_cell *cell = &s->slab[entry];

	if (s->fates[entry] == FOLDS)
		scopes_add(&s->folded, cell);
	memset(cell, 0, sizeof(*cell));
	s->fates[entry] = KEPT;
}

void scopes_settle(struct scopes *s)
{
	unsigned int nr = 0, i;

	/* Downwards, so that the lowest is taken first. */
	for (i = s->entries.limit; i; i--)
		if (s->fates[i] != KEPT)
			s->forgotten[nr++] = i;
	if (!nr || entries_unhook(&s->entries, s->forgotten, nr))
		return;
	grace_wait();
	for (i = 0; i < nr; i++)
		clear(s, s->forgotten[i]);
	entries_free(&s->entries, s->forgotten, nr);
}

void scopes_close(struct scopes *s)
{
	if (!s)
		return;
	entries_unmap(&s->entries, s->slab, sizeof(*s->slab));
	free(s->forgotten);
	free(s->fates);
	free(s);
}
