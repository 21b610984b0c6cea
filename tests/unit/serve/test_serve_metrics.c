// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_serve_metrics.c: the rows of serve/metrics.c against made-up counters: which families
 * there are, and their samples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proc/self_usage.h"
#include "serve/serve_metrics.h"

/* --- made-up counters, instead of those of the kernel (-Wl,--wrap) */

static struct snapshot made_up;
static unsigned int nr_programs;

int __wrap_counters_read(struct counters *c, struct snapshot *snap, bool final);
size_t __wrap_counters_slow(const struct counters *c, unsigned int path, unsigned int major,
			    struct slow_fault *faults, size_t nr);
int __wrap_session_program(const struct session *s, unsigned int i, struct session_program *p);
void __wrap_self_usage(struct self_usage *usage);

int __wrap_counters_read(struct counters *c, struct snapshot *snap, bool final)
{
	(void)c;
	assert_false(final);
	*snap = made_up;
	return 0;
}

/* One second before the snapshot. */
size_t __wrap_counters_slow(const struct counters *c, unsigned int path, unsigned int major,
			    struct slow_fault *faults, size_t nr)
{
	(void)c;
	assert_true(nr > 0);
	faults[0] = (struct slow_fault){
		.ns = 20000000,
		.end_ns = made_up.mono_ns - 1000000000,
		.tid = 100 + path * 10 + major,
		.comm = "a\"b",
	};
	return 1;
}

int __wrap_session_program(const struct session *s, unsigned int i, struct session_program *p)
{
	(void)s;
	if (i >= nr_programs)
		return -2;
	*p = (struct session_program){ .name = i ? "end" : "begin", .runs = 2 * i, .run_ns = 1500 };
	return 0;
}

void __wrap_self_usage(struct self_usage *usage)
{
	*usage = (struct self_usage){
		.cpu_ns = 1500000000,
		.virtual_bytes = 8192,
		.resident_bytes = 4096,
		.open_fds = 5,
		.max_fds = 1024,
		.start_time = 1700000000.25,
	};
}

/* --- one scrape */

static struct plan plan;
static unsigned int unmeasured_cpus;
static struct http_server *server;
static char text[1 << 20];

static struct metrics *open_metrics(struct metrics_source source)
{
	struct metrics *m;

	source.plan = &plan;
	source.http_server = server;
	source.unmeasured_cpus = &unmeasured_cpus;
	assert_int_equal(metrics_open(&m, &source), 0);
	return m;
}

static void scrape(struct metrics *m, enum exposition_format format)
{
	struct exposition *e = exposition_new();
	const char *body;
	size_t len;

	assert_non_null(e);
	exposition_begin(e, format);
	metrics_write(m, e);
	body = exposition_end(e, false, &len);
	assert_non_null(body);
	assert_true(len < sizeof(text));
	memcpy(text, body, len);
	text[len] = '\0';
	exposition_free(e);
}

static void scrape_once(struct metrics_source source)
{
	struct metrics *m = open_metrics(source);

	scrape(m, EXPOSITION_TEXT);
	metrics_close(m);
}

static bool has_line(const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && (at[len] == '\n' || !at[len]))
			return true;
	return false;
}

static void assert_line(const char *line)
{
	if (!has_line(line))
		fail_msg("no line '%s' in\n%s", line, text);
}

static bool has_family(const char *name)
{
	char type[128];

	snprintf(type, sizeof(type), "\n# TYPE %s ", name);
	return strstr(text, type);
}

static void assert_series(const char *start, bool there)
{
	char line[256];

	snprintf(line, sizeof(line), "\n%s", start);
	if (!strstr(text, line) == there)
		fail_msg("'%s' should%s be in\n%s", start, there ? "" : " not", text);
}

static int set_up(void **state)
{
	static const char *const addresses[] = { "127.0.0.1:0" };
	const struct http_server_options options = { .addresses = addresses, .nr_addresses = 1 };
	struct error error;

	(void)state;
	return http_server_open(&server, &options, &error);
}

static int tear_down(void **state)
{
	(void)state;
	http_server_close(server);
	return 0;
}

static int reset(void **state)
{
	(void)state;
	made_up = (struct snapshot){
		.mono_ns = 5000000000,
		.wall_ns = 1700000000000000000,
	};
	plan = (struct plan){ .end = END_PERF, .modes = "fentry" };
	unmeasured_cpus = 0;
	nr_programs = 0;
	return 0;
}

/* --- tests */

static void test_values(void **state)
{
	struct metrics *m = open_metrics((struct metrics_source){ .slow_ns = 10000000 });

	(void)state;
	unmeasured_cpus = 3;
	made_up.sums[PATH_ANON][ORIGIN_USER][0].stack_growths = 4;
	made_up.sums[PATH_ANON][ORIGIN_KERNEL][1].stack_growths = 3;
	scrape(m, EXPOSITION_TEXT);
	assert_line("pfstat_scrape_duration_seconds 0");
	metrics_scraped(m, 2500000);
	scrape(m, EXPOSITION_TEXT);
	assert_line("pfstat_scrape_duration_seconds 0.0025");
	assert_line("pfstat_slow_fault_threshold_seconds 0.01");
	assert_line("pfstat_unmeasured_cpus 3");
	assert_line("pfstat_stack_growths_total 7");
	assert_line("process_cpu_seconds_total 1.5");
	assert_line("process_resident_memory_bytes 4096");
	assert_line("process_virtual_memory_bytes 8192");
	assert_line("process_open_fds 5");
	assert_line("process_max_fds 1024");
	assert_line("process_start_time_seconds 1700000000.25");
	assert_line("pfstat_attach_info{attach=\"fentry\",end=\"perf\"} 1");
	metrics_close(m);
}

/* What a row needs decides whether its family is there. */
static void test_features(void **state)
{
	static const struct {
		const char *family;
		struct metrics_source source;
		bool gup, programs;
	} rows[] = {
		{ "pfstat_slow_faults_total", { .slow_ns = 1 }, false, false },
		{ "pfstat_slow_fault_threshold_seconds", { .slow_ns = 1 }, false, false },
		{ "pfstat_fault_cause_seconds_total", { .causes = true }, false, false },
		{ "pfstat_mmap_lock_faults_total", { .vma_lock = true }, false, false },
		{ "pfstat_gup_fault_duration_seconds", { .slow_ns = 0 }, true, false },
		{ "pfstat_retries_total", { .slow_ns = 0 }, true, false },
		{ "pfstat_bpf_program_runs_total", { .slow_ns = 0 }, false, true },
		{ "pfstat_bpf_program_run_seconds_total", { .slow_ns = 0 }, false, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reset(state);
		scrape_once((struct metrics_source){ 0 });
		assert_false(has_family(rows[i].family));
		plan.hook[HOOK_handle_mm_fault].method =
			rows[i].gup ? METHOD_KPROBE : METHOD_UNNEEDED;
		nr_programs = rows[i].programs ? 2 : 0;
		scrape_once(rows[i].source);
		if (!has_family(rows[i].family))
			fail_msg("no %s", rows[i].family);
	}
	assert_false(has_family("pfstat_cgroups"));
}

static void test_durations(void **state)
{
	struct fault_sum *user = &made_up.sums[PATH_ANON][ORIGIN_USER][0];
	struct fault_sum *kernel = &made_up.sums[PATH_ANON][ORIGIN_KERNEL][0];
	struct fault_sum *gup = &made_up.sums[PATH_ANON][ORIGIN_GUP][0];

	(void)state;
	user->buckets[100] = 5;
	user->sum_ns = 1000;
	kernel->buckets[100] = 2;
	kernel->sum_ns = 500;
	gup->buckets[90] = 1;
	gup->sum_ns = 7;
	plan.hook[HOOK_handle_mm_fault].method = METHOD_FENTRY;
	scrape_once((struct metrics_source){ 0 });
	assert_line("pfstat_fault_duration_seconds_count{path=\"anon\",severity=\"minor\"} 7");
	assert_line("pfstat_fault_duration_seconds_sum{path=\"anon\",severity=\"minor\"} "
		    "0.0000015");
	assert_line("pfstat_gup_fault_duration_seconds_count{path=\"anon\",severity=\"minor\"} 1");
	/* Anonymous memory has no major faults until one occurs. */
	assert_series("pfstat_fault_duration_seconds_count{path=\"anon\",severity=\"major\"}",
		      false);
	assert_series("pfstat_fault_duration_seconds_count{path=\"swap\",severity=\"major\"} 0",
		      true);
	/* A path that this kernel cannot show appears with its first fault. */
	for (unsigned int origin = 0; origin < ORIGIN_NR; origin++)
		plan.exact[PATH_SWAP][origin] = NOT_VISIBLE;
	scrape_once((struct metrics_source){ 0 });
	assert_series("pfstat_fault_duration_seconds_count{path=\"swap\"", false);
	made_up.sums[PATH_SWAP][ORIGIN_USER][1].buckets[100] = 1;
	scrape_once((struct metrics_source){ 0 });
	assert_line("pfstat_fault_duration_seconds_count{path=\"swap\",severity=\"major\"} 1");
	assert_series("pfstat_fault_duration_seconds_count{path=\"swap\",severity=\"minor\"}",
		      false);
}

static void test_exemplars(void **state)
{
	struct metrics *m = open_metrics((struct metrics_source){ .slow_ns = 10000000 });
	struct fault_sum *user = &made_up.sums[PATH_ANON][ORIGIN_USER][0];
	char expected[128];

	(void)state;
	user->buckets[HIST_SLOTS - 1] = 1;
	user->slow = 1;
	scrape(m, EXPOSITION_OPENMETRICS);
	snprintf(expected, sizeof(expected), " # {tid=\"%u\",comm=\"a\\\"b\"} 0.02 1699999999\n",
		 100 + PATH_ANON * 10);
	assert_non_null(strstr(text, expected));
	assert_line("pfstat_slow_faults_total{path=\"anon\",severity=\"minor\"} 1");
	scrape(m, EXPOSITION_TEXT);
	assert_null(strstr(text, "tid="));
	metrics_close(m);
}

static void test_faults(void **state)
{
	(void)state;
	made_up.sums[PATH_ANON][ORIGIN_USER][0].access[0] = 1;
	made_up.sums[PATH_ANON][ORIGIN_USER][1].access[0] = 2;
	made_up.sums[PATH_SWAP][ORIGIN_USER][1].access[0] = 4;
	made_up.sums[PATH_ANON][ORIGIN_GUP][0].access[1] = 8;
	made_up.sums[PATH_ANON][ORIGIN_GUP][1].untimed = 16;
	scrape_once((struct metrics_source){ 0 });
	assert_line("pfstat_faults_total{origin=\"user\",access=\"read\",outcome=\"ok\"} 7");
	assert_line("pfstat_faults_total{origin=\"kernel\",access=\"exec\",outcome=\"ok\"} 0");
	assert_line("pfstat_untimed_faults_total{path=\"anon\"} 16");
	assert_series("pfstat_faults_total{origin=\"gup\"", false);
	assert_series("pfstat_path_info{path=\"anon\",origin=\"gup\"", false);
	plan.hook[HOOK_handle_mm_fault].method = METHOD_FENTRY;
	scrape_once((struct metrics_source){ 0 });
	assert_line("pfstat_faults_total{origin=\"gup\",access=\"write\",outcome=\"ok\"} 8");
	assert_series("pfstat_path_info{path=\"anon\",origin=\"gup\"", true);
}

static void test_causes(void **state)
{
	(void)state;
	plan.causes = 1u << 1;
	made_up.causes[PATH_ANON][ORIGIN_USER].ns[0] = 5;
	made_up.causes[PATH_ANON][ORIGIN_USER].ns[1] = 1000000;
	made_up.causes[PATH_ANON][ORIGIN_KERNEL].ns[1] = 2000000;
	scrape_once((struct metrics_source){ .causes = true });
	for (unsigned int cause = 0; cause < 2; cause++) {
		char line[128];

		snprintf(line, sizeof(line),
			 "pfstat_fault_cause_seconds_total{path=\"anon\",cause=\"%s\"} 0.003",
			 cause_name(cause));
		assert_int_equal(has_line(line), cause == 1);
	}
}

/* A counter must not go back, although the difference that it is made of can. */
static void test_missed_never_falls(void **state)
{
	struct metrics *m = open_metrics((struct metrics_source){ 0 });

	(void)state;
	made_up.events = 100;
	made_up.end_runs = 90;
	scrape(m, EXPOSITION_TEXT);
	assert_line("pfstat_lost_faults_total{reason=\"missed\"} 10");
	made_up.end_runs = 97;
	scrape(m, EXPOSITION_TEXT);
	assert_line("pfstat_lost_faults_total{reason=\"missed\"} 10");
	made_up.events = 120;
	scrape(m, EXPOSITION_TEXT);
	assert_line("pfstat_lost_faults_total{reason=\"missed\"} 23");
	/* Known only at the end of a measurement. */
	assert_series("pfstat_lost_faults_total{reason=\"in_flight\"", false);
	metrics_close(m);
}

static void test_programs(void **state)
{
	(void)state;
	/* None has run: kernel.bpf_stats_enabled is off. */
	nr_programs = 1;
	scrape_once((struct metrics_source){ 0 });
	assert_false(has_family("pfstat_bpf_program_runs_total"));
	nr_programs = 2;
	scrape_once((struct metrics_source){ 0 });
	assert_line("pfstat_bpf_program_runs_total{program=\"begin\"} 0");
	assert_line("pfstat_bpf_program_runs_total{program=\"end\"} 2");
	assert_line("pfstat_bpf_program_run_seconds_total{program=\"end\"} 0.0000015");
}

static void test_severities(void **state)
{
	(void)state;
	assert_string_equal(metrics_severity(PATH_ANON, 0), "minor");
	assert_string_equal(metrics_severity(PATH_ANON, 1), "major");
	for (unsigned int path = 0; path < PATH_NR; path++)
		if (!path_completes(path))
			assert_string_equal(metrics_severity(path, 1), "failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_values, reset),
		cmocka_unit_test_setup(test_features, reset),
		cmocka_unit_test_setup(test_durations, reset),
		cmocka_unit_test_setup(test_exemplars, reset),
		cmocka_unit_test_setup(test_faults, reset),
		cmocka_unit_test_setup(test_causes, reset),
		cmocka_unit_test_setup(test_missed_never_falls, reset),
		cmocka_unit_test_setup(test_programs, reset),
		cmocka_unit_test_setup(test_severities, reset),
	};

	return cmocka_run_group_tests_name("serve_metrics", tests, set_up, tear_down);
}
