// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * serve/metrics_cgroup.c: see serve/serve_metrics_cgroup.h.
 *
 * A cgroup that cannot be named (it was gone before anybody asked, or lies
 * outside what is mounted here) is a part of "other" from the first scrape on,
 * and stays so: a counter must not go back. Its entry is given back when it
 * does not count any more.
 */
#include "serve_metrics_cgroup.h"

#include <errno.h>
#include <stdlib.h>

#include "serve_metrics.h"
#include "counters/counters.h"

enum status { STATUS_NEW, STATUS_NAMED, STATUS_UNNAMED };

struct view {
	uint64_t key; /* 0: the entry is nobody's */
	uint64_t faults; /* at the last scrape */
	enum status status;
	/* Of this scrape. */
	const struct cgroup_entry *entry; /* NULL: it has no series */
	bool over; /* to be forgotten at its end */
};

struct metrics_cgroup {
	struct cgroup_counters *scopes;
	struct cgroups *cgroups;
	struct view *views; /* by entry; the first one is of no use */
	unsigned int nr_views;
	unsigned int nr_named;
	struct cgroup_faults other;
};

int metrics_cgroup_open(struct metrics_cgroup **out, const struct session *session,
			struct cgroups *cgroups)
{
	struct metrics_cgroup *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return -ENOMEM;
	m->cgroups = cgroups;
	err = cgroup_counters_open(&m->scopes, session);
	if (!err) {
		m->nr_views = cgroup_counters_limit(m->scopes) + 1;
		m->views = calloc(m->nr_views, sizeof(*m->views));
		err = m->views ? 0 : -ENOMEM;
	}
	if (err) {
		metrics_cgroup_close(m);
		return err;
	}
	*out = m;
	return 0;
}

/* --- whose is what */

/*
 * An unnamed one that has counted since the last scrape may live on. One whose
 * name another cgroup has taken cannot have series, which would be there twice:
 * those of its successor go on in their place.
 */
static void judge(struct metrics_cgroup *m, unsigned int i, uint64_t faults)
{
	struct view *view = &m->views[i];
	enum cgroup_fate fate;

	if (view->status == STATUS_UNNAMED) {
		cgroup_counters_add(&m->other, cgroup_counters_faults(m->scopes, i));
		view->over = faults == view->faults;
	} else if (!view->entry) {
		view->over = true;
	} else {
		fate = cgroups_fate(m->cgroups, view->entry);
		view->over = fate != CGROUP_LIVES;
		if (fate == CGROUP_REPLACED)
			view->entry = NULL;
	}
	m->nr_named += view->entry != NULL;
}

static void name(struct metrics_cgroup *m, struct view *view, uint64_t now_ns)
{
	view->over = false;
	view->entry = NULL;
	if (view->status != STATUS_UNNAMED)
		view->entry = cgroups_find(m->cgroups, view->key, now_ns);
	if (view->status == STATUS_NEW)
		view->status = view->entry ? STATUS_NAMED : STATUS_UNNAMED;
}

/*
 * In this order: what a walk does not see whose id was known before is gone; and
 * whether a cgroup is gone is asked before its counts are read, so the counts of
 * one that is are the last.
 */
void metrics_cgroup_begin(struct metrics_cgroup *m, uint64_t now_ns)
{
	unsigned int i;

	cgroup_counters_other(m->scopes, &m->other);
	m->nr_named = 0;
	for (i = 1; i < m->nr_views; i++) {
		uint64_t faults, key = cgroup_counters_key(m->scopes, i, &faults);

		if (m->views[i].key != key)
			m->views[i] = (struct view){ .key = key };
	}
	for (i = 1; i < m->nr_views; i++)
		if (m->views[i].key)
			name(m, &m->views[i], now_ns);
	for (i = 1; i < m->nr_views; i++) {
		struct view *view = &m->views[i];
		uint64_t faults;

		if (!view->key)
			continue;
		cgroup_counters_key(m->scopes, i, &faults);
		judge(m, i, faults);
		view->faults = faults;
	}
}

void metrics_cgroup_end(struct metrics_cgroup *m)
{
	unsigned int i;

	for (i = 1; i < m->nr_views; i++)
		if (m->views[i].key && m->views[i].over)
			cgroup_counters_forget(m->scopes, i, m->views[i].status == STATUS_UNNAMED);
	cgroup_counters_settle(m->scopes);
	/* An entry may be another cgroup's at the next scrape, even with the same id. */
	for (i = 1; i < m->nr_views; i++)
		if (m->views[i].over)
			m->views[i] = (struct view){ 0 };
	cgroups_trim(m->cgroups);
}

/* --- the families */

typedef void write_cell(struct exposition *e, const struct cgroup_faults *cell);

static void write_one(struct exposition *e, const char *path, const struct cgroup_names *names,
		      const struct cgroup_faults *cell, write_cell *write)
{
	const struct label labels[] = {
		{ "cgroup", path },
		{ "pod_uid", names->pod_uid },
		{ "container_id", names->container_id },
	};

	exposition_common(e, labels, 3);
	write(e, cell);
}

/* "other" is no path: those begin with "/". */
static void write_all(const struct metrics_cgroup *m, struct exposition *e, write_cell *write)
{
	const struct cgroup_names none = { 0 };
	unsigned int i;

	write_one(e, "other", &none, &m->other, write);
	for (i = 1; i < m->nr_views; i++) {
		const struct view *view = &m->views[i];

		if (view->key && view->entry)
			write_one(e, view->entry->path, &view->entry->names,
				  cgroup_counters_faults(m->scopes, i), write);
	}
	exposition_common(e, NULL, 0);
}

static void write_count(struct exposition *e, unsigned int path, unsigned int major, uint64_t count)
{
	const struct label labels[] = {
		{ "path", path_name(path) },
		{ "severity", metrics_severity(path, major) },
	};

	if (count)
		exposition_count(e, labels, 2, count);
}

static void write_faults(struct exposition *e, const struct cgroup_faults *cell)
{
	unsigned int path;

	for (path = 0; path < PATH_NR; path++) {
		/* What failed is neither minor nor major. */
		if (!path_completes(path)) {
			write_count(e, path, 0, cell->count[path][0] + cell->count[path][1]);
			continue;
		}
		write_count(e, path, 0, cell->count[path][0]);
		write_count(e, path, 1, cell->count[path][1]);
	}
}

static void write_seconds(struct exposition *e, const struct cgroup_faults *cell)
{
	unsigned int path;

	for (path = 0; path < PATH_NR; path++) {
		const struct label label = { "path", path_name(path) };

		if (cell->sum_ns[path])
			exposition_seconds(e, &label, 1, cell->sum_ns[path]);
	}
}

static void write_durations(struct exposition *e, const struct cgroup_faults *cell)
{
	uint64_t buckets[HIST_SLOTS];
	struct exposition_histogram histogram = { .buckets = buckets };
	unsigned int i;

	for (i = 0; i < PATH_NR; i++)
		histogram.sum_ns += cell->sum_ns[i];
	for (i = 0; i < HIST_SLOTS; i++)
		buckets[i] = cell->buckets[i];
	exposition_histogram(e, NULL, 0, &histogram);
}

void metrics_cgroup_faults(const struct metrics_cgroup *m, struct exposition *e)
{
	write_all(m, e, write_faults);
}

void metrics_cgroup_seconds(const struct metrics_cgroup *m, struct exposition *e)
{
	write_all(m, e, write_seconds);
}

void metrics_cgroup_durations(const struct metrics_cgroup *m, struct exposition *e)
{
	write_all(m, e, write_durations);
}

unsigned int metrics_cgroup_count(const struct metrics_cgroup *m)
{
	return m->nr_named;
}

unsigned int metrics_cgroup_limit(const struct metrics_cgroup *m)
{
	return cgroup_counters_limit(m->scopes);
}

void metrics_cgroup_close(struct metrics_cgroup *m)
{
	if (!m)
		return;
	cgroup_counters_close(m->scopes);
	free(m->views);
	free(m);
}
