/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http.h: the HTTP server (libmicrohttpd, GnuTLS). Knows nothing of page faults:
 * whoever starts it gives the pages.
 *
 * Sockets are bound by http_server_open(), before privileges are dropped and before
 * there are threads; http_server_start() starts the threads. Slow, many or wrong clients
 * cannot hold up a scrape: see the limits in http/server.c.
 */
#ifndef PFSTAT_HTTP_HTTP_H
#define PFSTAT_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct http_server;

/* What a page is asked with; header values are NULL when not sent. */
struct http_request {
	const char *accept;
	const char *accept_encoding;
};

/* Filled by a page. body is copied before the page is called again. */
struct http_response {
	unsigned int status; /* 200, 503, ... */
	const char *content_type;
	const char *content_encoding; /* NULL: none */
	const char *body;
	size_t len;
};

/*
 * One page. Called from the server's threads, never by two at once (of all
 * pages of this web). GET and HEAD; the server leaves out the body of HEAD.
 */
struct http_page {
	const char *path; /* exactly, for example "/metrics" */
	void (*get)(void *arg, const struct http_request *request, struct http_response *response);
	bool open; /* answered without a password (none of pfstat's is) */
};

struct http_server_options {
	const char *const *addresses; /* --web.listen-address, "host:port", ":port", "[::1]:port" */
	size_t nr_addresses;
	bool systemd_socket; /* --web.systemd-socket: take the sockets from systemd instead */
	const char *config_file; /* --web.config.file; NULL: plain HTTP, no password */
	const struct http_page *pages; /* these and arg must outlive the web */
	size_t nr_pages;
	void *arg;
	/* Limits; 0: what docs/web-config.md says. */
	unsigned int max_connections; /* of all addresses together */
	unsigned int header_ms; /* from the connection to the end of the first request's header */
	unsigned int idle_ms; /* the same for each further request, since the last answer */
	unsigned int answer_ms; /* to take the whole answer */
};

/*
 * Reads the config file and binds. 0, or -EINVAL (an address or the file is
 * wrong) or another negative errno, with the reason in error.
 */
int http_server_open(struct http_server **out, const struct http_server_options *options,
		     struct error *error);
/* Starts all threads there will ever be. Same errors. All signals are blocked in them. */
int http_server_start(struct http_server *server, struct error *error);
/*
 * Reads the config file and its certificates again. Passwords and headers hold
 * from the next request on; connections of before get their answer and are closed
 * with it, so that TLS settings hold, too. On an error all of before stays in
 * force, and http_server_config_changed() is false until something changes again.
 */
int http_server_reload(struct http_server *server, struct error *error);
/* Have the config file or the certificates changed since they were read? (stat only) */
bool http_server_config_changed(const struct http_server *server);

/*
 * "http://[::1]:10240": address i as it was really bound; NULL behind the last.
 * Valid until http_server_close().
 */
const char *http_server_url(const struct http_server *server, size_t i);
/*
 * Requests answered, by status: fills up to nr rows, returns how many there are.
 * Any thread; a page may call it.
 */
struct http_status_count {
	unsigned int status;
	unsigned long long count;
};
size_t http_server_requests(const struct http_server *server, struct http_status_count *rows,
			    size_t nr);

/* Cuts the connections and ends the threads. NULL is allowed. */
void http_server_close(struct http_server *server);

#endif
