// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/table_check.c: see stat/stat_table_check.h.
 */
#include "stat_table_check.h"

#include <inttypes.h>

#include "stat_json.h"

/* "10", or "10-12" where attaching or detaching left it open. */
static const char *span_text(char buf[48], const struct check_span *span)
{
	if (span->low == span->high)
		snprintf(buf, 48, "%" PRIu64, span->low);
	else
		snprintf(buf, 48, "%" PRIu64 "-%" PRIu64, span->low, span->high);
	return buf;
}

static void print_why(FILE *f, const struct check_row *row)
{
	const char *separator = " ";

	if (row->verdict == CHECK_UNEXPLAINED) {
		fprintf(f, " %" PRIu64 " %s than the kernel", row->unexplained,
			row->surplus ? "more" : "less");
		separator = "; ";
	}
	for (unsigned int i = 0; i < row->nr_reasons; i++) {
		const struct check_reason *r = &row->reason[i];

		fputs(separator, f);
		/* Where the counters are not the same thing the reason has no number. */
		if (r->count)
			fprintf(f, "%" PRIu64 " ", r->count);
		fputs(r->text, f);
		separator = "; ";
	}
}

static void print_row(FILE *f, const struct check_row *row)
{
	char kernel[48];

	fprintf(f, "%-7s %-19s %12s %10" PRIu64 "  %-11s", row->book, row->counter,
		span_text(kernel, &row->kernel), row->pfstat, check_verdict_name(row->verdict));
	print_why(f, row);
	fputc('\n', f);
}

void render_check(FILE *f, const struct check *check)
{
	if (check->error[0])
		fprintf(f, "\nCheck: a book of the kernel could not be read: %s\n", check->error);
	else
		fprintf(f, "\nCheck: %s\n",
			check->ok ? "the kernel's own books agree, or the difference is explained" :
				    "a difference from the kernel's own books is unexplained");
	fprintf(f, "%-7s %-19s %12s %10s  %-11s %s\n", "BOOK", "COUNTER", "KERNEL", "PFSTAT",
		"VERDICT", "WHY");
	for (unsigned int i = 0; i < check->nr_rows; i++)
		print_row(f, &check->row[i]);
}

static json_t *pack_reasons(const struct check_row *row)
{
	json_t *object = json_object();

	for (unsigned int i = 0; i < row->nr_reasons; i++)
		json_object_set_new(object, row->reason[i].name,
				    json_integer(json_count(row->reason[i].count)));
	return object;
}

static json_t *pack_row(const struct check_row *row)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:I, s:o}", "book", row->book, "counter",
			 row->counter, "kernel_low", json_count(row->kernel.low), "kernel_high",
			 json_count(row->kernel.high), "pfstat", json_count(row->pfstat), "verdict",
			 check_verdict_name(row->verdict), "unexplained",
			 json_count(row->unexplained), "reasons", pack_reasons(row));
}

json_t *render_check_json(const struct check *check)
{
	json_t *rows = json_array();

	for (unsigned int i = 0; i < check->nr_rows; i++)
		json_array_append_new(rows, pack_row(&check->row[i]));
	return json_pack("{s:b, s:o, s:o, s:I, s:I}", "ok", check->ok, "error",
			 json_string_of(check->error), "rows", rows, "ended",
			 json_count(check->ended), "living", json_count(check->living));
}
