// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * serve/metrics.c: see serve/serve_metrics.h.
 */
#include "serve_metrics.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "serve_metrics_cgroup.h"
#include "proc/self_usage.h"

/* 0.95 us to 4 s: from the cheapest fault to what a person notices. */
#define FAULT_LE .le_min = -20, .le_max = 2, .le_step = 1
/* There are many cgroups: 16 times each, up to 1 s. */
#define CGROUP_LE     .le_min = -20, .le_max = 0, .le_step = 4

#define MAX_EXEMPLARS 64
#define MAX_STATUS    32

enum severity { SEVERITY_MINOR, SEVERITY_MAJOR, SEVERITY_FAILED };

struct metrics {
	struct metrics_source source;
	struct snapshot snap;
	uint64_t missed; /* the most that was said; see write_lost() */
	uint64_t scrape_ns;
	struct self_usage process;
	struct metrics_cgroup *cgroup; /* NULL: not by cgroup */
};

static const char *severity_name(enum severity severity)
{
	static const char *const names[] = { "minor", "major", "failed" };

	return names[severity];
}

static enum severity severity_of(unsigned int path, unsigned int major)
{
	return !path_completes(path) ? SEVERITY_FAILED : major ? SEVERITY_MAJOR : SEVERITY_MINOR;
}

const char *metrics_severity(unsigned int path, unsigned int major)
{
	return severity_name(severity_of(path, major));
}

/*
 * Series that begin at 0, so that rate() and increase() see the first fault: the
 * paths that can be seen here, as minor or failed; and as major those that read
 * from a disk or wait for a handler. Others appear with their first fault.
 */
static bool begins_at_zero(const struct metrics *m, unsigned int path, unsigned int major)
{
	const struct plan *plan = &m->source.at->plan;

	if (plan->exact[path][ORIGIN_USER] == NOT_VISIBLE &&
	    plan->exact[path][ORIGIN_KERNEL] == NOT_VISIBLE)
		return false;
	return major ? path_reads_disk(path) : path_is_timed(path);
}

static void add_counters(struct fault_sum *sum, const struct fault_sum *cell)
{
	for (unsigned int s = 0; s < HIST_SLOTS; s++)
		sum->buckets[s] += cell->buckets[s];
	sum->sum_ns += cell->sum_ns;
	sum->untimed += cell->untimed;
	sum->slow += cell->slow;
}

/* A path's faults of one severity from first to last (origins). */
static struct fault_sum sum_of(const struct metrics *m, unsigned int path, unsigned int major,
			       enum origin first, enum origin last)
{
	struct fault_sum sum = { 0 };

	for (unsigned int origin = first; origin <= last; origin++)
		add_counters(&sum, &m->snap.sums[path][origin][major]);
	return sum;
}

static uint64_t wall_of(const struct metrics *m, uint64_t mono_ns)
{
	return m->snap.wall_ns - (m->snap.mono_ns - mono_ns);
}

static size_t read_exemplars(const struct metrics *m, unsigned int path, unsigned int major,
			     struct slow_fault *faults, char (*tids)[12],
			     struct exposition_exemplar *exemplars)
{
	size_t i, n = counters_slow(m->source.counters, path, major, faults, MAX_EXEMPLARS);

	for (i = 0; i < n; i++) {
		snprintf(tids[i], sizeof(tids[i]), "%u", faults[i].tid);
		faults[i].comm[sizeof(faults[i].comm) - 1] = '\0';
		exemplars[i] = (struct exposition_exemplar){
			.labels = { { "tid", tids[i] }, { "comm", faults[i].comm } },
			.nr_labels = 2,
			.ns = faults[i].ns,
			.wall_ns = wall_of(m, faults[i].end_ns),
		};
	}
	return n;
}

static void write_histograms(struct metrics *m, struct exposition *e, enum origin first,
			     enum origin last)
{
	struct exposition_exemplar exemplars[MAX_EXEMPLARS];
	struct slow_fault faults[MAX_EXEMPLARS];
	char tids[MAX_EXEMPLARS][12];

	for (unsigned int path = 0; path < PATH_NR; path++) {
		for (unsigned int major = 0; major < 2; major++) {
			struct fault_sum sum = sum_of(m, path, major, first, last);
			struct exposition_histogram histogram = {
				.buckets = sum.buckets,
				.sum_ns = sum.sum_ns,
				.exemplars = exemplars,
			};
			const struct label labels[] = {
				{ "path", path_name(path) },
				{ "severity", metrics_severity(path, major) },
			};

			if (snapshot_count(&sum) == sum.untimed && !begins_at_zero(m, path, major))
				continue;
			if (sum.slow && first != ORIGIN_GUP)
				histogram.nr_exemplars =
					read_exemplars(m, path, major, faults, tids, exemplars);
			exposition_histogram(e, labels, 2, &histogram);
		}
	}
}

static void write_durations(struct metrics *m, struct exposition *e)
{
	write_histograms(m, e, ORIGIN_USER, ORIGIN_KERNEL);
}

static void write_gup_durations(struct metrics *m, struct exposition *e)
{
	write_histograms(m, e, ORIGIN_GUP, ORIGIN_GUP);
}

static bool has_gup(const struct metrics *m)
{
	return m->source.at->plan.hook[HOOK_handle_mm_fault].method > METHOD_UNNEEDED;
}

static void write_faults(struct metrics *m, struct exposition *e)
{
	static const char *const accesses[ACCESS_NR] = { "read", "write", "exec" };
	uint64_t counts[ORIGIN_NR][ACCESS_NR][OUTCOME_NR] = { 0 };

	for (unsigned int path = 0; path < PATH_NR; path++)
		for (unsigned int o = 0; o < ORIGIN_NR; o++)
			for (unsigned int a = 0; a < ACCESS_NR; a++)
				counts[o][a][outcome_of(path, o)] +=
					m->snap.sums[path][o][0].access[a] +
					m->snap.sums[path][o][1].access[a];
	for (unsigned int o = 0; o < (has_gup(m) ? ORIGIN_NR : ORIGIN_GUP); o++)
		for (unsigned int a = 0; a < ACCESS_NR; a++)
			for (unsigned int outcome = 0; outcome < OUTCOME_NR; outcome++) {
				const struct label labels[] = {
					{ "origin", origin_name(o) },
					{ "access", accesses[a] },
					{ "outcome", outcome_name(outcome) },
				};

				exposition_count(e, labels, 3, counts[o][a][outcome]);
			}
}

static void write_slow(struct metrics *m, struct exposition *e)
{
	for (unsigned int path = 0; path < PATH_NR; path++) {
		for (unsigned int major = 0; major < 2; major++) {
			struct fault_sum sum = sum_of(m, path, major, ORIGIN_USER, ORIGIN_KERNEL);
			const struct label labels[] = {
				{ "path", path_name(path) },
				{ "severity", metrics_severity(path, major) },
			};

			if (sum.slow || begins_at_zero(m, path, major))
				exposition_count(e, labels, 2, sum.slow);
		}
	}
}

static bool has_causes(const struct metrics *m)
{
	return m->source.opts->causes;
}

static void write_causes(struct metrics *m, struct exposition *e)
{
	const uint32_t told = m->source.at->plan.causes;

	for (unsigned int path = 0; path < PATH_NR; path++)
		for (unsigned int cause = 0; cause < CAUSE_NR; cause++) {
			uint64_t ns = m->snap.causes[path][ORIGIN_USER].ns[cause] +
				      m->snap.causes[path][ORIGIN_KERNEL].ns[cause];
			const struct label labels[] = {
				{ "path", path_name(path) },
				{ "cause", cause_name(cause) },
			};

			if (told & 1u << cause && (ns || begins_at_zero(m, path, 0)))
				exposition_seconds(e, labels, 2, ns);
		}
}

static void write_threshold(struct metrics *m, struct exposition *e)
{
	exposition_seconds(e, NULL, 0, m->source.opts->slow_ns);
}

static void write_untimed(struct metrics *m, struct exposition *e)
{
	for (unsigned int path = 0; path < PATH_NR; path++) {
		const struct label label = { "path", path_name(path) };
		uint64_t untimed = 0;

		for (unsigned int o = 0; o < ORIGIN_NR; o++)
			for (unsigned int major = 0; major < 2; major++)
				untimed += m->snap.sums[path][o][major].untimed;
		if (untimed || !path_is_timed(path))
			exposition_count(e, &label, 1, untimed);
	}
}

/*
 * The events less the runs of their programs: while faults go on it can look
 * smaller than it was, and a counter must not go back.
 */
static uint64_t settle_missed(struct metrics *m, uint64_t missed)
{
	if (missed > m->missed)
		m->missed = missed;
	return m->missed;
}

static void write_lost(struct metrics *m, struct exposition *e)
{
	struct report_loss losses[REPORT_MAX_LOST];
	unsigned int nr = snapshot_losses(losses, NULL, &m->snap);

	for (unsigned int i = 0; i < nr; i++) {
		const struct label label = { "reason", losses[i].reason };
		uint64_t count = losses[i].count;

		/* Only known when nothing is measured any more. */
		if (!strcmp(label.value, "in_flight"))
			continue;
		if (!strcmp(label.value, "missed"))
			count = settle_missed(m, count);
		exposition_count(e, &label, 1, count);
	}
}

static void write_unmeasured(struct metrics *m, struct exposition *e)
{
	exposition_count(e, NULL, 0, *m->source.unmeasured_cpus);
}

/* One of struct fault_sum's counters, of all cells. */
static uint64_t total_of(const struct metrics *m, size_t offset)
{
	const char *cell = (const char *)m->snap.sums;
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < sizeof(m->snap.sums) / sizeof(struct fault_sum); i++)
		total += *(const uint64_t *)(cell + i * sizeof(struct fault_sum) + offset);
	return total;
}

static void write_stack_growths(struct metrics *m, struct exposition *e)
{
	exposition_count(e, NULL, 0, total_of(m, offsetof(struct fault_sum, stack_growths)));
}

static bool has_vma_lock(const struct metrics *m)
{
	return m->source.at->caps.vma_lock;
}

static void write_mmap_locks(struct metrics *m, struct exposition *e)
{
	exposition_count(e, NULL, 0, total_of(m, offsetof(struct fault_sum, mmap_locks)));
}

static void write_retries(struct metrics *m, struct exposition *e)
{
	exposition_count(e, NULL, 0, total_of(m, offsetof(struct fault_sum, retries)));
}

static void write_attach(struct metrics *m, struct exposition *e)
{
	const struct plan *plan = &m->source.at->plan;
	const struct label labels[] = {
		{ "attach", plan->modes },
		{ "end", plan->end == END_PERF ? "perf" : "fexit" },
	};

	exposition_count(e, labels, 2, 1);
}

static void write_paths(struct metrics *m, struct exposition *e)
{
	for (unsigned int path = 0; path < PATH_NR; path++) {
		for (unsigned int o = 0; o < (has_gup(m) ? ORIGIN_NR : ORIGIN_GUP); o++) {
			const struct label labels[] = {
				{ "path", path_name(path) },
				{ "origin", origin_name(o) },
				{ "exactness", exactness_name(m->source.at->plan.exact[path][o]) },
				{ "outcome", outcome_name(outcome_of(path, o)) },
			};

			exposition_count(e, labels, 4, 1);
		}
	}
}

static bool has_run_time(const struct metrics *m)
{
	struct session_program program;

	for (unsigned int i = 0; !session_program(m->source.at->session, i, &program); i++)
		if (program.runs)
			return true;
	return false;
}

static void write_programs(struct metrics *m, struct exposition *e, bool seconds)
{
	struct session_program program;

	for (unsigned int i = 0; !session_program(m->source.at->session, i, &program); i++) {
		const struct label label = { "program", program.name };

		if (seconds)
			exposition_seconds(e, &label, 1, program.run_ns);
		else
			exposition_count(e, &label, 1, program.runs);
	}
}

static void write_program_seconds(struct metrics *m, struct exposition *e)
{
	write_programs(m, e, true);
}

static void write_program_runs(struct metrics *m, struct exposition *e)
{
	write_programs(m, e, false);
}

static void write_build(struct metrics *m, struct exposition *e)
{
	const struct label labels[] = { { "version", PFSTAT_VERSION },
					{ "compiler", __VERSION__ } };

	(void)m;
	exposition_count(e, labels, 2, 1);
}

static void write_kernel(struct metrics *m, struct exposition *e)
{
	struct utsname name;
	struct label labels[2] = { { "release", name.release }, { "machine", name.machine } };

	(void)m;
	if (!uname(&name))
		exposition_count(e, labels, 2, 1);
}

static void write_scrape(struct metrics *m, struct exposition *e)
{
	exposition_seconds(e, NULL, 0, m->scrape_ns);
}

static void write_requests(struct metrics *m, struct exposition *e)
{
	struct http_status_count counts[MAX_STATUS];
	size_t n = http_server_requests(m->source.http_server, counts, MAX_STATUS);

	for (size_t i = 0; i < n && i < MAX_STATUS; i++) {
		char code[12];
		const struct label label = { "code", code };

		snprintf(code, sizeof(code), "%u", counts[i].status);
		exposition_count(e, &label, 1, counts[i].count);
	}
}

static void write_cpu(struct metrics *m, struct exposition *e)
{
	exposition_seconds(e, NULL, 0, m->process.cpu_ns);
}

static void write_resident(struct metrics *m, struct exposition *e)
{
	exposition_count(e, NULL, 0, m->process.resident_bytes);
}

static void write_virtual(struct metrics *m, struct exposition *e)
{
	exposition_count(e, NULL, 0, m->process.virtual_bytes);
}

static void write_open_fds(struct metrics *m, struct exposition *e)
{
	exposition_count(e, NULL, 0, m->process.open_fds);
}

static void write_max_fds(struct metrics *m, struct exposition *e)
{
	exposition_count(e, NULL, 0, m->process.max_fds);
}

static void write_start_time(struct metrics *m, struct exposition *e)
{
	exposition_value(e, NULL, 0, m->process.start_time);
}

static void write_cgroup_faults(struct metrics *m, struct exposition *e)
{
	metrics_cgroup_faults(m->cgroup, e);
}

static void write_cgroup_seconds(struct metrics *m, struct exposition *e)
{
	metrics_cgroup_seconds(m->cgroup, e);
}

static void write_cgroup_durations(struct metrics *m, struct exposition *e)
{
	metrics_cgroup_durations(m->cgroup, e);
}

static void write_cgroups(struct metrics *m, struct exposition *e)
{
	exposition_count(e, NULL, 0, metrics_cgroup_count(m->cgroup));
}

static void write_cgroup_limit(struct metrics *m, struct exposition *e)
{
	exposition_count(e, NULL, 0, metrics_cgroup_limit(m->cgroup));
}

static bool has_cgroups(const struct metrics *m)
{
	return m->cgroup;
}

static bool has_threshold(const struct metrics *m)
{
	return m->source.opts->slow_ns;
}

/* One row adds a family; docs/metrics.md and its test follow. */
/* clang-format off */
static const struct {
	struct metric_family family;
	void (*write)(struct metrics *m, struct exposition *e);
	bool (*is_on)(const struct metrics *m); /* NULL: always */
} families[] = {
	{ { "pfstat_fault_duration_seconds", METRIC_HISTOGRAM, "seconds",
	    "Time that page faults of user and kernel mode took, by the kernel's path and severity.",
	    FAULT_LE }, write_durations, NULL },
	{ { "pfstat_gup_fault_duration_seconds", METRIC_HISTOGRAM, "seconds",
	    "Time that page faults inside get_user_pages took (mlock, direct I/O, io_uring, ...).",
	    FAULT_LE }, write_gup_durations, has_gup },
	{ { "pfstat_faults", METRIC_COUNTER, "",
	    "Page faults by where they came from, what the access was and how they ended.",
	    0, 0, 0 }, write_faults, NULL },
	{ { "pfstat_slow_faults", METRIC_COUNTER, "",
	    "Page faults that took longer than pfstat_slow_fault_threshold_seconds.",
	    0, 0, 0 }, write_slow, has_threshold },
	{ { "pfstat_fault_cause_seconds", METRIC_COUNTER, "seconds",
	    "What the time of page faults of user and kernel mode was spent on, by path (--causes).",
	    0, 0, 0 }, write_causes, has_causes },
	{ { "pfstat_slow_fault_threshold_seconds", METRIC_GAUGE, "seconds",
	    "From which time on a page fault is slow (--slower).",
	    0, 0, 0 }, write_threshold, has_threshold },
	{ { "pfstat_cgroup_faults", METRIC_COUNTER, "",
	    "Page faults of user and kernel mode by cgroup; other: the rest, so that sums are whole.",
	    0, 0, 0 }, write_cgroup_faults, has_cgroups },
	{ { "pfstat_cgroup_fault_seconds", METRIC_COUNTER, "seconds",
	    "Time that a cgroup's page faults took, by the kernel's path.",
	    0, 0, 0 }, write_cgroup_seconds, has_cgroups },
	{ { "pfstat_cgroup_fault_duration_seconds", METRIC_HISTOGRAM, "seconds",
	    "Time that a cgroup's page faults took.",
	    CGROUP_LE }, write_cgroup_durations, has_cgroups },
	{ { "pfstat_cgroups", METRIC_GAUGE, "",
	    "Cgroups that are counted apart now.",
	    0, 0, 0 }, write_cgroups, has_cgroups },
	{ { "pfstat_cgroup_limit", METRIC_GAUGE, "",
	    "So many cgroups can be counted apart (--cgroup-limit); the rest is cgroup=\"other\".",
	    0, 0, 0 }, write_cgroup_limit, has_cgroups },
	{ { "pfstat_untimed_faults", METRIC_COUNTER, "",
	    "Page faults that were counted, but whose duration is unknown: in no histogram.",
	    0, 0, 0 }, write_untimed, NULL },
	{ { "pfstat_lost_faults", METRIC_COUNTER, "",
	    "What pfstat could not see, or not tell apart, by reason; 0 when all is whole.",
	    0, 0, 0 }, write_lost, NULL },
	{ { "pfstat_unmeasured_cpus", METRIC_GAUGE, "",
	    "CPUs that came online and whose faults pfstat cannot see (perf events refused).",
	    0, 0, 0 }, write_unmeasured, NULL },
	{ { "pfstat_stack_growths", METRIC_COUNTER, "",
	    "Page faults that made a stack grow.",
	    0, 0, 0 }, write_stack_growths, NULL },
	{ { "pfstat_mmap_lock_faults", METRIC_COUNTER, "",
	    "Page faults that took mmap_lock because the lock of their mapping did not do.",
	    0, 0, 0 }, write_mmap_locks, has_vma_lock },
	{ { "pfstat_retries", METRIC_COUNTER, "",
	    "Calls of handle_mm_fault beyond the first of a fault.",
	    0, 0, 0 }, write_retries, has_gup },
	{ { "pfstat_attach", METRIC_INFO, "",
	    "How pfstat is attached to this kernel, and what ends a fault.",
	    0, 0, 0 }, write_attach, NULL },
	{ { "pfstat_path", METRIC_INFO, "",
	    "Each path that pfstat names: what comes of it, and how exactly it is told here.",
	    0, 0, 0 }, write_paths, NULL },
	{ { "pfstat_bpf_program_run_seconds", METRIC_COUNTER, "seconds",
	    "Time spent in pfstat's BPF programs (kernel.bpf_stats_enabled).",
	    0, 0, 0 }, write_program_seconds, has_run_time },
	{ { "pfstat_bpf_program_runs", METRIC_COUNTER, "",
	    "Runs of pfstat's BPF programs (kernel.bpf_stats_enabled).",
	    0, 0, 0 }, write_program_runs, has_run_time },
	{ { "pfstat_build", METRIC_INFO, "",
	    "The version of pfstat.",
	    0, 0, 0 }, write_build, NULL },
	{ { "pfstat_kernel", METRIC_INFO, "",
	    "The kernel that is measured.",
	    0, 0, 0 }, write_kernel, NULL },
	{ { "pfstat_scrape_duration_seconds", METRIC_GAUGE, "seconds",
	    "Time that the scrape before this one took inside pfstat.",
	    0, 0, 0 }, write_scrape, NULL },
	{ { "pfstat_http_requests", METRIC_COUNTER, "",
	    "HTTP requests answered, by status code.",
	    0, 0, 0 }, write_requests, NULL },
	{ { "process_cpu_seconds", METRIC_COUNTER, "seconds",
	    "Time of the CPU that pfstat itself used.",
	    0, 0, 0 }, write_cpu, NULL },
	{ { "process_resident_memory_bytes", METRIC_GAUGE, "bytes",
	    "Resident memory of pfstat.",
	    0, 0, 0 }, write_resident, NULL },
	{ { "process_virtual_memory_bytes", METRIC_GAUGE, "bytes",
	    "Virtual memory of pfstat.",
	    0, 0, 0 }, write_virtual, NULL },
	{ { "process_open_fds", METRIC_GAUGE, "",
	    "File descriptors that pfstat has open.",
	    0, 0, 0 }, write_open_fds, NULL },
	{ { "process_max_fds", METRIC_GAUGE, "",
	    "File descriptors that pfstat may have open.",
	    0, 0, 0 }, write_max_fds, NULL },
	{ { "process_start_time_seconds", METRIC_GAUGE, "seconds",
	    "When pfstat was started, in seconds since the epoch.",
	    0, 0, 0 }, write_start_time, NULL },
};
/* clang-format on */

int metrics_open(struct metrics **out, const struct metrics_source *source)
{
	struct metrics *m = calloc(1, sizeof(*m));
	int err = 0;

	if (!m)
		return -ENOMEM;
	m->source = *source;
	if (source->cgroups)
		err = metrics_cgroup_open(&m->cgroup, source->at->session, source->cgroups);
	if (err) {
		free(m);
		return err;
	}
	*out = m;
	return 0;
}

void metrics_write(struct metrics *m, struct exposition *e)
{
	counters_read(m->source.counters, &m->snap, false);
	self_usage(&m->process);
	if (m->cgroup)
		metrics_cgroup_begin(m->cgroup, m->snap.mono_ns);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (families[i].is_on && !families[i].is_on(m))
			continue;
		exposition_family(e, &families[i].family);
		families[i].write(m, e);
	}
	if (m->cgroup)
		metrics_cgroup_end(m->cgroup);
}

void metrics_scraped(struct metrics *m, uint64_t ns)
{
	m->scrape_ns = ns;
}

void metrics_close(struct metrics *m)
{
	if (m)
		metrics_cgroup_close(m->cgroup);
	free(m);
}
