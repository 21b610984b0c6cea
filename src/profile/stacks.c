// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/stacks.c: stacks and their weights; equal ones are added up.
 */
#include "profile_symbolize.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

void stacks_init(struct stacks *s, const struct symbols *symbols, unsigned int max_depth)
{
	memset(s, 0, sizeof(*s));
	s->symbols = symbols;
	s->max_depth = max_depth;
}

static int add_line_weight(struct stacks *s, uint32_t line, const struct stack_sample *sample)
{
	if (line == s->nr_weights) {
		if (array_reserve(s->weights, s->cap_weights, line + 1ul))
			return -ENOMEM;
		s->weights[s->nr_weights++] = (struct stack_weight){ 0 };
	}
	stack_weight_add(&s->weights[line], sample);
	stack_weight_add(&s->totals.all, sample);
	return 0;
}

/* closed: nothing new can come in. */
static void stacks_set_closed(struct stacks *s, bool closed)
{
	s->texts.closed = s->mappings.closed = s->frames.closed = s->lines.closed = closed;
}

int stacks_add(struct stacks *s, const struct stack_sample *sample)
{
	const struct stack_sample rest = {
		.comm = STACK_NO_ROOM,
		.path = sample->path,
		.count = sample->count,
		.sum_ns = sample->sum_ns,
	};
	int64_t number;

	stacks_set_closed(s, s->max_lines && s->lines.nr >= s->max_lines);
	number = stacks_symbolize(s, sample);
	stacks_set_closed(s, false);
	if (number == -ENOSPC)
		number = stacks_symbolize(s, &rest);
	return number < 0 ? (int)number : add_line_weight(s, (uint32_t)number, sample);
}

void stacks_free(struct stacks *s)
{
	intern_free(&s->texts);
	intern_free(&s->mappings);
	intern_free(&s->frames);
	intern_free(&s->lines);
	free(s->weights);
	free(s->starts);
	memset(s, 0, sizeof(*s));
}
