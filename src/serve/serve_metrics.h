/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * serve/serve_metrics.h: the metric families of pfstat serve, from the counters to an
 * exposition. docs/metrics.md describes them.
 */
#ifndef PFSTAT_SERVE_SERVE_METRICS_H
#define PFSTAT_SERVE_SERVE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "counters/counters.h"
#include "http/http.h"
#include "probe/probe.h"
#include "proc/cgroups.h"
#include "prometheus/prometheus.h"

struct metrics;
struct metrics_duty;

struct metrics_source {
	const struct session *session;
	const struct plan *plan;
	struct counters *counters;
	struct cgroups *cgroups; /* of --by cgroup; NULL without */
	const struct http_server *http_server;
	const unsigned int *unmeasured_cpus; /* online, but attaching to them failed */
	uint64_t slow_ns; /* --slower; 0: no threshold */
	bool causes; /* --causes */
	bool vma_lock; /* the kernel has locks per VMA */
	struct metrics_duty *duty; /* of --duty; NULL: attached all the time */
};

/* 0 or a negative errno. What source points to must outlive it. */
int metrics_open(struct metrics **out, const struct metrics_source *source);

/*
 * Reads all counters once and writes every family: between exposition_begin() and exposition_end().
 */
void metrics_write(struct metrics *m, struct exposition *e);

/* Sets how long the last scrape took, from request to response. */
void metrics_scraped(struct metrics *m, uint64_t ns);

/* The value of the label severity: minor, major or failed. major: 0 or 1. */
const char *metrics_severity(unsigned int path, unsigned int major);
#define PATH_SEVERITY_LABELS(path, major)                                                          \
	{                                                                                          \
		{ "path", path_name(path) }, { "severity", metrics_severity(path, major) },        \
	}

void metrics_close(struct metrics *m);

#endif
