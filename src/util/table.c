// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/table.c: the widths of columns, and the blanks between cells.
 */
#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/param.h>

#define MAX_CELL 8192
/* A longer cell does not widen its column. */
#define MAX_WIDTH 48

void table_add_column(struct table *t, const char *title, int width, bool left)
{
	t->columns[t->nr_columns++] = (struct table_column){ title, width, left };
}

void table_begin_line(struct table *t, const char *colour)
{
	table_put(t, "%s", colour);
}

void table_put(struct table *t, const char *format, ...)
{
	va_list args;
	int len;

	if (!buffer_room(&t->cells, MAX_CELL))
		return;
	va_start(args, format);
	len = vsnprintf(t->cells.data + t->cells.len, MAX_CELL, format, args);
	va_end(args);
	t->cells.len += MIN(len, MAX_CELL - 1) + 1;
}

void table_put_titles(struct table *t, const char *colour)
{
	table_begin_line(t, colour);
	for (unsigned int c = 0; c < t->nr_columns; c++)
		table_put(t, "%s", t->columns[c].title);
}

/* Characters, not bytes; those that are two columns wide count as one. */
static int shown_width(const struct table *t, const char *s)
{
	int width = 0;

	if (t->by_bytes)
		return (int)strlen(s);
	for (; *s; s++)
		width += ((unsigned char)*s & 0xc0) != 0x80;
	return width;
}

static const char *next_cell(const char *cell)
{
	return cell + strlen(cell) + 1;
}

static void widen_columns(struct table *t)
{
	const char *cell = t->cells.data, *end = cell + t->cells.len;

	while (cell < end) {
		cell = next_cell(cell);
		for (unsigned int c = 0; c < t->nr_columns; c++) {
			int width = MIN(shown_width(t, cell), MAX_WIDTH);

			t->columns[c].width = MAX(t->columns[c].width, width);
			cell = next_cell(cell);
		}
	}
}

/* Returns the next line. There are no blanks at the end of a line. */
static const char *print_line(const struct table *t, FILE *f, const char *colour)
{
	const char *cell = next_cell(colour);
	int blanks = 0;

	fputs(colour, f);
	for (unsigned int c = 0; c < t->nr_columns; c++) {
		const struct table_column *column = &t->columns[c];
		int pad = MAX(column->width - shown_width(t, cell), 0);

		blanks += column->left ? 0 : pad;
		if (*cell) {
			fprintf(f, "%*s%s", blanks, "", cell);
			blanks = 0;
		}
		blanks += (column->left ? pad : 0) + 1;
		cell = next_cell(cell);
	}
	fputs(*colour ? PLAIN "\n" : "\n", f);
	return cell;
}

int table_print(struct table *t, FILE *f)
{
	int err = t->cells.failed ? -ENOMEM : 0;

	if (!err && t->cells.len) {
		const char *line = t->cells.data;

		widen_columns(t);
		while (line < t->cells.data + t->cells.len)
			line = print_line(t, f, line);
	}
	buffer_free(&t->cells);
	return err;
}
