/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/table.h: texts in columns. All cells are kept until table_print(), so that the widest one
 * decides the width of its column. Used as: the columns, then the lines, each with one cell for
 * each column.
 */
#ifndef PFSTAT_UTIL_TABLE_H
#define PFSTAT_UTIL_TABLE_H

#include <stdio.h>

#include "buffer.h"

#define BOLD              "\033[1m"
#define DIM               "\033[2m"
#define PLAIN             "\033[0m"

#define TABLE_MAX_COLUMNS 16

struct table {
	struct table_column {
		const char *title;
		int width; /* at least */
		bool left; /* else aligned on the right */
	} columns[TABLE_MAX_COLUMNS];
	unsigned int nr_columns;
	bool by_bytes; /* widths are of bytes, not of characters */
	struct buffer cells; /* line by line, each ended by '\0'; before them the line's colour */
};

void table_add_column(struct table *t, const char *title, int width, bool left);

/* Begins a line; colour: an escape sequence, or "". */
void table_begin_line(struct table *t, const char *colour);
/* The next cell of the line. */
void table_put(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line of all titles. */
void table_put_titles(struct table *t, const char *colour);

/* Prints the lines and frees them. 0 or -ENOMEM, and nothing is printed. */
int table_print(struct table *t, FILE *f);

#endif
