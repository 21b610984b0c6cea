// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * scopes.c: see scopes.h.
 */
#include "scopes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "entries.h"

enum fate { KEPT, ENDS, FOLDS };

struct scopes {
	struct session_maps maps;
	struct scope_cell *slab;
	size_t slab_len;
	unsigned char *fates; /* by entry */
	unsigned int nr_forgotten; /* since the last scopes_settle() */
	struct scope_cell folded;
};

int scopes_open(struct scopes **out, const struct session *session)
{
	struct scopes *s = calloc(1, sizeof(*s));
	int err = -ENOMEM;

	if (!s)
		return err;
	session_maps(session, &s->maps);
	s->slab_len = entries_bytes(sizeof(struct scope_cell), s->maps.cgroup_limit + 1ul);
	s->fates = calloc(s->maps.cgroup_limit + 1ul, sizeof(*s->fates));
	if (s->fates) {
		s->slab = mmap(NULL, s->slab_len, PROT_READ | PROT_WRITE, MAP_SHARED,
			       s->maps.scope_slab_fd, 0);
		err = -errno;
	}
	if (!s->fates || s->slab == MAP_FAILED) {
		s->slab = NULL;
		scopes_close(s);
		return err;
	}
	*out = s;
	return 0;
}

unsigned int scopes_limit(const struct scopes *s)
{
	return s->maps.cgroup_limit;
}

/*
 * An entry without faults has perhaps been claimed on two CPUs at once, and the
 * key is one that is about to be taken back.
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

int scopes_forget(struct scopes *s, unsigned int entry, bool fold)
{
	__u64 key = s->slab[entry].key;

	if (s->fates[entry] != KEPT)
		return 0;
	if (bpf_map_delete_elem(s->maps.scope_index_fd, &key))
		return -errno;
	s->fates[entry] = fold ? FOLDS : ENDS;
	s->nr_forgotten++;
	return 0;
}

/* Zero before it is free, as who takes it writes its key at once. */
static void give_back(struct scopes *s, __u32 entry)
{
	struct scope_cell *cell = &s->slab[entry];

	if (s->fates[entry] == FOLDS)
		scopes_add(&s->folded, cell);
	memset(cell, 0, sizeof(*cell));
	s->fates[entry] = KEPT;
	bpf_map_update_elem(s->maps.scope_free_fd, NULL, &entry, BPF_ANY);
}

void scopes_settle(struct scopes *s)
{
	unsigned int entry;

	if (!s->nr_forgotten)
		return;
	entries_wait();
	/* Downwards, so that the lowest is taken first. */
	for (entry = s->maps.cgroup_limit; entry; entry--)
		if (s->fates[entry] != KEPT)
			give_back(s, entry);
	s->nr_forgotten = 0;
}

void scopes_close(struct scopes *s)
{
	if (!s)
		return;
	if (s->slab)
		munmap(s->slab, s->slab_len);
	free(s->fates);
	free(s);
}
