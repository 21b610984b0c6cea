// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/table_groups.c: the table of --by: what is short before the numbers, what may be
 * long behind them.
 */
#include "stat_groups.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proc/container_id.h"
#include "util/escape.h"

#define BOLD       "\033[1m"
#define PLAIN      "\033[0m"

#define NR_NUMBERS 9
#define NR_NAMES   4 /* two each for a process and a thread */
#define NR_COLUMNS (NR_NAMES + NR_NUMBERS)
#define MAX_WIDTH  48

static const char *const numbers[NR_NUMBERS] = {
	"COUNT", "RATE/s", "MAJOR", "AVG", "P50", "P99", "MAX", "TOTAL", "SHARE",
};
static const int number_widths[NR_NUMBERS] = { 9, 8, 6, 6, 6, 6, 6, 6, 6 };

static const struct {
	const char *name, *title;
} dimensions[DIM_NR] = {
#define DIM_WORDS(id, name, title) [DIM_##id] = { name, title },
	DIMENSIONS(DIM_WORDS)
#undef DIM_WORDS
};

const char *dimension_name(enum dimension dim)
{
	return dimensions[dim].name;
}

uint64_t group_number(const struct group_row *row, int n)
{
	return row->key.dim[n][0];
}

/* The path, and behind it what a container runtime's own tools call the container. */
static const char *cgroup_text(char buf[GROUP_TEXT_LEN], const struct group_row *row, int n)
{
	struct cgroup_names names;
	size_t len;

	if (!row->name[n]) {
		snprintf(buf, GROUP_TEXT_LEN, "(id %" PRIu64 ")", group_number(row, n));
		return buf;
	}
	container_id_parse(&names, row->name[n]);
	escape_text(buf, GROUP_TEXT_LEN - 64, row->name[n], "");
	len = strlen(buf);
	if (*names.container_id)
		snprintf(buf + len, GROUP_TEXT_LEN - len, " (%s %.12s)",
			 *names.runtime ? names.runtime : "container", names.container_id);
	return buf;
}

const char *group_text(char buf[GROUP_TEXT_LEN], const struct group_row *row, enum dimension dim,
		       int n)
{
	char comm[sizeof(row->key.dim[n]) + 1] = "";

	switch (dim) {
	case DIM_COMM:
		memcpy(comm, row->key.dim[n], sizeof(row->key.dim[n]));
		return escape_text(buf, GROUP_TEXT_LEN, comm, "");
	case DIM_CGROUP:
		return cgroup_text(buf, row, n);
	case DIM_MAPPING:
		return escape_text(buf, GROUP_TEXT_LEN, row->name[n] ? row->name[n] : "[unknown]",
				   "");
	case DIM_FILE:
		return escape_text(buf, GROUP_TEXT_LEN, row->name[n] ? row->name[n] : "(no file)",
				   "");
	case DIM_PATH:
		return path_name(group_number(row, n));
	default:
		snprintf(buf, GROUP_TEXT_LEN, "%" PRIu64, group_number(row, n));
		return buf;
	}
}

/* --- the table's columns */

enum source { WORDS, NUMBER, TASK_COMM };

struct column {
	const char *title;
	enum source source;
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

static bool is_long(enum dimension dim)
{
	return dim == DIM_CGROUP || dim == DIM_MAPPING || dim == DIM_FILE;
}

static void add_dimension(struct table *t, int n)
{
	const enum dimension dim = t->r->by[n];

	switch (dim) {
	case DIM_PROCESS:
	case DIM_THREAD:
		t->names[t->nr_names++] =
			(struct column){ dim == DIM_THREAD ? "TID" : "PID", NUMBER, n, false };
		t->names[t->nr_names++] = (struct column){ "COMM", TASK_COMM, n, true };
		break;
	case DIM_CPU:
	case DIM_NODE:
		t->names[t->nr_names++] =
			(struct column){ dimensions[dim].title, NUMBER, n, false };
		break;
	default:
		t->names[t->nr_names++] = (struct column){ dimensions[dim].title, WORDS, n, true };
	}
}

static void add_columns(struct table *t)
{
	int n, last;

	for (last = 0; last < 2; last++) {
		for (n = 0; n < 2; n++)
			if (t->r->by[n] && is_long(t->r->by[n]) == last)
				add_dimension(t, n);
		if (!last)
			t->nr_before = t->nr_names;
	}
}

static void set(struct line *l, int column, const char *text)
{
	l->cell[column] = strdup(text);
}

static void fill_numbers(struct line *l, const struct report_row *row)
{
	const uint64_t times[] = { row->avg_ns, row->p50_ns, row->p99_ns, row->max_ns,
				   row->sum_ns };
	bool timed = row->count != row->untimed;
	char buf[32];
	int c = NR_NAMES;

	snprintf(buf, sizeof(buf), "%" PRIu64, row->count);
	set(l, c++, buf);
	set(l, c++, render_rate(buf, row->rate));
	snprintf(buf, sizeof(buf), "%" PRIu64, row->major);
	set(l, c++, buf);
	for (unsigned int i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		set(l, c++, timed ? render_time(buf, times[i]) : "-");
	snprintf(buf, sizeof(buf), "%.1f%%", row->share * 100);
	set(l, c, timed ? buf : "-");
}

static void fill_row(const struct table *t, struct line *l, const struct group_row *row)
{
	char buf[GROUP_TEXT_LEN];

	for (int c = 0; c < t->nr_names; c++) {
		const struct column *column = &t->names[c];

		if (column->source == TASK_COMM)
			set(l, c, escape_text(buf, sizeof(buf), row->comm[column->n], ""));
		else
			set(l, c, group_text(buf, row, t->r->by[column->n], column->n));
	}
	fill_numbers(l, &row->n);
}

static void fill_titles(const struct table *t, struct line *l)
{
	for (int c = 0; c < t->nr_names; c++)
		set(l, c, t->names[c].title);
	for (int c = 0; c < NR_NUMBERS; c++)
		set(l, NR_NAMES + c, numbers[c]);
}

/* A row that is no group: its name is in the first column, or the first that is text. */
static void fill_rest(const struct table *t, struct line *l, const char *name,
		      const struct report_row *row)
{
	int c = 0;

	while (c < t->nr_names - 1 && !t->names[c].left)
		c++;
	set(l, c, name);
	fill_numbers(l, row);
}

static void widen(struct table *t, const struct line *l)
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

void render_groups_table(FILE *f, const struct group_report *r, const struct render_style *style)
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
		widen(&t, &lines[i]);
	for (i = 0; i < nr; i++)
		print_line(f, &t, &lines[i], style->colour && !i ? BOLD : "");
	for (i = 0; i < nr; i++)
		for (int c = 0; c < NR_COLUMNS; c++)
			free(lines[i].cell[c]);
	free(lines);
}
