/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_format.h: one row per output format. Renderers print a report and compute
 * nothing; each is one file, render_NAME.c, with a golden test.
 */
#ifndef PFSTAT_STAT_STAT_FORMAT_H
#define PFSTAT_STAT_STAT_FORMAT_H

#include <stdbool.h>
#include <stdio.h>

#include "report/report.h"
#include "shared/group_key.h"

struct render_style {
	bool histogram; /* -H: bars per path below the table */
	bool timestamp; /* -T: wall clock before each interval */
	bool colour;
	enum dimension by[2]; /* --by: rows of groups instead of paths */
};

struct renderer {
	const char *name;
	/* Before the first report; may be NULL. */
	void (*begin)(FILE *f, const struct render_style *style);
	void (*report)(FILE *f, const struct report *r, const struct render_style *style);
};

extern const struct renderer render_table;
extern const struct renderer render_json;
extern const struct renderer render_csv;

/*
 * ns as a person reads it, in buf: three significant digits and a unit, for
 * example "812ns", "1.25us", "34.0ms", "2.10s".
 */
#define RENDER_TIME_LEN 24
const char *render_time(char buf[RENDER_TIME_LEN], uint64_t ns);

/* Faults per second, in buf. */
#define RENDER_RATE_LEN 24
const char *render_rate(char buf[RENDER_RATE_LEN], double rate);

/* A field after RFC 4180: quoted only where a reader needs it. */
void render_csv_string(FILE *f, const char *s);

#endif
