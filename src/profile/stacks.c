// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/stacks.c: see profile/profile_stacks.h.
 */
#include "profile_stacks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

#define NO_FRAME_POINTER "[no frame pointer: stack ends here]"
#define MAY_END          "[no symbols: stack may end early here]"

static int name_user(void *context, int pid, uint64_t address, uint64_t when_ns,
		     struct user_symbol *out)
{
	return symbols_user_find(((struct symbols *)context)->user, pid, address, when_ns, out);
}

static int name_kernel(void *context, uint64_t address, struct kernel_symbol *out)
{
	return symbols_kernel_find(((struct symbols *)context)->kernel, address, out);
}

struct stack_names stack_names(struct symbols *symbols)
{
	return (struct stack_names){ .context = symbols, .user = name_user, .kernel = name_kernel };
}

void stacks_init(struct stacks *s, struct stack_names names, unsigned int max_depth)
{
	memset(s, 0, sizeof(*s));
	s->names = names;
	s->max_depth = max_depth;
}

static void add_weight(struct stack_weight *sum, const struct stack_sample *sample)
{
	sum->count += sample->count;
	sum->sum_ns += sample->sum_ns;
}

/* A line while it is made: frames innermost first. */
struct draft {
	struct stacks *s;
	const struct stack_sample *sample;
	uint32_t *frames;
	unsigned int nr;
	int err;
};

static uint32_t text(struct draft *d, const char *words)
{
	int64_t number = intern_text(&d->s->texts, words);

	if (number < 0)
		d->err = (int)number;
	return number < 0 ? 0 : (uint32_t)number;
}

static void add_frame(struct draft *d, const struct stack_frame *frame)
{
	int64_t number = intern(&d->s->frames, frame, sizeof(*frame));

	if (number < 0)
		d->err = (int)number;
	else
		d->frames[d->nr++] = (uint32_t)number;
}

static void add_words(struct draft *d, enum frame_kind kind, const char *words)
{
	struct stack_frame frame = { .kind = kind, .name = text(d, words), .module = text(d, "") };

	add_frame(d, &frame);
}

/*
 * The address behind a call is that of the next instruction, which can be in
 * the next function. The innermost is no call.
 */
static uint64_t look_at(const uint64_t *addresses, unsigned int i)
{
	return i && addresses[i] ? addresses[i] - 1 : addresses[i];
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* The start of the first mapping with the number. Numbers come one after the other. */
static int keep_start(struct stacks *s, uint32_t number, uint64_t start)
{
	if (number < s->nr_starts)
		return 0;
	if (array_reserve(s->starts, s->cap_starts, s->nr_starts + 1))
		return -ENOMEM;
	s->starts[s->nr_starts++] = start;
	return 0;
}

/* Where a process has a file, or what a compiler wrote, is another place in each process. */
static bool is_file(const struct user_symbol *symbol)
{
	const char *module = symbol->module;

	return module && ((module[0] == '/' && module[1] != '/') || !strcmp(module, "[vdso]"));
}

static uint32_t mapping_of(struct draft *d, const struct user_symbol *symbol)
{
	struct stack_mapping m;
	int64_t number;

	memset(&m, 0, sizeof(m));
	m.len = symbol->end - symbol->start;
	m.offset = symbol->file_offset;
	m.file = text(d, symbol->module);
	m.build_id_len = symbol->build_id_len;
	memcpy(m.build_id, symbol->build_id, sizeof(m.build_id));
	number = intern(&d->s->mappings, &m, sizeof(m));
	if (number >= 0 && keep_start(d->s, (uint32_t)number, symbol->start))
		number = -ENOMEM;
	if (number < 0)
		d->err = (int)number;
	return number < 0 ? 0 : (uint32_t)number + 1;
}

static void add_user(struct draft *d, uint64_t address, const struct user_symbol *symbol)
{
	struct stack_frame frame = { .kind = FRAME_USER };
	char words[320] = "[unknown]";

	if (!symbol->name && symbol->module)
		snprintf(words, sizeof(words), "%s+0x%" PRIx64, base_name(symbol->module),
			 symbol->module_offset);
	frame.name = text(d, symbol->name ? symbol->name : words);
	frame.module = text(d, symbol->module ? symbol->module : "");
	frame.named = !!symbol->name;
	if (is_file(symbol))
		frame.mapping = mapping_of(d, symbol);
	if (frame.mapping)
		frame.address = address - symbol->start + d->s->starts[frame.mapping - 1];
	add_frame(d, &frame);
}

static void add_kernel(struct draft *d)
{
	const struct stack_sample *sample = d->sample;
	unsigned int i;

	if (sample->kernel_error && !sample->nr_kernel)
		return;
	for (i = 0; i < sample->nr_kernel; i++) {
		struct stack_frame frame = { .kind = FRAME_KERNEL, .address = sample->kernel[i] };
		struct kernel_symbol symbol = { .module = "[kernel.kallsyms]" };
		int err = d->s->names.kernel(d->s->names.context, look_at(sample->kernel, i),
					     &symbol);

		frame.named = !err;
		frame.name = text(d, err ? "[unknown]" : symbol.name);
		frame.module = text(d, err ? "[kernel.kallsyms]" : symbol.module);
		add_frame(d, &frame);
	}
}

/* Functions that nobody calls, or the kernel does. Those with a * may go on. */
static bool is_start(const char *name)
{
	static const char *const starts[] = {
		"_start",
		"_dl_start",
		"_dl_start_user",
		"__libc_start_main*",
		"__libc_start_call_main*",
		"start_thread*",
		"clone",
		"clone3",
		"__clone*",
		"__start_thread",
		"main",
		"_rt0_*",
		"rt0_go",
		"runtime.rt0_go*",
		"runtime.goexit*",
		"runtime.mstart*",
		"runtime.morestack*",
		"runtime.mcall*",
		"runtime.systemstack*",
		"runtime.sigreturn*",
		"__restore_rt",
		"_start_c",
		"__libc_start_init",
		"libc_start_main_stage2",
		"__pthread_start",
	};
	size_t i;

	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		size_t len = strcspn(starts[i], "*");

		if (!strncmp(name, starts[i], len) && (starts[i][len] || !name[len]))
			return true;
	}
	return false;
}

/* Of the outermost frame, and whether the one inside of it is main. */
static void note_end(struct draft *d, const struct user_symbol *outermost, bool called_main)
{
	const struct stack_sample *sample = d->sample;
	struct stack_totals *t = &d->s->totals;
	char words[64];

	if (sample->nr_user >= d->s->max_depth) {
		add_weight(&t->cut, sample);
		snprintf(words, sizeof(words), "[deeper than %u frames: stack is cut here]",
			 d->s->max_depth);
		add_words(d, FRAME_NOTE, words);
	} else if ((outermost->name && is_start(outermost->name)) || outermost->starts_thread ||
		   (called_main && outermost->module)) {
		return;
	} else if (outermost->module && !outermost->name) {
		add_weight(&t->may_end_early, sample);
		add_words(d, FRAME_NOTE, MAY_END);
	} else {
		add_weight(&t->ends_early, sample);
		add_words(d, FRAME_NOTE, NO_FRAME_POINTER);
	}
}

static void add_users(struct draft *d)
{
	const struct stack_sample *sample = d->sample;
	struct stack_names *names = &d->s->names;
	struct user_symbol symbol = { 0 };
	bool called_main = false, nameless = false, was_unknown, unknown = false;
	unsigned int i;

	if (!sample->nr_user)
		return;
	add_weight(&d->s->totals.user, sample);
	for (i = 0; i < sample->nr_user; i++) {
		called_main = symbol.name && !strcmp(symbol.name, "main");
		memset(&symbol, 0, sizeof(symbol));
		names->user(names->context, sample->pid, look_at(sample->user, i), sample->when_ns,
			    &symbol);
		symbol.module_offset += sample->user[i] - look_at(sample->user, i);
		nameless = nameless || !symbol.name;
		was_unknown = unknown;
		unknown = !symbol.name && !symbol.module;
		/*
		 * Where a walk without frame pointers ran through what was no stack: more of
		 * it says no more, and would make many towers of one function.
		 */
		if (!unknown || !was_unknown)
			add_user(d, sample->user[i], &symbol);
	}
	if (nameless)
		add_weight(&d->s->totals.nameless, sample);
	note_end(d, &symbol, called_main);
}

/* -EFAULT: no memory could be read. */
static void note_lost(struct draft *d, const char *which, int error, struct stack_weight *sum)
{
	char words[128];

	add_weight(sum, d->sample);
	snprintf(words, sizeof(words), "[%s stack lost: %s]", which,
		 error == -E2BIG ? "table full" : strerror(-error));
	add_words(d, FRAME_NOTE, words);
}

/* Innermost first, then turned round. */
static void add_all(struct draft *d)
{
	const struct stack_sample *sample = d->sample;
	unsigned int i;
	char path[64];

	snprintf(path, sizeof(path), "[%s]", sample->path);
	add_words(d, FRAME_PATH, path);
	add_kernel(d);
	if (sample->kernel_error && !sample->nr_kernel)
		note_lost(d, "kernel", sample->kernel_error, &d->s->totals.kernel_lost);
	add_users(d);
	if (sample->user_error && !sample->nr_user)
		note_lost(d, "user", sample->user_error, &d->s->totals.user_lost);
	add_words(d, FRAME_PROCESS, sample->comm);
	for (i = 0; i < d->nr / 2; i++) {
		uint32_t other = d->frames[i];

		d->frames[i] = d->frames[d->nr - 1 - i];
		d->frames[d->nr - 1 - i] = other;
	}
}

static int weigh(struct stacks *s, uint32_t line, const struct stack_sample *sample)
{
	if (line == s->nr_weights) {
		if (array_reserve(s->weights, s->cap_weights, line + 1ul))
			return -ENOMEM;
		s->weights[s->nr_weights++] = (struct stack_weight){ 0 };
	}
	add_weight(&s->weights[line], sample);
	add_weight(&s->totals.all, sample);
	return 0;
}

/* Its line's number, or -ENOMEM, or -ENOSPC: there are max_lines. */
static int64_t line_of(struct stacks *s, const struct stack_sample *sample)
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
	line->comm = text(&d, sample->comm);
	line->path = text(&d, sample->path);
	add_all(&d);
	line->nr = d.nr;
	number = d.err ? d.err :
			 intern(&s->lines, line, sizeof(*line) + d.nr * sizeof(line->frames[0]));
	free(line);
	return number;
}

/* Nothing new can come in, or all can. */
static void set_closed(struct stacks *s, bool closed)
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

	set_closed(s, s->max_lines && s->lines.nr >= s->max_lines);
	number = line_of(s, sample);
	set_closed(s, false);
	if (number == -ENOSPC)
		number = line_of(s, &rest);
	return number < 0 ? (int)number : weigh(s, (uint32_t)number, sample);
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

/* --- how whole they are */

static double percent(const struct profile_run *run, const struct stack_weight *part,
		      const struct stack_weight *all)
{
	uint64_t whole = stack_weigh(run, all);

	return whole ? 100.0 * (double)stack_weigh(run, part) / (double)whole : 0;
}

void stacks_summary(const struct stacks *s, const struct profile_run *run,
		    const char *kernel_problem, FILE *f)
{
	const struct stack_totals *t = &s->totals;
	const struct {
		const struct stack_weight *part;
		const char *words;
	} rows[] = {
		{ &t->ends_early,
		  "has user stacks that end early: the program is built without frame pointers. "
		  "Build it with -fno-omit-frame-pointer" },
		{ &t->may_end_early,
		  "has user stacks that may end early: their outermost frame has no name. "
		  "Install its debug symbols (packages -dbgsym, -debuginfo)" },
		{ &t->cut,
		  "has user stacks deeper than the limit: the outermost frames are missing" },
		{ &t->nameless,
		  "has user frames without a name: no symbols in the file or its debug file, or "
		  "the process had exited. Install debug symbols (packages -dbgsym, -debuginfo)" },
		{ &t->user_lost, "has lost user stacks: shown as [user stack lost: REASON]" },
		{ &t->kernel_lost, "has lost kernel stacks: shown as [kernel stack lost: REASON]" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].part->count)
			fprintf(f, "pfstat: %.1f%% of the %s %s.\n",
				percent(run, rows[i].part, &t->all),
				run->by_count ? "faults" : "fault time", rows[i].words);
	if (kernel_problem[0])
		fprintf(f, "pfstat: kernel frames have no names: %s.\n", kernel_problem);
}
