// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * trace/perf_script.c: the text of perf script, one sample per fault, weighted by its
 * latency in ns. The innermost frame is the path.
 *
 * All samples have one event name: readers (speedscope, stackcollapse-perf.pl) keep those of
 * the first event's name and drop the others.
 */
#include <inttypes.h>
#include <string.h>

#include "util/escape.h"
#include "trace_event.h"

#define MODULE_LEN ESCAPE_LEN(MAPPING_NAME_LEN)

/*
 * comm as a word: readers take a number behind a space for the process ID. perf calls a task
 * without a name ":TID".
 */
static void print_comm(FILE *f, const struct trace_record *r)
{
	char comm[ESCAPE_LEN(sizeof(r->comm))];

	if (!r->comm[0])
		snprintf(comm, sizeof(comm), ":%u", r->tid);
	else
		escape_text(comm, sizeof(comm), r->comm, "");
	for (char *c = comm; *c; c++)
		if (*c == ' ')
			*c = '_';
	/* perf prints "# " in front of comments only. */
	fputs(comm[0] == '#' ? "_" : "", f);
	fputs(comm, f);
}

static void print_frame(FILE *f, const struct symbol_frame *frame)
{
	char text[MODULE_LEN];

	fprintf(f, "\t%16" PRIx64 " ", frame->address);
	if (frame->symbol)
		fprintf(f, "%s+0x%" PRIx64, escape_text(text, sizeof(text), frame->symbol, ""),
			frame->symbol_offset);
	else
		fputs("[unknown]", f);
	/* Readers end the module at a space. */
	fprintf(f, " (%s)\n",
		escape_text(text, sizeof(text), frame->module ? frame->module : "[unknown]", " "));
}

static void print_frames(FILE *f, const struct symbol_frame *frames, unsigned int nr,
			 const struct symbol_frame *ip)
{
	for (unsigned int i = 0; i < nr; i++)
		print_frame(f, &frames[i]);
	if (!nr && ip && ip->address)
		print_frame(f, ip);
}

static int perf_script_record(const struct output *out, const void *record)
{
	const struct trace_event *event = record;
	const struct trace_record *r = event->record;
	FILE *f = out->file;

	print_comm(f, r);
	/* At least two spaces: speedscope wants them behind a name of one letter. */
	fprintf(f, " %8u/%-7u [%03u] %5llu.%09llu: %10llu pfstat:fault: \n", r->pid, r->tid, r->cpu,
		r->end_ns / 1000000000, r->end_ns % 1000000000, r->ns);
	fprintf(f, "\t%16llx fault:%s ([pfstat])\n", r->address, path_name(r->path));
	/* Where no stack was taken, the instruction stands for it. */
	print_frames(f, event->kernel, event->nr_kernel,
		     r->origin == ORIGIN_KERNEL ? &event->ip : NULL);
	print_frames(f, event->user, event->nr_user, r->origin == ORIGIN_USER ? &event->ip : NULL);
	fputc('\n', f);
	return 0;
}

static void perf_script_end(const struct output *out, const void *end)
{
	trace_print_lost(out->file, "# lost", end);
}

const struct format trace_perf_script = {
	.name = "perf-script",
	.help = "the text of perf script, for flame graphs and the Firefox Profiler",
	.record = perf_script_record,
	.end = perf_script_end,
};
