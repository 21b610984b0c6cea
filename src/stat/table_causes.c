// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/table_causes.c: see stat/stat_causes.h.
 */
#include "stat_causes.h"

#include <inttypes.h>
#include <string.h>

#include "stat_json.h"

#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

static bool is_told(uint32_t causes, unsigned int cause)
{
	return causes & 1u << cause;
}

/* Wide enough for its title and for "100.0%". */
static int width_of(unsigned int cause)
{
	int length = (int)strlen(cause_name(cause));

	return length > 6 ? length : 6;
}

static void print_titles(FILE *f, const struct report *r, const struct render_style *style)
{
	fprintf(f, "\n%s%-13s %-6s %7s", style->colour ? BOLD : "", "TIME OF", "ORIGIN", "TOTAL");
	for (unsigned int c = 0; c < CAUSE_NR; c++) {
		const char *name = cause_name(c);

		if (!is_told(r->causes, c))
			continue;
		fprintf(f, " %*s", width_of(c) - (int)strlen(name), "");
		for (; *name; name++)
			fputc(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name, f);
	}
	fprintf(f, "%s\n", style->colour ? PLAIN : "");
}

static void print_row(FILE *f, const struct report *r, const struct report_row *row)
{
	char total[RENDER_TIME_LEN];

	fprintf(f, "%-13s %-6s %7s", row->path, row->origin, render_time(total, row->sum_ns));
	for (unsigned int c = 0; c < CAUSE_NR; c++) {
		if (!is_told(r->causes, c))
			continue;
		if (row->causes.ns[c] && row->sum_ns)
			fprintf(f, " %*.1f%%", width_of(c) - 1,
				100.0 * (double)row->causes.ns[c] / (double)row->sum_ns);
		else
			fprintf(f, " %*s", width_of(c), "-");
	}
	fputc('\n', f);
}

void render_causes_untold(FILE *f, uint32_t causes)
{
	const char *lead = "Not told apart here: ";

	for (unsigned int c = 0; c < CAUSE_NR; c++) {
		if (is_told(causes, c))
			continue;
		fprintf(f, "%s%s", lead, cause_name(c));
		lead = ", ";
	}
	if (*lead == ',')
		fputs(" (part of off_cpu or on_cpu)\n", f);
}

void render_causes_table(FILE *f, const struct report *r, const struct render_style *style)
{
	print_titles(f, r, style);
	for (unsigned int i = 0; i < r->nr_rows; i++)
		if (r->rows[i].sum_ns)
			print_row(f, r, &r->rows[i]);
	print_row(f, r, &r->total);
	render_causes_untold(f, r->causes);
}

json_t *render_causes_json(const struct report *r, const struct report_row *row)
{
	json_t *object = json_object();

	for (unsigned int c = 0; object && c < CAUSE_NR; c++) {
		if (is_told(r->causes, c) &&
		    json_object_set_new(object, cause_name(c),
					json_integer(json_count(row->causes.ns[c]))) < 0) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

void render_causes_csv(FILE *f, const struct report *r, const struct report_row *row)
{
	const char *gap = "";

	for (unsigned int c = 0; c < CAUSE_NR; c++) {
		if (!is_told(r->causes, c) || !row->causes.ns[c])
			continue;
		fprintf(f, "%s%s:%" PRIu64, gap, cause_name(c), row->causes.ns[c]);
		gap = " ";
	}
}
