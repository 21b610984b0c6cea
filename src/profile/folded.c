// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/folded.c: writes one line for each stack, "comm;outer;inner_[k];[path] weight", for
 * flame graph programs and speedscope.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/buffer.h"
#include "profile_stacks.h"
#include "run/run.h"

struct folded {
	const char *text;
	uint64_t weight;
};

/* A semicolon separates frames, a newline ends the line. */
static void put_folded_frame(struct buffer *b, const struct stacks *s,
			     const struct stack_frame *frame)
{
	size_t i = b->len;

	put_utf8(b, stacks_text(s, frame->name));
	for (; i < b->len; i++) {
		unsigned char c = b->data[i];

		b->data[i] = c == ';' ? ':' : c < ' ' || c == 0x7f ? '?' : (char)c;
	}
	if (frame->kind == FRAME_KERNEL)
		put_text(b, "_[k]");
}

static void put_folded_line(struct buffer *b, const struct stacks *s, const struct stack_line *line)
{
	uint32_t i;

	b->len = 0;
	for (i = 0; i < line->nr; i++) {
		if (i)
			put_char(b, ';');
		put_folded_frame(b, s, stacks_frame(s, line->frames[i]));
	}
}

/* Lines that differ only in addresses or pids are added up. */
static int fold_lines(const struct stacks *s, const struct profile_run *run, struct intern *texts,
		      uint64_t *weights)
{
	struct buffer b = { 0 };
	int64_t number = 0;
	uint32_t i;

	for (i = 0; i < s->lines.nr && number >= 0; i++) {
		put_folded_line(&b, s, stacks_line(s, i));
		number = b.failed ? -ENOMEM : intern(texts, b.data, b.len);
		if (number >= 0)
			weights[number] += stack_weigh(run, &s->weights[i]);
	}
	buffer_free(&b);
	return number < 0 ? (int)number : 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(((const struct folded *)a)->text, ((const struct folded *)b)->text);
}

static int folded_record(const struct output *out, const void *record)
{
	const struct profile_run *run = out->context;
	const struct stacks *s = record;
	uint64_t *weights = calloc(s->lines.nr + 1ul, sizeof(*weights));
	struct folded *rows = calloc(s->lines.nr + 1ul, sizeof(*rows));
	struct intern texts = { 0 };
	int err = weights && rows ? fold_lines(s, run, &texts, weights) : -ENOMEM;
	uint32_t i;

	if (!err) {
		for (i = 0; i < texts.nr; i++)
			rows[i] = (struct folded){ interned(&texts, i), weights[i] };
		qsort(rows, texts.nr, sizeof(*rows), compare_texts);
		for (i = 0; i < texts.nr; i++)
			fprintf(out->file, "%s %" PRIu64 "\n", rows[i].text, rows[i].weight);
	}
	intern_free(&texts);
	free(weights);
	free(rows);
	return err;
}

const struct format profile_folded = {
	.name = "folded",
	.help = "folded stacks, for flame graphs and speedscope",
	.record = folded_record,
};
