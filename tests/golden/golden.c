// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * golden.c: made-up snapshots -> exact bytes, for each format.
 *
 *	golden [DIR]		compare; a difference is shown by diff(1)
 *	golden --update [DIR]	write what is printed now; review it with git diff
 *	golden --trace FORMAT	print the many faults of trace_events.c, for other programs to read
 *
 * DIR is where the expected files are, tests/golden when not given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/render.h"
#include "../../src/snapshot.h"
#include "trace_events.h"

#define SECOND 1000000000ull
/* 2024-03-09 16:00:00 UTC */
#define WALL_START (1710000000 * SECOND)
#define MONO_START (5000 * SECOND)
#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* The machine that is made up: its counters now, at the last report, at the start. */
struct machine {
	struct hist_tables tables;
	struct snapshot start, last, now;
	enum exactness exact[PATH_NR][ORIGIN_NR];
	const char *attach;
	uint32_t causes;
	struct report report;
	/* Where its reports go, and how. */
	const struct renderer *renderer;
	const struct render_style *style;
	FILE *out;
};

/* n faults of ns each. */
static void take(struct machine *m, unsigned int path, unsigned int origin, unsigned int major,
		 unsigned int access, uint64_t n, uint64_t ns)
{
	struct cell_sum *cell = &m->now.cells[path][origin][major];

	cell->buckets[hist_slot(&m->tables, ns)] += n;
	cell->sum_ns += n * ns;
	cell->access[access] += n;
	if (ns > cell->max_ns)
		cell->max_ns = ns;
	m->now.events += n;
	m->now.end_runs += n;
}

/* Of user mode: ns of a path's time, of n faults. */
static void spend(struct machine *m, unsigned int path, enum cause cause, uint64_t n, uint64_t ns)
{
	m->now.causes[path][ORIGIN_USER].ns[cause] += ns;
	m->now.causes[path][ORIGIN_USER].faults[cause] += n;
}

/* A bell around the peak, an eighth of a doubling per step, and a long tail. */
static void take_spread(struct machine *m, unsigned int path, unsigned int origin,
			unsigned int major, unsigned int access, uint64_t n, uint64_t peak_ns)
{
	static const unsigned int shares[] = { 1, 4, 12, 30, 60, 90, 100, 80, 50, 30, 18, 10, 5 };
	uint64_t ns = peak_ns / 2 + peak_ns / 8;

	for (size_t i = 0; i < NR(shares); i++) {
		take(m, path, origin, major, access, n * shares[i] / 490, ns);
		ns += ns / 11;
	}
	take(m, path, origin, major, access, 3, peak_ns * 9);
	take(m, path, origin, major, access, 1, peak_ns * 30);
}

static void pass(struct machine *m, uint64_t ns)
{
	m->now.mono_ns += ns;
	m->now.wall_ns += ns;
}

static void print(struct machine *m, const struct snapshot *before, bool is_total)
{
	snapshot_report(&m->report, before, &m->now, m->exact, m->attach);
	m->report.is_total = is_total;
	m->report.causes = m->causes;
	m->renderer->report(m->out, &m->report, m->style);
}

static void interval(struct machine *m)
{
	print(m, &m->last, false);
	m->last = m->now;
}

static void total(struct machine *m)
{
	print(m, &m->start, true);
}

static void run_empty(struct machine *m)
{
	pass(m, SECOND);
	interval(m);
	pass(m, SECOND / 4);
	total(m);
}

/* No faults, but something was lost. */
static void run_empty_lost(struct machine *m)
{
	pass(m, SECOND);
	m->now.tallies[TALLY_END_WITHOUT_BEGIN] = 2;
	m->now.tallies[TALLY_END_OF_OTHERS] = 1000;
	m->now.in_flight = 1;
	total(m);
}

static void take_typical(struct machine *m)
{
	take_spread(m, PATH_ANON, ORIGIN_USER, 0, ACCESS_WRITE, 196608, 700);
	take_spread(m, PATH_ANON, ORIGIN_KERNEL, 0, ACCESS_WRITE, 4096, 900);
	take_spread(m, PATH_FILE_AROUND, ORIGIN_USER, 0, ACCESS_READ, 3000, 2500);
	take_spread(m, PATH_FILE_AROUND, ORIGIN_USER, 0, ACCESS_EXEC, 700, 2600);
	take_spread(m, PATH_FILE_READ, ORIGIN_USER, 1, ACCESS_READ, 500, 90000);
	take_spread(m, PATH_FILE_READ, ORIGIN_USER, 0, ACCESS_READ, 1000, 3000);
	take_spread(m, PATH_WP_COPY, ORIGIN_USER, 0, ACCESS_WRITE, 12000, 1100);
	take(m, PATH_BAD_ADDRESS, ORIGIN_USER, 0, ACCESS_READ, 2, 5000);
	m->now.cells[PATH_FILE_READ][ORIGIN_USER][1].retries = 500;
	m->now.cells[PATH_UNRESOLVED][ORIGIN_USER][0].untimed += 3;
	m->now.cells[PATH_UNRESOLVED][ORIGIN_USER][0].access[ACCESS_READ] += 3;
}

static void run_typical(struct machine *m)
{
	pass(m, 12345678901);
	take_typical(m);
	total(m);
}

/* Coarser ways: some paths inferred, a mix of ways, losses of each kind. */
static void run_inferred(struct machine *m)
{
	m->attach = "kprobe, tracepoint";
	m->exact[PATH_WP_COPY][ORIGIN_USER] = INFERRED;
	m->exact[PATH_ANON][ORIGIN_KERNEL] = INFERRED;
	m->exact[PATH_SHARED_WRITE][ORIGIN_USER] = INFERRED;
	pass(m, 10 * SECOND);
	take_typical(m);
	take(m, PATH_SHARED_WRITE, ORIGIN_USER, 0, ACCESS_WRITE, 7, 1500);
	take(m, PATH_UNCLASSIFIED, ORIGIN_USER, 0, ACCESS_WRITE, 4, 1500);
	m->now.events += 3;
	m->now.marker_misses = 12;
	for (unsigned int i = 0; i < TALLY_NR; i++)
		m->now.tallies[i] = 5 + i;
	total(m);
}

/* --causes where all but one can be told: a slow swap device, a lock. */
static void run_causes(struct machine *m)
{
	m->causes = ((1u << CAUSE_NR) - 1) & ~(1u << CAUSE_COMPACTION);
	pass(m, SECOND);
	take(m, PATH_SWAP, ORIGIN_USER, 1, ACCESS_READ, 4, 20000000);
	spend(m, PATH_SWAP, CAUSE_IO, 4, 79000000);
	spend(m, PATH_SWAP, CAUSE_ON_CPU, 4, 1000000);
	take(m, PATH_ANON, ORIGIN_USER, 0, ACCESS_WRITE, 10, 5000);
	spend(m, PATH_ANON, CAUSE_LOCK, 1, 30000);
	spend(m, PATH_ANON, CAUSE_ON_CPU, 10, 20000);
	m->now.cells[PATH_FIXUP][ORIGIN_KERNEL][0].untimed = 2;
	total(m);
}

static void run_intervals(struct machine *m)
{
	pass(m, SECOND);
	take_spread(m, PATH_ANON, ORIGIN_USER, 0, ACCESS_WRITE, 5000, 700);
	take(m, PATH_SWAP, ORIGIN_USER, 1, ACCESS_READ, 40, 250000);
	interval(m);

	pass(m, SECOND + 1234567);
	for (unsigned int major = 0; major < 2; major++)
		m->now.cells[PATH_SWAP][ORIGIN_USER][major].max_ns = 0;
	take(m, PATH_SWAP, ORIGIN_USER, 1, ACCESS_READ, 10, 150000);
	take(m, PATH_SWAP, ORIGIN_USER, 0, ACCESS_WRITE, 10, 4000);
	m->now.events += 3;
	m->now.tallies[TALLY_VMA_BUSY] = 17;
	interval(m);

	pass(m, SECOND);
	interval(m);

	/* The caller keeps the maximum of the run. */
	m->now.cells[PATH_SWAP][ORIGIN_USER][1].max_ns = 250000;
	total(m);
}

/* Beyond every column, bucket and unit, and a string that must be quoted. */
static void run_extremes(struct machine *m)
{
	m->attach = "kprobe (no \"fentry\")";
	pass(m, 86400 * SECOND);
	take(m, PATH_ANON, ORIGIN_USER, 0, ACCESS_WRITE, 123456789012, 30);
	take(m, PATH_ANON, ORIGIN_USER, 1, ACCESS_WRITE, 98765432, 59);
	take(m, PATH_SWAP, ORIGIN_GUP, 1, ACCESS_READ, 1, 3000 * SECOND);
	take(m, PATH_SWAP, ORIGIN_GUP, 1, ACCESS_READ, 1, 1000000);
	take(m, PATH_HUGETLB, ORIGIN_USER, 0, ACCESS_WRITE, 1, 215269482304);
	total(m);
}

static const struct golden {
	const char *file;
	const struct renderer *renderer;
	void (*run)(struct machine *m);
	struct render_style style;
} goldens[] = {
	{ "empty.txt", &render_table, run_empty, { 0 } },
	{ "empty.json", &render_json, run_empty, { 0 } },
	{ "empty.csv", &render_csv, run_empty, { 0 } },
	{ "empty_lost.txt", &render_table, run_empty_lost, { .histogram = true } },
	{ "empty_lost.json", &render_json, run_empty_lost, { 0 } },
	{ "empty_lost.csv", &render_csv, run_empty_lost, { 0 } },
	{ "typical.txt", &render_table, run_typical, { 0 } },
	{ "typical.json", &render_json, run_typical, { 0 } },
	{ "typical.csv", &render_csv, run_typical, { 0 } },
	{ "histogram.txt", &render_table, run_typical, { .histogram = true } },
	{ "inferred.txt", &render_table, run_inferred, { 0 } },
	{ "inferred.json", &render_json, run_inferred, { 0 } },
	{ "inferred.csv", &render_csv, run_inferred, { 0 } },
	{ "colour.txt", &render_table, run_inferred, { .histogram = true, .colour = true } },
	{ "causes.txt", &render_table, run_causes, { 0 } },
	{ "causes.json", &render_json, run_causes, { 0 } },
	{ "causes.csv", &render_csv, run_causes, { 0 } },
	{ "intervals.txt", &render_table, run_intervals, { 0 } },
	{ "intervals.json", &render_json, run_intervals, { 0 } },
	{ "intervals.csv", &render_csv, run_intervals, { 0 } },
	{ "timestamps.txt", &render_table, run_intervals, { .timestamp = true } },
	{ "extremes.txt", &render_table, run_extremes, { .histogram = true } },
	{ "extremes.json", &render_json, run_extremes, { 0 } },
	{ "extremes.csv", &render_csv, run_extremes, { 0 } },
};

static const struct trace_golden {
	const char *file;
	const struct trace_renderer *renderer;
	const struct trace_story *story;
} trace_goldens[] = {
	{ "trace_all.txt", &trace_text, &trace_story_all },
	{ "trace_all.json", &trace_json, &trace_story_all },
	{ "trace_all_perf.txt", &trace_perf_script, &trace_story_all },
	{ "trace_all_chrome.json", &trace_chrome, &trace_story_all },
	{ "trace_stacks.txt", &trace_text, &trace_story_stacks },
	{ "trace_stacks.json", &trace_json, &trace_story_stacks },
	{ "trace_stacks_perf.txt", &trace_perf_script, &trace_story_stacks },
	{ "trace_stacks_chrome.json", &trace_chrome, &trace_story_stacks },
	{ "trace_empty.txt", &trace_text, &trace_story_empty },
	{ "trace_empty.json", &trace_json, &trace_story_empty },
	{ "trace_empty_perf.txt", &trace_perf_script, &trace_story_empty },
	{ "trace_empty_chrome.json", &trace_chrome, &trace_story_empty },
};

static void report(const struct golden *g, FILE *out)
{
	struct machine *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	hist_tables_fill(&m->tables);
	m->renderer = g->renderer;
	m->style = &g->style;
	m->attach = "fentry";
	m->start.mono_ns = MONO_START;
	m->start.wall_ns = WALL_START;
	m->last = m->start;
	m->now = m->start;
	m->out = out;
	if (g->renderer->begin)
		g->renderer->begin(m->out, &g->style);
	g->run(m);
	free(m);
}

/* One expected file, of the one kind or of the other. */
struct job {
	const char *file;
	const struct golden *golden;
	const struct trace_golden *trace;
	const char *dir;
};

#define NR_JOBS (NR(goldens) + NR(trace_goldens))

static void fill_jobs(struct job jobs[NR_JOBS], const char *dir)
{
	for (size_t i = 0; i < NR(goldens); i++)
		*jobs++ = (struct job){ goldens[i].file, &goldens[i], NULL, dir };
	for (size_t i = 0; i < NR(trace_goldens); i++)
		*jobs++ = (struct job){ trace_goldens[i].file, NULL, &trace_goldens[i], dir };
}

/* What the job's renderer prints; to be freed. */
static char *render(const struct job *job, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	assert_non_null(out);
	if (job->trace)
		trace_tell(out, job->trace->renderer, job->trace->story);
	else
		report(job->golden, out);
	fclose(out);
	return text;
}

static FILE *open_golden(const char *dir, const char *file, const char *mode)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return fopen(path, mode);
}

static bool same_as_file(FILE *f, const char *text, size_t size)
{
	char *expected = malloc(size + 1);
	bool same;

	assert_non_null(expected);
	/* One byte more than wanted: a longer file differs too. */
	same = fread(expected, 1, size + 1, f) == size && !memcmp(expected, text, size);
	free(expected);
	return same;
}

/* On stderr: stdout may be TAP. */
static void show_difference(const char *dir, const char *file, const char *text, size_t size)
{
	char command[8192];
	FILE *diff;

	fflush(NULL);
	snprintf(command, sizeof(command), "diff -u --label expected/%s --label now/%s '%s/%s' - >&2",
		 file, file, dir, file);
	diff = popen(command, "w");
	if (!diff)
		return;
	fwrite(text, 1, size, diff);
	pclose(diff);
}

static void test_golden(void **state)
{
	const struct job *job = *state;
	size_t size;
	char *text = render(job, &size);
	FILE *f = open_golden(job->dir, job->file, "r");
	bool same = f && same_as_file(f, text, size);

	if (f)
		fclose(f);
	if (!same)
		show_difference(job->dir, job->file, text, size);
	free(text);
	if (!same)
		fail_msg("%s differs; golden --update when it should", job->file);
}

static int update(const struct job jobs[NR_JOBS])
{
	for (size_t i = 0; i < NR_JOBS; i++) {
		size_t size;
		char *text = render(&jobs[i], &size);
		FILE *f = open_golden(jobs[i].dir, jobs[i].file, "w");
		bool written = f && fwrite(text, 1, size, f) == size;

		free(text);
		if ((f && fclose(f)) || !written) {
			fprintf(stderr, "golden: cannot write %s/%s\n", jobs[i].dir, jobs[i].file);
			return 1;
		}
	}
	return 0;
}

static int print_many(const char *format)
{
	for (size_t i = 0; trace_renderers[i]; i++) {
		if (strcmp(trace_renderers[i]->name, format))
			continue;
		trace_tell(stdout, trace_renderers[i], &trace_story_many);
		return 0;
	}
	fprintf(stderr, "golden: no format %s\n", format);
	return 2;
}

int main(int argc, char **argv)
{
	bool is_update = argc > 1 && !strcmp(argv[1], "--update");
	const char *dir = argc > 1 + is_update ? argv[1 + is_update] : "tests/golden";
	struct CMUnitTest tests[NR_JOBS];
	struct job jobs[NR_JOBS];

	setenv("TZ", "UTC", 1);
	if (argc > 2 && !strcmp(argv[1], "--trace"))
		return print_many(argv[2]);
	fill_jobs(jobs, dir);
	if (is_update)
		return update(jobs);
	for (size_t i = 0; i < NR_JOBS; i++) {
		tests[i] = (struct CMUnitTest){
			.name = jobs[i].file,
			.test_func = test_golden,
			.initial_state = &jobs[i],
		};
	}
	return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
