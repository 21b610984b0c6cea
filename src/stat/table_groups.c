// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/table_groups.c: the table of --by: short names before the numbers, names of any length
 * behind them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "stat_dimensions.h"
#include "stat_formats.h"
#include "util/array.h"
#include "util/escape.h"

#define NR_NUMBERS 9
#define NR_NAMES   4 /* two each for a process and a thread */
#define NR_COLUMNS (NR_NAMES + NR_NUMBERS)
#define MAX_WIDTH  48

static const char *const numbers[NR_NUMBERS] = {
	"COUNT", "RATE/s", "MAJOR", "AVG", "P50", "P99", "MAX", "TOTAL", "SHARE",
};
static const int number_widths[NR_NUMBERS] = { 9, 8, 6, 6, 6, 6, 6, 6, 6 };

/* --- the table's columns */

struct column {
	const char *title;
	bool is_comm;
	int n; /* dimension */
	bool left;
};

struct table {
	const struct group_report *r;
	struct column names[NR_NAMES];
	int nr_names, nr_before; /* those before the numbers */
	int widths[NR_COLUMNS];
};

/* One line: its names, then its numbers. */
struct line {
	char *cell[NR_COLUMNS];
};

static void add_dimension(struct table *t, int n)
{
	const struct dimension_row *dim = &dimensions[t->r->by[n]];

	t->names[t->nr_names++] = (struct column){ dim->title, false, n, !dim->is_number };
	if (dim->has_comm)
		t->names[t->nr_names++] = (struct column){ "COMM", true, n, true };
}

static void add_columns(struct table *t)
{
	int n, last;

	for (last = 0; last < 2; last++) {
		for (n = 0; n < 2; n++)
			if (t->r->by[n] && dimensions[t->r->by[n]].is_long == last)
				add_dimension(t, n);
		if (!last)
			t->nr_before = t->nr_names;
	}
}

static void set_cell(struct line *l, int column, const char *text)
{
	l->cell[column] = strdup(text);
}

static void fill_numbers(struct line *l, const struct report_row *row)
{
	const uint64_t times[] = { row->avg_ns, row->p50_ns, row->p99_ns, row->max_ns,
				   row->sum_ns };
	char buf[32];
	int c = NR_NAMES;

	snprintf(buf, sizeof(buf), "%" PRIu64, row->count);
	set_cell(l, c++, buf);
	set_cell(l, c++, format_rate(buf, row->rate));
	snprintf(buf, sizeof(buf), "%" PRIu64, row->major);
	set_cell(l, c++, buf);
	for (unsigned int i = 0; i < ARRAY_SIZE(times); i++)
		set_cell(l, c++, row->timed ? format_time(buf, times[i]) : "-");
	snprintf(buf, sizeof(buf), "%.1f%%", row->share * 100);
	set_cell(l, c, row->timed ? buf : "-");
}

static void fill_row(const struct table *t, struct line *l, const struct group_row *row)
{
	char buf[DIMENSION_TEXT_LEN];

	for (int c = 0; c < t->nr_names; c++) {
		const struct column *column = &t->names[c];

		if (column->is_comm)
			set_cell(l, c, escape_text(buf, sizeof(buf), row->comm[column->n], ""));
		else
			set_cell(l, c, dimensions[t->r->by[column->n]].text(buf, row, column->n));
	}
	fill_numbers(l, &row->n);
}

static void fill_titles(const struct table *t, struct line *l)
{
	for (int c = 0; c < t->nr_names; c++)
		set_cell(l, c, t->names[c].title);
	for (int c = 0; c < NR_NUMBERS; c++)
		set_cell(l, NR_NAMES + c, numbers[c]);
}

/* A row that is no group: its name is in the first column, or the first that is text. */
static void fill_rest(const struct table *t, struct line *l, const char *name,
		      const struct report_row *row)
{
	int c = 0;

	while (c < t->nr_names - 1 && !t->names[c].left)
		c++;
	set_cell(l, c, name);
	fill_numbers(l, row);
}

static void widen_columns(struct table *t, const struct line *l)
{
	for (int c = 0; c < NR_COLUMNS; c++) {
		int width = l->cell[c] ? (int)strlen(l->cell[c]) : 0;

		if (width > t->widths[c])
			t->widths[c] = width < MAX_WIDTH ? width : MAX_WIDTH;
	}
}

/* Column number i from the left. */
static int column_at(const struct table *t, int i)
{
	if (i < t->nr_before)
		return i;
	i -= t->nr_before;
	return i < NR_NUMBERS ? NR_NAMES + i : t->nr_before + i - NR_NUMBERS;
}

/* No blanks at its end. */
static void print_line(FILE *f, const struct table *t, const struct line *l, const char *colour)
{
	int last = t->nr_names + NR_NUMBERS - 1;

	while (last > 0 && !l->cell[column_at(t, last)])
		last--;
	fputs(colour, f);
	for (int i = 0; i <= last; i++) {
		const int c = column_at(t, i);
		const bool left = c < NR_NAMES && t->names[c].left;
		const int width = left && i == last ? 0 : t->widths[c];

		fprintf(f, "%s%*s", i ? " " : "", left ? -width : width,
			l->cell[c] ? l->cell[c] : "");
	}
	fputs(*colour ? PLAIN "\n" : "\n", f);
}

static unsigned int fill_lines(const struct table *t, struct line *lines)
{
	const struct group_report *r = t->r;
	unsigned int nr = 0;
	char more[32];

	fill_titles(t, &lines[nr++]);
	for (unsigned int i = 0; i < r->shown; i++)
		fill_row(t, &lines[nr++], r->sorted[i]);
	snprintf(more, sizeof(more), "(%u more)", r->nr_rows - r->shown);
	if (r->shown < r->nr_rows)
		fill_rest(t, &lines[nr++], more, &r->more);
	if (r->other.count)
		fill_rest(t, &lines[nr++], "(other)", &r->other);
	if (r->exited.count)
		fill_rest(t, &lines[nr++], "(exited)", &r->exited);
	fill_rest(t, &lines[nr++], "total", &r->total);
	return nr;
}

void table_groups(const struct output *out, const struct group_report *r)
{
	struct line *lines = calloc(r->shown + 5ul, sizeof(*lines));
	struct table t = { .r = r };
	unsigned int nr, i;

	if (!lines) {
		fputs("pfstat: out of memory: a table is missing\n", stderr);
		return;
	}
	add_columns(&t);
	for (int c = 0; c < NR_NUMBERS; c++)
		t.widths[NR_NAMES + c] = number_widths[c];
	nr = fill_lines(&t, lines);
	for (i = 0; i < nr; i++)
		widen_columns(&t, &lines[i]);
	for (i = 0; i < nr; i++)
		print_line(out->file, &t, &lines[i], out->colour && !i ? BOLD : "");
	for (i = 0; i < nr; i++)
		for (int c = 0; c < NR_COLUMNS; c++)
			free(lines[i].cell[c]);
	free(lines);
}
