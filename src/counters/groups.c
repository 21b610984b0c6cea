// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * counters/groups.c: reads the counters of groups, names them, and frees those of exited tasks.
 */
#include "counters_groups.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc/liveness.h"
#include "util/array.h"

/* Of an entry, from one read to the next. */
struct history {
	struct report_row *last; /* with intervals: its counters at the last read */
	uint64_t max_ns; /* of all intervals */
	bool ended;
	char *name[2]; /* once it is known */
};

struct groups {
	struct session_maps maps;
	enum dimension by[2];
	struct cgroups *cgroups; /* NULL: not by cgroup */
	struct group_faults *slab;
	struct fault_mapping *mappings; /* NULL: not by mapping or file */
	struct history *history; /* by entry */
	struct report_row exited, exited_last;
	struct liveness alive;
	struct group_row *rows;
	struct group_row **sorted;
	size_t cap_rows, cap_sorted; /* cap_sorted <= cap_rows */
};

static int map_group_slab(struct groups *g)
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

int groups_open(struct groups **out, const struct session *session, const enum dimension by[2],
		struct cgroups *cgroups)
{
	struct groups *g = calloc(1, sizeof(*g));
	int err = -ENOMEM;

	if (!g)
		return err;
	session_maps(session, &g->maps);
	memcpy(g->by, by, sizeof(g->by));
	g->cgroups = cgroups;
	liveness_open(&g->alive);
	g->history = calloc(g->maps.groups.limit + 1ul, sizeof(*g->history));
	if (g->history)
		err = map_group_slab(g);
	if (err)
		groups_close(g);
	else
		*out = g;
	return err;
}

void groups_flip_epoch(void *groups, unsigned int epoch)
{
	struct groups *g = groups;
	unsigned int i;

	for (i = 0; i <= g->maps.groups.limit; i++)
		if (g->slab[i].max_ns[epoch & 1])
			g->slab[i].max_ns[epoch & 1] = 0;
}

/* --- names */

/* NULL: unknown, or a number. By file, all mappings without a file are one group. */
static const char *find_group_name(struct groups *g, unsigned int i, int n,
				   char buf[MAPPING_NAME_LEN])
{
	const uint64_t id = g->slab[i].key.dim[n][0], kind = id >> 32;
	const enum dimension by = g->by[n];

	if (by == DIM_CGROUP)
		return cgroups_path(g->cgroups, id);
	if (by == DIM_PATH)
		return path_name(id);
	if (by == DIM_COMM) {
		snprintf(buf, MAPPING_NAME_LEN, "%.16s", (const char *)g->slab[i].key.dim[n]);
		return buf;
	}
	if ((by != DIM_MAPPING && by != DIM_FILE) || !g->mappings)
		return NULL;
	if (kind != MAPPING_FILE && (by == DIM_FILE || g->mappings[i].kind == MAPPING_FILE))
		return NULL;
	return mapping_name(&g->mappings[i], buf, MAPPING_NAME_LEN);
}

static const char *group_name(struct groups *g, unsigned int i, int n)
{
	char **kept = &g->history[i].name[n], buf[MAPPING_NAME_LEN];
	const char *name = *kept ? NULL : find_group_name(g, i, n, buf);

	if (name)
		*kept = strdup(name);
	return *kept;
}

static void set_row_names(struct groups *g, unsigned int i, struct group_row *row)
{
	int n;

	row->key = g->slab[i].key;
	for (n = 0; n < 2; n++) {
		memcpy(row->comm[n], g->slab[i].comm[n], sizeof(row->comm[n]));
		row->comm[n][sizeof(row->comm[n]) - 1] = '\0';
		row->name[n] = group_name(g, i, n);
	}
}

/* --- which tasks have exited */

/* idle: it had no faults since the last read. */
static bool group_has_ended(const struct groups *g, unsigned int i, bool idle)
{
	const struct group_key *key = &g->slab[i].key;
	int n;

	for (n = 0; n < 2; n++)
		if ((g->by[n] == DIM_PROCESS || g->by[n] == DIM_THREAD) &&
		    liveness_has_ended(&g->alive, key->dim[n][0], key->dim[n][1],
				       g->by[n] == DIM_THREAD, idle))
			return true;
	return false;
}

/* --- reading */

static int reserve_rows(struct groups *g)
{
	unsigned int used = 0, i;
	int err;

	for (i = 1; i <= g->maps.groups.limit; i++)
		used += g->slab[i].used != 0;
	/* Programs may claim more while this reads. */
	used += used / 8 + 64;
	err = array_reserve(g->rows, g->cap_rows, used);
	return err ? err : array_reserve(g->sorted, g->cap_sorted, used);
}

/* The entry's row, of the interval or of the complete run. 0 or -ENOMEM. */
static int read_entry(struct groups *g, unsigned int i, bool total, struct report_row *row)
{
	struct history *history = &g->history[i];
	struct report_row now;

	group_read(&now, &g->slab[i], *g->maps.epoch - 1);
	if (now.max_ns > history->max_ns)
		history->max_ns = now.max_ns;
	*row = now;
	if (total) {
		row->max_ns = history->max_ns;
		return 0;
	}
	if (history->last)
		group_since(row, history->last);
	else
		history->last = malloc(sizeof(*history->last));
	if (!history->last)
		return -ENOMEM;
	*history->last = now;
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
	int err = reserve_rows(g);

	memset(report, 0, sizeof(*report));
	memcpy(report->by, g->by, sizeof(report->by));
	err = err ?: read_entry(g, 0, total, &report->other);
	read_exited(g, total, &report->exited);
	for (i = 1; !err && i <= g->maps.groups.limit && report->nr_rows < g->cap_sorted; i++) {
		struct group_row *row = &g->rows[report->nr_rows];
		bool gone;

		if (!g->slab[i].used)
			continue;
		/* Before the count: an exited task counts no more. */
		gone = !total && group_has_ended(g, i, false);
		err = read_entry(g, i, total, &row->n);
		if (!total)
			g->history[i].ended =
				gone || (!row->n.count && group_has_ended(g, i, true));
		if (err || !row->n.count)
			continue;
		set_row_names(g, i, row);
		report->nr_rows++;
	}
	if (g->cgroups)
		cgroups_trim(g->cgroups);
	report->rows = g->rows;
	report->sorted = g->sorted;
	return err;
}

/* --- freeing entries */

static void free_history(struct history *history)
{
	free(history->last);
	free(history->name[0]);
	free(history->name[1]);
	memset(history, 0, sizeof(*history));
}

/* No program uses the entry any more. It must be zero before it is free. */
static void move_to_exited(struct groups *g, unsigned int i)
{
	struct history *history = &g->history[i];
	struct report_row row;

	group_read(&row, &g->slab[i], *g->maps.epoch - 1);
	if (history->max_ns > row.max_ns)
		row.max_ns = history->max_ns;
	snapshot_add_row(&g->exited, &row);
	/* Part of earlier intervals. */
	if (history->last)
		snapshot_add_row(&g->exited_last, history->last);
	free_history(history);
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
	/* Downwards: programs claim the last that was returned first. */
	for (i = entries->limit; i; i--)
		if (g->history[i].ended)
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
	for (i = 0; g->history && i <= g->maps.groups.limit; i++)
		free_history(&g->history[i]);
	slab_unmap(&g->maps.groups, g->mappings, sizeof(*g->mappings));
	slab_unmap(&g->maps.groups, g->slab, sizeof(*g->slab));
	free(g->history);
	free(g->rows);
	free(g->sorted);
	free(g);
}
