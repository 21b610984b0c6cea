/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * serve/serve_metrics.h: what pfstat exports, from the counters to the metric families. One
 * row of the table in serve/metrics.c is one family; docs/metrics.md describes them.
 */
#ifndef PFSTAT_SERVE_SERVE_METRICS_H
#define PFSTAT_SERVE_SERVE_METRICS_H

#include "run/run_setup.h"
#include "proc/cgroups.h"
#include "counters/counters.h"
#include "prometheus/prometheus.h"
#include "http/http.h"

struct metrics;

struct metrics_source {
	const struct setup *at;
	struct counters *counters;
	const struct opts *opts;
	const struct http_server *http_server;
	const unsigned int *unmeasured_cpus; /* online, and could not be attached to */
	struct cgroups *cgroups; /* of --by cgroup; NULL without */
};

/* 0 or a negative errno. What source points to must outlive it. */
int metrics_open(struct metrics **out, const struct metrics_source *source);

/*
 * Reads all counters once and writes every family: between exposition_begin() and exposition_end().
 */
void metrics_write(struct metrics *m, struct exposition *e);

/* The scrape that has just been answered took so long, from request to response. */
void metrics_scraped(struct metrics *m, uint64_t ns);

/* The value of the label severity: minor, major or failed. major: 0 or 1. */
const char *metrics_severity(unsigned int path, unsigned int major);

void metrics_close(struct metrics *m);

#endif
