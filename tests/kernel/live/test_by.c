// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_by.c: rows of --by: their sums are those of the paths, and the faults of a
 * known number are in the right one. tests/cli/by.bats has more, on the running kernel.
 */
#include "live.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t sum_groups(struct test *test, const char *key)
{
	json_t *group;
	uint64_t sum = number(test, json_object_get(test->total, "groups_other"), key) +
		       number(test, json_object_get(test->total, "groups_exited"), key);
	size_t i;

	json_array_foreach(json_object_get(test->total, "groups"), i, group) sum +=
		number(test, group, key);
	return sum;
}

static void check_sums(struct test *test)
{
	static const char *const keys[] = { "count", "major", "sum_ns", "untimed" };
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		check(test, sum_groups(test, keys[i]) == sum_of(test, test->total, keys[i]),
		      "%s of the groups is %llu, of the paths %llu", keys[i],
		      (unsigned long long)sum_groups(test, keys[i]),
		      (unsigned long long)sum_of(test, test->total, keys[i]));
	check(test, !lost_of(test, "missed"), "missed %llu",
	      (unsigned long long)lost_of(test, "missed"));
}

/* faultgen's faults with --by. Returns its pid. */
static uint64_t measure(struct test *test, const char *kind, const char *by)
{
	char pid[16];
	const char *const args[] = { "--by", by, "-p", pid, NULL };

	gen_start(test, &test->gen, kind, test->count, 1, NULL);
	snprintf(pid, sizeof(pid), "%d", (int)test->gen.pid);
	stat_start(test, args);
	test->result = gen_go(test, &test->gen);
	stat_end(test, SIGINT, 0);
	gen_end(test, &test->gen);
	check_sums(test);
	return strtoull(pid, NULL, 10);
}

/* Faults of the rows whose dimension has that text as key. */
static uint64_t count_named(struct test *test, const char *dimension, const char *key,
			    const char *text)
{
	uint64_t count = 0;
	json_t *group;
	size_t i;

	json_array_foreach(json_object_get(test->total, "groups"), i, group)
	{
		const json_t *value = json_object_get(group, dimension);

		if (key)
			value = json_object_get(value, key);
		if (json_is_string(value) && strstr(json_string_value(value), text))
			count += number(test, group, "count");
	}
	return count;
}

static void check_named(struct test *test, const char *dimension, const char *key, const char *text)
{
	uint64_t count = count_named(test, dimension, key, text);

	check(test, count == test->count, "%llu faults of %s %s, not %llu",
	      (unsigned long long)count, dimension, text, (unsigned long long)test->count);
}

void test_by_process(struct test *test)
{
	uint64_t pid = measure(test, "anon", "process,path");
	json_t *group;

	check_named(test, "process", "comm", "faultgen");
	check_named(test, "path", NULL, "anon");
	group = json_array_get(json_object_get(test->total, "groups"), 0);
	check(test, number(test, json_object_get(group, "process"), "pid") == pid, "another pid");
}

/* faultgen's file has no name any more; anonymous memory never had one. */
void test_by_mapping(struct test *test)
{
	measure(test, "file_cow", "mapping,thread");
	check_named(test, "mapping", "name", " (deleted)");
	check_named(test, "mapping", "kind", "file");
	test_release(test);
	measure(test, "anon", "mapping,file");
	check_named(test, "mapping", "kind", "anon");
	check(test, !count_named(test, "file", "kind", "file"), "anonymous memory is of a file");
}

void test_by_file(struct test *test)
{
	measure(test, "file_cow", "file,cpu");
	check_named(test, "file", "name", " (deleted)");
}

/* What is not counted in the cgroup is not there. */
static void in_cgroup(struct test *test, const char *cgroup, const char *option, bool counted)
{
	char pid[16], procs[160];
	const char *const args[] = { "--by", "cgroup", "-c", option, "-p", pid, NULL };
	FILE *f;

	gen_start(test, &test->gen, "anon", test->count, 1, NULL);
	snprintf(pid, sizeof(pid), "%d", (int)test->gen.pid);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	f = fopen(procs, "we");
	check(test, f && fputs(pid, f) >= 0 && !fclose(f), "%s: %s", procs, strerror(errno));
	stat_start(test, args);
	test->result = gen_go(test, &test->gen);
	stat_end(test, SIGINT, 0);
	gen_end(test, &test->gen);
	check_sums(test);
	check(test, sum_of(test, test->total, "count") == (counted ? test->count : 0),
	      "-c %s: %llu faults", option, (unsigned long long)sum_of(test, test->total, "count"));
	if (counted)
		check_named(test, "cgroup", "path", "/inner");
	test_release(test);
}

/* rmdir() is refused until the last task has really left. */
static void remove_dir(const char *path)
{
	int tries;

	for (tries = 0; rmdir(path) && errno == EBUSY && tries < 500; tries++)
		usleep(10000);
}

void test_by_cgroup(struct test *test)
{
	static const char top[] = "/sys/fs/cgroup/pfstat-live",
			  inner[] = "/sys/fs/cgroup/pfstat-live/inner",
			  beside[] = "/sys/fs/cgroup/pfstat-live/beside";

	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK))
		test_skip(test, "no unified hierarchy in /sys/fs/cgroup");
	if ((mkdir(top, 0755) && errno != EEXIST) || (mkdir(inner, 0755) && errno != EEXIST) ||
	    (mkdir(beside, 0755) && errno != EEXIST))
		test_skip(test, "%s: %s", top, strerror(errno));
	in_cgroup(test, inner, "/pfstat-live", true);
	in_cgroup(test, inner, inner, true);
	in_cgroup(test, inner, "/pfstat-live/beside", false);
	remove_dir(inner);
	remove_dir(beside);
	remove_dir(top);
}

/* Each filter lets all of faultgen's faults through, or none. */
void test_filters(struct test *test)
{
	static const struct {
		const char *option;
		bool counted;
	} filters[] = {
		{ "--path=anon,swap", true },
		{ "--path=swap", false },
		{ "--origin=user", true },
		{ "--origin=kernel", false },
		{ "--major", false },
		{ "-Cfaultgen", true },
		{ "-Cfaultge", false },
		{ "--min-latency=1ns", true },
		{ "--min-latency=1000s", false },
	};
	size_t i;

	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		char pid[16];
		const char *const args[] = { filters[i].option, "-p", pid, NULL };
		uint64_t count;

		gen_start(test, &test->gen, "anon", test->count, 1, NULL);
		snprintf(pid, sizeof(pid), "%d", (int)test->gen.pid);
		stat_start(test, args);
		test->result = gen_go(test, &test->gen);
		stat_end(test, SIGINT, 0);
		gen_end(test, &test->gen);
		count = sum_of(test, test->total, "count");
		check(test, count == (filters[i].counted ? test->count : 0), "%s: %llu faults",
		      filters[i].option, (unsigned long long)count);
		check(test, !lost_of(test, "missed") && !lost_of(test, "end_without_begin"),
		      "%s: something was lost", filters[i].option);
		test_release(test);
	}
}
