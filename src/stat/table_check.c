// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/table_check.c: the result of --check as a table.
 */
#include <inttypes.h>

#include "stat_formats.h"

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

	fprintf(f, "%-7s %-19s %12s %10" PRIu64 "  %-11s", row->source, row->counter,
		span_text(kernel, &row->kernel), row->pfstat, check_verdict_name(row->verdict));
	print_why(f, row);
	fputc('\n', f);
}

void table_check(FILE *f, const struct check *check)
{
	if (check->error[0])
		fprintf(f, "\nCheck: the kernel's counters could not be read: %s\n", check->error);
	else
		fprintf(f, "\nCheck: %s\n",
			check->ok ?
				"the kernel's own counters agree, or the difference is explained" :
				"a difference from the kernel's own counters is unexplained");
	fprintf(f, "%-7s %-19s %12s %10s  %-11s %s\n", "SOURCE", "COUNTER", "KERNEL", "PFSTAT",
		"VERDICT", "WHY");
	for (unsigned int i = 0; i < check->nr_rows; i++)
		print_row(f, &check->row[i]);
}
