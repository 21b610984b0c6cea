/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http_listen.h: listening sockets from --web.listen-address or from systemd.
 * Belongs to http/server.c.
 */
#ifndef PFSTAT_HTTP_HTTP_LISTEN_H
#define PFSTAT_HTTP_HTTP_LISTEN_H

#include <stddef.h>

#include "util/error.h"

struct http_listener {
	int fd; /* listening, does not block */
	char *url, *tls_url; /* "http://..." and "https://...", as bound */
};

struct http_listeners {
	struct http_listener *all;
	size_t nr;
};

/*
 * Binds "host:port", "[::1]:port" or ":port" (all addresses). A name is bound on
 * each of its addresses that this machine has. 0 or a negative errno (-EINVAL: not
 * in this form, or unknown), with the reason in error.
 */
int http_listeners_add_address(struct http_listeners *listeners, const char *address,
			       struct error *error);
/* Takes all that systemd passed; -EINVAL when that is nothing. */
int http_listeners_add_systemd(struct http_listeners *listeners, struct error *error);
void http_listeners_close(struct http_listeners *listeners);

#endif
