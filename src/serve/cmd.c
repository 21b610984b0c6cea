// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * serve/cmd.c: see serve/serve.h. Order matters: the web configuration first, as it is what
 * people get wrong; then load, attach and bind with all privileges; then the
 * privileges go; and only then there are threads and clients.
 */
#include "serve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "prometheus/prometheus.h"
#include "run/run_setup.h"
#include "proc/cgroups.h"
#include "util/clock.h"
#include "counters/counters.h"
#include "serve_sandbox.h"
#include "serve_metrics.h"
#include "run/run_targets.h"
#include "http/http.h"

/* How often the files of --web.config.file are looked at for a change. */
#define CONFIG_CHECK_SEC 10

enum source { SOURCE_SIGNAL, SOURCE_CPUS, SOURCE_CONFIG, SOURCE_WATCHDOG };

struct serve {
	const struct opts *opts;
	struct setup at;
	struct counters *counters;
	struct metrics *metrics;
	struct exposition *exposition;
	struct http_server *http_server;
	/* The session's perf events change when a CPU comes online; a scrape reads them. */
	pthread_mutex_t lock;
	unsigned int unmeasured_cpus;
	int epoll, signals, cpus, config_timer, watchdog_timer;
	bool done;
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
	response->content_type = "text/plain; charset=utf-8";
	response->content_encoding = NULL;
	response->body = "out of memory\n";
	response->len = strlen(response->body);
}

static void respond(struct http_response *response, const char *type, const char *body)
{
	response->status = 200;
	response->content_type = type;
	response->body = body;
	response->len = strlen(body);
}

static void get_landing(void *arg, const struct http_request *request,
			struct http_response *response)
{
	(void)arg;
	(void)request;
	respond(response, "text/html; charset=utf-8",
		"<!DOCTYPE html>\n"
		"<html lang=\"en\"><head><meta charset=\"utf-8\"><title>pfstat</title></head>\n"
		"<body><h1>pfstat " PFSTAT_VERSION "</h1>\n"
		"<p>Latency of page faults, by the kernel's path.</p>\n"
		"<ul><li><a href=\"/metrics\">Metrics</a></li>\n"
		"<li><a href=\"/-/healthy\">Healthy</a></li>\n"
		"<li><a href=\"/-/ready\">Ready</a></li></ul>\n"
		"</body></html>\n");
}

static void get_healthy(void *arg, const struct http_request *request,
			struct http_response *response)
{
	(void)arg;
	(void)request;
	respond(response, "text/plain; charset=utf-8", "pfstat is healthy.\n");
}

/* There are no clients before everything is attached. */
static void get_ready(void *arg, const struct http_request *request, struct http_response *response)
{
	(void)arg;
	(void)request;
	respond(response, "text/plain; charset=utf-8", "pfstat is ready.\n");
}

static const struct http_page pages[] = {
	{ .path = "/", .get = get_landing },
	{ .path = "/metrics", .get = get_metrics },
	{ .path = "/-/healthy", .get = get_healthy },
	{ .path = "/-/ready", .get = get_ready },
};

static int say(int code, const char *error)
{
	fprintf(stderr, "pfstat: %s\n", error);
	return code;
}

static int listen_web(struct serve *serve)
{
	const struct http_server_options options = {
		.addresses = serve->opts->listen,
		.nr_addresses = serve->opts->nr_listen,
		.systemd_socket = serve->opts->systemd_socket,
		.config_file = serve->opts->web_config,
		.pages = pages,
		.nr_pages = sizeof(pages) / sizeof(pages[0]),
		.arg = serve,
	};
	struct error error;
	int err = http_server_open(&serve->http_server, &options, &error);

	return err ? say(err == -EINVAL ? EXIT_USAGE : EXIT_FAILED, error.text) : 0;
}

static int watch(struct serve *serve, int fd, enum source source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };

	return epoll_ctl(serve->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int watch_timer(struct serve *serve, int *fd, uint64_t usec, enum source source)
{
	struct timespec time = { usec / 1000000, usec % 1000000 * 1000 };
	struct itimerspec spec = { .it_value = time, .it_interval = time };

	*fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (*fd < 0 || timerfd_settime(*fd, 0, &spec, NULL))
		return -errno;
	return watch(serve, *fd, source);
}

static int open_events(struct serve *serve)
{
	uint64_t watchdog_usec;
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	serve->epoll = epoll_create1(EPOLL_CLOEXEC);
	serve->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (serve->epoll < 0 || serve->signals < 0)
		return fail_errno(EXIT_FAILED, "signals", -errno);
	err = watch(serve, serve->signals, SOURCE_SIGNAL);
	if (!err && serve->opts->web_config)
		err = watch_timer(serve, &serve->config_timer, CONFIG_CHECK_SEC * 1000000ull,
				  SOURCE_CONFIG);
	/* Twice as often as asked for, as sd_watchdog_enabled(3) advises. */
	if (!err && sd_watchdog_enabled(0, &watchdog_usec) > 0)
		err = watch_timer(serve, &serve->watchdog_timer, watchdog_usec / 2,
				  SOURCE_WATCHDOG);
	return err ? fail_errno(EXIT_FAILED, "events", err) : 0;
}

static int attach_targets(struct serve *serve)
{
	size_t i;
	int err = 0;

	if (!serve->opts->nr_pids) {
		err = setup_machine(&serve->at, NULL, &serve->cpus);
		if (!err && serve->cpus >= 0)
			watch(serve, serve->cpus, SOURCE_CPUS);
		return err;
	}
	for (i = 0; !err && i < serve->opts->nr_pids; i++)
		err = setup_process(&serve->at, NULL, serve->opts->pids[i]);
	return err;
}

static int attach(struct serve *serve)
{
	int err = setup_plan(&serve->at, serve->opts);

	if (!err)
		err = setup_attach_probes(&serve->at, serve->opts);
	if (!err)
		err = attach_targets(serve);
	if (!err)
		err = setup_start(&serve->at);
	return err;
}

static int open_metrics(struct serve *serve)
{
	struct metrics_source source = {
		.session = serve->at.session,
		.plan = &serve->at.plan,
		.http_server = serve->http_server,
		.slow_ns = serve->opts->slow_ns,
		.causes = serve->opts->causes,
		.vma_lock = serve->at.caps.vma_lock,
		.unmeasured_cpus = &serve->unmeasured_cpus,
		.cgroups = serve->at.cgroups,
	};
	int err = counters_open(&serve->counters, serve->at.session);

	if (err)
		return fail_errno(EXIT_FAILED, "cannot map the counters", err);
	source.counters = serve->counters;
	err = metrics_open(&serve->metrics, &source);
	serve->exposition = exposition_new();
	return err || !serve->exposition ? fail_errno(EXIT_FAILED, "metrics", -ENOMEM) : 0;
}

static int drop_privileges(struct serve *serve)
{
	struct session_program program = { .fd = -1 };
	struct sandbox_needs needs = { .perf = serve->cpus >= 0 };
	struct error error;
	char kept[64];

	session_program(serve->at.session, 0, &program);
	needs.prog_fd = program.fd;
	if (sandbox_enter(&needs, kept, sizeof(kept), &error))
		return say(EXIT_FAILED, error.text);
	fprintf(stderr, "Privileges dropped; kept: %s\n", kept);
	return 0;
}

static int start_web(struct serve *serve)
{
	struct error error;
	const char *url;
	size_t i;

	if (http_server_start(serve->http_server, &error))
		return say(EXIT_FAILED, error.text);
	fprintf(stderr, "Measuring %s (%s)\n",
		serve->opts->nr_pids ? "processes" : "the whole machine", serve->at.plan.attach);
	for (i = 0; (url = http_server_url(serve->http_server, i)); i++)
		fprintf(stderr, "Listening on %s\n", url);
	sd_notify(0, "READY=1");
	return 0;
}

static void reload(struct serve *serve)
{
	struct error error;

	if (!serve->opts->web_config)
		return;
	if (http_server_reload(serve->http_server, &error))
		fprintf(stderr,
			"pfstat: web configuration not reloaded, keeping the previous one: %s\n",
			error.text);
	else
		fprintf(stderr, "Web configuration read again: %s\n", serve->opts->web_config);
}

static void handle_signal(struct serve *serve)
{
	struct signalfd_siginfo info;

	while (read(serve->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(serve);
		else
			serve->done = true;
	}
}

static void handle_cpus(struct serve *serve)
{
	int cpu;

	pthread_mutex_lock(&serve->lock);
	cpu = targets_cpu_event(serve->at.session, serve->cpus);
	if (cpu < 0 && cpu != -EAGAIN)
		serve->unmeasured_cpus++;
	pthread_mutex_unlock(&serve->lock);
	if (cpu < 0 && cpu != -EAGAIN)
		fprintf(stderr, "pfstat: a CPU came online and is not measured: %s\n",
			strerror(-cpu));
}

static void handle_event(struct serve *serve, enum source source)
{
	uint64_t expirations;

	switch (source) {
	case SOURCE_SIGNAL:
		handle_signal(serve);
		break;
	case SOURCE_CPUS:
		handle_cpus(serve);
		break;
	case SOURCE_CONFIG:
		if (read(serve->config_timer, &expirations, sizeof(expirations)) > 0 &&
		    http_server_config_changed(serve->http_server))
			reload(serve);
		break;
	case SOURCE_WATCHDOG:
		/* A scrape that hangs keeps the lock, and systemd starts pfstat anew. */
		if (read(serve->watchdog_timer, &expirations, sizeof(expirations)) > 0) {
			pthread_mutex_lock(&serve->lock);
			pthread_mutex_unlock(&serve->lock);
			sd_notify(0, "WATCHDOG=1");
		}
		break;
	}
}

static void loop(struct serve *serve)
{
	while (!serve->done) {
		struct epoll_event event;
		int n = epoll_wait(serve->epoll, &event, 1, -1);

		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			handle_event(serve, event.data.u32);
	}
}

static int measure(struct serve *serve)
{
	int code = listen_web(serve);

	if (!code)
		code = open_events(serve);
	if (!code)
		code = attach(serve);
	if (!code)
		code = open_metrics(serve);
	if (!code)
		code = drop_privileges(serve);
	if (!code)
		code = start_web(serve);
	if (code)
		return code;
	loop(serve);
	sd_notify(0, "STOPPING=1");
	return 0;
}

int serve_run(const struct opts *opts)
{
	struct serve serve = {
		.opts = opts,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.cpus = -1,
	};
	int code = measure(&serve);

	if (code)
		setup_explain_limit();
	http_server_close(serve.http_server);
	metrics_close(serve.metrics);
	exposition_free(serve.exposition);
	counters_close(serve.counters);
	setup_close(&serve.at);
	return code;
}
