/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * doctor/doctor_options.h: the options of pfstat doctor, a struct run_options.
 */
#ifndef PFSTAT_DOCTOR_DOCTOR_OPTIONS_H
#define PFSTAT_DOCTOR_DOCTOR_OPTIONS_H

#include "run/run.h"

extern const struct option_table doctor_option_table;

#endif
