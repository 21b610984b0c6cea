/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * run/run_duty.h: --duty: a run that is attached for a part of the time, in one window of each
 * period.
 *
 * The window of a period begins at a random time. One that would end after the period goes on at
 * its begin instead, so each moment is as likely to be measured as any other.
 */
#ifndef PFSTAT_RUN_RUN_DUTY_H
#define PFSTAT_RUN_RUN_DUTY_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct run;
struct duty;

struct duty_options {
	uint64_t period_ns; /* 0: attached all the time */
	uint64_t window_ns; /* of each period */
};

/* "PERCENT[/PERIOD]"; for rows of options. */
int duty_parse(void *field, const char *text, struct error *error);

#define OPTION_DUTY                                                                                \
	{                                                                                          \
		.name = "duty", .arg = "PERCENT[/PERIOD]", .kind = OPTION_PARSED,                  \
		OPTION_FIELD(struct run_options, duty), .parse = duty_parse,                       \
		.help = "attach for PERCENT of each PERIOD (default 1s) only, and estimate"        \
	}

/* One period, or the part of it at the end of the run. */
struct duty_period {
	uint64_t open_ns; /* measured */
	uint64_t len_ns;
};

/*
 * How much of its window is due at_ns after the begin of a period; start_ns: where the window
 * begins. next_ns: when that changes, at most the end of the period.
 */
uint64_t duty_due(uint64_t period_ns, uint64_t start_ns, uint64_t window_ns, uint64_t at_ns,
		  uint64_t *next_ns);

/* All that happened so far. */
struct duty_totals {
	uint64_t windows;
	uint64_t open_ns; /* measured time */
	uint64_t unsure_ns; /* it may be more or less by this */
	uint64_t attach_ns, detach_ns; /* that attaching and detaching took */
	uint64_t drain_ns; /* that the ends stayed for faults that were open */
	uint64_t failed; /* windows that could not be opened */
	uint64_t cut, cut_ns; /* faults that were still open then, and the sum of their ages */
	uint64_t oldest_cut_ns; /* since it was last set to 0 */
};

/* Attaches once, to see whether that is possible. An exit status, with a message. */
int duty_try(struct run *run);

/* Windows from here on. 0 or a negative errno. */
int duty_start(struct run *run);

/* The last window ends; waits for the faults that are open. */
void duty_stop(struct run *run);

/* With a window that is open now. */
void duty_read(struct run *run, struct duty_totals *totals);

void duty_close(struct duty *duty);

#endif
