// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/json_groups.c: the rows of --by in JSON. docs/json.md is the contract; the order of the
 * keys is part of it.
 */
#include "stat_dimensions.h"
#include "stat_formats.h"

static void put_numbers(struct json_writer *w, const struct report_row *n)
{
	json_put_uint(w, "count", n->count);
	json_put_times(w, n);
}

static void put_group(struct json_writer *w, const struct group_report *r,
		      const struct group_row *row)
{
	json_begin(w, NULL, '{');
	for (int n = 0; n < 2 && r->by[n]; n++)
		dimensions[r->by[n]].put_json(w, dimension_name(r->by[n]), row, n);
	put_numbers(w, &row->n);
	json_end(w, '}');
}

static void put_rest(struct json_writer *w, const char *key, const struct report_row *row)
{
	json_begin(w, key, '{');
	put_numbers(w, row);
	json_end(w, '}');
}

void json_put_groups(struct json_writer *w, const struct group_report *r)
{
	json_begin(w, "by", '[');
	for (int n = 0; n < 2 && r->by[n]; n++)
		json_put_string(w, NULL, dimension_name(r->by[n]));
	json_end(w, ']');
	json_begin(w, "groups", '[');
	for (unsigned int i = 0; i < r->nr_rows; i++)
		put_group(w, r, r->sorted[i]);
	json_end(w, ']');
	put_rest(w, "groups_other", &r->other);
	put_rest(w, "groups_exited", &r->exited);
}
