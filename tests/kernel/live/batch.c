// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * batch.c: many tests under one pfstat. To attach and detach takes a test guest
 * seconds (Linux 6.1 waits for two grace periods of RCU tasks at each trampoline that
 * it takes off), the faults of a test take none. So pfstat measures a launcher,
 * whose children inherit that, and reports twenty times a second; a test has the sum
 * of the intervals in which its faults were.
 */
#include "live.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define INTERVAL "0.05"

static uint64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void add_number(json_t *to, const json_t *from, const char *key)
{
	json_object_set_new(to, key,
			    json_integer(json_integer_value(json_object_get(to, key)) +
					 json_integer_value(json_object_get(from, key))));
}

/* Of a sum of reports, none of whose rows need agree with percentiles. */
static void add_maximum(json_t *to, const json_t *from, const char *key)
{
	json_t *value = json_object_get(from, key);

	if (json_integer_value(value) > json_integer_value(json_object_get(to, key)))
		json_object_set_new(to, key, json_integer(json_integer_value(value)));
}

/* Adds lists of [index, count], ascending by index. */
static void add_pairs(json_t *to, const json_t *from, const char *key)
{
	json_t *sum = json_object_get(to, key), *pair;
	size_t i, at;

	json_array_foreach(json_object_get(from, key), i, pair)
	{
		json_int_t index = json_integer_value(json_array_get(pair, 0));
		json_t *old = NULL;

		for (at = 0; (old = json_array_get(sum, at)); at++)
			if (json_integer_value(json_array_get(old, 0)) >= index)
				break;
		if (old && json_integer_value(json_array_get(old, 0)) == index)
			json_array_set_new(
				old, 1,
				json_integer(json_integer_value(json_array_get(old, 1)) +
					     json_integer_value(json_array_get(pair, 1))));
		else
			json_array_insert_new(sum, at, json_deep_copy(pair));
	}
}

static void add_entry(struct test *test, json_t *sum, const json_t *entry)
{
	static const char *const numbers[] = { "count",   "minor",   "major",    "sum_ns",
					       "untimed", "retries", "read",     "write",
					       "exec",    "stack",   "mmap_lock" };
	static const char *const maxima[] = { "max_ns", "p50_ns", "p90_ns", "p99_ns" };
	json_t *to = entry_of(test, sum, word(test, entry, "path"), word(test, entry, "origin"));
	size_t i;

	if (!to) {
		json_array_append_new(json_object_get(sum, "paths"), json_deep_copy(entry));
		return;
	}
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		add_number(to, entry, numbers[i]);
	for (i = 0; i < sizeof(maxima) / sizeof(maxima[0]); i++)
		add_maximum(to, entry, maxima[i]);
	add_pairs(to, entry, "buckets");
	add_pairs(to, entry, "orders");
}

/*
 * A report may hold a fault in part, whose rest is in the next one: its access is
 * counted before its bucket, its time behind. The sum has all of it.
 */
static void add_report(struct test *test, json_t *sum, json_t *report)
{
	const char *reason;
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(report, "paths"), i, entry) add_entry(test, sum, entry);
	json_object_foreach(json_object_get(report, "lost"), reason, entry)
		add_number(json_object_get(sum, "lost"), json_object_get(report, "lost"), reason);
}

static json_t *empty_report(void)
{
	return json_pack("{s:s, s:[], s:{}}", "kind", "interval", "paths", "lost");
}

/* Takes one report, and returns when it was made; adds it to sum as well. */
static uint64_t take_report(struct test *test, json_t *sum)
{
	struct batch *batch = test->batch;
	const char *line = proc_line(test, &batch->stat, &batch->stat.out, "{");
	uint64_t time_ns;
	json_t *report;

	check(test, line, "the pfstat of the batch has ended: %s", batch->stat.err.text);
	report = report_of(test, line);
	time_ns = number(test, report, "time_ns");
	add_report(test, batch->sum, report);
	if (sum)
		add_report(test, sum, report);
	json_decref(report);
	return time_ns;
}

/* The time of a report is taken behind its counters, so of the next one both are later than now. */
static void take_until_now(struct test *test, json_t *sum)
{
	const uint64_t now = wall_ns();

	while (take_report(test, sum) <= now)
		;
	take_report(test, sum);
}

void batch_mark(struct test *test)
{
	take_until_now(test, NULL);
}

void batch_take(struct test *test)
{
	test->intervals = empty_report();
	take_until_now(test, test->intervals);
	test->total = test->intervals;
}

static void begin(struct test *test)
{
	struct batch *batch = test->batch;
	char attach[64], pid[16];
	const char *const launcher[] = { "/proc/self/exe", "--launcher", NULL };
	const char *const argv[] = {
		test->opts->pfstat,         "--json", attach, "-p", pid, INTERVAL,
		test->gup ? "--gup" : NULL, NULL
	};

	batch_kill(batch);
	batch->attach = test->attach;
	batch->gup = test->gup;
	batch->sum = empty_report();
	proc_start(test, &batch->launcher, launcher);
	snprintf(attach, sizeof(attach), "--attach=%s", test->attach);
	snprintf(pid, sizeof(pid), "%d", (int)batch->launcher.pid);
	proc_start(test, &batch->stat, argv);
	check(test, proc_line(test, &batch->stat, &batch->stat.err, "Measuring"),
	      "the pfstat of the batch does not measure: %s", batch->stat.err.text);
}

struct proc *batch_launcher(struct test *test)
{
	const struct batch *batch = test->batch;

	if (!batch->stat.pid || batch->gup != test->gup || strcmp(batch->attach, test->attach))
		begin(test);
	return &test->batch->launcher;
}

void batch_kill(struct batch *batch)
{
	proc_kill(&batch->stat);
	proc_kill(&batch->launcher);
	json_decref(batch->sum);
	*batch = (struct batch){ 0 };
}

static void check_same(struct test *test, json_t *sum)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(test->total, "paths"), i, entry)
	{
		const char *path = word(test, entry, "path"), *origin = word(test, entry, "origin");

		check(test, count_of(test, sum, path, origin) == number(test, entry, "count"),
		      "%s (%s): the intervals have %llu, the total %llu", path, origin,
		      (unsigned long long)count_of(test, sum, path, origin),
		      (unsigned long long)number(test, entry, "count"));
	}
}

/* What pfstat says of the whole is what it said bit by bit. */
void test_batch(struct test *test)
{
	struct batch *batch = test->batch;
	json_t *sum;

	if (!batch->stat.pid)
		test_skip(test, "no pfstat was shared");
	take_until_now(test, NULL);
	sum = json_incref(batch->sum);
	test->intervals = sum;
	test->stat = batch->stat;
	batch->stat = (struct proc){ .pidfd = -1, .in = -1, .out.fd = -1, .err.fd = -1 };
	stat_end(test, SIGINT, 0);
	check(test, test->total, "no total");
	check_entries(test, test->total);
	check(test, sum_of(test, sum, "count") == sum_of(test, test->total, "count"),
	      "the intervals have %llu faults, the total %llu",
	      (unsigned long long)sum_of(test, sum, "count"),
	      (unsigned long long)sum_of(test, test->total, "count"));
	check_same(test, sum);
	test_note(test, "%zu intervals, %llu faults", json_array_size(test->reports) - 1,
		  (unsigned long long)sum_of(test, test->total, "count"));
	batch_kill(batch);
}
