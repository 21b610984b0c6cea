// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/config_tls.c: the words of tls_server_config, the checks that its keys fit together, and
 * the priority strings that GnuTLS gets.
 */
#include <stdio.h>
#include <stdlib.h>

#include "http_config_keys.h"

/* Go's names, as exporter-toolkit has them, and GnuTLS'. */

const struct config_word http_tls_versions[] = {
	{ "TLS10", TLS10, "+VERS-TLS1.0" },
	{ "TLS11", TLS11, "+VERS-TLS1.1" },
	{ "TLS12", TLS12, "+VERS-TLS1.2" },
	{ "TLS13", TLS13, "+VERS-TLS1.3" },
	{ NULL, 0, NULL },
};

/* The kind of key that a suite is for; TLS 1.3 has suites for all. */
enum { FOR_RSA, FOR_ECDSA, FOR_TLS13 };

/* Go's tls.CipherSuites(), in its order of preference, and the cipher of each. */
const struct config_word http_tls_suites[] = {
	{ "TLS_AES_128_GCM_SHA256", FOR_TLS13, "+AES-128-GCM" },
	{ "TLS_AES_256_GCM_SHA384", FOR_TLS13, "+AES-256-GCM" },
	{ "TLS_CHACHA20_POLY1305_SHA256", FOR_TLS13, "+CHACHA20-POLY1305" },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", FOR_ECDSA, "+AES-128-GCM" },
	{ "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", FOR_RSA, "+AES-128-GCM" },
	{ "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", FOR_ECDSA, "+AES-256-GCM" },
	{ "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", FOR_RSA, "+AES-256-GCM" },
	{ "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", FOR_ECDSA, "+CHACHA20-POLY1305" },
	{ "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", FOR_RSA, "+CHACHA20-POLY1305" },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", FOR_ECDSA, "+AES-128-CBC" },
	{ "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", FOR_RSA, "+AES-128-CBC" },
	{ "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", FOR_ECDSA, "+AES-256-CBC" },
	{ "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", FOR_RSA, "+AES-256-CBC" },
	{ NULL, 0, NULL },
};

const struct config_word http_tls_curves[] = {
	{ "X25519", 0, "+GROUP-X25519" },
	{ "CurveP256", 0, "+GROUP-SECP256R1" },
	{ "CurveP384", 0, "+GROUP-SECP384R1" },
	{ "CurveP521", 0, "+GROUP-SECP521R1" },
	{ NULL, 0, NULL },
};

_Static_assert(ARRAY_SIZE(http_tls_suites) <= MAX_WORDS + 1, "struct config_words");
_Static_assert(ARRAY_SIZE(http_tls_curves) <= MAX_WORDS + 1, "struct config_words");

const struct config_word http_client_auths[] = {
	{ "NoClientCert", CLIENT_AUTH_NONE, NULL },
	{ "RequestClientCert", CLIENT_AUTH_REQUEST, NULL },
	{ "RequireAnyClientCert", CLIENT_AUTH_REQUIRE_ANY, NULL },
	{ "VerifyClientCertIfGiven", CLIENT_AUTH_VERIFY_IF_GIVEN, NULL },
	{ "RequireAndVerifyClientCert", CLIENT_AUTH_REQUIRE_AND_VERIFY, NULL },
	{ "RequireClientCert", CLIENT_AUTH_REQUIRE_ANY, NULL },
	{ "", CLIENT_AUTH_NONE, NULL }, /* as without the key */
	{ NULL, 0, NULL },
};

/* --- checks of several keys */

static size_t later_line(const struct config_parser *p, const char *a, const char *b)
{
	size_t line_a = http_config_line(p, a), line_b = http_config_line(p, b);

	return line_a > line_b ? line_a : line_b;
}

/* A file or its text: not both, and one of them when it is needed. */
static int check_pem(struct config_parser *p, const char *file, const char *text, const char *name,
		     bool needed)
{
	size_t line = http_config_line(p, "tls_server_config");

	if (file && text)
		return config_set_error(p, line, "%s and %s_file exclude each other", name, name);
	if (needed && !file && !text)
		return config_set_error(p, line, "missing one of %s or %s_file", name, name);
	return 0;
}

static int check_files(struct config_parser *p)
{
	const struct http_config *c = p->config;
	int err = check_pem(p, c->cert_file, c->cert, "cert", true);

	err = err ?: check_pem(p, c->key_file, c->key, "key", true);
	err = err ?: check_pem(p, c->client_ca_file, c->client_ca, "client_ca", false);
	return err;
}

static int check_clients(struct config_parser *p)
{
	const struct http_config *c = p->config;
	bool ca = c->client_ca || c->client_ca_file;

	if (ca && c->client_auth == CLIENT_AUTH_NONE)
		return config_set_error(p, later_line(p, "client_ca", "client_ca_file"),
					"a client CA needs a client_auth_type");
	if (!ca && c->client_auth & CLIENT_AUTH_VERIFY)
		return config_set_error(p, http_config_line(p, "client_auth_type"),
					"this client_auth_type needs a client_ca_file");
	if (c->client_allowed_sans.nr && !(c->client_auth & CLIENT_AUTH_REQUIRE))
		return config_set_error(
			p, http_config_line(p, "client_allowed_sans"),
			"client_allowed_sans needs the client_auth_type RequireAnyClientCert "
			"or RequireAndVerifyClientCert");
	return 0;
}

static struct config_words all_words_of(const struct config_word *table)
{
	struct config_words words = { .nr = 0 };

	for (; table->name; table++)
		words.all[words.nr++] = table;
	return words;
}

/* Writes ":PRIORITY" of the words with this value. */
static void put_priorities(FILE *f, const struct config_words *words, unsigned int value)
{
	for (size_t i = 0; i < words->nr; i++)
		if (words->all[i]->value == value)
			fprintf(f, ":%s", words->all[i]->priority);
}

/*
 * GnuTLS configures key exchange and cipher separately, and shares the ciphers between
 * TLS 1.2 and 1.3. A certificate has one kind of key, so with one string for each
 * kind, TLS 1.2 offers exactly the list; TLS 1.3 gets the same ciphers.
 * Without a suite for this kind of key only TLS 1.3 is left, with all its suites (as in Go).
 */
static char *make_priorities(const struct http_config *c, unsigned int kind)
{
	const struct config_words *suites = &c->cipher_suites, all = all_words_of(http_tls_suites);
	char *out = NULL;
	size_t nr = 0, len;
	FILE *f = open_memstream(&out, &len);

	if (!f)
		return NULL;
	fputs("NONE:+CTYPE-X509:+COMP-NULL:+SHA1:+AEAD:+SIGN-ALL", f);
	if (c->min_version >= TLS12)
		fputs(":-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1", f);
	for (unsigned int v = c->max_version + 1; v-- > c->min_version;)
		fprintf(f, ":%s", http_tls_versions[v].priority);
	for (size_t i = 0; i < suites->nr; i++)
		nr += suites->all[i]->value == kind;
	if (nr && c->min_version < TLS13)
		put_priorities(f, suites, kind);
	else
		put_priorities(f, &all, FOR_TLS13);
	if (nr)
		fputs(kind == FOR_RSA ? ":+ECDHE-RSA" : ":+ECDHE-ECDSA", f);
	put_priorities(f, &c->curves, 0);
	if (c->prefer_server)
		fputs(":%SERVER_PRECEDENCE", f);
	if (fclose(f) != 0) {
		free(out);
		return NULL;
	}
	return out;
}

int http_config_finish_tls(struct config_parser *p)
{
	struct http_config *c = p->config;
	size_t sans_line = http_config_line(p, "client_allowed_sans");
	int err;

	c->tls = c->cert || c->cert_file || c->key || c->key_file || c->client_ca ||
		 c->client_ca_file || http_config_line(p, "client_auth_type");
	if (c->min_version > c->max_version)
		return config_set_error(p, later_line(p, "min_version", "max_version"),
					"min_version is above max_version");
	/* exporter-toolkit accepts an empty list, which refuses every client. */
	if (sans_line && !c->client_allowed_sans.nr)
		return config_set_error(p, sans_line, "an empty list lets no client in");
	if (!c->tls && sans_line)
		return config_set_error(p, sans_line,
					"client_allowed_sans without cert_file and key_file");
	if (!c->tls)
		return 0;
	err = check_files(p);
	err = err ?: check_clients(p);
	if (err)
		return err;
	if (!c->cipher_suites.nr)
		c->cipher_suites = all_words_of(http_tls_suites);
	if (!c->curves.nr)
		c->curves = all_words_of(http_tls_curves);
	c->priorities_rsa = make_priorities(c, FOR_RSA);
	c->priorities_ecdsa = make_priorities(c, FOR_ECDSA);
	return c->priorities_rsa && c->priorities_ecdsa ? 0 : config_set_no_memory(p);
}
