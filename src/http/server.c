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

/* The defaults of struct http_options. */
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

static int set_options(struct http_server *http_server, const struct http_options *options)
{
	http_server->options = *options;
	if (!http_server->options.max_connections)
		http_server->options.max_connections = MAX_CONNECTIONS;
	if (!http_server->options.header_ms)
		http_server->options.header_ms = HEADER_MS;
	if (!http_server->options.idle_ms)
		http_server->options.idle_ms = IDLE_MS;
	if (!http_server->options.answer_ms)
		http_server->options.answer_ms = ANSWER_MS;
	if (!options->config_file)
		return 0;
	http_server->options.config_file = strdup(options->config_file);
	return http_server->options.config_file ? 0 : -ENOMEM;
}

static int listen_all(struct http_server *http_server, char *error, size_t error_len)
{
	int err = 0;

	if (http_server->options.systemd_socket)
		return http_listen_systemd(&http_server->listeners, error, error_len);
	for (size_t i = 0; !err && i < http_server->options.nr_addresses; i++)
		err = http_listen_address(&http_server->listeners,
					  http_server->options.addresses[i], error, error_len);
	return err;
}

int http_listen(struct http_server **out, const struct http_options *options, char *error,
		size_t error_len)
{
	struct http_server *http_server = calloc(1, sizeof(*http_server));
	int err;

	if (!http_server) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	http_server->wake = -1;
	http_server->rate_time = http_now_ns();
	pthread_mutex_init(&http_server->lock, NULL);
	pthread_mutex_init(&http_server->page_lock, NULL);
	err = set_options(http_server, options);
	if (err)
		snprintf(error, error_len, "out of memory");
	if (!err)
		err = http_settings_load(http_server, &http_server->settings, error, error_len);
	if (!err) {
		http_server->rate_tokens = http_server->settings->config.rate_burst;
		err = listen_all(http_server, error, error_len);
	}
	if (err)
		http_close(http_server);
	else
		*out = http_server;
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

static struct MHD_Daemon *start_daemon(struct http_server *http_server, bool tls)
{
	/* Above our own limit, so that ours is the one that is met. */
	const struct MHD_OptionItem options[] = {
		{ MHD_OPTION_CONNECTION_LIMIT, http_server->options.max_connections + 16, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, 0, NULL },
		{ MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE, NULL },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)http_connection_notify, http_server },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)http_complete, http_server },
		{ MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)http_leave_escaped, http_server },
		{ tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0, no_certificate },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
			MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0),
		0, NULL, NULL, http_handle, http_server, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static int start_threads(struct http_server *http_server)
{
	int err;

	http_server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (http_server->wake < 0)
		return -errno;
	errno = 0;
	http_server->plain = start_daemon(http_server, false);
	if (!http_server->plain)
		return errno ? -errno : -ENOMEM;
	if (http_server->options.config_file) {
		http_server->tls = start_daemon(http_server, true);
		if (!http_server->tls)
			return errno ? -errno : -ENOMEM;
		http_server->auth = http_auth_start(http_end_bcrypt, MAX_BCRYPTS_WAITING);
		if (!http_server->auth)
			return -ENOMEM;
	}
	err = pthread_create(&http_server->acceptor, NULL, http_accept_all, http_server);
	http_server->accepting = !err;
	return -err;
}

int http_start(struct http_server *http_server, char *error, size_t error_len)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = start_threads(http_server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		snprintf(error, error_len, "cannot start the HTTP server: %s", strerror(-err));
	return err;
}

void http_close(struct http_server *http_server)
{
	if (!http_server)
		return;
	atomic_store(&http_server->closing, true);
	if (http_server->accepting) {
		http_wake_acceptor(http_server);
		pthread_join(http_server->acceptor, NULL);
	}
	/* First: libmicrohttpd cannot end while connections are suspended. */
	http_auth_stop(http_server->auth);
	if (http_server->plain)
		MHD_stop_daemon(http_server->plain);
	if (http_server->tls)
		MHD_stop_daemon(http_server->tls);
	http_connections_free(http_server);
	if (http_server->wake >= 0)
		close(http_server->wake);
	http_listeners_close(&http_server->listeners);
	http_settings_put(http_server->settings);
	http_stamps_free(&http_server->stamps);
	free((char *)http_server->options.config_file);
	pthread_mutex_destroy(&http_server->lock);
	pthread_mutex_destroy(&http_server->page_lock);
	free(http_server);
}

/* --- what is told */

const char *http_url(const struct http_server *http_server, size_t i)
{
	bool tls;

	if (i >= http_server->listeners.nr)
		return NULL;
	pthread_mutex_lock((pthread_mutex_t *)&http_server->lock);
	tls = http_server->settings->tls;
	pthread_mutex_unlock((pthread_mutex_t *)&http_server->lock);
	return tls ? http_server->listeners.all[i].tls_url : http_server->listeners.all[i].url;
}

void http_count_answer(struct http_server *http_server, unsigned int status)
{
	if (status < MAX_STATUS)
		atomic_fetch_add_explicit(&http_server->requests[status], 1, memory_order_relaxed);
}

size_t http_requests(const struct http_server *http_server, struct http_status_count *rows,
		     size_t nr)
{
	size_t found = 0;

	for (unsigned int status = 0; status < MAX_STATUS; status++) {
		unsigned long long count = atomic_load(&http_server->requests[status]);

		if (!count)
			continue;
		if (found < nr)
			rows[found] = (struct http_status_count){ status, count };
		found++;
	}
	return found;
}
