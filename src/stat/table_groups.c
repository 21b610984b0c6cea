// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/table_groups.c: the table of --by: short names before the numbers, names of any length
 * behind them.
 */
#include "stat_dimensions.h"
#include "stat_formats.h"
#include "util/escape.h"

static bool is_dimension_shown(const struct group_report *r, int n, bool is_long)
{
	return r->by[n] && dimensions[r->by[n]].is_long == is_long;
}

static void add_name_columns(struct table *t, const struct group_report *r, bool are_long)
{
	for (int n = 0; n < 2; n++) {
		const struct dimension_row *dim = &dimensions[r->by[n]];

		if (!is_dimension_shown(r, n, are_long))
			continue;
		table_add_column(t, dim->title, 0, !dim->is_number);
		if (dim->has_comm)
			table_add_column(t, "COMM", 0, true);
	}
}

static void put_name_cells(struct table *t, const struct group_report *r,
			   const struct group_row *row, bool are_long)
{
	char buf[DIMENSION_TEXT_LEN];

	for (int n = 0; n < 2; n++) {
		const struct dimension_row *dim = &dimensions[r->by[n]];

		if (!is_dimension_shown(r, n, are_long))
			continue;
		table_put(t, "%s", dim->text(buf, row, n));
		if (dim->has_comm)
			table_put(t, "%s", escape_text(buf, sizeof(buf), row->comm[n], ""));
	}
}

static void put_group_cells(struct table *t, const struct group_report *r,
			    const struct group_row *row)
{
	table_begin_line(t, "");
	put_name_cells(t, r, row, false);
	table_put_numbers(t, &row->n, false, NULL);
	put_name_cells(t, r, row, true);
}

/* A row that is no group: its name is in the first column of texts, or the last before numbers. */
static void put_rest_cells(struct table *t, unsigned int nr_before, unsigned int nr_numbers,
			   const char *name, const struct report_row *row)
{
	unsigned int named = 0;

	while (named < t->nr_columns && !t->columns[named].left)
		named++;
	if (named == t->nr_columns)
		named = nr_before - 1;
	table_begin_line(t, "");
	for (unsigned int c = 0; c < nr_before; c++)
		table_put(t, "%s", c == named ? name : "");
	table_put_numbers(t, row, false, NULL);
	for (unsigned int c = nr_before + nr_numbers; c < t->nr_columns; c++)
		table_put(t, "%s", c == named ? name : "");
}

int table_groups(const struct output *out, const struct group_report *r)
{
	struct table t = { .by_bytes = true };
	unsigned int before, numbers;
	char more[32];

	add_name_columns(&t, r, false);
	before = t.nr_columns;
	table_add_numbers(&t, false, NULL);
	numbers = t.nr_columns - before;
	add_name_columns(&t, r, true);
	table_put_titles(&t, out->colour ? BOLD : "");
	for (unsigned int i = 0; i < r->shown; i++)
		put_group_cells(&t, r, r->sorted[i]);
	snprintf(more, sizeof(more), "(%u more)", r->nr_rows - r->shown);
	if (r->shown < r->nr_rows)
		put_rest_cells(&t, before, numbers, more, &r->more);
	if (r->other.count)
		put_rest_cells(&t, before, numbers, "(other)", &r->other);
	if (r->exited.count)
		put_rest_cells(&t, before, numbers, "(exited)", &r->exited);
	put_rest_cells(&t, before, numbers, "total", &r->total);
	return table_print(&t, out->file);
}
