// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * report/group_report.c: totals, shares and the order of the rows of --by.
 */
#include "group_report.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

void group_read(struct report_row *out, const volatile struct group_faults *cell,
		unsigned int epoch)
{
	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < HIST_SLOTS; i++) {
		out->buckets[i] = cell->buckets[i];
		out->count += out->buckets[i];
	}
	out->untimed = cell->untimed;
	out->count += out->untimed;
	out->sum_ns = cell->sum_ns;
	out->major = cell->major;
	out->max_ns = cell->max_ns[epoch & 1];
}

void group_since(struct report_row *now, const struct report_row *before)
{
	for (unsigned int i = 0; i < HIST_SLOTS; i++)
		now->buckets[i] -= before->buckets[i];
	now->count -= before->count;
	now->untimed -= before->untimed;
	now->sum_ns -= before->sum_ns;
	now->major -= before->major;
}

static const struct {
	const char *name;
	size_t offset; /* of a uint64_t */
} sorts[SORT_NR] = {
#define SORT_ROW(id, name, field) { name, offsetof(struct report_row, field) },
	SORTS(SORT_ROW)
#undef SORT_ROW
};

const char *sort_name(unsigned int sort)
{
	return sort < SORT_NR ? sorts[sort].name : "?";
}

static uint64_t sort_value(const struct report_row *row, enum sort sort)
{
	return *(const uint64_t *)((const char *)row + sorts[sort].offset);
}

/* Then by time, by count, and by key, so that the order is total. */
static int compare_groups(const void *left, const void *right, void *arg)
{
	const struct group_row *a = *(struct group_row *const *)left;
	const struct group_row *b = *(struct group_row *const *)right;
	const enum sort *sort = arg;
	int order = compare_u64(sort_value(&b->n, *sort), sort_value(&a->n, *sort));

	order = order ?: compare_u64(b->n.sum_ns, a->n.sum_ns);
	order = order ?: compare_u64(b->n.count, a->n.count);
	return order ?: memcmp(&a->key, &b->key, sizeof(a->key));
}

static void set_share(struct report_row *row, const struct report_row *total)
{
	row->share = total->sum_ns ? (double)row->sum_ns / (double)total->sum_ns : 0;
}

static void add_totals(struct group_report *r, uint64_t duration_ns)
{
	memset(&r->total, 0, sizeof(r->total));
	for (unsigned int i = 0; i < r->nr_rows; i++) {
		snapshot_finish_row(&r->rows[i].n, duration_ns);
		snapshot_add_row(&r->total, &r->rows[i].n);
	}
	snapshot_finish_row(&r->other, duration_ns);
	snapshot_finish_row(&r->exited, duration_ns);
	snapshot_add_row(&r->total, &r->other);
	snapshot_add_row(&r->total, &r->exited);
	snapshot_finish_row(&r->total, duration_ns);
	for (unsigned int i = 0; i < r->nr_rows; i++)
		set_share(&r->rows[i].n, &r->total);
	set_share(&r->other, &r->total);
	set_share(&r->exited, &r->total);
	set_share(&r->total, &r->total);
}

/* A table that would fold one row shows it instead: that takes no more lines. */
static void fold_rows(struct group_report *r, unsigned int top, uint64_t duration_ns)
{
	memset(&r->more, 0, sizeof(r->more));
	r->shown = top && r->nr_rows > top + 1 ? top : r->nr_rows;
	for (unsigned int i = r->shown; i < r->nr_rows; i++)
		snapshot_add_row(&r->more, &r->sorted[i]->n);
	snapshot_finish_row(&r->more, duration_ns);
	set_share(&r->more, &r->total);
}

void group_report_make(struct group_report *r, enum sort sort, unsigned int top,
		       uint64_t duration_ns)
{
	add_totals(r, duration_ns);
	for (unsigned int i = 0; i < r->nr_rows; i++)
		r->sorted[i] = &r->rows[i];
	if (r->nr_rows)
		qsort_r(r->sorted, r->nr_rows, sizeof(*r->sorted), compare_groups, &sort);
	fold_rows(r, top, duration_ns);
}
