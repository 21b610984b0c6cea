// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_oracle.c: the kernel's own function tracer counts the calls of one
 * function by faultgen, and pfstat's count must equal it. An instance of its
 * own in tracefs, limited to faultgen's threads, so nobody else is disturbed or
 * counted. (The function profiler would do as well, but Debian's kernels are
 * built without CONFIG_FUNCTION_PROFILER.)
 */
#include "live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACEFS "/sys/kernel/tracing"

/*
 * Each kind calls the function once per fault, on every kernel that has it, as
 * long as nobody contends for mmap_lock: hence one thread.
 */
const struct oracle oracles[] = {
	{ "do_anonymous_page", "anon" },
	{ "do_huge_pmd_anonymous_page", "thp" },
	{ "do_swap_page", "swap_major" },
	{ "do_swap_page", "swap_minor" },
	{ "do_wp_page", "wp_copy" },
	{ "do_wp_page", "wp_reuse" },
	/* 5.10 calls handle_mm_fault twice: the second time the page is writable already. */
	{ "do_wp_page", "wp_shared" },
	{ "hugetlb_fault", "hugetlb" },
	{ "__do_fault", "file_cow" },
	{ "filemap_map_pages", "file_around" },
};

const size_t nr_oracles = sizeof(oracles) / sizeof(oracles[0]);

const char *oracle_missing(void)
{
	char line[256];
	bool found = false;
	FILE *f;

	if (access(TRACEFS "/instances", W_OK))
		return "tracefs is not mounted on " TRACEFS ", or this kernel has none";
	f = fopen(TRACEFS "/available_tracers", "re");
	if (f && fgets(line, sizeof(line), f))
		found = strstr(line, "function");
	if (f)
		fclose(f);
	return found ? NULL : "this kernel has no function tracer (CONFIG_FUNCTION_TRACER)";
}

void test_oracle_missing(struct test *test)
{
	test_skip(test, "%s", oracle_missing());
}

static void instance_path(char path[128], const char *file)
{
	snprintf(path, 128, TRACEFS "/instances/pfstat-live-%d/%s", (int)getpid(), file);
}

static int put(const char *file, const char *text)
{
	char path[128];
	int fd, err = 0;

	instance_path(path, file);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = -errno;
	close(fd);
	return err;
}

static void must_put(struct test *test, const char *file, const char *text)
{
	int err = put(file, text);

	check(test, !err, "tracefs: %s > %s: %s", text, file, strerror(-err));
}

/* Also at the end of a test that failed in between. */
static void remove_instance(void)
{
	char path[128];

	instance_path(path, "");
	put("current_tracer", "nop");
	rmdir(path);
}

static void put_threads(struct test *test)
{
	char path[40], tids[1024] = "";
	struct dirent *entry;
	size_t len = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)test->gen.pid);
	dir = opendir(path);
	check(test, dir, "%s: %s", path, strerror(errno));
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && len < sizeof(tids) - 16)
			len += snprintf(tids + len, sizeof(tids) - len, "%.12s ", entry->d_name);
	closedir(dir);
	must_put(test, "set_ftrace_pid", tids);
}

static void start_counting(struct test *test)
{
	char path[128], line[64];

	remove_instance();
	instance_path(path, "");
	check(test, !mkdir(path, 0755), "%s: %s", path, strerror(errno));
	/* Only a whole line is looked up at once, and refused when it names nothing. */
	snprintf(line, sizeof(line), "%s\n", test->function);
	if (put("set_ftrace_filter", line)) {
		remove_instance();
		test_skip(test, "this kernel has no traceable %s", test->function);
	}
	put_threads(test);
	must_put(test, "current_tracer", "function");
	must_put(test, "tracing_on", "1");
}

/* What one CPU's buffer holds, and what it dropped because it was full. */
static uint64_t read_cpu(const char *cpu)
{
	char file[64], path[128], line[128];
	uint64_t sum = 0;
	FILE *f;

	snprintf(file, sizeof(file), "per_cpu/%.32s/stats", cpu);
	instance_path(path, file);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long long n;

		if (sscanf(line, "entries: %llu", &n) == 1 || sscanf(line, "overrun: %llu", &n) == 1)
			sum += n;
	}
	if (f)
		fclose(f);
	return sum;
}

static uint64_t read_hits(struct test *test)
{
	struct dirent *entry;
	char path[128];
	uint64_t hits = 0;
	DIR *dir;

	put("tracing_on", "0");
	instance_path(path, "per_cpu");
	dir = opendir(path);
	check(test, dir, "%s: %s", path, strerror(errno));
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "cpu", 3))
			hits += read_cpu(entry->d_name);
	closedir(dir);
	remove_instance();
	return hits;
}

void test_oracle(struct test *test)
{
	struct expected expected[MAX_ENTRIES];
	uint64_t hits, count;

	gen_start(test, &test->gen, test->kind->name, test->count, test->threads, NULL);
	start_counting(test);
	stat_start_pid(test, test->gen.pid);
	test->result = gen_go(test, &test->gen);
	hits = read_hits(test);
	stat_end(test, SIGINT, 0);
	gen_end(test, &test->gen);
	check(test, expect_entries(test, test->result, expected, 0) == 1, "not one path");
	count = count_of(test, test->total, expected[0].path, expected[0].origin);
	check(test, hits == count, "the function tracer saw %llu calls of %s, pfstat %llu of %s",
	      (unsigned long long)hits, test->function, (unsigned long long)count,
	      expected[0].path);
}
