// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/config_tls.c: tls_server_config, and what becomes of it: GnuTLS' priorities.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_yaml.h"

/* --- TLS names: Go's, as exporter-toolkit has them, and GnuTLS' */

static const struct version {
	const char *name;
	const char *priority;
} versions[] = {
	{ "TLS10", "+VERS-TLS1.0" },
	{ "TLS11", "+VERS-TLS1.1" },
	{ "TLS12", "+VERS-TLS1.2" },
	{ "TLS13", "+VERS-TLS1.3" },
};

/* GnuTLS' names of what a cipher suite consists of beside its key exchange. */
static const struct cipher {
	const char *priority;
	bool aead; /* also a suite of TLS 1.3 */
} ciphers[] = {
	{ "+AES-128-GCM", true },  { "+AES-256-GCM", true },  { "+CHACHA20-POLY1305", true },
	{ "+AES-128-CBC", false }, { "+AES-256-CBC", false },
};

enum { AES128_GCM, AES256_GCM, CHACHA20, AES128_CBC, AES256_CBC };

enum { FOR_RSA = 1, FOR_ECDSA = 2, FOR_TLS13 = 4 };

/* Go's tls.CipherSuites(), in its order of preference. */
static const struct http_suite {
	const char *name;
	int cipher;
	int used; /* FOR_... */
} suites[] = {
	{ "TLS_AES_128_GCM_SHA256", AES128_GCM, FOR_TLS13 },
	{ "TLS_AES_256_GCM_SHA384", AES256_GCM, FOR_TLS13 },
	{ "TLS_CHACHA20_POLY1305_SHA256", CHACHA20, FOR_TLS13 },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", AES128_GCM, FOR_ECDSA },
	{ "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", AES128_GCM, FOR_RSA },
	{ "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", AES256_GCM, FOR_ECDSA },
	{ "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", AES256_GCM, FOR_RSA },
	{ "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", CHACHA20, FOR_ECDSA },
	{ "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", CHACHA20, FOR_RSA },
	{ "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", AES128_CBC, FOR_ECDSA },
	{ "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", AES128_CBC, FOR_RSA },
	{ "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", AES256_CBC, FOR_ECDSA },
	{ "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", AES256_CBC, FOR_RSA },
};

static const struct http_curve {
	const char *name;
	const char *priority;
} curves[] = {
	{ "X25519", "+GROUP-X25519" },
	{ "CurveP256", "+GROUP-SECP256R1" },
	{ "CurveP384", "+GROUP-SECP384R1" },
	{ "CurveP521", "+GROUP-SECP521R1" },
};

_Static_assert(NR(suites) == NR_SUITES && NR(curves) == NR_CURVES, "web_config_internal.h");

static const struct auth_type {
	const char *name;
	enum client_auth type;
} auth_types[] = {
	{ "NoClientCert", CLIENT_AUTH_NONE },
	{ "RequestClientCert", CLIENT_AUTH_REQUEST },
	{ "RequireClientCert", CLIENT_AUTH_REQUIRE_ANY },
	{ "RequireAnyClientCert", CLIENT_AUTH_REQUIRE_ANY },
	{ "VerifyClientCertIfGiven", CLIENT_AUTH_VERIFY_IF_GIVEN },
	{ "RequireAndVerifyClientCert", CLIENT_AUTH_REQUIRE_AND_VERIFY },
};

/* --- tls_server_config */

static int read_cert_file(struct config_parser *p, const yaml_node_t *value)
{
	return node_read_path(p, value, &p->config->cert_file);
}

static int read_key_file(struct config_parser *p, const yaml_node_t *value)
{
	return node_read_path(p, value, &p->config->key_file);
}

static int read_client_ca_file(struct config_parser *p, const yaml_node_t *value)
{
	p->ca_line = node_line(value);
	return node_read_path(p, value, &p->config->client_ca_file);
}

static int read_cert(struct config_parser *p, const yaml_node_t *value)
{
	return node_read_string(p, value, &p->config->cert);
}

static int read_private_key(struct config_parser *p, const yaml_node_t *value)
{
	return node_read_string(p, value, &p->config->key);
}

static int read_client_ca(struct config_parser *p, const yaml_node_t *value)
{
	p->ca_line = node_line(value);
	return node_read_string(p, value, &p->config->client_ca);
}

static int read_client_auth(struct config_parser *p, const yaml_node_t *value)
{
	const char *text;
	int err = node_read_text(p, value, &text);

	if (err || !text || !*text)
		return err;
	p->auth_line = node_line(value);
	for (size_t i = 0; i < NR(auth_types); i++)
		if (strcmp(auth_types[i].name, text) == 0) {
			p->config->client_auth = auth_types[i].type;
			return 0;
		}
	return parse_error(
		p, node_line(value),
		"client_auth_type %s is none of NoClientCert, RequestClientCert, "
		"RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert",
		text);
}

static int add_san(struct config_parser *p, const char *text, size_t line)
{
	char **sans = p->config->client_allowed_sans;
	size_t nr = 0;

	(void)line;
	while (sans && sans[nr])
		nr++;
	sans = reallocarray(sans, nr + 2, sizeof(*sans));
	if (!sans)
		return parse_no_memory(p);
	p->config->client_allowed_sans = sans;
	sans[nr + 1] = NULL;
	sans[nr] = strdup(text);
	return sans[nr] ? 0 : parse_no_memory(p);
}

static int read_allowed_sans(struct config_parser *p, const yaml_node_t *value)
{
	int err = node_each_item(p, value, add_san);

	p->sans_line = node_line(value);
	/* For exporter-toolkit such a list lets nobody in; nobody can want that. */
	if (!err && !node_is_null(value) && !p->config->client_allowed_sans)
		err = parse_error(p, p->sans_line, "an empty list lets no client in");
	return err;
}

static int read_version(struct config_parser *p, const yaml_node_t *value, int *out)
{
	const char *text;
	int err = node_read_text(p, value, &text);

	if (err || !text)
		return err;
	p->version_line = node_line(value);
	for (size_t i = 0; i < NR(versions); i++)
		if (strcmp(versions[i].name, text) == 0) {
			*out = (int)i;
			return 0;
		}
	return parse_error(p, node_line(value), "%s is none of TLS10, TLS11, TLS12, TLS13", text);
}

static int read_min_version(struct config_parser *p, const yaml_node_t *value)
{
	return read_version(p, value, &p->min_version);
}

static int read_max_version(struct config_parser *p, const yaml_node_t *value)
{
	return read_version(p, value, &p->max_version);
}

static int add_suite(struct config_parser *p, const char *text, size_t line)
{
	for (size_t i = 0; i < p->nr_suites; i++)
		if (strcmp(p->suites[i]->name, text) == 0)
			return 0;
	for (size_t i = 0; i < NR(suites); i++)
		if (strcmp(suites[i].name, text) == 0) {
			p->suites[p->nr_suites++] = &suites[i];
			return 0;
		}
	return parse_error(p, line, "unknown cipher suite %s (see docs/web-config.md)", text);
}

static int read_cipher_suites(struct config_parser *p, const yaml_node_t *value)
{
	return node_each_item(p, value, add_suite);
}

static int add_curve(struct config_parser *p, const char *text, size_t line)
{
	for (size_t i = 0; i < p->nr_curves; i++)
		if (strcmp(p->curves[i]->name, text) == 0)
			return 0;
	for (size_t i = 0; i < NR(curves); i++)
		if (strcmp(curves[i].name, text) == 0) {
			p->curves[p->nr_curves++] = &curves[i];
			return 0;
		}
	return parse_error(p, line, "%s is none of X25519, CurveP256, CurveP384, CurveP521", text);
}

static int read_curve_preferences(struct config_parser *p, const yaml_node_t *value)
{
	return node_each_item(p, value, add_curve);
}

static int read_prefer_server(struct config_parser *p, const yaml_node_t *value)
{
	bool server = true;
	int err = node_read_bool(p, value, &server);

	p->client_preference = !server;
	return err;
}

int http_config_read_tls(struct config_parser *p, const yaml_node_t *value)
{
	static const struct config_key keys[] = {
		{ "cert_file", read_cert_file },
		{ "key_file", read_key_file },
		{ "client_ca_file", read_client_ca_file },
		{ "cert", read_cert },
		{ "key", read_private_key },
		{ "client_ca", read_client_ca },
		{ "client_auth_type", read_client_auth },
		{ "client_allowed_sans", read_allowed_sans },
		{ "min_version", read_min_version },
		{ "max_version", read_max_version },
		{ "cipher_suites", read_cipher_suites },
		{ "prefer_server_cipher_suites", read_prefer_server },
		{ "curve_preferences", read_curve_preferences },
	};

	p->tls_line = node_line(value);
	return node_read_keys(p, value,
			      &(struct config_keys){ keys, NR(keys), "tls_server_config" });
}

/* --- what only all keys together tell */

static int check_files(struct config_parser *p)
{
	const struct http_config *c = p->config;

	if (c->cert && c->cert_file)
		return parse_error(p, p->tls_line, "cert and cert_file exclude each other");
	if (c->key && c->key_file)
		return parse_error(p, p->tls_line, "key and key_file exclude each other");
	if (c->client_ca && c->client_ca_file)
		return parse_error(p, p->tls_line,
				   "client_ca and client_ca_file exclude each other");
	if (!c->cert && !c->cert_file)
		return parse_error(p, p->tls_line, "missing one of cert or cert_file");
	if (!c->key && !c->key_file)
		return parse_error(p, p->tls_line, "missing one of key or key_file");
	return 0;
}

static int check_clients(struct config_parser *p)
{
	const struct http_config *c = p->config;
	bool ca = c->client_ca || c->client_ca_file;

	if (ca && c->client_auth == CLIENT_AUTH_NONE)
		return parse_error(p, p->ca_line, "a client CA needs a client_auth_type");
	if (!ca && (c->client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN ||
		    c->client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY))
		return parse_error(p, p->auth_line, "this client_auth_type needs a client_ca_file");
	if (c->client_allowed_sans && c->client_auth != CLIENT_AUTH_REQUIRE_ANY &&
	    c->client_auth != CLIENT_AUTH_REQUIRE_AND_VERIFY)
		return parse_error(
			p, p->sans_line,
			"client_allowed_sans needs the client_auth_type RequireAnyClientCert "
			"or RequireAndVerifyClientCert");
	return 0;
}

/* The ciphers that p allows with keys of the kind used, in their order. */
static size_t pick_ciphers(const struct config_parser *p, int used, int *out)
{
	size_t nr = 0;

	for (size_t i = 0; i < p->nr_suites; i++)
		if (p->suites[i]->used == used)
			out[nr++] = p->suites[i]->cipher;
	return nr;
}

/*
 * GnuTLS takes key exchange and cipher apart, and shares the ciphers between
 * TLS 1.2 and 1.3. A certificate has one kind of key, so with one string for each
 * kind, what TLS 1.2 offers is exactly the list; TLS 1.3 gets the same ciphers.
 * Without a suite for this kind of key, TLS 1.3 is left, with all it has (as Go).
 */
static char *make_priorities(const struct config_parser *p, int used)
{
	static const char *const exchange[] = {
		[FOR_RSA] = ":+ECDHE-RSA", [FOR_ECDSA] = ":+ECDHE-ECDSA"
	};
	int picked[NR(suites)];
	size_t nr = pick_ciphers(p, used, picked), len = 0;
	bool all = !nr; /* of TLS 1.3 */
	char *out = NULL;
	FILE *f = open_memstream(&out, &len);

	if (!f)
		return NULL;
	fputs("NONE:+CTYPE-X509:+COMP-NULL:+SHA1:+AEAD:+SIGN-ALL", f);
	if (p->min_version >= TLS12)
		fputs(":-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1", f);
	for (int v = p->max_version; v >= p->min_version; v--)
		fprintf(f, ":%s", versions[v].priority);
	for (size_t i = 0; i < nr && p->min_version < TLS13; i++)
		fprintf(f, ":%s", ciphers[picked[i]].priority);
	for (size_t i = 0; i < NR(ciphers) && (all || p->min_version >= TLS13); i++)
		if (ciphers[i].aead)
			fprintf(f, ":%s", ciphers[i].priority);
	if (!all)
		fputs(exchange[used], f);
	for (size_t i = 0; i < p->nr_curves; i++)
		fprintf(f, ":%s", p->curves[i]->priority);
	if (!p->client_preference)
		fputs(":%SERVER_PRECEDENCE", f);
	if (fclose(f) != 0) {
		free(out);
		return NULL;
	}
	return out;
}

static int make_all_priorities(struct config_parser *p)
{
	struct http_config *c = p->config;

	if (!p->nr_suites)
		for (; p->nr_suites < NR(suites); p->nr_suites++)
			p->suites[p->nr_suites] = &suites[p->nr_suites];
	if (!p->nr_curves)
		for (; p->nr_curves < NR(curves); p->nr_curves++)
			p->curves[p->nr_curves] = &curves[p->nr_curves];
	c->priorities_rsa = make_priorities(p, FOR_RSA);
	c->priorities_ecdsa = make_priorities(p, FOR_ECDSA);
	return c->priorities_rsa && c->priorities_ecdsa ? 0 : parse_no_memory(p);
}

int http_config_finish_tls(struct config_parser *p)
{
	struct http_config *c = p->config;
	int err;

	c->tls = c->cert || c->cert_file || c->key || c->key_file || c->client_ca ||
		 c->client_ca_file || p->auth_line;
	if (p->min_version > p->max_version)
		return parse_error(p, p->version_line, "min_version is above max_version");
	if (!c->tls && c->client_allowed_sans)
		return parse_error(p, p->sans_line,
				   "client_allowed_sans without cert_file and key_file");
	if (!c->tls)
		return 0;
	err = check_files(p);
	if (!err)
		err = check_clients(p);
	return err ? err : make_all_priorities(p);
}
