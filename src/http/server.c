// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/server.c: starts and ends libmicrohttpd and the threads. libmicrohttpd speaks HTTP and
 * TLS; http/connections.c accepts and limits connections, http/answer.c answers
 * requests, http/settings.c reads the config file. A reload does not restart the server: new
 * connections begin with new settings.
 *
 * Threads: one accepts connections and closes those that are too slow; one serves
 * plain connections, one those with TLS (only with a config file, as a reload can
 * enable TLS); one of http/auth.c computes bcrypts.
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

/* The defaults of struct http_server_options. */
#define MAX_CONNECTIONS 512
#define HEADER_MS       10000
/* Above usual scrape intervals, so that scrapes share a connection. */
#define IDLE_MS   90000
#define ANSWER_MS 30000

/* Of one connection, for the request's header; a larger one is answered with 431. */
#define CONNECTION_MEMORY (32 * 1024)
/* Requests that wait for a bcrypt; further ones are answered with 503. */
#define MAX_BCRYPTS_WAITING 64
#define STACK_SIZE          (512 * 1024)

/* --- starting and ending */

static int set_server_options(struct http_server *server, const struct http_server_options *options)
{
	server->options = *options;
	server->options.max_connections = options->max_connections ?: MAX_CONNECTIONS;
	server->options.header_ms = options->header_ms ?: HEADER_MS;
	server->options.idle_ms = options->idle_ms ?: IDLE_MS;
	server->options.answer_ms = options->answer_ms ?: ANSWER_MS;
	if (!options->config_file)
		return 0;
	server->options.config_file = strdup(options->config_file);
	return server->options.config_file ? 0 : -ENOMEM;
}

static int listen_on_all(struct http_server *server, struct error *error)
{
	int err = 0;

	if (server->options.systemd_socket)
		return http_listeners_add_systemd(&server->listeners, error);
	for (size_t i = 0; !err && i < server->options.nr_addresses; i++)
		err = http_listeners_add_address(&server->listeners, server->options.addresses[i],
						 error);
	return err;
}

int http_server_open(struct http_server **out, const struct http_server_options *options,
		     struct error *error)
{
	struct http_server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return error_set(error, -ENOMEM, "out of memory");
	server->wake = -1;
	server->rate_time = clock_ns(CLOCK_MONOTONIC);
	pthread_mutex_init(&server->lock, NULL);
	pthread_mutex_init(&server->page_lock, NULL);
	err = set_server_options(server, options);
	if (err)
		error_set(error, err, "out of memory");
	err = err ?: http_settings_load(server, &server->settings, error);
	if (!err) {
		server->rate_tokens = server->settings->config.rate_burst;
		err = listen_on_all(server, error);
	}
	if (err)
		http_server_close(server);
	else
		*out = server;
	return err;
}

/* libmicrohttpd needs a certificate at its start; sessions get theirs from http/tls.c. */
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

/*
 * poll(2), not epoll(7): with edges, libmicrohttpd 0.9.75 misses the end of a stream that came
 * together with a part of a request, and keeps the connection until its deadline.
 */
static struct MHD_Daemon *start_daemon(struct http_server *server, bool tls)
{
	/* Above the acceptor's limit, which applies first. */
	const struct MHD_OptionItem options[] = {
		{ MHD_OPTION_CONNECTION_LIMIT, server->options.max_connections + 16, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, 0, NULL },
		{ MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE, NULL },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)http_connection_notify, server },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)http_request_completed, server },
		{ MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)http_keep_escaped, server },
		{ tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0, no_certificate },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET |
					MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME |
					(tls ? MHD_USE_TLS : 0),
				0, NULL, NULL, http_answer_request, server, MHD_OPTION_ARRAY,
				options, MHD_OPTION_END);
}

static int start_threads(struct http_server *server)
{
	int err;

	server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->wake < 0)
		return -errno;
	errno = 0;
	server->plain = start_daemon(server, false);
	if (!server->plain)
		return errno ? -errno : -ENOMEM;
	if (server->options.config_file) {
		server->tls = start_daemon(server, true);
		if (!server->tls)
			return errno ? -errno : -ENOMEM;
		server->auth = http_auth_start(http_resume_request, MAX_BCRYPTS_WAITING);
		if (!server->auth)
			return -ENOMEM;
	}
	err = pthread_create(&server->acceptor, NULL, http_acceptor_run, server);
	server->accepting = !err;
	return -err;
}

int http_server_start(struct http_server *server, struct error *error)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = start_threads(server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		error_set(error, err, "cannot start the HTTP server: %s", strerror(-err));
	return err;
}

void http_server_close(struct http_server *server)
{
	if (!server)
		return;
	atomic_store(&server->closing, true);
	if (server->accepting) {
		eventfd_write(server->wake, 1);
		pthread_join(server->acceptor, NULL);
	}
	/* First, as libmicrohttpd cannot end while connections are suspended. */
	http_auth_stop(server->auth);
	if (server->plain)
		MHD_stop_daemon(server->plain);
	if (server->tls)
		MHD_stop_daemon(server->tls);
	http_connections_free(server);
	if (server->wake >= 0)
		close(server->wake);
	http_listeners_close(&server->listeners);
	http_settings_put(server->settings);
	file_stamps_free(&server->stamps);
	free((char *)server->options.config_file);
	pthread_mutex_destroy(&server->lock);
	pthread_mutex_destroy(&server->page_lock);
	free(server);
}

/* --- addresses and counts */

const char *http_server_url(const struct http_server *server, size_t i)
{
	bool tls;

	if (i >= server->listeners.nr)
		return NULL;
	pthread_mutex_lock((pthread_mutex_t *)&server->lock);
	tls = server->settings->tls;
	pthread_mutex_unlock((pthread_mutex_t *)&server->lock);
	return tls ? server->listeners.all[i].tls_url : server->listeners.all[i].url;
}

void http_server_count_answer(struct http_server *server, unsigned int status)
{
	if (status < MAX_STATUS)
		atomic_fetch_add_explicit(&server->requests[status], 1, memory_order_relaxed);
}

size_t http_server_requests(const struct http_server *server, struct http_status_count *rows,
			    size_t nr)
{
	size_t found = 0;

	for (unsigned int status = 0; status < MAX_STATUS; status++) {
		unsigned long long count = atomic_load(&server->requests[status]);

		if (!count)
			continue;
		if (found < nr)
			rows[found] = (struct http_status_count){ status, count };
		found++;
	}
	return found;
}
