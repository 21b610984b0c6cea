// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_oracle.c: the kernel's own function tracer counts the calls of one
 * function by faultgen, and pfstat's count must equal it; the function graph
 * tracer times them, and pfstat's time must hold that of the function. The
 * former is an instance of its own in tracefs; both are limited to faultgen's
 * threads, so nobody else is disturbed or counted. (The function profiler would
 * do as well, but Debian's kernels are built without CONFIG_FUNCTION_PROFILER.)
 */
#include "live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACEFS "/sys/kernel/tracing"

/*
 * Each kind calls the function once per fault, on every kernel that has it, as
 * long as nobody contends for mmap_lock: hence one thread.
 *
 * pfstat's time is from the exception to the accounting, so longer than the
 * function's by the way there and back, and by pfstat's own marks. Only where
 * 2 MiB are cleared that does not matter (1.01 to 1.02 times, in emulated guests
 * of all kernels, each way). A swap-in of one page is at 1.1 to 1.2, copies and
 * new pages at 1.1 to 1.5: of two of them the times are shown. What changes just
 * a page table entry is at 1.6 to 5, and __do_fault only finds a page that is
 * copied elsewhere (4 to 9): hits alone are compared.
 */
const struct oracle oracles[] = {
	{ "do_anonymous_page", "anon", HITS },
	{ "do_huge_pmd_anonymous_page", "thp", TIMED },
	{ "do_swap_page", "swap_major", SHOWN },
	{ "do_swap_page", "swap_minor", HITS },
	{ "do_wp_page", "wp_copy", SHOWN },
	{ "do_wp_page", "wp_reuse", HITS },
	/* 5.10 calls handle_mm_fault twice: the second time the page is writable already. */
	{ "do_wp_page", "wp_shared", HITS },
	{ "hugetlb_fault", "hugetlb", TIMED },
	{ "__do_fault", "file_cow", HITS },
	{ "filemap_map_pages", "file_around", HITS },
};

const size_t nr_oracles = sizeof(oracles) / sizeof(oracles[0]);

/* The first line of a file of tracefs; empty when it cannot be read. */
static const char *tracefs_line(const char *file, char line[256])
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), TRACEFS "/%s", file);
	f = fopen(path, "re");
	if (!f || !fgets(line, 256, f))
		line[0] = '\0';
	if (f)
		fclose(f);
	return line;
}

const char *oracle_missing(void)
{
	char line[256];

	if (access(TRACEFS "/instances", W_OK))
		return "tracefs is not mounted on " TRACEFS ", or this kernel has none";
	return strstr(tracefs_line("available_tracers", line), "function") ?
		       NULL :
		       "this kernel has no function tracer (CONFIG_FUNCTION_TRACER)";
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

		if (sscanf(line, "entries: %llu", &n) == 1 ||
		    sscanf(line, "overrun: %llu", &n) == 1)
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

/* Hits and time of the function, as the function graph tracer has them. */
struct graph {
	uint64_t hits;
	double ns;
};

/*
 * Up to 6.11 an instance of its own cannot have this tracer: so it is the
 * machine's, of which nobody else may be making use.
 */
static void put_graph(struct test *test, const char *file, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), TRACEFS "/%s", file);
	f = fopen(path, "we");
	if (!f || fputs(text, f) < 0 || fclose(f))
		test_fail(test, "%s > %s: %s", text, path, strerror(errno));
}

static bool graph_busy(void)
{
	char line[256];

	return strcmp(tracefs_line("current_tracer", line), "nop\n");
}

static bool graph_there(void)
{
	char line[256];

	return strstr(tracefs_line("available_tracers", line), "function_graph");
}

static void graph_start(struct test *test)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)test->gen.pid);
	/* The kernel's default, which up to 6.1 is not there yet: a page or two until asked for. */
	put_graph(test, "buffer_size_kb", "1408");
	put_graph(test, "set_graph_function", test->function);
	put_graph(test, "max_graph_depth", "1");
	put_graph(test, "set_ftrace_pid", pid);
	put_graph(test, "current_tracer", "function_graph");
	/* The name also at the end of a function that called others. */
	put_graph(test, "options/funcgraph-tail", "1");
	put_graph(test, "tracing_on", "1");
}

static void graph_end(struct test *test)
{
	put_graph(test, "options/funcgraph-tail", "0");
	put_graph(test, "current_tracer", "nop");
	put_graph(test, "set_ftrace_pid", "");
	put_graph(test, "set_graph_function", "");
	put_graph(test, "max_graph_depth", "0");
}

/*
 * " 0) + 12.345 us    |  do_swap_page();", where the sign tells long ones. Once in a
 * while the tracer shows another function, too, when it was interrupted in ours.
 */
static void graph_line(struct test *test, struct graph *graph, char *line)
{
	char *at = strchr(line, ')'), *bar = strchr(line, '|');
	double us;

	if (line[0] == '#' || !at || !bar || at > bar)
		return;
	*bar = '\0';
	at += strcspn(at, "0123456789");
	if (sscanf(at, "%lf us", &us) != 1 || !strstr(at, " us"))
		return;
	if (!strstr(bar + 1, test->function)) {
		test_note(test, "not %s: %s", test->function, bar + 1);
		return;
	}
	graph->hits++;
	graph->ns += us * 1000;
}

static struct graph graph_read(struct test *test)
{
	struct graph graph = { 0 };
	char line[512];
	FILE *f;

	put_graph(test, "tracing_on", "0");
	f = fopen(TRACEFS "/trace", "re");
	check(test, f, "trace: %s", strerror(errno));
	while (fgets(line, sizeof(line), f))
		graph_line(test, &graph, line);
	fclose(f);
	graph_end(test);
	put_graph(test, "tracing_on", "1");
	return graph;
}

static void check_times(struct test *test, const struct graph *graph, bool timed)
{
	struct expected expected[MAX_ENTRIES];
	double ns, ratio;
	json_t *entry;

	expect_entries(test, test->result, expected, 0);
	entry = entry_of(test, test->total, expected[0].path, expected[0].origin);
	check(test, entry && graph->hits == number(test, entry, "count"),
	      "the function graph tracer saw %llu calls of %s, pfstat %llu of %s",
	      (unsigned long long)graph->hits, test->function,
	      (unsigned long long)(entry ? number(test, entry, "count") : 0), expected[0].path);
	ns = number(test, entry, "sum_ns");
	ratio = graph->ns ? ns / graph->ns : 0;
	test_note(test, "%llu calls: %s %.0f ns, pfstat %.0f ns, %.2f times",
		  (unsigned long long)graph->hits, test->function, graph->ns, ns, ratio);
	/* The function runs within the fault. */
	check(test, ratio >= 1, "a fault took less than its function");
	check(test, !timed || ratio <= 1.2, "more than 20 %% of the fault is elsewhere");
}

static int time_of(const struct test *test)
{
	size_t i;

	for (i = 0; i < nr_oracles; i++)
		if (!strcmp(oracles[i].function, test->function) &&
		    !strcmp(oracles[i].kind, test->kind->name))
			return oracles[i].time;
	return HITS;
}

/* The same once more, with the other tracer. */
static void compare_times(struct test *test)
{
	struct graph graph;

	if (!graph_there() || graph_busy()) {
		test_note(test, "times not compared: %s",
			  graph_there() ? "somebody else traces functions" :
					  "no function_graph tracer");
		return;
	}
	test_release(test);
	gen_start(test, &test->gen, test->kind->name, test->count, test->threads, NULL);
	stat_watch(test);
	graph_start(test);
	test->result = gen_go(test, &test->gen);
	graph = graph_read(test);
	stat_take(test);
	gen_end(test, &test->gen);
	/* function_graph_enter() until 5.16: "served by direct trampoline". */
	if (!graph.hits && test->way == FENTRY && kernel_release() < 516) {
		test_note(test, "times not compared: this kernel's function graph tracer leaves"
				" out functions that a BPF trampoline is attached to");
		return;
	}
	check_times(test, &graph, time_of(test) == TIMED);
}

void test_oracle(struct test *test)
{
	struct expected expected[MAX_ENTRIES];
	uint64_t hits, count;

	gen_start(test, &test->gen, test->kind->name, test->count, test->threads, NULL);
	start_counting(test);
	stat_watch(test);
	test->result = gen_go(test, &test->gen);
	hits = read_hits(test);
	stat_take(test);
	gen_end(test, &test->gen);
	check(test, expect_entries(test, test->result, expected, 0) == 1, "not one path");
	count = count_of(test, test->total, expected[0].path, expected[0].origin);
	check(test, hits == count, "the function tracer saw %llu calls of %s, pfstat %llu of %s",
	      (unsigned long long)hits, test->function, (unsigned long long)count,
	      expected[0].path);
	if (time_of(test) != HITS)
		compare_times(test);
}
