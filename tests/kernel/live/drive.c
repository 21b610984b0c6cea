// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * drive.c: runs faultgen and pfstat, and reads what they print.
 */
#include "live.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gen_start(struct test *test, struct proc *gen, const char *kind, uint64_t count,
	       unsigned int threads, const char *option)
{
	char dir[4200], counts[24], threads_text[24];
	const char *argv[] = { test->opts->faultgen, "--pause", "--json", dir, kind, counts,
			       threads_text,         option,    NULL };
	const char *line;

	snprintf(dir, sizeof(dir), "--dir=%s", test->opts->dir);
	snprintf(counts, sizeof(counts), "%llu", (unsigned long long)count);
	snprintf(threads_text, sizeof(threads_text), "%u", threads);
	if (test->batch)
		proc_launch(test, batch_launcher(test), gen, argv);
	else
		proc_start(test, gen, argv);
	line = proc_line(test, gen, &gen->out, "");
	if (line && !strncmp(line, "ready ", 6))
		return;
	if (line && strstr(line, "\"skip\"")) {
		json_t *skip = json_loads(line, 0, NULL);

		test->result = skip;
		test_skip(test, "faultgen: %s", word(test, skip, "skip"));
	}
	test_fail(test, "faultgen %s did not get ready: status %d, %s", kind, proc_wait(test, gen),
		  gen->err.text ? gen->err.text : "");
}

json_t *gen_go(struct test *test, struct proc *gen)
{
	json_error_t error;
	const char *line;
	json_t *result;

	proc_write(test, gen, "\n");
	line = proc_line(test, gen, &gen->out, "{");
	check(test, line, "faultgen ended without a result: %s",
	      gen->err.text ? gen->err.text : "");
	result = json_loads(line, 0, &error);
	check(test, result, "faultgen's result is not JSON (%s): %s", error.text, line);
	return result;
}

void gen_end(struct test *test, struct proc *gen)
{
	int status;

	proc_write(test, gen, "\n");
	status = proc_wait(test, gen);
	check(test, status == 0 || status == 1, "faultgen ended with status %d", status);
}

static long peak_of(pid_t pid)
{
	char path[40], line[128];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

void stat_start(struct test *test, const char *const args[])
{
	const char *argv[MAX_ARGS] = { test->opts->pfstat, "--json" };
	uint64_t begin = now_ns();
	char attach[64];
	size_t n = 2;

	snprintf(attach, sizeof(attach), "--attach=%s", test->attach);
	argv[n++] = attach;
	if (test->gup)
		argv[n++] = "--gup";
	while (*args && n < MAX_ARGS - 1)
		argv[n++] = *args++;
	proc_start(test, &test->stat, argv);
	if (!proc_line(test, &test->stat, &test->stat.err, "Measuring"))
		test_fail(test, "pfstat ended before it measured: status %d",
			  proc_wait(test, &test->stat));
	test->start_ns = now_ns() - begin;
}

void stat_start_pid(struct test *test, pid_t pid)
{
	char text[16];
	const char *const args[] = { "-p", text, NULL };

	snprintf(text, sizeof(text), "%d", (int)pid);
	stat_start(test, args);
}

json_t *report_of(struct test *test, const char *line)
{
	json_error_t error;
	json_t *report = json_loads(line, 0, &error);

	check(test, report, "pfstat's line is not JSON (%s): %s", error.text, line);
	return report;
}

void stat_watch(struct test *test)
{
	if (test->batch)
		batch_mark(test);
	else
		stat_start_pid(test, test->gen.pid);
}

void stat_take(struct test *test)
{
	if (test->batch)
		batch_take(test);
	else
		stat_end(test, SIGINT, 0);
}

static void read_reports(struct test *test)
{
	const char *line;

	json_decref(test->reports);
	test->reports = json_array();
	test->total = NULL;
	proc_rewind(&test->stat.out);
	/* A command behind -- may write there as well. */
	while ((line = proc_line(test, &test->stat, &test->stat.out, "{\"schema\":"))) {
		test->total = report_of(test, line);
		json_array_append_new(test->reports, test->total);
	}
}

void stat_end(struct test *test, int signal, int status)
{
	int got;

	if (!signal)
		goto wait;
	test->peak_kib = peak_of(test->stat.pid);
	kill(test->stat.pid, signal);
wait:
	got = proc_wait(test, &test->stat);
	check(test, got == status, "pfstat ended with status %d, not %d", got, status);
	read_reports(test);
	if (test->total)
		check(test, !strcmp(word(test, test->total, "kind"), "total"),
		      "the last line is not the total");
}

void test_release(struct test *test)
{
	proc_kill(&test->stat);
	proc_kill(&test->gen);
	proc_kill(&test->gen2);
	json_decref(test->result);
	json_decref(test->result2);
	json_decref(test->reports);
	json_decref(test->intervals);
	test->result = test->result2 = test->reports = test->total = test->intervals = NULL;
}

uint64_t number(struct test *test, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	check(test, json_is_integer(value), "no integer \"%s\" in the JSON", key);
	return json_integer_value(value);
}

const char *word(struct test *test, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	check(test, json_is_string(value), "no string \"%s\" in the JSON", key);
	return json_string_value(value);
}

json_t *entry_of(struct test *test, json_t *report, const char *path, const char *origin)
{
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(report, "paths"), i,
			   entry) if (!strcmp(word(test, entry, "path"), path) &&
				      !strcmp(word(test, entry, "origin"), origin)) return entry;
	return NULL;
}

uint64_t count_of(struct test *test, json_t *report, const char *path, const char *origin)
{
	json_t *entry = entry_of(test, report, path, origin);

	return entry ? number(test, entry, "count") : 0;
}

uint64_t lost_of(struct test *test, const char *reason)
{
	return json_integer_value(json_object_get(json_object_get(test->total, "lost"), reason));
}

uint64_t sum_of(struct test *test, json_t *report, const char *key)
{
	uint64_t sum = 0;
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(report, "paths"), i, entry) sum +=
		number(test, entry, key);
	return sum;
}
