/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * profile/profile_symbolize.h: from the addresses of a sample to frames, and whether they are the
 * complete stack.
 */
#ifndef PFSTAT_PROFILE_PROFILE_SYMBOLIZE_H
#define PFSTAT_PROFILE_PROFILE_SYMBOLIZE_H

#include "profile_stacks.h"

/* The number of the sample's line, -ENOMEM, or -ENOSPC: no new lines are allowed. */
int64_t stacks_symbolize(struct stacks *s, const struct stack_sample *sample);

#define STACK_NOTE_LEN 64

/*
 * The note to put in place of missing outer frames, perhaps in buf; NULL: there are none. Counts
 * the sample. outermost: the outermost user frame; called_main: it calls main().
 */
const char *stacks_note_end(struct stacks *s, const struct stack_sample *sample,
			    const struct user_symbol *outermost, bool called_main,
			    char buf[STACK_NOTE_LEN]);

static inline void stack_weight_add(struct stack_weight *sum, const struct stack_sample *sample)
{
	sum->count += sample->count;
	sum->sum_ns += sample->sum_ns;
}

#endif
