/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * doctor/doctor.h: the command pfstat doctor.
 */
#ifndef PFSTAT_DOCTOR_DOCTOR_H
#define PFSTAT_DOCTOR_DOCTOR_H

#include "run/run.h"

extern const struct command doctor_command;
extern const struct option_table doctor_option_table; /* of a struct run_options */

#endif
