/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http_state.h: the state of the HTTP server and of its connections.
 *
 * Locks: server->lock (connections, settings) is never held while a page,
 * libmicrohttpd or http/auth.c is called.
 */
#ifndef PFSTAT_HTTP_HTTP_STATE_H
#define PFSTAT_HTTP_HTTP_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <microhttpd.h>

#include "util/clock.h"
#include "http.h"
#include "http_auth.h"
#include "http_config.h"
#include "http_listen.h"
#include "http_tls.h"

#define NS_PER_MS  UINT64_C(1000000)
#define MAX_STATUS 600 /* HTTP statuses are below */

/* A config file, ready to use. Connections and requests hold references. */
struct http_settings {
	atomic_uint refs;
	struct http_config config;
	struct http_tls *tls; /* NULL: plain HTTP */
	struct http_users *users; /* NULL: no passwords */
};

/* Identifies the version of a file that was read. */
struct file_stamp {
	char *path;
	int err; /* of stat(): 0, or errno and the rest is 0 */
	struct stat st;
};

/* The config file, certificate, key and CA. */
struct file_stamps {
	struct file_stamp all[4];
	size_t nr;
};

struct http_connection {
	LIST_ENTRY(http_connection) link;
	struct http_server *server;
	int fd;
	struct MHD_Connection *mhd; /* NULL: libmicrohttpd has not yet begun with it */
	struct http_settings *settings; /* at its begin */
	struct http_settings *request_settings; /* at the begin of its request; NULL: none */
	uint64_t deadline; /* CLOCK_MONOTONIC; 0: the server must act next */
	uint64_t idle_since; /* without a complete request; 0: it has one */
	bool cut; /* shut down, and not yet closed */
	bool submitted; /* its job */
	struct http_auth_job job;
};

struct http_server {
	struct http_server_options options;
	struct http_listeners listeners;
	struct file_stamps stamps;

	struct MHD_Daemon *plain, *tls;
	struct http_auth *auth;
	pthread_t acceptor;
	bool accepting;
	int wake; /* eventfd: the acceptor must end, or there is room again */
	atomic_bool closing;

	pthread_mutex_t lock;
	struct http_settings *settings;
	LIST_HEAD(, http_connection) connections;
	atomic_uint nr_connections; /* changed under the lock */
	bool full; /* the acceptor waits for a connection to be closed */
	double rate_tokens; /* of rate_limit, at rate_time */
	uint64_t rate_time;

	pthread_mutex_t page_lock;
	atomic_size_t answers_memory;
	atomic_ullong requests[MAX_STATUS];
};

/* --- http/server.c */

void http_server_count_answer(struct http_server *server, unsigned int status);

/* --- http/settings.c */

/* Reads the files; 0 or a negative errno, with the reason in error. */
int http_settings_load(struct http_server *server, struct http_settings **out, struct error *error);
/* A reference to the settings in use, and its release. NULL is allowed. */
struct http_settings *http_settings_get(struct http_server *server);
void http_settings_put(struct http_settings *settings);
void file_stamps_free(struct file_stamps *stamps);

/* --- http/connections.c */

/* The thread that accepts connections, until server->closing. */
void *http_acceptor_run(void *server);
/* libmicrohttpd's MHD_OPTION_NOTIFY_CONNECTION. */
void http_connection_notify(void *server, struct MHD_Connection *mhd, void **context,
			    enum MHD_ConnectionNotificationCode code);
/* NULL: unknown, and being closed. */
struct http_connection *http_connection_get(struct MHD_Connection *mhd);
void http_connection_set_deadline(struct http_connection *connection, uint64_t deadline,
				  uint64_t idle_since);
/* After MHD_stop_daemon(): those that libmicrohttpd never began with. */
void http_connections_free(struct http_server *server);

/* --- http/answer.c: libmicrohttpd's callbacks, and http/auth.c's */

enum MHD_Result http_answer_request(void *server, struct MHD_Connection *mhd, const char *url,
				    const char *method, const char *version, const char *upload,
				    size_t *upload_len, void **request);
void http_request_completed(void *server, struct MHD_Connection *mhd, void **request,
			    enum MHD_RequestTerminationCode why);
size_t http_keep_escaped(void *server, struct MHD_Connection *mhd, char *text);
void http_resume_request(struct http_auth_job *job);

#endif
