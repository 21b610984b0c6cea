/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * report/report_histogram.h: the bounds of the latency histogram (shared/hist_schema.h).
 */
#ifndef PFSTAT_REPORT_REPORT_HISTOGRAM_H
#define PFSTAT_REPORT_REPORT_HISTOGRAM_H

#include <stdint.h>

#include "shared/hist_schema.h"

struct hist_tables;

/* The largest whole ns in a slot: floor(2^((slot + HIST_MIN) / 8) * 10^9); of the last slot ~0. */
uint64_t histogram_upper(unsigned int slot);

/* What hist_slot() looks up; for the BPF programs, and for tests. */
void histogram_fill_tables(struct hist_tables *t);

#endif
