/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * profile/profile.h: the command pfstat profile.
 */
#ifndef PFSTAT_PROFILE_PROFILE_H
#define PFSTAT_PROFILE_PROFILE_H

#include "run/run.h"

extern const struct command profile_command;

#endif
