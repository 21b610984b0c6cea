// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * main.c: the table of commands.
 */
#include <stddef.h>

#include "doctor/doctor.h"
#include "profile/profile.h"
#include "run/run.h"
#include "serve/serve.h"
#include "stat/stat.h"
#include "trace/trace.h"

/* The first one runs when none is named. */
static const struct command *const commands[] = {
	&stat_command, &trace_command, &profile_command, &serve_command, &doctor_command, NULL,
};

int main(int argc, char **argv)
{
	return command_main(commands, argc, argv);
}
