/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * report/report_format.h: numbers and causes as a person reads them.
 */
#ifndef PFSTAT_REPORT_REPORT_FORMAT_H
#define PFSTAT_REPORT_REPORT_FORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* ns in buf: three significant digits and a unit, "812ns", "1.25us", "34.0ms", "2.10s". */
#define FORMAT_TIME_LEN 24
const char *format_time(char buf[FORMAT_TIME_LEN], uint64_t ns);

/* "Not distinguished here: lock, io": those without a bit. false: all have one. */
bool format_merged_causes(FILE *f, uint32_t causes);

/* Faults per second, in buf. */
#define FORMAT_RATE_LEN 24
const char *format_rate(char buf[FORMAT_RATE_LEN], double rate);

#endif
