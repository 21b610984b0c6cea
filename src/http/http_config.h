/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http_config.h: --web.config.file, in the format of Prometheus' exporter-toolkit
 * (docs/web-configuration.md there). Unknown keys are errors with their line.
 */
#ifndef PFSTAT_HTTP_HTTP_CONFIG_H
#define PFSTAT_HTTP_HTTP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

enum client_auth {
	/* The bits of the others: to require a certificate, to verify the one that is given. */
	CLIENT_AUTH_REQUIRE = 2,
	CLIENT_AUTH_VERIFY = 4,

	CLIENT_AUTH_NONE = 0, /* NoClientCert */
	CLIENT_AUTH_REQUEST = 1, /* RequestClientCert */
	CLIENT_AUTH_REQUIRE_ANY = 3, /* RequireAnyClientCert (also RequireClientCert) */
	CLIENT_AUTH_VERIFY_IF_GIVEN = 5, /* VerifyClientCertIfGiven */
	CLIENT_AUTH_REQUIRE_AND_VERIFY = 7, /* RequireAndVerifyClientCert */
};

struct http_pair {
	char *name, *value;
};

struct http_pairs {
	struct http_pair *all;
	size_t nr, cap;
};

struct http_texts {
	char **all;
	size_t nr, cap;
};

/* A name that a key can have as its value; tables of them end with a NULL name. */
struct config_word {
	const char *name;
	unsigned int value;
	const char *priority; /* GnuTLS' word for it */
};

/* Words of a table, each at most once. */
#define MAX_WORDS 16
struct config_words {
	const struct config_word *all[MAX_WORDS];
	size_t nr;
};

/* The fields that a key sets; see the rows of http/config.c. */
struct http_config {
	/*
	 * A file or its text (PEM), never both. Files: absolute, or with the config file's folder.
	 */
	char *cert_file, *key_file, *client_ca_file;
	char *cert, *key, *client_ca;
	enum client_auth client_auth;
	struct http_texts client_allowed_sans; /* none: any */
	unsigned int min_version, max_version; /* of http_tls_versions */
	struct config_words cipher_suites, curves; /* none: all */
	bool prefer_server;
	bool http2; /* without effect */
	struct http_pairs headers; /* sent with every response */
	struct http_pairs users; /* value: a bcrypt hash, $2a$, $2b$ or $2y$ */
	uint64_t rate_interval_ns; /* one more request is allowed each so many ns; 0: no limit */
	unsigned int rate_burst; /* requests that may come at once */

	/* Made of these. */
	bool tls;
	/*
	 * GnuTLS priority strings of min_version, cipher_suites, ...: for a certificate
	 * with an RSA key and for one with another key. NULL without TLS.
	 */
	char *priorities_rsa, *priorities_ecdsa;
};

/*
 * Parses len bytes of text; path is for messages and for relative names of files.
 * 0, -ENOMEM, or -EINVAL with "path:line: what" in error, and nothing to free.
 * Opens no file.
 */
int http_config_parse(struct http_config *config, const char *path, const char *text, size_t len,
		      struct error *error);
/* The same for the file at path; -errno when it cannot be read. */
int http_config_load(struct http_config *config, const char *path, struct error *error);
void http_config_free(struct http_config *config);

#endif
