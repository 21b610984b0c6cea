/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * profile/profile_options.h: the options of pfstat profile.
 */
#ifndef PFSTAT_PROFILE_PROFILE_OPTIONS_H
#define PFSTAT_PROFILE_PROFILE_OPTIONS_H

#include "run/run.h"

enum profile_weight { WEIGHT_TIME, WEIGHT_COUNT, WEIGHT_NR };

struct profile_options {
	struct run_options run;
	enum profile_weight weight; /* --weight */
	const char *svg; /* --svg; NULL: none */
	unsigned int stack_limit; /* --stack-limit */
};

extern const struct option_table profile_option_table;

#endif
