/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http_tls.h: the TLS settings of a config file for GnuTLS: certificate, key, CA and
 * priorities.
 *
 * A struct http_tls never changes, and must outlive the sessions that use it.
 */
#ifndef PFSTAT_HTTP_HTTP_TLS_H
#define PFSTAT_HTTP_HTTP_TLS_H

#include <gnutls/gnutls.h>

#include "util/error.h"
#include "http_config.h"

struct http_tls;

/*
 * Reads the files that config names, and checks that the key fits the certificate.
 * 0 or a negative errno, with the reason in error. config must outlive it.
 */
int http_tls_new(struct http_tls **out, const struct http_config *config, struct error *error);
void http_tls_free(struct http_tls *tls);

/*
 * Before the handshake. Uses the session's pointer (gnutls_session_set_ptr).
 * 0 or a negative errno.
 */
int http_tls_attach(const struct http_tls *tls, gnutls_session_t session);

#endif
