/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http_state.h: what the files of the HTTP server share.
 *
 * Locks: web->lock (connections, settings) is never held while a page,
 * libmicrohttpd or http/auth.c is called.
 */
#ifndef PFSTAT_HTTP_HTTP_STATE_H
#define PFSTAT_HTTP_HTTP_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <microhttpd.h>

#include "util/clock.h"
#include "http.h"
#include "http_auth.h"
#include "http_config.h"
#include "http_listen.h"
#include "http_tls.h"

#define NS_PER_MS  UINT64_C(1000000)
#define MAX_STATUS 600 /* HTTP statuses are below */

/* What a config file says, ready to use. Connections and requests hold references. */
struct web_settings {
	atomic_uint refs;
	struct web_config config;
	struct web_tls *tls; /* NULL: plain HTTP */
	struct web_users *users; /* NULL: no passwords */
};

/* A file as it was when it was read. */
struct web_stamp {
	char *path;
	int err; /* of stat(), 0 or errno; then the rest is 0 */
	struct timespec mtime;
	off_t size;
	ino_t inode;
	dev_t device;
};

/* The config file, certificate, key and CA. */
struct web_stamps {
	struct web_stamp all[4];
	size_t nr;
};

struct web_connection {
	struct web_connection *next, **link;
	struct web *web;
	int fd;
	struct MHD_Connection *mhd; /* NULL: handed over, but not yet begun */
	struct web_settings *settings; /* what it began with */
	struct web_settings *request_settings; /* what the request at hand began with; NULL: none */
	uint64_t deadline; /* CLOCK_MONOTONIC; 0: it waits for us */
	uint64_t idle_since; /* when the request at hand is not complete */
	bool cut;
	bool asked; /* a bcrypt was asked for */
	struct web_auth_job job;
};

struct web {
	struct web_options options;
	struct web_listeners listeners;
	struct web_stamps stamps;

	struct MHD_Daemon *plain, *tls;
	struct web_auth *auth;
	pthread_t acceptor;
	bool accepting;
	int wake; /* eventfd: the acceptor shall end, or there is room again */
	atomic_bool closing;

	pthread_mutex_t lock;
	struct web_settings *settings;
	struct web_connection *connections;
	unsigned int nr_connections;
	bool full; /* the acceptor waits for a connection to go */
	double rate_tokens; /* of rate_limit, at rate_time */
	uint64_t rate_time;

	pthread_mutex_t page_lock;
	atomic_size_t answers_memory;
	atomic_ullong requests[MAX_STATUS];
};

static inline uint64_t web_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* --- http/server.c */

void web_count_answer(struct web *web, unsigned int status);

/* --- http/settings.c */

/* Reads the files; 0 or a negative errno, with the reason in error. */
int web_settings_load(struct web *web, struct web_settings **out, char *error, size_t error_len);
/* A reference to those in force; and given back. NULL is allowed. */
struct web_settings *web_settings_get(struct web *web);
void web_settings_put(struct web_settings *settings);
void web_stamps_free(struct web_stamps *stamps);

/* --- http/connections.c */

/* The thread that accepts; until web->closing. */
void *web_accept_all(void *web);
void web_wake_acceptor(struct web *web);
/* libmicrohttpd's MHD_OPTION_NOTIFY_CONNECTION. */
void web_connection_notify(void *web, struct MHD_Connection *mhd, void **context,
			   enum MHD_ConnectionNotificationCode code);
/* NULL: one that we do not know, which is being closed. */
struct web_connection *web_connection_of(struct MHD_Connection *mhd);
void web_connection_deadline(struct web_connection *connection, uint64_t deadline,
			     uint64_t idle_since);
/* Those that libmicrohttpd never began; the rest it has ended. */
void web_connections_free(struct web *web);

/* --- http/answer.c: libmicrohttpd's callbacks, and http/auth.c's */

enum MHD_Result web_handle(void *web, struct MHD_Connection *mhd, const char *url,
			   const char *method, const char *version, const char *upload,
			   size_t *upload_len, void **request);
void web_complete(void *web, struct MHD_Connection *mhd, void **request,
		  enum MHD_RequestTerminationCode why);
size_t web_leave_escaped(void *web, struct MHD_Connection *mhd, char *text);
void web_end_bcrypt(struct web_auth_job *job);

#endif
