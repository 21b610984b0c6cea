// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/table_causes.c: how the time of each path splits into causes (--causes).
 */
#include <inttypes.h>
#include <string.h>

#include "stat_formats.h"

/* Wide enough for its title and for "100.0%". */
static int width_of(unsigned int cause)
{
	int length = (int)strlen(cause_name(cause));

	return length > 6 ? length : 6;
}

static void print_titles(const struct output *out, const struct report *r)
{
	FILE *f = out->file;

	fprintf(f, "\n%s%-13s %-6s %7s", out->colour ? BOLD : "", "TIME OF", "ORIGIN", "TOTAL");
	for (unsigned int c = 0; c < CAUSE_NR; c++) {
		const char *name = cause_name(c);

		if (!(r->causes & 1u << c))
			continue;
		fprintf(f, " %*s", width_of(c) - (int)strlen(name), "");
		for (; *name; name++)
			fputc(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name, f);
	}
	fprintf(f, "%s\n", out->colour ? PLAIN : "");
}

static void print_row(FILE *f, const struct report *r, const struct report_row *row)
{
	char total[FORMAT_TIME_LEN];

	fprintf(f, "%-13s %-6s %7s", row->path, row->origin, format_time(total, row->sum_ns));
	for (unsigned int c = 0; c < CAUSE_NR; c++) {
		if (!(r->causes & 1u << c))
			continue;
		if (row->causes.ns[c])
			fprintf(f, " %*.1f%%", width_of(c) - 1, 100.0 * row->cause_share[c]);
		else
			fprintf(f, " %*s", width_of(c), "-");
	}
	fputc('\n', f);
}

void table_causes(const struct output *out, const struct report *r)
{
	print_titles(out, r);
	for (unsigned int i = 0; i < r->nr_rows; i++)
		if (r->rows[i].sum_ns)
			print_row(out->file, r, &r->rows[i]);
	print_row(out->file, r, &r->total);
	if (format_merged_causes(out->file, r->causes))
		fputs(" (part of off_cpu or on_cpu)\n", out->file);
}
