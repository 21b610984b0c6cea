/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * doctor/doctor.h: pfstat doctor.
 */
#ifndef PFSTAT_DOCTOR_DOCTOR_H
#define PFSTAT_DOCTOR_DOCTOR_H

#include <stdio.h>

#include "run/run_options.h"

/* Says what this kernel allows, and how to get the rest. Returns the exit status. */
int doctor_run(const struct opts *opts, FILE *f);

#endif
