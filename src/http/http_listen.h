/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http_listen.h: the listening sockets, of --web.listen-address or from systemd.
 */
#ifndef PFSTAT_HTTP_HTTP_LISTEN_H
#define PFSTAT_HTTP_HTTP_LISTEN_H

#include <stddef.h>

#include "util/error.h"

#define MAX_URL 96

struct http_listener {
	int fd; /* listening, nonblocking */
	char url[MAX_URL], tls_url[MAX_URL]; /* "http://..." and "https://...", as bound */
};

struct http_listeners {
	struct http_listener *all;
	size_t nr, cap;
};

/*
 * Binds "host:port", "[::1]:port" or ":port" (all addresses). A host name is bound on
 * each of its addresses that this machine has. 0, or a negative errno with the reason
 * in error (-EINVAL: malformed, or an unknown host).
 */
int http_listeners_add_address(struct http_listeners *listeners, const char *address,
			       struct error *error);
/* Adds all sockets that systemd passed; -EINVAL: none. */
int http_listeners_add_systemd(struct http_listeners *listeners, struct error *error);
void http_listeners_close(struct http_listeners *listeners);

#endif
