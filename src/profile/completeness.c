// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * profile/completeness.c: whether stacks are complete, and what would make them so.
 */
#include "profile_symbolize.h"

#include <string.h>

#include "util/array.h"

/* Functions without a caller, or called by the kernel. A * stands for any end of the name. */
static bool is_outermost_function(const char *name)
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

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		size_t len = strcspn(starts[i], "*");

		if (!strncmp(name, starts[i], len) && (starts[i][len] || !name[len]))
			return true;
	}
	return false;
}

const char *stacks_note_end(struct stacks *s, const struct stack_sample *sample,
			    const struct user_symbol *outermost, bool called_main,
			    char buf[STACK_NOTE_LEN])
{
	if (sample->nr_user >= s->max_depth) {
		stack_weight_add(&s->totals.cut, sample);
		snprintf(buf, STACK_NOTE_LEN, "[deeper than %u frames: stack is cut here]",
			 s->max_depth);
		return buf;
	}
	if ((outermost->name && is_outermost_function(outermost->name)) ||
	    outermost->starts_thread || (called_main && outermost->module))
		return NULL;
	if (outermost->module && !outermost->name) {
		stack_weight_add(&s->totals.may_end_early, sample);
		return "[no symbols: stack may end early here]";
	}
	stack_weight_add(&s->totals.ends_early, sample);
	return "[no frame pointer: stack ends here]";
}

static double weight_percent(const struct profile_run *run, const struct stack_weight *part,
			     const struct stack_weight *all)
{
	uint64_t sum = stack_weigh(run, all);

	return sum ? 100.0 * (double)stack_weigh(run, part) / (double)sum : 0;
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

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].part->count)
			fprintf(f, "pfstat: %.1f%% of the %s %s.\n",
				weight_percent(run, rows[i].part, &t->all),
				run->by_count ? "faults" : "fault time", rows[i].words);
	if (kernel_problem[0])
		fprintf(f, "pfstat: kernel frames have no names: %s.\n", kernel_problem);
}
