/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stat/stat_options.h: the options of pfstat stat.
 */
#ifndef PFSTAT_STAT_STAT_OPTIONS_H
#define PFSTAT_STAT_STAT_OPTIONS_H

#include "report/report.h"
#include "run/run.h"

struct stat_options {
	struct run_options run;
	bool histogram; /* -H */
	bool timestamp; /* -T */
	bool causes; /* --causes */
	bool check; /* --check */
	uint64_t interval_ns; /* 0: only the total */
	uint64_t count; /* of intervals; 0: no limit */
	enum dimension by[2]; /* --by */
	unsigned int by_limit;
	enum sort sort;
	unsigned int top; /* -n: rows of --by; 0: all */
};

extern const struct option_table stat_option_table;

#endif
