// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * counters/groups.c: see counters/counters_groups.h.
 */
#include "counters_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proc/liveness.h"
#include "probe/probe.h"
#include "util/array.h"
#include "util/rcu.h"

/* What is kept of an entry from read to read. */
struct kept {
	struct report_row *last; /* with intervals: its counters at the last read */
	uint64_t max_ns; /* of all intervals */
	bool ended;
	char *name[2]; /* once it is known */
};

struct groups {
	struct session_maps maps;
	struct groups_setup setup;
	struct group_faults *slab;
	struct fault_mapping *mappings; /* NULL: not by mapping or file */
	struct kept *kept; /* by entry */
	struct report_row exited, exited_last;
	struct liveness alive;
	struct group_row *rows;
	struct group_row **sorted;
	size_t cap_rows, cap_sorted; /* cap_sorted <= cap_rows */
};

static int map_slab(struct groups *g)
{
	const struct slab *entries = &g->maps.groups;

	g->slab = slab_map(entries, entries->slab_fd, sizeof(*g->slab));
	if (!g->slab)
		return -errno;
	if (g->maps.group_mappings_fd < 0)
		return 0;
	g->mappings = slab_map(entries, g->maps.group_mappings_fd, sizeof(*g->mappings));
	return g->mappings ? 0 : -errno;
}

int groups_open(struct groups **out, const struct session *session,
		const struct groups_setup *setup)
{
	struct groups *g = calloc(1, sizeof(*g));
	int err = -ENOMEM;

	if (!g)
		return err;
	session_maps(session, &g->maps);
	g->setup = *setup;
	liveness_open(&g->alive);
	g->kept = calloc(g->maps.groups.limit + 1ul, sizeof(*g->kept));
	if (g->kept)
		err = map_slab(g);
	if (err) {
		groups_close(g);
		return err;
	}
	*out = g;
	return 0;
}

void groups_flip_epoch(void *groups, unsigned int epoch)
{
	struct groups *g = groups;
	unsigned int i;

	for (i = 0; i <= g->maps.groups.limit; i++)
		if (g->slab[i].max_ns[epoch & 1])
			g->slab[i].max_ns[epoch & 1] = 0;
}

void groups_settle(struct groups *g)
{
	if (g)
		rcu_wait();
}

/* --- names */

static char *cgroup_name(struct groups *g, uint64_t id)
{
	const struct cgroup_entry *entry;
	struct timespec ts;

	if (!id || !g->setup.cgroups)
		return NULL;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	entry = cgroups_find(g->setup.cgroups, id, ts.tv_sec * 1000000000ull + ts.tv_nsec);
	return entry ? strdup(entry->path) : NULL;
}

/* By file, what has none is together. */
static char *group_mapping_name(const struct groups *g, unsigned int i, uint64_t kind)
{
	char buf[MAPPING_NAME_LEN];
	const char *name;

	if (!g->mappings || (kind != MAPPING_FILE && g->mappings[i].kind == MAPPING_FILE))
		return NULL;
	name = mapping_name(&g->mappings[i], buf, sizeof(buf));
	return name ? strdup(name) : NULL;
}

static const char *name_of(struct groups *g, unsigned int i, int n)
{
	const uint64_t id = g->slab[i].key.dim[n][0];
	char **name = &g->kept[i].name[n];

	if (*name)
		return *name;
	switch (g->setup.by[n]) {
	case DIM_CGROUP:
		*name = cgroup_name(g, id);
		break;
	case DIM_MAPPING:
		*name = group_mapping_name(g, i, id >> 32);
		break;
	case DIM_FILE:
		*name = id >> 32 == MAPPING_FILE ? group_mapping_name(g, i, id >> 32) : NULL;
		break;
	default:
		break;
	}
	return *name;
}

static void fill_names(struct groups *g, unsigned int i, struct group_row *row)
{
	int n;

	row->key = g->slab[i].key;
	for (n = 0; n < 2; n++) {
		memcpy(row->comm[n], g->slab[i].comm[n], sizeof(row->comm[n]));
		row->comm[n][sizeof(row->comm[n]) - 1] = '\0';
		row->name[n] = name_of(g, i, n);
	}
}

/* --- who has ended */

/* idle: it had no faults since the last read. */
static bool has_ended(const struct groups *g, unsigned int i, bool idle)
{
	const struct group_key *key = &g->slab[i].key;
	int n;

	for (n = 0; n < 2; n++)
		if ((g->setup.by[n] == DIM_PROCESS || g->setup.by[n] == DIM_THREAD) &&
		    liveness_has_ended(&g->alive, key->dim[n][0], key->dim[n][1],
				       g->setup.by[n] == DIM_THREAD, idle))
			return true;
	return false;
}

/* --- reading */

static int make_room(struct groups *g)
{
	unsigned int used = 0, i;
	int err;

	for (i = 1; i <= g->maps.groups.limit; i++)
		used += g->slab[i].used != 0;
	/* More may come while it is read. */
	used += used / 8 + 64;
	err = array_reserve(g->rows, g->cap_rows, used);
	return err ? err : array_reserve(g->sorted, g->cap_sorted, used);
}

/* The entry's row, of the interval or of the whole run. 0 or -ENOMEM. */
static int read_entry(struct groups *g, unsigned int i, bool total, struct report_row *row)
{
	struct kept *kept = &g->kept[i];
	struct report_row now;

	group_read(&now, &g->slab[i], *g->maps.epoch - 1);
	if (now.max_ns > kept->max_ns)
		kept->max_ns = now.max_ns;
	*row = now;
	if (total) {
		row->max_ns = kept->max_ns;
		return 0;
	}
	if (kept->last)
		group_since(row, kept->last);
	else
		kept->last = malloc(sizeof(*kept->last));
	if (!kept->last)
		return -ENOMEM;
	*kept->last = now;
	return 0;
}

static void read_exited(struct groups *g, bool total, struct report_row *row)
{
	*row = g->exited;
	if (total)
		return;
	group_since(row, &g->exited_last);
	row->max_ns = 0;
	g->exited_last = g->exited;
}

int groups_read(struct groups *g, bool total, struct group_report *report)
{
	unsigned int i;
	int err = make_room(g);

	memset(report, 0, sizeof(*report));
	memcpy(report->by, g->setup.by, sizeof(report->by));
	if (!err)
		err = read_entry(g, 0, total, &report->other);
	read_exited(g, total, &report->exited);
	for (i = 1; !err && i <= g->maps.groups.limit && report->nr_rows < g->cap_sorted; i++) {
		struct group_row *row = &g->rows[report->nr_rows];
		bool gone;

		if (!g->slab[i].used)
			continue;
		/* Before the count: what is gone counts no more. */
		gone = !total && has_ended(g, i, false);
		err = read_entry(g, i, total, &row->n);
		if (!total)
			g->kept[i].ended = gone || (!row->n.count && has_ended(g, i, true));
		if (err || !row->n.count)
			continue;
		fill_names(g, i, row);
		report->nr_rows++;
	}
	if (g->setup.cgroups)
		cgroups_trim(g->setup.cgroups);
	report->rows = g->rows;
	report->sorted = g->sorted;
	return err;
}

/* --- giving back */

/* Nobody finds or counts in the entry any more. Zero before it is free. */
static void move_to_exited(struct groups *g, unsigned int i)
{
	struct kept *kept = &g->kept[i];
	struct report_row row;

	group_read(&row, &g->slab[i], *g->maps.epoch - 1);
	if (kept->max_ns > row.max_ns)
		row.max_ns = kept->max_ns;
	snapshot_add_row(&g->exited, &row);
	/* What the intervals have had already. */
	if (kept->last)
		snapshot_add_row(&g->exited_last, kept->last);
	free(kept->last);
	free(kept->name[0]);
	free(kept->name[1]);
	memset(kept, 0, sizeof(*kept));
	memset(&g->slab[i], 0, sizeof(g->slab[i]));
}

int groups_free_exited(struct groups *g)
{
	const struct slab *entries = &g->maps.groups;
	unsigned int *ended = calloc(entries->limit, sizeof(*ended));
	unsigned int nr = 0, i;
	int err;

	if (!ended)
		return -ENOMEM;
	/* Downwards, so that the lowest is taken first. */
	for (i = entries->limit; i; i--)
		if (g->kept[i].ended)
			ended[nr++] = i;
	err = slab_unhook(entries, ended, nr);
	if (nr && !err) {
		rcu_wait();
		for (i = 0; i < nr; i++)
			move_to_exited(g, ended[i]);
		err = slab_free(entries, ended, nr);
	}
	free(ended);
	return err;
}

void groups_close(struct groups *g)
{
	unsigned int i;

	if (!g)
		return;
	for (i = 0; g->kept && i <= g->maps.groups.limit; i++) {
		free(g->kept[i].last);
		free(g->kept[i].name[0]);
		free(g->kept[i].name[1]);
	}
	slab_unmap(&g->maps.groups, g->mappings, sizeof(*g->mappings));
	slab_unmap(&g->maps.groups, g->slab, sizeof(*g->slab));
	free(g->kept);
	free(g->rows);
	free(g->sorted);
	free(g);
}
