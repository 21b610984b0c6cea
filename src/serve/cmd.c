// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * serve/cmd.c: pfstat serve. The order matters: the web configuration first, as most mistakes
 * are there; then load, attach and bind with all privileges; then drop the privileges; and only
 * then there are threads and clients.
 */
#include "serve.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "counters/counters.h"
#include "http/http.h"
#include "prometheus/prometheus.h"
#include "serve_metrics.h"
#include "serve_metrics_duty.h"
#include "serve_options.h"
#include "serve_sandbox.h"
#include "util/array.h"
#include "util/clock.h"

/* How often the files of --web.config.file are checked for a change. */
#define CONFIG_CHECK_SEC 10

#define TEXT_PLAIN       "text/plain; charset=utf-8"

struct serve {
	const struct serve_options *options;
	struct run run;
	struct counters *counters;
	struct metrics *metrics;
	struct metrics_duty duty; /* with --duty */
	struct exposition *exposition;
	struct http_server *http_server;
	/* The session's perf events change when a CPU comes online; a scrape reads them. */
	pthread_mutex_t lock;
	unsigned int unmeasured_cpus;
};

static void get_metrics(void *arg, const struct http_request *request,
			struct http_response *response)
{
	struct serve *serve = arg;
	enum exposition_format format = negotiate_format(request->accept);
	bool gzip = negotiate_gzip(request->accept_encoding);
	uint64_t begin = clock_ns(CLOCK_MONOTONIC);

	pthread_mutex_lock(&serve->lock);
	exposition_begin(serve->exposition, format);
	metrics_write(serve->metrics, serve->exposition);
	response->body = exposition_end(serve->exposition, gzip, &response->len);
	metrics_scraped(serve->metrics, clock_ns(CLOCK_MONOTONIC) - begin);
	pthread_mutex_unlock(&serve->lock);
	response->status = 200;
	response->content_type = exposition_content_type(format);
	response->content_encoding = gzip ? "gzip" : NULL;
	if (response->body)
		return;
	response->status = 503;
	response->content_type = TEXT_PLAIN;
	response->content_encoding = NULL;
	response->body = "out of memory\n";
	response->len = strlen(response->body);
}

/* There are no clients before everything is attached. */
static const struct http_page pages[] = {
	{ .path = "/",
	  .content_type = "text/html; charset=utf-8",
	  .content =
		  "<!DOCTYPE html>\n"
		  "<html lang=\"en\"><head><meta charset=\"utf-8\"><title>pfstat</title></head>\n"
		  "<body><h1>pfstat " PFSTAT_VERSION "</h1>\n"
		  "<p>Latency of page faults, by the kernel's path.</p>\n"
		  "<ul><li><a href=\"/metrics\">Metrics</a></li>\n"
		  "<li><a href=\"/-/healthy\">Healthy</a></li>\n"
		  "<li><a href=\"/-/ready\">Ready</a></li></ul>\n"
		  "</body></html>\n" },
	{ .path = "/metrics", .get = get_metrics },
	{ .path = "/-/healthy", .content_type = TEXT_PLAIN, .content = "pfstat is healthy.\n" },
	{ .path = "/-/ready", .content_type = TEXT_PLAIN, .content = "pfstat is ready.\n" },
};

static int listen_web(struct serve *serve)
{
	const struct http_server_options options = {
		.addresses = serve->options->listen,
		.nr_addresses = serve->options->nr_listen,
		.systemd_socket = serve->options->systemd_socket,
		.config_file = serve->options->web_config,
		.pages = pages,
		.nr_pages = ARRAY_SIZE(pages),
		.arg = serve,
	};
	struct error error;
	int err = http_server_open(&serve->http_server, &options, &error);

	return err ? fail_with(err == -EINVAL ? EXIT_USAGE : EXIT_FAILED, error.text) : 0;
}

static void reload(void *arg)
{
	struct serve *serve = arg;
	struct error error;

	if (!serve->options->web_config)
		return;
	if (http_server_reload(serve->http_server, &error))
		fprintf(stderr,
			"pfstat: web configuration not reloaded, keeping the previous one: %s\n",
			error.text);
	else
		fprintf(stderr, "Web configuration read again: %s\n", serve->options->web_config);
}

static void check_config(void *arg)
{
	struct serve *serve = arg;

	if (http_server_config_changed(serve->http_server))
		reload(serve);
}

/* A scrape that hangs keeps the lock, and systemd restarts pfstat. */
static void feed_watchdog(void *arg)
{
	struct serve *serve = arg;

	pthread_mutex_lock(&serve->lock);
	pthread_mutex_unlock(&serve->lock);
	sd_notify(0, "WATCHDOG=1");
}

static int open_timers(struct serve *serve)
{
	uint64_t watchdog_usec;
	int err = 0;

	if (serve->options->web_config)
		err = run_watch_timer(&serve->run, CONFIG_CHECK_SEC * 1000000000ull, true,
				      check_config, serve);
	/* Twice as often as asked for, as sd_watchdog_enabled(3) advises. */
	if (err >= 0 && sd_watchdog_enabled(0, &watchdog_usec) > 0)
		err = run_watch_timer(&serve->run, watchdog_usec * 500, true, feed_watchdog, serve);
	return err < 0 ? fail_errno(EXIT_FAILED, "timers", err) : 0;
}

static void count_unmeasured(void *arg, int cpu, int err)
{
	struct serve *serve = arg;

	(void)cpu;
	serve->unmeasured_cpus += err != 0;
}

static void end_duty_period(void *arg, const struct duty_period *period)
{
	struct serve *serve = arg;

	(void)period;
	metrics_duty_period(&serve->duty);
}

static int attach(struct serve *serve)
{
	const struct serve_options *o = serve->options;
	const struct run_request request = {
		.causes = o->causes,
		.by_cgroup = o->by_cgroup,
		.session = {
			.slow_ns = o->slow_ns,
			.cause_counters = o->causes,
			.cgroup_limit = o->by_cgroup ? o->cgroup_limit : 0,
		},
		.hangup = reload,
		.cpu_online = count_unmeasured,
		.duty_period = end_duty_period,
		.arg = serve,
		.lock = &serve->lock,
	};
	int code = run_open(&serve->run, &o->run, &request);

	code = code ?: open_timers(serve);
	code = code ?: run_attach_targets(&serve->run);
	return code ? code : run_start(&serve->run);
}

static int open_metrics(struct serve *serve)
{
	struct metrics_source source = {
		.session = serve->run.session,
		.plan = &serve->run.plan,
		.http_server = serve->http_server,
		.slow_ns = serve->options->slow_ns,
		.causes = serve->options->causes,
		.vma_lock = serve->run.caps.vma_lock,
		.unmeasured_cpus = &serve->unmeasured_cpus,
		.cgroups = serve->run.cgroups,
	};
	int err = counters_open(&serve->counters, serve->run.session);

	if (err)
		return fail_errno(EXIT_FAILED, "cannot map the counters", err);
	source.counters = serve->counters;
	if (serve->options->run.duty.period_ns) {
		metrics_duty_begin(&serve->duty, &serve->run, serve->counters);
		source.duty = &serve->duty;
	}
	err = metrics_open(&serve->metrics, &source);
	serve->exposition = exposition_new();
	return err || !serve->exposition ? fail_errno(EXIT_FAILED, "metrics", -ENOMEM) : 0;
}

static int drop_privileges(struct serve *serve)
{
	struct session_program program = { .fd = -1 };
	struct sandbox_needs needs = {
		.perf = serve->run.cpus >= 0 || serve->options->run.duty.period_ns,
	};
	struct error error;
	char kept[64];

	session_program(serve->run.session, 0, &program);
	needs.prog_fd = program.fd;
	if (sandbox_enter(&needs, kept, sizeof(kept), &error))
		return fail_with(EXIT_FAILED, error.text);
	fprintf(stderr, "Privileges dropped; kept: %s\n", kept);
	/* Windows open with what is left. */
	return serve->options->run.duty.period_ns ? duty_try(&serve->run) : 0;
}

static int start_web(struct serve *serve)
{
	struct error error;
	const char *url;
	size_t i;
	int code;

	if (http_server_start(serve->http_server, &error))
		return fail_with(EXIT_FAILED, error.text);
	code = run_go(&serve->run);
	if (code)
		return code;
	for (i = 0; (url = http_server_url(serve->http_server, i)); i++)
		fprintf(stderr, "Listening on %s\n", url);
	sd_notify(0, "READY=1");
	return 0;
}

static int measure(struct serve *serve)
{
	int code = listen_web(serve);

	code = code ?: attach(serve);
	code = code ?: open_metrics(serve);
	code = code ?: drop_privileges(serve);
	code = code ?: start_web(serve);
	if (code)
		return code;
	run_loop(&serve->run);
	sd_notify(0, "STOPPING=1");
	return 0;
}

static int serve_run(const void *options)
{
	struct serve serve = { .options = options, .lock = PTHREAD_MUTEX_INITIALIZER };
	int code = measure(&serve);

	http_server_close(serve.http_server);
	metrics_close(serve.metrics);
	exposition_free(serve.exposition);
	counters_close(serve.counters);
	return run_release(&serve.run, code);
}

const struct command serve_command = {
	.name = "serve",
	.help = "an exporter for Prometheus",
	.options = &serve_option_table,
	.run = serve_run,
};
