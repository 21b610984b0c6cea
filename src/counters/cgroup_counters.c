// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * counters/cgroup_counters.c: see counters/counters_cgroups.h.
 */
#include "counters_cgroups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/rcu.h"

enum fate { KEPT, ENDS, FOLDS };

struct cgroup_counters {
	struct slab entries;
	struct cgroup_faults *slab;
	unsigned char *fates; /* by entry */
	unsigned int *forgotten; /* entries that do not stay */
	struct cgroup_faults folded;
};

int cgroup_counters_open(struct cgroup_counters **out, const struct session *session)
{
	struct cgroup_counters *s = calloc(1, sizeof(*s));
	struct session_maps maps;
	int err = -ENOMEM;

	if (!s)
		return err;
	session_maps(session, &maps);
	s->entries = maps.cgroup_counters;
	s->fates = calloc(s->entries.limit + 1ul, sizeof(*s->fates));
	s->forgotten = calloc(s->entries.limit, sizeof(*s->forgotten));
	if (s->fates && s->forgotten) {
		s->slab = slab_map(&s->entries, s->entries.slab_fd, sizeof(*s->slab));
		err = -errno;
	}
	if (!s->slab) {
		cgroup_counters_close(s);
		return err;
	}
	*out = s;
	return 0;
}

unsigned int cgroup_counters_limit(const struct cgroup_counters *s)
{
	return s->entries.limit;
}

/*
 * An entry without faults has perhaps been claimed while another CPU claimed one for the
 * same cgroup, and its key is another entry's.
 */
uint64_t cgroup_counters_key(const struct cgroup_counters *s, unsigned int entry, uint64_t *faults)
{
	const volatile struct cgroup_faults *cell = &s->slab[entry];
	uint64_t key = cell->key;
	unsigned int path;

	*faults = 0;
	for (path = 0; key && path < PATH_NR; path++)
		*faults += cell->count[path][0] + cell->count[path][1];
	return *faults ? key : 0;
}

const struct cgroup_faults *cgroup_counters_faults(const struct cgroup_counters *s,
						   unsigned int entry)
{
	return &s->slab[entry];
}

void cgroup_counters_add(struct cgroup_faults *sum, const struct cgroup_faults *cell)
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

void cgroup_counters_other(const struct cgroup_counters *s, struct cgroup_faults *sum)
{
	*sum = s->folded;
	cgroup_counters_add(sum, &s->slab[0]);
}

void cgroup_counters_forget(struct cgroup_counters *s, unsigned int entry, bool fold)
{
	s->fates[entry] = fold ? FOLDS : ENDS;
}

static void clear(struct cgroup_counters *s, unsigned int entry)
{
	struct cgroup_faults *cell = &s->slab[entry];

	if (s->fates[entry] == FOLDS)
		cgroup_counters_add(&s->folded, cell);
	memset(cell, 0, sizeof(*cell));
	s->fates[entry] = KEPT;
}

void cgroup_counters_settle(struct cgroup_counters *s)
{
	unsigned int nr = 0, i;

	/* Downwards, so that the lowest is taken first. */
	for (i = s->entries.limit; i; i--)
		if (s->fates[i] != KEPT)
			s->forgotten[nr++] = i;
	if (!nr || slab_unhook(&s->entries, s->forgotten, nr))
		return;
	rcu_wait();
	for (i = 0; i < nr; i++)
		clear(s, s->forgotten[i]);
	slab_free(&s->entries, s->forgotten, nr);
}

void cgroup_counters_close(struct cgroup_counters *s)
{
	if (!s)
		return;
	slab_unmap(&s->entries, s->slab, sizeof(*s->slab));
	free(s->forgotten);
	free(s->fates);
	free(s);
}
