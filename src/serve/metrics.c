// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * serve/metrics.c: the metric families of pfstat serve, a row each, and how their samples are
 * made from a snapshot of the counters.
 */
#include "serve_metrics.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "serve_metrics_cgroup.h"
#include "serve_metrics_duty.h"
#include "proc/self_usage.h"
#include "util/array.h"

#define MAX_EXEMPLARS 64
#define MAX_STATUS    32

/* What a row can depend on. */
enum {
	WITH_GUP = 1,
	WITH_CAUSES = 2,
	WITH_THRESHOLD = 4,
	WITH_CGROUPS = 8,
	WITH_VMA_LOCK = 16,
	WITH_RUN_TIME = 32,
	WITH_DUTY = 64,
};

struct metrics {
	struct metrics_source source; /* first: no value of a row has the offset 0 */
	struct metrics_cgroup *cgroup; /* NULL: not by cgroup */
	unsigned int has; /* WITH_... */
	uint64_t missed; /* the highest so far; see settle_missed() */

	/* Of this scrape. */
	const struct metric *row; /* being written */
	struct snapshot snap;
	struct self_usage process;
	uint64_t retries, stack_growths, mmap_locks; /* of all faults */
	uint64_t unmeasured_cpus, nr_cgroups, cgroup_limit;
	uint64_t scrape_ns; /* of the scrape before */
	struct duty_totals duty;
	uint64_t edge_ends;
};

struct metric {
	struct metric_family family;
	/* Writes the samples; without it, value is the offset of the only one. */
	void (*write)(struct metrics *m, struct exposition *e);
	unsigned int arg; /* of write: m->row->arg */
	size_t value; /* a uint64_t of struct metrics; nanoseconds when the unit is seconds */
	unsigned int needs; /* WITH_...; 0: always there */
};

/* --- paths and severities */

#define for_each_path_severity(path, major)                                                        \
	for (unsigned int path = 0; path < PATH_NR; path++)                                        \
		for (unsigned int major = 0; major < 2; major++)

const char *metrics_severity(unsigned int path, unsigned int major)
{
	return !path_completes(path) ? "failed" : major ? "major" : "minor";
}

/*
 * Series that begin at 0, so that rate() and increase() see the first fault: the
 * paths that can be seen here, as minor or failed; and as major those that read
 * from a disk or wait for a handler. Others appear with their first fault.
 */
static bool begins_at_zero(const struct metrics *m, unsigned int path, unsigned int major)
{
	const struct plan *plan = m->source.plan;

	if (plan->exact[path][ORIGIN_USER] == NOT_VISIBLE &&
	    plan->exact[path][ORIGIN_KERNEL] == NOT_VISIBLE)
		return false;
	return major ? path_reads_disk(path) : path_is_timed(path);
}

/* A path's faults of one severity: those of get_user_pages, or all others. */
static struct fault_sum sum_faults(const struct metrics *m, unsigned int path, unsigned int major,
				   bool gup)
{
	struct fault_sum sum = { 0 };

	for (unsigned int origin = 0; origin < ORIGIN_NR; origin++) {
		const struct fault_sum *faults = &m->snap.sums[path][origin][major];

		if ((origin == ORIGIN_GUP) != gup)
			continue;
		for (unsigned int s = 0; s < HIST_SLOTS; s++)
			sum.buckets[s] += faults->buckets[s];
		sum.sum_ns += faults->sum_ns;
		sum.untimed += faults->untimed;
		sum.slow += faults->slow;
	}
	return sum;
}

/* --- families by path */

static uint64_t wall_time(const struct metrics *m, uint64_t mono_ns)
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
			.wall_ns = wall_time(m, faults[i].end_ns),
		};
	}
	return n;
}

static void write_durations(struct metrics *m, struct exposition *e)
{
	struct exposition_exemplar exemplars[MAX_EXEMPLARS];
	struct slow_fault faults[MAX_EXEMPLARS];
	char tids[MAX_EXEMPLARS][12];
	bool gup = m->row->arg;

	for_each_path_severity(path, major) {
		struct fault_sum sum = sum_faults(m, path, major, gup);
		struct exposition_histogram histogram = {
			.buckets = sum.buckets,
			.sum_ns = sum.sum_ns,
			.exemplars = exemplars,
		};
		const struct label labels[] = PATH_SEVERITY_LABELS(path, major);

		if (snapshot_count(&sum) == sum.untimed && !begins_at_zero(m, path, major))
			continue;
		if (sum.slow && !gup)
			histogram.nr_exemplars =
				read_exemplars(m, path, major, faults, tids, exemplars);
		exposition_histogram(e, labels, 2, &histogram);
	}
}

static void write_slow(struct metrics *m, struct exposition *e)
{
	for_each_path_severity(path, major) {
		uint64_t slow = sum_faults(m, path, major, false).slow;
		const struct label labels[] = PATH_SEVERITY_LABELS(path, major);

		if (slow || begins_at_zero(m, path, major))
			exposition_count(e, labels, 2, slow);
	}
}

static void write_untimed(struct metrics *m, struct exposition *e)
{
	for (unsigned int path = 0; path < PATH_NR; path++) {
		const struct label label = { "path", path_name(path) };
		uint64_t untimed = 0;

		for (unsigned int origin = 0; origin < ORIGIN_NR; origin++)
			untimed += m->snap.sums[path][origin][0].untimed +
				   m->snap.sums[path][origin][1].untimed;
		if (untimed || !path_is_timed(path))
			exposition_count(e, &label, 1, untimed);
	}
}

static void write_causes(struct metrics *m, struct exposition *e)
{
	for (unsigned int path = 0; path < PATH_NR; path++)
		for (unsigned int cause = 0; cause < CAUSE_NR; cause++) {
			uint64_t ns = m->snap.causes[path][ORIGIN_USER].ns[cause] +
				      m->snap.causes[path][ORIGIN_KERNEL].ns[cause];
			const struct label labels[] = {
				{ "path", path_name(path) },
				{ "cause", cause_name(cause) },
			};

			if (m->source.plan->causes & 1u << cause &&
			    (ns || begins_at_zero(m, path, 0)))
				exposition_seconds(e, labels, 2, ns);
		}
}

static unsigned int nr_origins(const struct metrics *m)
{
	return m->has & WITH_GUP ? ORIGIN_NR : ORIGIN_GUP;
}

static void write_paths(struct metrics *m, struct exposition *e)
{
	for (unsigned int path = 0; path < PATH_NR; path++) {
		for (unsigned int origin = 0; origin < nr_origins(m); origin++) {
			const struct label labels[] = {
				{ "path", path_name(path) },
				{ "origin", origin_name(origin) },
				{ "exactness",
				  exactness_name(m->source.plan->exact[path][origin]) },
				{ "outcome", outcome_name(outcome_of(path, origin)) },
			};

			exposition_count(e, labels, 4, 1);
		}
	}
}

/* --- families with other labels */

static void write_faults(struct metrics *m, struct exposition *e)
{
	uint64_t counts[ORIGIN_NR][ACCESS_NR][OUTCOME_NR] = { 0 };

	for_each_path_severity(path, major)
		for (unsigned int origin = 0; origin < ORIGIN_NR; origin++)
			for (unsigned int a = 0; a < ACCESS_NR; a++)
				counts[origin][a][outcome_of(path, origin)] +=
					m->snap.sums[path][origin][major].access[a];
	for (unsigned int origin = 0; origin < nr_origins(m); origin++)
		for (unsigned int a = 0; a < ACCESS_NR; a++)
			for (unsigned int outcome = 0; outcome < OUTCOME_NR; outcome++) {
				const struct label labels[] = {
					{ "origin", origin_name(origin) },
					{ "access", access_name(a) },
					{ "outcome", outcome_name(outcome) },
				};

				exposition_count(e, labels, 3, counts[origin][a][outcome]);
			}
}

/*
 * The events less the runs of their programs: read while faults go on, the
 * difference can be smaller than the one before, and a counter must not go back.
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

		/* Only known at the end of a measurement. */
		if (!strcmp(label.value, "in_flight"))
			continue;
		/* Of windows they are no loss: pfstat_duty_edge_faults. */
		if (m->has & WITH_DUTY && !strcmp(label.value, "end_without_begin"))
			continue;
		if (!strcmp(label.value, "missed"))
			count = settle_missed(m, count);
		exposition_count(e, &label, 1, count);
	}
}

static void write_duty_ratio(struct metrics *m, struct exposition *e)
{
	exposition_value(e, NULL, 0, 1 / m->source.duty->factor);
}

static void write_variance(struct metrics *m, struct exposition *e)
{
	for (unsigned int path = 0; path < PATH_NR; path++) {
		const struct label label = { "path", path_name(path) };
		const double variance = m->source.duty->variance[path];

		if (variance > 0 || begins_at_zero(m, path, 0))
			exposition_count(e, &label, 1, (uint64_t)variance);
	}
}

static void write_kernel_counts(struct metrics *m, struct exposition *e)
{
	struct kernel_count counts[KERNEL_COUNTS];
	const struct run *run = m->source.duty->run;
	/* A process that exits takes its counts with it, and a counter must not go back. */
	unsigned int nr = run_is_per_task(run->options) ? 0 : kernel_counts_read(counts, run);

	for (unsigned int i = 0; i < nr; i++) {
		const struct label labels[] = { { "source", counts[i].source },
						{ "counter", counts[i].counter } };

		exposition_count(e, labels, 2, counts[i].n);
	}
}

static void write_attach(struct metrics *m, struct exposition *e)
{
	const struct plan *plan = m->source.plan;
	const struct label labels[] = {
		{ "attach", plan->modes },
		{ "end", plan->end == END_PERF ? "perf" : plan_end_row(plan)->name },
	};

	exposition_count(e, labels, 2, 1);
}

enum { PROGRAM_RUNS, PROGRAM_SECONDS };

static void write_programs(struct metrics *m, struct exposition *e)
{
	struct session_program program;

	for (unsigned int i = 0; !session_program(m->source.session, i, &program); i++) {
		const struct label label = { "program", program.name };

		if (m->row->arg == PROGRAM_SECONDS)
			exposition_seconds(e, &label, 1, program.run_ns);
		else
			exposition_count(e, &label, 1, program.runs);
	}
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

static void write_start_time(struct metrics *m, struct exposition *e)
{
	exposition_value(e, NULL, 0, m->process.start_time);
}

static void write_cgroup(struct metrics *m, struct exposition *e)
{
	metrics_cgroup_write(m->cgroup, e, m->row->arg);
}

/* --- the rows */

/* One row adds a family, and one docs/metrics.md. */
/* clang-format off */
/* 0.95 us to 4 s: from the cheapest fault to what a person notices. */
#define FAULT_LE  -20, 2, 1
/* There are many cgroups: 16 times each, up to 1 s. */
#define CGROUP_LE -20, 0, 4
#define NO_LE     0, 0, 0
#define VALUE(member) .value = offsetof(struct metrics, member)

static const struct metric metrics[] = {
	{ { "pfstat_fault_duration_seconds", METRIC_HISTOGRAM, "seconds",
	    "Time that page faults of user and kernel mode took, by the kernel's path and severity.",
	    FAULT_LE }, .write = write_durations, .arg = false },
	{ { "pfstat_gup_fault_duration_seconds", METRIC_HISTOGRAM, "seconds",
	    "Time that page faults inside get_user_pages took (mlock, direct I/O, io_uring, ...).",
	    FAULT_LE }, .write = write_durations, .arg = true, .needs = WITH_GUP },
	{ { "pfstat_faults", METRIC_COUNTER, "",
	    "Page faults by where they came from, what the access was and how they ended.",
	    NO_LE }, .write = write_faults },
	{ { "pfstat_slow_faults", METRIC_COUNTER, "",
	    "Page faults that took longer than pfstat_slow_fault_threshold_seconds.",
	    NO_LE }, .write = write_slow, .needs = WITH_THRESHOLD },
	{ { "pfstat_fault_cause_seconds", METRIC_COUNTER, "seconds",
	    "What the time of page faults of user and kernel mode was spent on, by path (--causes).",
	    NO_LE }, .write = write_causes, .needs = WITH_CAUSES },
	{ { "pfstat_slow_fault_threshold_seconds", METRIC_GAUGE, "seconds",
	    "From which time on a page fault is slow (--slower).",
	    NO_LE }, VALUE(source.slow_ns), .needs = WITH_THRESHOLD },
	{ { "pfstat_cgroup_faults", METRIC_COUNTER, "",
	    "Page faults of user and kernel mode by cgroup; other: the rest, so that sums are whole.",
	    NO_LE }, .write = write_cgroup, .arg = CGROUP_FAULTS, .needs = WITH_CGROUPS },
	{ { "pfstat_cgroup_fault_seconds", METRIC_COUNTER, "seconds",
	    "Time that a cgroup's page faults took, by the kernel's path.",
	    NO_LE }, .write = write_cgroup, .arg = CGROUP_SECONDS, .needs = WITH_CGROUPS },
	{ { "pfstat_cgroup_fault_duration_seconds", METRIC_HISTOGRAM, "seconds",
	    "Time that a cgroup's page faults took.",
	    CGROUP_LE }, .write = write_cgroup, .arg = CGROUP_DURATIONS, .needs = WITH_CGROUPS },
	{ { "pfstat_cgroups", METRIC_GAUGE, "",
	    "Cgroups that are counted apart now.",
	    NO_LE }, VALUE(nr_cgroups), .needs = WITH_CGROUPS },
	{ { "pfstat_cgroup_limit", METRIC_GAUGE, "",
	    "So many cgroups can be counted apart (--cgroup-limit); the rest is cgroup=\"other\".",
	    NO_LE }, VALUE(cgroup_limit), .needs = WITH_CGROUPS },
	{ { "pfstat_untimed_faults", METRIC_COUNTER, "",
	    "Page faults that were counted, but whose duration is unknown: in no histogram.",
	    NO_LE }, .write = write_untimed },
	{ { "pfstat_lost_faults", METRIC_COUNTER, "",
	    "What pfstat could not see, or not tell apart, by reason; 0 when all is whole.",
	    NO_LE }, .write = write_lost },
	{ { "pfstat_unmeasured_cpus", METRIC_GAUGE, "",
	    "CPUs that came online and whose faults pfstat cannot see (perf events refused).",
	    NO_LE }, VALUE(unmeasured_cpus) },
	{ { "pfstat_stack_growths", METRIC_COUNTER, "",
	    "Page faults that made a stack grow.",
	    NO_LE }, VALUE(stack_growths) },
	{ { "pfstat_mmap_lock_faults", METRIC_COUNTER, "",
	    "Page faults that took mmap_lock because the lock of their mapping did not do.",
	    NO_LE }, VALUE(mmap_locks), .needs = WITH_VMA_LOCK },
	{ { "pfstat_retries", METRIC_COUNTER, "",
	    "Calls of handle_mm_fault beyond the first of a fault.",
	    NO_LE }, VALUE(retries), .needs = WITH_GUP },
	{ { "pfstat_duty_ratio", METRIC_GAUGE, "",
	    "Part of the time that is measured; counts and sums are estimates, scaled by 1 over it (--duty).",
	    NO_LE }, .write = write_duty_ratio, .needs = WITH_DUTY },
	{ { "pfstat_duty_windows", METRIC_COUNTER, "",
	    "Windows in which pfstat was attached.",
	    NO_LE }, VALUE(duty.windows), .needs = WITH_DUTY },
	{ { "pfstat_duty_failed_windows", METRIC_COUNTER, "",
	    "Windows in which pfstat could not be attached.",
	    NO_LE }, VALUE(duty.failed), .needs = WITH_DUTY },
	{ { "pfstat_duty_open_seconds", METRIC_COUNTER, "seconds",
	    "Time of all windows.",
	    NO_LE }, VALUE(duty.open_ns), .needs = WITH_DUTY },
	{ { "pfstat_duty_attach_seconds", METRIC_COUNTER, "seconds",
	    "Time that attaching for windows and detaching after them took.",
	    NO_LE }, VALUE(duty.attach_ns), .needs = WITH_DUTY },
	{ { "pfstat_duty_drain_seconds", METRIC_COUNTER, "seconds",
	    "Time after windows in which pfstat stayed attached to the ends of faults.",
	    NO_LE }, VALUE(duty.drain_ns), .needs = WITH_DUTY },
	{ { "pfstat_duty_cut_faults", METRIC_COUNTER, "",
	    "Page faults that did not end within 100 ms after their window: in no other count, not scaled.",
	    NO_LE }, VALUE(duty.cut), .needs = WITH_DUTY },
	{ { "pfstat_duty_cut_seconds", METRIC_COUNTER, "seconds",
	    "The sum of their ages when they were cut.",
	    NO_LE }, VALUE(duty.cut_ns), .needs = WITH_DUTY },
	{ { "pfstat_duty_oldest_cut_seconds", METRIC_GAUGE, "seconds",
	    "The age of the oldest of them.",
	    NO_LE }, VALUE(duty.oldest_cut_ns), .needs = WITH_DUTY },
	{ { "pfstat_duty_edge_faults", METRIC_COUNTER, "",
	    "Page faults that had begun before a window: in no other count, not scaled.",
	    NO_LE }, VALUE(edge_ends), .needs = WITH_DUTY },
	{ { "pfstat_duty_faults_variance", METRIC_COUNTER, "",
	    "Variance of the estimated number of faults, from the differences between windows.",
	    NO_LE }, .write = write_variance, .needs = WITH_DUTY },
	{ { "pfstat_kernel_faults", METRIC_COUNTER, "",
	    "Page faults as the kernel counts them, with those of get_user_pages; not estimated.",
	    NO_LE }, .write = write_kernel_counts, .needs = WITH_DUTY },
	{ { "pfstat_attach", METRIC_INFO, "",
	    "How pfstat is attached to this kernel, and what ends a fault.",
	    NO_LE }, .write = write_attach },
	{ { "pfstat_path", METRIC_INFO, "",
	    "Each path that pfstat names: what comes of it, and how exactly it is told here.",
	    NO_LE }, .write = write_paths },
	{ { "pfstat_bpf_program_run_seconds", METRIC_COUNTER, "seconds",
	    "Time spent in pfstat's BPF programs (kernel.bpf_stats_enabled).",
	    NO_LE }, .write = write_programs, .arg = PROGRAM_SECONDS, .needs = WITH_RUN_TIME },
	{ { "pfstat_bpf_program_runs", METRIC_COUNTER, "",
	    "Runs of pfstat's BPF programs (kernel.bpf_stats_enabled).",
	    NO_LE }, .write = write_programs, .arg = PROGRAM_RUNS, .needs = WITH_RUN_TIME },
	{ { "pfstat_build", METRIC_INFO, "",
	    "The version of pfstat.",
	    NO_LE }, .write = write_build },
	{ { "pfstat_kernel", METRIC_INFO, "",
	    "The kernel that is measured.",
	    NO_LE }, .write = write_kernel },
	{ { "pfstat_scrape_duration_seconds", METRIC_GAUGE, "seconds",
	    "Time that the scrape before this one took inside pfstat.",
	    NO_LE }, VALUE(scrape_ns) },
	{ { "pfstat_http_requests", METRIC_COUNTER, "",
	    "HTTP requests answered, by status code.",
	    NO_LE }, .write = write_requests },
	{ { "process_cpu_seconds", METRIC_COUNTER, "seconds",
	    "Time of the CPU that pfstat itself used.",
	    NO_LE }, VALUE(process.cpu_ns) },
	{ { "process_resident_memory_bytes", METRIC_GAUGE, "bytes",
	    "Resident memory of pfstat.",
	    NO_LE }, VALUE(process.resident_bytes) },
	{ { "process_virtual_memory_bytes", METRIC_GAUGE, "bytes",
	    "Virtual memory of pfstat.",
	    NO_LE }, VALUE(process.virtual_bytes) },
	{ { "process_open_fds", METRIC_GAUGE, "",
	    "File descriptors that pfstat has open.",
	    NO_LE }, VALUE(process.open_fds) },
	{ { "process_max_fds", METRIC_GAUGE, "",
	    "File descriptors that pfstat may have open.",
	    NO_LE }, VALUE(process.max_fds) },
	{ { "process_start_time_seconds", METRIC_GAUGE, "seconds",
	    "When pfstat was started, in seconds since the epoch.",
	    NO_LE }, .write = write_start_time },
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
		err = metrics_cgroup_open(&m->cgroup, source->session, source->cgroups);
	if (err) {
		free(m);
		return err;
	}
	if (source->plan->hook[HOOK_handle_mm_fault].method > METHOD_UNNEEDED)
		m->has |= WITH_GUP;
	m->has |= (source->causes ? WITH_CAUSES : 0) | (source->slow_ns ? WITH_THRESHOLD : 0) |
		  (source->vma_lock ? WITH_VMA_LOCK : 0) | (m->cgroup ? WITH_CGROUPS : 0) |
		  (source->duty ? WITH_DUTY : 0);
	*out = m;
	return 0;
}

/* The kernel measures the programs while kernel.bpf_stats_enabled is on. */
static bool has_run_time(const struct metrics *m)
{
	struct session_program program;

	for (unsigned int i = 0; !session_program(m->source.session, i, &program); i++)
		if (program.runs)
			return true;
	return false;
}

static void read_duty(struct metrics *m)
{
	metrics_duty_read(m->source.duty, &m->duty);
	m->duty.attach_ns += m->duty.detach_ns;
	m->edge_ends = m->snap.tallies[TALLY_END_WITHOUT_BEGIN];
	snapshot_scale(&m->snap, m->source.duty->factor);
}

static void read_values(struct metrics *m)
{
	unsigned int path, origin, major;

	counters_read(m->source.counters, &m->snap, false);
	if (m->source.duty)
		read_duty(m);
	self_usage(&m->process);
	m->retries = m->stack_growths = m->mmap_locks = 0;
	for_each_fault_sum(path, origin, major) {
		const struct fault_sum *sum = &m->snap.sums[path][origin][major];

		m->retries += sum->retries;
		m->stack_growths += sum->stack_growths;
		m->mmap_locks += sum->mmap_locks;
	}
	m->unmeasured_cpus = *m->source.unmeasured_cpus;
	if (m->cgroup) {
		metrics_cgroup_begin(m->cgroup, m->snap.mono_ns);
		m->nr_cgroups = metrics_cgroup_count(m->cgroup);
		m->cgroup_limit = metrics_cgroup_limit(m->cgroup);
	}
	m->has &= ~(unsigned int)WITH_RUN_TIME;
	m->has |= has_run_time(m) ? WITH_RUN_TIME : 0;
}

static void write_value(struct metrics *m, struct exposition *e, const struct metric *metric)
{
	uint64_t value = *(const uint64_t *)((const char *)m + metric->value);

	if (!strcmp(metric->family.unit, "seconds"))
		exposition_seconds(e, NULL, 0, value);
	else
		exposition_count(e, NULL, 0, value);
}

void metrics_write(struct metrics *m, struct exposition *e)
{
	read_values(m);
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++) {
		const struct metric *metric = &metrics[i];

		if (metric->needs & ~m->has)
			continue;
		m->row = metric;
		exposition_family(e, &metric->family);
		if (metric->write)
			metric->write(m, e);
		else
			write_value(m, e, metric);
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
