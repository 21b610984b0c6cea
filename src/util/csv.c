// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * util/csv.c: quoting.
 */
#include "csv.h"

#include <string.h>

void csv_put_string(FILE *f, const char *s)
{
	if (!strpbrk(s, ",\"\r\n")) {
		fputs(s, f);
		return;
	}
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', f);
		fputc(*s, f);
	}
	fputc('"', f);
}
