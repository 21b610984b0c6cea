// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * serve/metrics_cgroup.c: which cgroup an entry of the kernel's counters belongs to, from
 * scrape to scrape, and the samples of the families by cgroup.
 *
 * A cgroup that cannot be named (it was removed before the first scrape, or lies
 * outside of what is mounted here) counts as "other" from the first scrape on,
 * and stays there: a counter must not go back. Its entry is released when its
 * counters no longer change.
 */
#include "serve_metrics_cgroup.h"

#include <errno.h>
#include <stdlib.h>

#include "serve_metrics.h"
#include "counters/counters.h"

enum view_status { STATUS_NEW, STATUS_NAMED, STATUS_UNNAMED };

struct view {
	uint64_t key; /* 0: the entry is free */
	uint64_t faults; /* at the last scrape */
	enum view_status status;
	/* Of this scrape. */
	const struct cgroup_entry *entry; /* NULL: it has no series */
	bool over; /* forget it at the end of the scrape */
};

struct metrics_cgroup {
	struct cgroup_counters *counters;
	struct cgroups *cgroups;
	struct view *views; /* by entry; the first one is unused */
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
	err = cgroup_counters_open(&m->counters, session);
	if (!err) {
		m->nr_views = cgroup_counters_limit(m->counters) + 1;
		m->views = calloc(m->nr_views, sizeof(*m->views));
		err = m->views ? 0 : -ENOMEM;
	}
	if (err)
		metrics_cgroup_close(m);
	else
		*out = m;
	return err;
}

/* --- names of entries */

/*
 * An unnamed cgroup that has counted since the last scrape may still exist. A cgroup
 * that another one of the same name has replaced gets no series, as each would be
 * exported twice: the series of its successor continue them.
 */
static void update_view(struct metrics_cgroup *m, unsigned int i, uint64_t faults)
{
	struct view *view = &m->views[i];
	enum cgroup_fate fate;

	if (view->status == STATUS_UNNAMED) {
		cgroup_counters_add(&m->other, cgroup_counters_faults(m->counters, i));
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

static void name_view(struct metrics_cgroup *m, struct view *view, uint64_t now_ns)
{
	view->over = false;
	view->entry = NULL;
	if (view->status != STATUS_UNNAMED)
		view->entry = cgroups_find(m->cgroups, view->key, now_ns);
	if (view->status == STATUS_NEW)
		view->status = view->entry ? STATUS_NAMED : STATUS_UNNAMED;
}

/*
 * In this order: a cgroup is removed when its id was known before and a walk does
 * not find it; and this is checked before its counters are read, so that the
 * counters of a removed cgroup are final.
 */
void metrics_cgroup_begin(struct metrics_cgroup *m, uint64_t now_ns)
{
	unsigned int i;

	cgroup_counters_other(m->counters, &m->other);
	m->nr_named = 0;
	for (i = 1; i < m->nr_views; i++) {
		uint64_t faults, key = cgroup_counters_key(m->counters, i, &faults);

		if (m->views[i].key != key)
			m->views[i] = (struct view){ .key = key };
	}
	for (i = 1; i < m->nr_views; i++)
		if (m->views[i].key)
			name_view(m, &m->views[i], now_ns);
	for (i = 1; i < m->nr_views; i++) {
		struct view *view = &m->views[i];
		uint64_t faults;

		if (!view->key)
			continue;
		cgroup_counters_key(m->counters, i, &faults);
		update_view(m, i, faults);
		view->faults = faults;
	}
}

void metrics_cgroup_end(struct metrics_cgroup *m)
{
	unsigned int i;

	for (i = 1; i < m->nr_views; i++)
		if (m->views[i].key && m->views[i].over)
			cgroup_counters_forget(m->counters, i,
					       m->views[i].status == STATUS_UNNAMED);
	cgroup_counters_settle(m->counters);
	/* The next scrape may find another cgroup in the entry, even with the same id. */
	for (i = 1; i < m->nr_views; i++)
		if (m->views[i].over)
			m->views[i] = (struct view){ 0 };
	cgroups_trim(m->cgroups);
}

/* --- the families */

typedef void write_faults_of(struct exposition *e, const struct cgroup_faults *faults);

static void write_one_cgroup(struct exposition *e, const char *path,
			     const struct cgroup_names *names, const struct cgroup_faults *faults,
			     write_faults_of *write)
{
	const struct label labels[] = {
		{ "cgroup", path },
		{ "pod_uid", names->pod_uid },
		{ "container_id", names->container_id },
	};

	exposition_common(e, labels, 3);
	write(e, faults);
}

/* Paths begin with "/", so "other" is not one. */
static void write_all_cgroups(const struct metrics_cgroup *m, struct exposition *e,
			      write_faults_of *write)
{
	const struct cgroup_names none = { 0 };
	unsigned int i;

	write_one_cgroup(e, "other", &none, &m->other, write);
	for (i = 1; i < m->nr_views; i++) {
		const struct view *view = &m->views[i];

		if (view->key && view->entry)
			write_one_cgroup(e, view->entry->path, &view->entry->names,
					 cgroup_counters_faults(m->counters, i), write);
	}
	exposition_common(e, NULL, 0);
}

static void write_cgroup_count(struct exposition *e, unsigned int path, unsigned int major,
			       uint64_t count)
{
	const struct label labels[] = PATH_SEVERITY_LABELS(path, major);

	if (count)
		exposition_count(e, labels, 2, count);
}

static void write_cgroup_faults(struct exposition *e, const struct cgroup_faults *faults)
{
	unsigned int path;

	for (path = 0; path < PATH_NR; path++) {
		/* Failed faults are neither minor nor major. */
		if (!path_completes(path)) {
			write_cgroup_count(e, path, 0,
					   faults->count[path][0] + faults->count[path][1]);
			continue;
		}
		write_cgroup_count(e, path, 0, faults->count[path][0]);
		write_cgroup_count(e, path, 1, faults->count[path][1]);
	}
}

static void write_cgroup_seconds(struct exposition *e, const struct cgroup_faults *faults)
{
	unsigned int path;

	for (path = 0; path < PATH_NR; path++) {
		const struct label label = { "path", path_name(path) };

		if (faults->sum_ns[path])
			exposition_seconds(e, &label, 1, faults->sum_ns[path]);
	}
}

static void write_cgroup_durations(struct exposition *e, const struct cgroup_faults *faults)
{
	uint64_t buckets[HIST_SLOTS];
	struct exposition_histogram histogram = { .buckets = buckets };
	unsigned int i;

	for (i = 0; i < PATH_NR; i++)
		histogram.sum_ns += faults->sum_ns[i];
	for (i = 0; i < HIST_SLOTS; i++)
		buckets[i] = faults->buckets[i];
	exposition_histogram(e, NULL, 0, &histogram);
}

void metrics_cgroup_write(const struct metrics_cgroup *m, struct exposition *e,
			  enum metrics_cgroup_family family)
{
	static write_faults_of *const writers[] = {
		[CGROUP_FAULTS] = write_cgroup_faults,
		[CGROUP_SECONDS] = write_cgroup_seconds,
		[CGROUP_DURATIONS] = write_cgroup_durations,
	};

	write_all_cgroups(m, e, writers[family]);
}

unsigned int metrics_cgroup_count(const struct metrics_cgroup *m)
{
	return m->nr_named;
}

unsigned int metrics_cgroup_limit(const struct metrics_cgroup *m)
{
	return cgroup_counters_limit(m->counters);
}

void metrics_cgroup_close(struct metrics_cgroup *m)
{
	if (!m)
		return;
	cgroup_counters_close(m->counters);
	free(m->views);
	free(m);
}
