/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * profile/profile_stacks.h: stacks with weights, symbolized: the data that pfstat profile prints.
 * Each stack is a line of frames, outermost first: the process's name, functions of the
 * program, functions of the kernel, the fault's path. Unknown parts are frames, too, so that
 * the weights add up to the total.
 */
#ifndef PFSTAT_PROFILE_PROFILE_STACKS_H
#define PFSTAT_PROFILE_PROFILE_STACKS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/intern.h"
#include "counters/counters.h"
#include "symbols/symbols.h"

/* In place of the process's name. */
#define STACK_NO_ROOM "[no room for the stack]"

enum frame_kind { FRAME_PROCESS, FRAME_USER, FRAME_KERNEL, FRAME_NOTE, FRAME_PATH };

/* Of a file. Its start is that in the first process: processes are not distinguished by it. */
struct stack_mapping {
	uint64_t len, offset;
	uint32_t file; /* text */
	uint8_t build_id_len;
	uint8_t build_id[BUILD_ID_MAX];
};

/* No padding: it is compared as bytes. */
struct stack_frame {
	uint64_t address; /* 0 but for FRAME_KERNEL, and FRAME_USER in a file */
	uint32_t name, module; /* text; module: of an empty one when unknown */
	uint32_t mapping; /* number + 1; 0: none */
	uint16_t kind;
	uint16_t named; /* name is a symbol, not a place holder for one */
};

struct stack_line {
	int pid; /* 0: of processes that have ended */
	uint32_t comm, path; /* text */
	uint32_t nr;
	uint32_t frames[]; /* outermost first */
};

struct stack_weight {
	uint64_t count, sum_ns;
};

struct stack_totals {
	struct stack_weight all;
	struct stack_weight user; /* have a user stack */
	/* Of these: */
	struct stack_weight ends_early; /* the outermost frame is no start of a thread */
	struct stack_weight may_end_early; /* it has no name, so this is unknown */
	struct stack_weight cut; /* deeper than the limit */
	struct stack_weight user_lost, kernel_lost; /* the walk failed */
	struct stack_weight nameless; /* have a user frame without a name */
};

struct stacks {
	const struct symbols *symbols; /* the source of names */
	unsigned int max_depth; /* of a user stack */
	uint32_t max_lines; /* further samples have no stack; 0: no limit */
	struct intern texts, mappings, frames, lines;
	uint64_t *starts; /* by mapping */
	uint32_t nr_starts, cap_starts;
	struct stack_weight *weights; /* by line */
	uint32_t nr_weights, cap_weights;
	struct stack_totals totals;
};

/* The outputs' context: how they weigh, and what they say of the run. */
struct profile_run {
	bool by_count; /* else by time */
	uint64_t duration_ns; /* of the measurement */
	uint64_t began_ns; /* CLOCK_REALTIME */
	const char *title; /* "whole machine", "pid 1234", the command */
};

/* symbols must outlive the stacks. */
void stacks_init(struct stacks *s, const struct symbols *symbols, unsigned int max_depth);
/* 0 or -ENOMEM. */
int stacks_add(struct stacks *s, const struct stack_sample *sample);
void stacks_free(struct stacks *s);

static inline const struct stack_line *stacks_line(const struct stacks *s, uint32_t i)
{
	return interned(&s->lines, i);
}

static inline const struct stack_frame *stacks_frame(const struct stacks *s, uint32_t i)
{
	return interned(&s->frames, i);
}

static inline const char *stacks_text(const struct stacks *s, uint32_t i)
{
	return interned(&s->texts, i);
}

/* Time or count, as the run weighs. */
static inline uint64_t stack_weigh(const struct profile_run *run, const struct stack_weight *w)
{
	return run->by_count ? w->count : w->sum_ns;
}

/*
 * How much of the weight has incomplete stacks or frames without names, and the remedy: a line
 * for each reason; nothing when there is none. kernel_problem: of symbols_kernel_problem().
 */
void stacks_summary(const struct stacks *s, const struct profile_run *run,
		    const char *kernel_problem, FILE *f);

/* The output formats (struct format of run/run_output.h): --format, and that of --svg. */
extern const struct format *const profile_formats[];
extern const struct format profile_folded, profile_pprof, profile_flamegraph;

#endif
