/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http.h: the HTTP server (libmicrohttpd, GnuTLS) for pages of its caller.
 *
 * http_server_open() binds the sockets, before privileges are dropped and before
 * there are threads; http_server_start() starts the threads. Slow, many or malicious
 * clients cannot delay a scrape: see the limits in http/server.c.
 */
#ifndef PFSTAT_HTTP_HTTP_H
#define PFSTAT_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct http_server;

/* The header fields that a page can use; NULL: not sent. */
struct http_request {
	const char *accept;
	const char *accept_encoding;
};

/* Filled by a page. The server copies body before it calls the page again. */
struct http_response {
	unsigned int status; /* 200, 503, ... */
	const char *content_type;
	const char *content_encoding; /* NULL: none */
	const char *body;
	size_t len;
};

/*
 * One page. The server's threads call the pages of a server one at a time, for
 * GET and HEAD; the server omits the body of HEAD.
 */
struct http_page {
	const char *path; /* exactly, for example "/metrics" */
	/* NULL: the page is always content. */
	void (*get)(void *arg, const struct http_request *request, struct http_response *response);
	bool open; /* needs no password */
	const char *content_type, *content;
};

struct http_server_options {
	const char *const *addresses; /* --web.listen-address, "host:port", ":port", "[::1]:port" */
	size_t nr_addresses;
	bool systemd_socket; /* --web.systemd-socket: use the sockets that systemd passes */
	const char *config_file; /* --web.config.file; NULL: plain HTTP, no password */
	const struct http_page *pages; /* these and arg must outlive the server */
	size_t nr_pages;
	void *arg;
	/* Limits; 0: the default (docs/web-config.md). */
	unsigned int max_connections; /* of all addresses together */
	unsigned int header_ms; /* from the connection to the end of the first request's header */
	unsigned int idle_ms; /* the same for each further request, since the last answer */
	unsigned int answer_ms; /* for the client to receive the answer */
};

/*
 * Reads the config file and binds. 0, or -EINVAL (an address or the file is
 * wrong) or another negative errno, with the reason in error.
 */
int http_server_open(struct http_server **out, const struct http_server_options *options,
		     struct error *error);
/* Starts all threads, with all signals blocked. Same errors. */
int http_server_start(struct http_server *server, struct error *error);
/*
 * Reads the config file and its certificates again. Passwords and headers apply
 * to the next request; open connections are closed after their next answer, so that
 * TLS settings apply, too. After an error the previous configuration stays in use, and
 * http_server_config_changed() returns false until a file changes again.
 */
int http_server_reload(struct http_server *server, struct error *error);
/* Have the config file or the certificates changed since they were read? By stat(2). */
bool http_server_config_changed(const struct http_server *server);

/*
 * "http://[::1]:10240": address i as it was bound; NULL after the last one.
 * Valid until http_server_close().
 */
const char *http_server_url(const struct http_server *server, size_t i);
/*
 * Answers by status: fills up to nr rows, returns how many there are.
 * Any thread; a page may call it.
 */
struct http_status_count {
	unsigned int status;
	unsigned long long count;
};
size_t http_server_requests(const struct http_server *server, struct http_status_count *rows,
			    size_t nr);

/* Closes the connections and ends the threads. NULL is allowed. */
void http_server_close(struct http_server *server);

#endif
