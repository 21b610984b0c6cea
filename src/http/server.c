// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/server.c: see http/http.h. libmicrohttpd speaks HTTP and TLS. This file starts and ends
 * it; http/connections.c accepts connections and limits them, http/answer.c answers
 * requests, http/settings.c reads the config file, now and again: a reload replaces
 * what new connections begin with instead of the server.
 *
 * Threads: one accepts connections and cuts those that are too slow; one serves
 * plain connections, one those with TLS (only with a config file, which may bring
 * TLS later); http/auth.c's makes bcrypts.
 */
#include "http.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <gnutls/abstract.h>

#include "http_state.h"

/* The defaults of struct web_options. */
#define MAX_CONNECTIONS 512
#define HEADER_MS       10000
/* Above the intervals that people scrape with, so that scrapes share a connection. */
#define IDLE_MS   90000
#define ANSWER_MS 30000

/* Of one connection, for the request's header; more is answered with 431. */
#define CONNECTION_MEMORY (32 * 1024)
/* Requests that wait for a bcrypt; more are answered with 503. */
#define MAX_BCRYPTS_WAITING 64
#define STACK_SIZE          (512 * 1024)

/* --- starting and ending */

static int set_options(struct web *web, const struct web_options *options)
{
	web->options = *options;
	if (!web->options.max_connections)
		web->options.max_connections = MAX_CONNECTIONS;
	if (!web->options.header_ms)
		web->options.header_ms = HEADER_MS;
	if (!web->options.idle_ms)
		web->options.idle_ms = IDLE_MS;
	if (!web->options.answer_ms)
		web->options.answer_ms = ANSWER_MS;
	if (!options->config_file)
		return 0;
	web->options.config_file = strdup(options->config_file);
	return web->options.config_file ? 0 : -ENOMEM;
}

static int listen_all(struct web *web, char *error, size_t error_len)
{
	int err = 0;

	if (web->options.systemd_socket)
		return web_listen_systemd(&web->listeners, error, error_len);
	for (size_t i = 0; !err && i < web->options.nr_addresses; i++)
		err = web_listen_address(&web->listeners, web->options.addresses[i], error,
					 error_len);
	return err;
}

int web_listen(struct web **out, const struct web_options *options, char *error, size_t error_len)
{
	struct web *web = calloc(1, sizeof(*web));
	int err;

	if (!web) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	web->wake = -1;
	web->rate_time = web_now_ns();
	pthread_mutex_init(&web->lock, NULL);
	pthread_mutex_init(&web->page_lock, NULL);
	err = set_options(web, options);
	if (err)
		snprintf(error, error_len, "out of memory");
	if (!err)
		err = web_settings_load(web, &web->settings, error, error_len);
	if (!err) {
		web->rate_tokens = web->settings->config.rate_burst;
		err = listen_all(web, error, error_len);
	}
	if (err)
		web_close(web);
	else
		*out = web;
	return err;
}

/* libmicrohttpd wants a certificate at its start; sessions get theirs from http/tls.c. */
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *names, int nr_names,
			  const gnutls_pk_algorithm_t *algorithms, int nr_algorithms,
			  gnutls_pcert_st **certificates, unsigned int *nr, gnutls_privkey_t *key)
{
	(void)session;
	(void)names;
	(void)nr_names;
	(void)algorithms;
	(void)nr_algorithms;
	(void)certificates;
	(void)nr;
	(void)key;
	return -1;
}

static struct MHD_Daemon *start_daemon(struct web *web, bool tls)
{
	/* Above our own limit, so that ours is the one that is met. */
	const struct MHD_OptionItem options[] = {
		{ MHD_OPTION_CONNECTION_LIMIT, web->options.max_connections + 16, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, 0, NULL },
		{ MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE, NULL },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)web_connection_notify, web },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)web_complete, web },
		{ MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)web_leave_escaped, web },
		{ tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0, no_certificate },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
			MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0),
		0, NULL, NULL, web_handle, web, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static int start_threads(struct web *web)
{
	int err;

	web->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (web->wake < 0)
		return -errno;
	errno = 0;
	web->plain = start_daemon(web, false);
	if (!web->plain)
		return errno ? -errno : -ENOMEM;
	if (web->options.config_file) {
		web->tls = start_daemon(web, true);
		if (!web->tls)
			return errno ? -errno : -ENOMEM;
		web->auth = web_auth_start(web_end_bcrypt, MAX_BCRYPTS_WAITING);
		if (!web->auth)
			return -ENOMEM;
	}
	err = pthread_create(&web->acceptor, NULL, web_accept_all, web);
	web->accepting = !err;
	return -err;
}

int web_start(struct web *web, char *error, size_t error_len)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = start_threads(web);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		snprintf(error, error_len, "cannot start the HTTP server: %s", strerror(-err));
	return err;
}

void web_close(struct web *web)
{
	if (!web)
		return;
	atomic_store(&web->closing, true);
	if (web->accepting) {
		web_wake_acceptor(web);
		pthread_join(web->acceptor, NULL);
	}
	/* First: libmicrohttpd cannot end while connections are suspended. */
	web_auth_stop(web->auth);
	if (web->plain)
		MHD_stop_daemon(web->plain);
	if (web->tls)
		MHD_stop_daemon(web->tls);
	web_connections_free(web);
	if (web->wake >= 0)
		close(web->wake);
	web_listeners_close(&web->listeners);
	web_settings_put(web->settings);
	web_stamps_free(&web->stamps);
	free((char *)web->options.config_file);
	pthread_mutex_destroy(&web->lock);
	pthread_mutex_destroy(&web->page_lock);
	free(web);
}

/* --- what is told */

const char *web_url(const struct web *web, size_t i)
{
	bool tls;

	if (i >= web->listeners.nr)
		return NULL;
	pthread_mutex_lock((pthread_mutex_t *)&web->lock);
	tls = web->settings->tls;
	pthread_mutex_unlock((pthread_mutex_t *)&web->lock);
	return tls ? web->listeners.all[i].tls_url : web->listeners.all[i].url;
}

void web_count_answer(struct web *web, unsigned int status)
{
	if (status < MAX_STATUS)
		atomic_fetch_add_explicit(&web->requests[status], 1, memory_order_relaxed);
}

size_t web_requests(const struct web *web, struct web_status_count *rows, size_t nr)
{
	size_t found = 0;

	for (unsigned int status = 0; status < MAX_STATUS; status++) {
		unsigned long long count = atomic_load(&web->requests[status]);

		if (!count)
			continue;
		if (found < nr)
			rows[found] = (struct web_status_count){ status, count };
		found++;
	}
	return found;
}
