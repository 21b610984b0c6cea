// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/symbolize.c: makes a line of named frames from the addresses of a sample.
 */
#include "profile_symbolize.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

/* A line that is being made, innermost frame first. */
struct draft {
	struct stacks *s;
	const struct stack_sample *sample;
	uint32_t *frames;
	unsigned int nr;
	int err;
};

/* The number, or 0 for an error, which the draft keeps. */
static uint32_t keep_error(struct draft *d, int64_t number)
{
	if (number >= 0)
		return (uint32_t)number;
	d->err = (int)number;
	return 0;
}

static uint32_t intern_words(struct draft *d, const char *words)
{
	return keep_error(d, intern_text(&d->s->texts, words));
}

static void add_frame(struct draft *d, const struct stack_frame *frame)
{
	d->frames[d->nr++] = keep_error(d, intern(&d->s->frames, frame, sizeof(*frame)));
}

static void add_text_frame(struct draft *d, enum frame_kind kind, const char *words)
{
	struct stack_frame frame = { .kind = kind,
				     .name = intern_words(d, words),
				     .module = intern_words(d, "") };

	add_frame(d, &frame);
}

/*
 * A return address is that of the next instruction, which can be in the next function: the call
 * is before it. The innermost address is no call.
 */
static uint64_t call_address(const uint64_t *addresses, unsigned int i)
{
	return i && addresses[i] ? addresses[i] - 1 : addresses[i];
}

static const char *name_behind_slash(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* The first mapping with a number decides. Numbers come in ascending order. */
static int keep_mapping_start(struct stacks *s, uint32_t number, uint64_t start)
{
	if (number < s->nr_starts)
		return 0;
	if (array_reserve(s->starts, s->cap_starts, s->nr_starts + 1))
		return -ENOMEM;
	s->starts[s->nr_starts++] = start;
	return 0;
}

/* Other mappings, as of a JIT compiler, have nothing in common between processes. */
static bool has_file(const struct user_symbol *symbol)
{
	const char *module = symbol->module;

	return module && ((module[0] == '/' && module[1] != '/') || !strcmp(module, "[vdso]"));
}

static uint32_t intern_mapping(struct draft *d, const struct user_symbol *symbol)
{
	struct stack_mapping m;
	int64_t number;

	memset(&m, 0, sizeof(m));
	m.len = symbol->end - symbol->start;
	m.offset = symbol->file_offset;
	m.file = intern_words(d, symbol->module);
	m.build_id_len = symbol->build_id_len;
	memcpy(m.build_id, symbol->build_id, sizeof(m.build_id));
	number = intern(&d->s->mappings, &m, sizeof(m));
	if (number >= 0 && keep_mapping_start(d->s, (uint32_t)number, symbol->start))
		number = -ENOMEM;
	return number < 0 ? keep_error(d, number) : (uint32_t)number + 1;
}

static void add_user_frame(struct draft *d, uint64_t address, const struct user_symbol *symbol)
{
	struct stack_frame frame = { .kind = FRAME_USER };
	char words[320] = "[unknown]";

	if (!symbol->name && symbol->module)
		snprintf(words, sizeof(words), "%s+0x%" PRIx64, name_behind_slash(symbol->module),
			 symbol->module_offset);
	frame.name = intern_words(d, symbol->name ? symbol->name : words);
	frame.module = intern_words(d, symbol->module ? symbol->module : "");
	frame.named = !!symbol->name;
	if (has_file(symbol))
		frame.mapping = intern_mapping(d, symbol);
	if (frame.mapping)
		frame.address = address - symbol->start + d->s->starts[frame.mapping - 1];
	add_frame(d, &frame);
}

static void add_kernel_frames(struct draft *d)
{
	const struct stack_sample *sample = d->sample;
	unsigned int i;

	for (i = 0; i < sample->nr_kernel; i++) {
		struct stack_frame frame = { .kind = FRAME_KERNEL, .address = sample->kernel[i] };
		struct kernel_symbol symbol = { .module = "[kernel.kallsyms]" };
		int err = symbols_kernel_find(d->s->symbols->kernel,
					      call_address(sample->kernel, i), &symbol);

		frame.named = !err;
		frame.name = intern_words(d, err ? "[unknown]" : symbol.name);
		frame.module = intern_words(d, err ? "[kernel.kallsyms]" : symbol.module);
		add_frame(d, &frame);
	}
}

static void add_user_frames(struct draft *d)
{
	const struct stack_sample *sample = d->sample;
	struct user_symbol symbol = { 0 };
	bool called_main = false, nameless = false, was_unknown, unknown = false;
	char buf[STACK_NOTE_LEN];
	const char *note;
	unsigned int i;

	if (!sample->nr_user)
		return;
	stack_weight_add(&d->s->totals.user, sample);
	for (i = 0; i < sample->nr_user; i++) {
		called_main = symbol.name && !strcmp(symbol.name, "main");
		memset(&symbol, 0, sizeof(symbol));
		symbols_user_find(d->s->symbols->user, sample->pid, call_address(sample->user, i),
				  sample->when_ns, &symbol);
		symbol.module_offset += sample->user[i] - call_address(sample->user, i);
		nameless = nameless || !symbol.name;
		was_unknown = unknown;
		unknown = !symbol.name && !symbol.module;
		/*
		 * Without frame pointers the kernel walks through memory that is no stack.
		 * Only its first address is shown: the others would make many stacks of one
		 * function.
		 */
		if (!unknown || !was_unknown)
			add_user_frame(d, sample->user[i], &symbol);
	}
	if (nameless)
		stack_weight_add(&d->s->totals.nameless, sample);
	note = stacks_note_end(d->s, sample, &symbol, called_main, buf);
	if (note)
		add_text_frame(d, FRAME_NOTE, note);
}

static void add_lost_note(struct draft *d, const char *which, int error, struct stack_weight *sum)
{
	char words[128];

	stack_weight_add(sum, d->sample);
	snprintf(words, sizeof(words), "[%s stack lost: %s]", which,
		 error == -E2BIG ? "table full" : strerror(-error));
	add_text_frame(d, FRAME_NOTE, words);
}

/* Innermost first, then reversed. */
static void add_all_frames(struct draft *d)
{
	const struct stack_sample *sample = d->sample;
	unsigned int i;
	char path[64];

	snprintf(path, sizeof(path), "[%s]", sample->path);
	add_text_frame(d, FRAME_PATH, path);
	add_kernel_frames(d);
	if (sample->kernel_error && !sample->nr_kernel)
		add_lost_note(d, "kernel", sample->kernel_error, &d->s->totals.kernel_lost);
	add_user_frames(d);
	if (sample->user_error && !sample->nr_user)
		add_lost_note(d, "user", sample->user_error, &d->s->totals.user_lost);
	add_text_frame(d, FRAME_PROCESS, sample->comm);
	for (i = 0; i < d->nr / 2; i++) {
		uint32_t other = d->frames[i];

		d->frames[i] = d->frames[d->nr - 1 - i];
		d->frames[d->nr - 1 - i] = other;
	}
}

int64_t stacks_symbolize(struct stacks *s, const struct stack_sample *sample)
{
	/* The process, the path, the end of the user stack, and two lost stacks at most. */
	size_t max = 5ul + sample->nr_kernel + sample->nr_user;
	struct stack_line *line = calloc(1, sizeof(*line) + max * sizeof(line->frames[0]));
	struct draft d = { .s = s, .sample = sample };
	int64_t number;

	if (!line)
		return -ENOMEM;
	d.frames = line->frames;
	line->pid = sample->ended ? 0 : sample->pid;
	line->comm = intern_words(&d, sample->comm);
	line->path = intern_words(&d, sample->path);
	add_all_frames(&d);
	line->nr = d.nr;
	number = d.err ? d.err :
			 intern(&s->lines, line, sizeof(*line) + d.nr * sizeof(line->frames[0]));
	free(line);
	return number;
}
