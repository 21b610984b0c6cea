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

#include "report/group_report.h"
#include "stat/stat_formats.h"
#include "report/report.h"
#include "shared/hist.h"
#include "trace_events.h"

#define SECOND 1000000000ull
/* 2024-03-09 16:00:00 UTC */
#define WALL_START (1710000000 * SECOND)
#define MONO_START (5000 * SECOND)
#define NR(array)  (sizeof(array) / sizeof((array)[0]))

/* The machine that is made up: its counters now, at the last report, at the start. */
struct machine {
	struct hist_tables tables;
	struct snapshot start, last, now;
	enum exactness exact[PATH_NR][ORIGIN_NR];
	const char *attach;
	uint32_t causes;
	struct report report;
	struct group_report groups; /* by[0]: without, there are none */
	struct group_row rows[8];
	struct group_row *sorted[8];
	unsigned int top;
	/* Where its reports go, and how. */
	struct output out;
	const struct stat_options *options;
};

/* n faults of ns each. */
static void take(struct machine *m, unsigned int path, unsigned int origin, unsigned int major,
		 unsigned int access, uint64_t n, uint64_t ns)
{
	struct fault_sum *cell = &m->now.sums[path][origin][major];

	cell->buckets[hist_slot(&m->tables, ns)] += n;
	cell->sum_ns += n * ns;
	cell->access[access] += n;
	if (ns > cell->max_ns)
		cell->max_ns = ns;
	m->now.events += n;
	m->now.end_runs += n;
}

/* Of user mode: ns of a path's time. */
static void spend(struct machine *m, unsigned int path, enum cause cause, uint64_t ns)
{
	m->now.causes[path][ORIGIN_USER].ns[cause] += ns;
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
	if (m->groups.by[0]) {
		group_report_make(&m->groups, SORT_TOTAL, m->top, m->report.duration_ns);
		m->report.groups = &m->groups;
	}
	m->out.format->record(&m->out, &m->report);
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
	m->now.sums[PATH_FILE_READ][ORIGIN_USER][1].retries = 500;
	m->now.sums[PATH_UNRESOLVED][ORIGIN_USER][0].untimed += 3;
	m->now.sums[PATH_UNRESOLVED][ORIGIN_USER][0].access[ACCESS_READ] += 3;
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
	m->now.probe_misses = 12;
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
	spend(m, PATH_SWAP, CAUSE_IO, 79000000);
	spend(m, PATH_SWAP, CAUSE_ON_CPU, 1000000);
	take(m, PATH_ANON, ORIGIN_USER, 0, ACCESS_WRITE, 10, 5000);
	spend(m, PATH_ANON, CAUSE_LOCK, 30000);
	spend(m, PATH_ANON, CAUSE_ON_CPU, 20000);
	m->now.sums[PATH_FIXUP][ORIGIN_KERNEL][0].untimed = 2;
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
		m->now.sums[PATH_SWAP][ORIGIN_USER][major].max_ns = 0;
	take(m, PATH_SWAP, ORIGIN_USER, 1, ACCESS_READ, 10, 150000);
	take(m, PATH_SWAP, ORIGIN_USER, 0, ACCESS_WRITE, 10, 4000);
	m->now.events += 3;
	m->now.tallies[TALLY_VMA_BUSY] = 17;
	interval(m);

	pass(m, SECOND);
	interval(m);

	/* The caller keeps the maximum of the run. */
	m->now.sums[PATH_SWAP][ORIGIN_USER][1].max_ns = 250000;
	total(m);
}

/* The faults of a period in all, and what has been counted of them. */
static void end_duty_period(struct machine *m, struct estimate *e, struct fault_totals *last)
{
	struct fault_totals now = { 0 };
	unsigned int path, origin, major;

	for_each_fault_sum(path, origin, major) {
		const struct fault_sum *sum = &m->now.sums[path][origin][major];

		now.of[path][origin].count += snapshot_count(sum);
		now.of[path][origin].sum_ns += sum->sum_ns;
	}
	estimate_add(e, last, &now, SECOND / 10);
	*last = now;
	pass(m, SECOND);
}

static void print_duty(struct machine *m, struct report_duty *duty, const struct estimate *e)
{
	duty->percent = 10;
	duty->period_ns = SECOND;
	duty->windows = e->nr;
	duty->open_ns = e->nr * SECOND / 10;
	duty->unsure_ns = e->nr * 50000;
	snapshot_report(&m->report, &m->start, &m->now, m->exact, m->attach);
	m->report.is_total = true;
	estimate_report(&m->report, duty, e);
	m->out.format->record(&m->out, &m->report);
}

/* --duty: one period, whose errors are unknown; then four, with all there can be. */
static void run_duty(struct machine *m)
{
	struct report_duty duty = { 0 }, full = {
		.failed = 1,
		.cut = 3,
		.cut_ns = 400000000,
		.oldest_cut_ns = 187000000,
		.attach_ns = 300000,
		.detach_ns = 250000,
		.drain_ns = 100000000,
		.kernel = { { "/proc/vmstat", "pgfault", "the machine", 1234567 },
			    { "/proc/vmstat", "pgmajfault", "the machine", 890 } },
		.nr_kernel = 2,
	};
	struct estimate *e = calloc(1, sizeof(*e));
	struct fault_totals last = { 0 };

	assert_non_null(e);
	take(m, PATH_ANON, ORIGIN_USER, 0, ACCESS_WRITE, 1000, 700);
	end_duty_period(m, e, &last);
	print_duty(m, &duty, e);
	for (unsigned int i = 0; i < 3; i++) {
		take(m, PATH_ANON, ORIGIN_USER, 0, ACCESS_WRITE, 900 + 100 * i, 700 + 50 * i);
		take(m, PATH_SWAP, ORIGIN_USER, 1, ACCESS_READ, i, 250000);
		end_duty_period(m, e, &last);
	}
	m->now.sums[PATH_UNRESOLVED][ORIGIN_USER][0].untimed += 1;
	m->now.sums[PATH_UNRESOLVED][ORIGIN_USER][0].access[ACCESS_READ] += 1;
	m->now.tallies[TALLY_END_WITHOUT_BEGIN] = 42;
	m->now.tallies[TALLY_VMA_BUSY] = 17;
	print_duty(m, &full, e);
	free(e);
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

static void take_rest(struct machine *m, struct report_row *row, uint64_t n, uint64_t ns)
{
	take(m, PATH_ANON, ORIGIN_USER, 0, ACCESS_WRITE, n, ns);
	row->buckets[hist_slot(&m->tables, ns)] += n;
	row->count += n;
	row->sum_ns += n * ns;
	if (ns > row->max_ns)
		row->max_ns = ns;
}

static struct group_row *group(struct machine *m, uint64_t n, uint64_t ns)
{
	struct group_row *row = &m->rows[m->groups.nr_rows++];

	take_rest(m, &row->n, n, ns);
	return row;
}

static void begin_groups(struct machine *m)
{
	m->groups.rows = m->rows;
	m->groups.sorted = m->sorted;
	memcpy(m->groups.by, m->options->by, sizeof(m->groups.by));
	pass(m, 2 * SECOND);
}

static void name_task(struct group_row *row, int n, uint64_t id, const char *comm)
{
	row->key.dim[n][0] = id;
	row->key.dim[n][1] = 123450000000 + id;
	snprintf(row->comm[n], sizeof(row->comm[n]), "%s", comm);
}

/* Names that others chose, more rows than are shown, all kinds of rest, and a loss. */
static void run_by_process(struct machine *m)
{
	begin_groups(m);
	m->top = 4;
	name_task(group(m, 1000, 2500), 0, 4194303, "postgres");
	name_task(group(m, 70, 12000000), 0, 17, "a\tb\nc\033[31md");
	name_task(group(m, 5, 300), 0, 18, "\"quoted\", x");
	name_task(group(m, 12, 700), 0, 19, "caf\xc3\xa9");
	name_task(group(m, 3, 200), 0, 20, "not\xff utf8");
	name_task(group(m, 2, 200), 0, 21, "");
	m->rows[1].n.major = 60;
	take_rest(m, &m->groups.other, 400, 900);
	take_rest(m, &m->groups.exited, 50, 1100);
	m->now.sums[PATH_UNRESOLVED][ORIGIN_USER][0].untimed += 3;
	m->rows[5].n.untimed += 3;
	m->rows[5].n.count += 3;
	m->now.tallies[TALLY_VMA_BUSY] = 17;
	total(m);
}

/* What is never timed only, and an interval without faults. */
static void run_by_thread_path(struct machine *m)
{
	begin_groups(m);
	interval(m);
	pass(m, SECOND);
	name_task(group(m, 10, 800), 0, 7, "worker");
	name_task(group(m, 0, 0), 0, 7, "worker");
	m->rows[0].key.dim[1][0] = PATH_ANON;
	m->rows[0].name[1] = "anon";
	m->rows[1].key.dim[1][0] = PATH_UNRESOLVED;
	m->rows[1].name[1] = "unresolved";
	m->rows[1].n.count = m->rows[1].n.untimed = 4;
	m->now.sums[PATH_UNRESOLVED][ORIGIN_USER][0].untimed += 4;
	total(m);
}

static void name_mapping(struct group_row *row, int n, uint64_t kind, uint32_t dev, uint64_t ino,
			 const char *name)
{
	row->key.dim[n][0] = kind << 32 | dev;
	row->key.dim[n][1] = ino;
	row->name[n] = name;
}

static void run_by_mapping_cgroup(struct machine *m)
{
	static const char pod[] =
		"/kubepods.slice/kubepods-pod0123456789abcdef0123456789abcdef.slice/cri-containerd-"
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff.scope";

	begin_groups(m);
	name_mapping(group(m, 40, 9000), 0, MAPPING_FILE, 8 << 20 | 1, 4711, "/usr/lib/libc.so.6");
	name_mapping(group(m, 30, 800), 0, MAPPING_HEAP, 0, 0, "[heap]");
	name_mapping(group(m, 20, 700), 0, MAPPING_ANON, 0, 99, "[anon:a b]");
	name_mapping(group(m, 10, 600), 0, MAPPING_NONE, 0, 0, NULL);
	name_mapping(group(m, 10, 500), 0, MAPPING_FILE, 2, 12, "/tmp/a\033]0;x\007 (deleted)");
	for (unsigned int i = 0; i < m->groups.nr_rows; i++)
		m->rows[i].key.dim[1][0] = 100 + i % 2;
	m->rows[0].name[1] = m->rows[2].name[1] = pod;
	m->rows[1].name[1] = "/system.slice/a.service";
	take_rest(m, &m->groups.other, 4, 900);
	total(m);
}

static void run_by_file_cpu(struct machine *m)
{
	begin_groups(m);
	name_mapping(group(m, 40, 9000), 0, MAPPING_FILE, 8 << 20 | 1, 4711, "/usr/lib/libc.so.6");
	group(m, 30, 800)->key.dim[1][0] = 255;
	total(m);
}

static void run_by_comm(struct machine *m)
{
	begin_groups(m);
	memcpy(group(m, 4, 900)->key.dim[0], "x\x1b[2J,\"", 7);
	memcpy(group(m, 3, 900)->key.dim[0], "123456789012345", 15);
	m->rows[0].name[0] = "x\x1b[2J,\"";
	m->rows[1].name[0] = "123456789012345";
	total(m);
}

static const struct golden {
	const char *file;
	const struct format *format;
	void (*run)(struct machine *m);
	struct stat_options options;
} goldens[] = {
	{ "empty.txt", &stat_table, run_empty, { .histogram = false } },
	{ "empty.json", &stat_json, run_empty, { .histogram = false } },
	{ "empty.csv", &stat_csv, run_empty, { .histogram = false } },
	{ "empty_lost.txt", &stat_table, run_empty_lost, { .histogram = true } },
	{ "empty_lost.json", &stat_json, run_empty_lost, { .histogram = false } },
	{ "empty_lost.csv", &stat_csv, run_empty_lost, { .histogram = false } },
	{ "typical.txt", &stat_table, run_typical, { .histogram = false } },
	{ "typical.json", &stat_json, run_typical, { .histogram = false } },
	{ "typical.csv", &stat_csv, run_typical, { .histogram = false } },
	{ "histogram.txt", &stat_table, run_typical, { .histogram = true } },
	{ "inferred.txt", &stat_table, run_inferred, { .histogram = false } },
	{ "inferred.json", &stat_json, run_inferred, { .histogram = false } },
	{ "inferred.csv", &stat_csv, run_inferred, { .histogram = false } },
	{ "colour.txt", &stat_table, run_inferred, { .histogram = true } },
	{ "causes.txt", &stat_table, run_causes, { .histogram = false } },
	{ "causes.json", &stat_json, run_causes, { .histogram = false } },
	{ "causes.csv", &stat_csv, run_causes, { .histogram = false } },
	{ "intervals.txt", &stat_table, run_intervals, { .histogram = false } },
	{ "intervals.json", &stat_json, run_intervals, { .histogram = false } },
	{ "intervals.csv", &stat_csv, run_intervals, { .histogram = false } },
	{ "timestamps.txt", &stat_table, run_intervals, { .timestamp = true } },
	{ "duty.txt", &stat_table, run_duty, { .run.duty.period_ns = SECOND } },
	{ "duty.json", &stat_json, run_duty, { .run.duty.period_ns = SECOND } },
	{ "duty.csv", &stat_csv, run_duty, { .run.duty.period_ns = SECOND } },
	{ "extremes.txt", &stat_table, run_extremes, { .histogram = true } },
	{ "extremes.json", &stat_json, run_extremes, { .histogram = false } },
	{ "extremes.csv", &stat_csv, run_extremes, { .histogram = false } },
	{ "by_process.txt", &stat_table, run_by_process, { .by = { DIM_PROCESS } } },
	{ "by_process.json", &stat_json, run_by_process, { .by = { DIM_PROCESS } } },
	{ "by_process.csv", &stat_csv, run_by_process, { .by = { DIM_PROCESS } } },
	{ "by_thread_path.txt",
	  &stat_table,
	  run_by_thread_path,
	  { .by = { DIM_THREAD, DIM_PATH } } },
	{ "by_thread_path.json",
	  &stat_json,
	  run_by_thread_path,
	  { .by = { DIM_THREAD, DIM_PATH } } },
	{ "by_thread_path.csv", &stat_csv, run_by_thread_path, { .by = { DIM_THREAD, DIM_PATH } } },
	{ "by_mapping_cgroup.txt",
	  &stat_table,
	  run_by_mapping_cgroup,
	  { .by = { DIM_MAPPING, DIM_CGROUP } } },
	{ "by_mapping_cgroup.json",
	  &stat_json,
	  run_by_mapping_cgroup,
	  { .by = { DIM_MAPPING, DIM_CGROUP } } },
	{ "by_mapping_cgroup.csv",
	  &stat_csv,
	  run_by_mapping_cgroup,
	  { .by = { DIM_MAPPING, DIM_CGROUP } } },
	{ "by_file_cpu.txt", &stat_table, run_by_file_cpu, { .by = { DIM_FILE, DIM_CPU } } },
	{ "by_file_cpu.json", &stat_json, run_by_file_cpu, { .by = { DIM_FILE, DIM_CPU } } },
	{ "by_file_cpu.csv", &stat_csv, run_by_file_cpu, { .by = { DIM_FILE, DIM_CPU } } },
	{ "by_comm.txt", &stat_table, run_by_comm, { .by = { DIM_COMM } } },
	{ "by_comm.json", &stat_json, run_by_comm, { .by = { DIM_COMM } } },
	{ "by_comm.csv", &stat_csv, run_by_comm, { .by = { DIM_COMM } } },
};

static const struct trace_golden {
	const char *file;
	const struct format *format;
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
	histogram_fill_tables(&m->tables);
	m->options = &g->options;
	m->attach = "fentry";
	m->start.mono_ns = MONO_START;
	m->start.wall_ns = WALL_START;
	m->last = m->start;
	m->now = m->start;
	m->out = (struct output){
		.file = out,
		.format = g->format,
		.context = &g->options,
		.colour = !strcmp(g->file, "colour.txt"),
	};
	if (g->format->begin)
		g->format->begin(&m->out);
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
		trace_tell(out, job->trace->format, job->trace->story);
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
	snprintf(command, sizeof(command),
		 "diff -u --label expected/%s --label now/%s '%s/%s' - >&2", file, file, dir, file);
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
	for (size_t i = 0; trace_formats[i]; i++) {
		if (strcmp(trace_formats[i]->name, format))
			continue;
		trace_tell(stdout, trace_formats[i], &trace_story_many);
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
