// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * counters/cgroup_counters.c: reads the counters of cgroups, and returns those of removed ones.
 */
#include "counters_cgroups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum fate { KEPT, ENDS, FOLDS };

struct cgroup_counters {
	struct slab entries;
	struct cgroup_faults *slab;
	unsigned char *fates; /* by entry */
	unsigned int *forgotten; /* entries to return */
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
		err = s->slab ? 0 : -errno;
	}
	if (err)
		cgroup_counters_close(s);
	else
		*out = s;
	return err;
}

unsigned int cgroup_counters_limit(const struct cgroup_counters *s)
{
	return s->entries.limit;
}

/*
 * Two CPUs can claim an entry for the same cgroup. One of them then never counts: its key is
 * that of the other.
 */
uint64_t cgroup_counters_key(const struct cgroup_counters *s, unsigned int entry, uint64_t *faults)
{
	const volatile struct cgroup_faults *from = &s->slab[entry];
	uint64_t key = from->key;
	unsigned int path;

	*faults = 0;
	for (path = 0; key && path < PATH_NR; path++)
		*faults += from->count[path][0] + from->count[path][1];
	return *faults ? key : 0;
}

const struct cgroup_faults *cgroup_counters_faults(const struct cgroup_counters *s,
						   unsigned int entry)
{
	return &s->slab[entry];
}

void cgroup_counters_add(struct cgroup_faults *sum, const struct cgroup_faults *from)
{
	unsigned int i;

	for (i = 0; i < PATH_NR; i++) {
		sum->count[i][0] += from->count[i][0];
		sum->count[i][1] += from->count[i][1];
		sum->sum_ns[i] += from->sum_ns[i];
	}
	for (i = 0; i < HIST_SLOTS; i++)
		sum->buckets[i] += from->buckets[i];
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

static void clear_cgroup_entry(struct cgroup_counters *s, unsigned int entry)
{
	struct cgroup_faults *from = &s->slab[entry];

	if (s->fates[entry] == FOLDS)
		cgroup_counters_add(&s->folded, from);
	memset(from, 0, sizeof(*from));
	s->fates[entry] = KEPT;
}

void cgroup_counters_settle(struct cgroup_counters *s)
{
	unsigned int nr = 0, i;

	/* Downwards: programs claim the last that was returned first. */
	for (i = s->entries.limit; i; i--)
		if (s->fates[i] != KEPT)
			s->forgotten[nr++] = i;
	if (!nr || slab_unhook(&s->entries, s->forgotten, nr))
		return;
	rcu_wait();
	for (i = 0; i < nr; i++)
		clear_cgroup_entry(s, s->forgotten[i]);
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
