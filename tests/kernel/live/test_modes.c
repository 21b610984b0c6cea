// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_modes.c: what pfstat measures (a command, threads, children) and when it
 * reports.
 */
#include "live.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MILLION = 1000000, THREADS = 4 };

static void run_command(struct test *test, int status, const char *const command[])
{
	const char *args[MAX_ARGS] = { "--" };
	size_t n = 1;

	while (*command && n < MAX_ARGS - 1)
		args[n++] = *command++;
	stat_start(test, args);
	stat_end(test, 0, status);
	check(test, test->total, "no total");
	check_entries(test, test->total);
}

static void test_command(struct test *test)
{
	char count[24];
	const char *const command[] = { test->opts->faultgen, "--json", "anon", count, NULL };
	uint64_t anon;

	snprintf(count, sizeof(count), "%llu", (unsigned long long)test->count);
	run_command(test, 0, command);
	anon = count_of(test, test->total, "anon", "user");
	check(test, anon >= test->count, "%llu anon faults", (unsigned long long)anon);
	check(test, number(test, test->total, "duration_ns") > 0, "no duration");
}

static void test_command_status(struct test *test)
{
	run_command(test, 3, (const char *const[]){ "sh", "-c", "exit 3", NULL });
}

static void test_command_killed(struct test *test)
{
	run_command(test, 128 + SIGTERM,
		    (const char *const[]){ "sh", "-c", "kill -TERM $$", NULL });
}

static void test_command_missing(struct test *test)
{
	const char *const argv[] = { test->opts->pfstat, "--json", "--", "/no/such/command", NULL };
	int status;

	proc_start(test, &test->stat, argv);
	status = proc_wait(test, &test->stat);
	check(test, status == 127, "status %d, not 127", status);
	check(test, strstr(test->stat.err.text, "command not found"), "stderr says: %s",
	      test->stat.err.text);
}

/* All faults of the process: threads that are born while pfstat measures are in. */
static void check_whole(struct test *test)
{
	uint64_t minor = number(test, test->result, "minflt");
	uint64_t major = number(test, test->result, "majflt");

	check_severities(test, minor, major);
	check_entries(test, test->total);
}

static void test_spawn(struct test *test)
{
	gen_start(test, &test->gen, "anon", test->count, THREADS, "--spawn");
	stat_start_pid(test, test->gen.pid);
	test->result = gen_go(test, &test->gen);
	stat_end(test, SIGINT, 0);
	check_whole(test);
	check(test, count_of(test, test->total, "anon", "user") >= test->count,
	      "the new threads' faults are missing");
}

/* A shell that starts faultgen when told; pfstat measures the shell. */
static void measure_shell(struct test *test, const char *option)
{
	char count[24], pid[16];
	const char *const shell[] = {
		"sh",  "-c", "read x; \"$0\" --json anon \"$1\"; exit $?", test->opts->faultgen,
		count, NULL
	};
	const char *const args[] = { "-p", pid, option, NULL };
	const char *line;

	snprintf(count, sizeof(count), "%llu", (unsigned long long)test->count);
	proc_start(test, &test->gen, shell);
	snprintf(pid, sizeof(pid), "%d", (int)test->gen.pid);
	stat_start(test, args);
	proc_write(test, &test->gen, "\n");
	line = proc_line(test, &test->gen, &test->gen.out, "{");
	check(test, line && proc_wait(test, &test->gen) == 0, "the shell failed: %s",
	      test->gen.err.text ? test->gen.err.text : "");
	/* Its only process has ended: so does pfstat, by itself. */
	stat_end(test, 0, 0);
	check(test, test->total, "no total");
	check_entries(test, test->total);
}

static void test_children(struct test *test)
{
	measure_shell(test, NULL);
	check(test, count_of(test, test->total, "anon", "user") >= test->count,
	      "the child's faults are missing");
}

static void test_no_inherit(struct test *test)
{
	measure_shell(test, "--no-inherit");
	check(test, count_of(test, test->total, "anon", "user") < test->count,
	      "the child's faults are there");
}

/* A thread of the process that is not its first. */
static int other_thread(struct test *test, pid_t pid)
{
	struct dirent *entry;
	char path[40];
	int tid = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	check(test, dir, "%s: %s", path, strerror(errno));
	while ((entry = readdir(dir)) && (!tid || tid == pid))
		tid = atoi(entry->d_name);
	closedir(dir);
	check(test, tid && tid != pid, "%d has one thread", (int)pid);
	return tid;
}

static void test_thread(struct test *test)
{
	uint64_t count = test->count / THREADS * THREADS, anon;
	char tid[16];
	const char *const args[] = { "-t", tid, NULL };

	gen_start(test, &test->gen, "anon", count, THREADS, NULL);
	snprintf(tid, sizeof(tid), "%d", other_thread(test, test->gen.pid));
	stat_start(test, args);
	test->result = gen_go(test, &test->gen);
	stat_end(test, SIGINT, 0);
	anon = count_of(test, test->total, "anon", "user");
	check(test, anon == count / THREADS && sum_of(test, test->total, "count") == anon,
	      "%llu faults of the one thread expected", (unsigned long long)(count / THREADS));
}

static void test_two_processes(struct test *test)
{
	char pids[40];
	const char *const args[] = { "-p", pids, NULL };

	gen_start(test, &test->gen, "anon", test->count, 1, NULL);
	gen_start(test, &test->gen2, "anon", test->count, THREADS, NULL);
	snprintf(pids, sizeof(pids), "%d,%d", (int)test->gen.pid, (int)test->gen2.pid);
	stat_start(test, args);
	test->result = gen_go(test, &test->gen);
	test->result2 = gen_go(test, &test->gen2);
	stat_end(test, SIGINT, 0);
	check(test, count_of(test, test->total, "anon", "user") == 2 * test->count,
	      "%llu faults of two processes expected", (unsigned long long)(2 * test->count));
	check(test, sum_of(test, test->total, "count") == 2 * test->count, "other faults as well");
}

static void test_whole_machine(struct test *test)
{
	const char *const args[] = { NULL };

	gen_start(test, &test->gen, "anon", test->count, THREADS, NULL);
	stat_start(test, args);
	test->result = gen_go(test, &test->gen);
	stat_end(test, SIGINT, 0);
	check(test, count_of(test, test->total, "anon", "user") >= test->count,
	      "faultgen's faults are missing");
	check_entries(test, test->total);
}

static void add_buckets(uint64_t sums[256], const json_t *entry, int sign)
{
	const json_t *pair;
	size_t i;

	json_array_foreach(json_object_get(entry, "buckets"), i, pair)
		sums[json_integer_value(json_array_get(pair, 0)) + 192] +=
		sign * json_integer_value(json_array_get(pair, 1));
}

/* One entry of the total against the same one in all intervals. */
static void check_intervals_entry(struct test *test, const json_t *entry)
{
	static const char *const sums[] = { "count",   "minor", "major", "sum_ns", "untimed",
					    "retries", "read",  "write", "exec" };
	const char *path = word(test, entry, "path"), *origin = word(test, entry, "origin");
	uint64_t got[sizeof(sums) / sizeof(sums[0])] = { 0 }, buckets[256] = { 0 }, max = 0;
	size_t i, f, n = json_array_size(test->reports) - 1;

	for (i = 0; i < n; i++) {
		json_t *part = entry_of(test, json_array_get(test->reports, i), path, origin);

		for (f = 0; part && f < sizeof(sums) / sizeof(sums[0]); f++)
			got[f] += number(test, part, sums[f]);
		if (part && number(test, part, "max_ns") > max)
			max = number(test, part, "max_ns");
		add_buckets(buckets, part, 1);
	}
	for (f = 0; f < sizeof(sums) / sizeof(sums[0]); f++)
		check(test, got[f] == number(test, entry, sums[f]),
		      "%s: the intervals' %s add up to %llu, the total has %llu", path, sums[f],
		      (unsigned long long)got[f], (unsigned long long)number(test, entry, sums[f]));
	/*
	 * docs/json.md: of a fault at an interval's end it may be the bound of its bucket, which
	 * is 9.05 % wide, or that of another fault in the bucket.
	 */
	check(test,
	      max * 1091 >= number(test, entry, "max_ns") * 1000 &&
		      max * 1000 <= number(test, entry, "max_ns") * 1091,
	      "%s: the intervals' max is %llu", path, (unsigned long long)max);
	add_buckets(buckets, entry, -1);
	for (i = 0; i < 256; i++)
		check(test, !buckets[i], "%s: bucket %d does not add up", path, (int)i - 192);
}

/* The time at which a line was made, on the wall clock. */
static void wait_interval_after(struct test *test, uint64_t wall_ns)
{
	for (;;) {
		const char *line = proc_line(test, &test->stat, &test->stat.out, "{");
		const char *time = line ? strstr(line, "\"time_ns\":") : NULL;

		check(test, time, "no interval line");
		if (strtoull(time + 10, NULL, 10) > wall_ns)
			return;
	}
}

static uint64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* After the faults one more interval is waited for, so that none is in the total only. */
static void test_intervals(struct test *test)
{
	char pid[16];
	const char *const args[] = { "-p", pid, "0.01", NULL };
	size_t i, n;

	gen_start(test, &test->gen, "mix", test->count * 50, THREADS, NULL);
	snprintf(pid, sizeof(pid), "%d", (int)test->gen.pid);
	stat_start(test, args);
	test->result = gen_go(test, &test->gen);
	wait_interval_after(test, wall_ns());
	stat_end(test, SIGINT, 0);
	n = json_array_size(test->reports);
	for (i = 0; i + 1 < n; i++)
		check(test,
		      !strcmp(word(test, json_array_get(test->reports, i), "kind"), "interval"),
		      "line %zu is not an interval", i);
	for (i = 0; i < json_array_size(json_object_get(test->total, "paths")); i++)
		check_intervals_entry(test,
				      json_array_get(json_object_get(test->total, "paths"), i));
	check_entries(test, test->total);
	test_note(test, "%zu intervals", n - 1);
}

static void test_interval_count(struct test *test)
{
	const char *const args[] = { "0.2", "3", NULL };
	uint64_t duration = 0;
	size_t i;

	stat_start(test, args);
	stat_end(test, 0, 0);
	check(test, json_array_size(test->reports) == 4, "%zu lines, not 3 intervals and a total",
	      json_array_size(test->reports));
	for (i = 0; i < 3; i++)
		duration += number(test, json_array_get(test->reports, i), "duration_ns");
	check(test, duration <= number(test, test->total, "duration_ns"),
	      "the intervals take longer than the total");
}

static void test_duration(struct test *test)
{
	const char *const args[] = { "-d", "0.3", NULL };
	uint64_t ns;

	stat_start(test, args);
	stat_end(test, 0, 0);
	ns = number(test, test->total, "duration_ns");
	/* The clock of -d runs a little earlier than the one of the report. */
	check(test, ns >= 290000000, "it lasted %llu ns", (unsigned long long)ns);
}

static void test_sigterm(struct test *test)
{
	gen_start(test, &test->gen, "anon", test->count, 1, NULL);
	stat_start_pid(test, test->gen.pid);
	test->result = gen_go(test, &test->gen);
	stat_end(test, SIGTERM, 0);
	check_whole(test);
}

/* The process ends before pfstat does: its faults are kept, and pfstat ends as well. */
static void test_target_ends(struct test *test)
{
	gen_start(test, &test->gen, "anon", test->count, THREADS, NULL);
	stat_start_pid(test, test->gen.pid);
	test->result = gen_go(test, &test->gen);
	gen_end(test, &test->gen);
	stat_end(test, 0, 0);
	check(test, count_of(test, test->total, "anon", "user") >= test->count,
	      "faults of the ended process are missing");
	check_entries(test, test->total);
}

/* What was running is killed in the middle of its faults. */
static void test_target_killed(struct test *test)
{
	gen_start(test, &test->gen, "anon", MILLION, THREADS, NULL);
	stat_start_pid(test, test->gen.pid);
	proc_write(test, &test->gen, "\n");
	kill(test->gen.pid, SIGKILL);
	proc_wait(test, &test->gen);
	stat_end(test, 0, 0);
	check(test, test->total, "no total");
	check_entries(test, test->total);
}

static void test_closed_pipe(struct test *test)
{
	char pid[16];
	const char *const args[] = { "-p", pid, "0.05", NULL };
	const char *line;
	int status;

	gen_start(test, &test->gen, "anon", test->count, 1, NULL);
	snprintf(pid, sizeof(pid), "%d", (int)test->gen.pid);
	stat_start(test, args);
	proc_close_out(&test->stat);
	status = proc_wait(test, &test->stat);
	check(test, status == 0, "status %d, not 0", status);
	while ((line = proc_line(test, &test->stat, &test->stat.err, "")))
		test_fail(test, "after Measuring, stderr says: %s", line);
}

/* The plan that -v prints once all is attached. */
static char *plan_of(struct test *test, const char *option, char *plan, size_t size)
{
	char attach[64];
	const char *const argv[] = { test->opts->pfstat, attach, option, "-d", "0.01", NULL };
	const char *from = NULL, *at;
	struct stream *s = option[2] == 'd' ? &test->stat.out : &test->stat.err;

	snprintf(attach, sizeof(attach), "--attach=%s", test->attach);
	proc_start(test, &test->stat, argv);
	check(test, proc_wait(test, &test->stat) == 0, "%s failed: %s", option,
	      test->stat.err.text);
	for (at = s->text; at && (at = strstr(at, "attach: ")); at++)
		from = at;
	check(test, from, "%s printed no plan", option);
	at = strstr(from, "\nMeasuring");
	snprintf(plan, size, "%.*s", at ? (int)(at + 1 - from) : (int)strlen(from), from);
	proc_kill(&test->stat);
	return plan;
}

/* What --dry-run promises is what a run attaches. */
static void test_dry_run(struct test *test)
{
	char promised[8192], attached[8192];

	plan_of(test, "--dry-run", promised, sizeof(promised));
	plan_of(test, "-v", attached, sizeof(attached));
	if (!strcmp(promised, attached))
		return;
	test_note(test, "--dry-run: %s", promised);
	test_note(test, "-v: %s", attached);
	test_fail(test, "--dry-run and -v differ");
}

/*
 * A maximum that was lost shows as the bound of the highest bucket. A true one
 * of milliseconds is hardly ever that very nanosecond.
 */
static void check_maximum(struct test *test, const json_t *entry)
{
	static const double root[8] = { 1,
					1.0905077326652577,
					1.189207115002721,
					1.2968395546510096,
					1.4142135623730951,
					1.5422108254079407,
					1.681792830507429,
					1.8340080864093424 };
	const json_t *buckets = json_object_get(entry, "buckets");
	size_t n = json_array_size(buckets);
	int index = json_integer_value(json_array_get(json_array_get(buckets, n - 1), 0)) + 192;
	double bound = 1e9 / (1 << 24) * (1ull << index / 8) * root[index % 8];
	double max = number(test, entry, "max_ns");

	test_note(test, "max %.0f ns, bound of its bucket %.0f ns", max, bound);
	check(test, max <= bound + 1 && max > bound / root[1] - 1, "max is not in the last bucket");
	check(test, max < bound - 1 || bound < 100000, "max is the bound of its bucket");
}

static void test_million(struct test *test)
{
	uint64_t anon, unclassified, marks;

	gen_start(test, &test->gen, "anon", MILLION, THREADS, NULL);
	stat_start_pid(test, test->gen.pid);
	test->result = gen_go(test, &test->gen);
	stat_end(test, SIGINT, 0);
	check_whole(test);
	anon = count_of(test, test->total, "anon", "user");
	unclassified = count_of(test, test->total, "unclassified", "user");
	marks = lost_of(test, "marker_missed");
	test_note(test, "start to Measuring %llu ms, peak memory %ld KiB",
		  (unsigned long long)(test->start_ns / 1000000), test->peak_kib);
	test_note(test, "anon %llu, unclassified %llu, marker_missed %llu",
		  (unsigned long long)anon, (unsigned long long)unclassified,
		  (unsigned long long)marks);
	check(test, sum_of(test, test->total, "count") == MILLION, "not a million");
	check_maximum(test, entry_of(test, test->total, "anon", "user"));
	/* Preempted fentry programs keep others on their CPU from running. */
	if (test->way != KPROBE && marks) {
		check(test, kernel_preemptible(), "marks were missed");
		check(test, anon + unclassified == MILLION, "anon and unclassified are not all");
		check(test,
		      json_object_size(json_object_get(test->total, "lost")) == 1 + !!unclassified,
		      "more was lost than marks");
		return;
	}
	check(test, anon == MILLION, "not all are anon");
	check(test, !json_object_size(json_object_get(test->total, "lost")), "something was lost");
}

/* The time that a handler of userfaultfd takes is the latency of the fault. */
static void test_uffd_delay(struct test *test)
{
	json_t *entry;

	gen_start(test, &test->gen, "uffd_missing", 10, 1, "--delay=5000000");
	stat_watch(test);
	test->result = gen_go(test, &test->gen);
	stat_take(test);
	gen_end(test, &test->gen);
	entry = entry_of(test, test->total, "uffd_missing", "user");
	check(test, entry, "no uffd_missing");
	check(test,
	      number(test, entry, "count") == 10 &&
		      number(test, entry, "sum_ns") >= 10 * 5000000ull &&
		      number(test, entry, "p50_ns") >= 5000000,
	      "%llu faults of 5 ms and more took %llu ns, p50 %llu ns",
	      (unsigned long long)number(test, entry, "count"),
	      (unsigned long long)number(test, entry, "sum_ns"),
	      (unsigned long long)number(test, entry, "p50_ns"));
}

const struct mode modes[] = {
	{ "million", test_million, true, false, false },
	{ "dry_run", test_dry_run, true, false, true },
	{ "uffd_delay", test_uffd_delay, true, true, false },
	{ "spawn", test_spawn, true, false, false },
	{ "command", test_command, true, false, true },
	{ "command_status", test_command_status, false, false, true },
	{ "command_killed", test_command_killed, false, false, true },
	{ "command_missing", test_command_missing, false, false, true },
	{ "children", test_children, true, false, false },
	{ "no_inherit", test_no_inherit, true, false, false },
	{ "thread", test_thread, true, false, false },
	{ "two_processes", test_two_processes, false, false, true },
	{ "whole_machine", test_whole_machine, true, false, false },
	{ "intervals", test_intervals, false, false, true },
	{ "interval_count", test_interval_count, false, false, true },
	{ "duration", test_duration, false, false, true },
	{ "sigterm", test_sigterm, false, false, true },
	{ "target_ends", test_target_ends, false, false, true },
	{ "target_killed", test_target_killed, false, false, true },
	{ "closed_pipe", test_closed_pipe, false, false, true },
	{ "by_process", test_by_process, true, false, false },
	{ "by_mapping", test_by_mapping, true, false, false },
	{ "by_file", test_by_file, true, false, false },
	{ "by_cgroup", test_by_cgroup, false, false, false },
	{ "filters", test_filters, false, false, false },
	{ "check_kinds", test_check_kinds, true, false, false },
	{ "check_command", test_check_command, true, false, false },
	{ "check_no_inherit", test_check_no_inherit, false, false, true },
	{ "check_machine", test_check_machine, true, false, false },
	{ "check_false_books", test_check_false_books, false, false, true },
};

const size_t nr_modes = sizeof(modes) / sizeof(modes[0]);
