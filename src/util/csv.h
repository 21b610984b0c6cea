/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * util/csv.h: fields of comma-separated values (RFC 4180).
 */
#ifndef PFSTAT_UTIL_CSV_H
#define PFSTAT_UTIL_CSV_H

#include <stdio.h>

/* Quoted only where a reader needs it. */
void csv_put_string(FILE *f, const char *s);

#endif
