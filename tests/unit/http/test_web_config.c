// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_web_config.c: --web.config.file: accepted files, and each refusal with its line.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <gnutls/gnutls.h>

#include "http/http_config_keys.h"
#include "util/array.h"

#define HASH "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
#define PAIR "tls_server_config:\n  cert_file: c\n  key_file: k\n"

static struct error error;

static int parse(struct http_config *config, const char *text)
{
	*error.text = '\0';
	return http_config_parse(config, "dir/web.yml", text, strlen(text), &error);
}

static void parse_well(struct http_config *config, const char *text)
{
	if (parse(config, text))
		fail_msg("%s\n%s", error.text, text);
}

static const struct {
	const char *text;
	unsigned int line;
	const char *what; /* a part of the message */
} refused[] = {
	/* YAML */
	{ "a: [", 2, "did not find" },
	{ "\n\n\"a", 3, "unexpected end of stream" },
	{ "rate_limit: {}\n\ttls: x\n", 2, "" },
	{ "a: b: c\n", 1, "mapping values are not allowed" },
	{ "rate_limit: {}\n---\nrate_limit: {}\n", 2, "second document" },
	{ "rate_limit: *x\n", 1, "undefined alias" },
	{ "\xff\xfe\xff", 1, "" },
	{ "# \xc3\x28\n", 1, "UTF-8" },
	{ "{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{",
	  1, "nested too deep" },
	/* keys */
	{ "- a\n", 1, "the file must have keys and values" },
	{ "text\n", 1, "the file must have keys and values" },
	{ "rate_limit:\n\ntls_config: {}\n", 3, "the file has no key tls_config" },
	{ "\x1b[31mred: 1\n", 1, "" },
	{ "\"a\\x1b[31m\": 1\n", 1, "no key a?[31m" },
	{ "\"a\\0\": 1\n", 1, "NUL" },
	{ "? [a]\n: b\n", 1, "a key is expected" },
	{ "~: b\n", 1, "a key is expected" },
	{ "rate_limit: {}\nrate_limit: {}\n", 2,
	  "duplicate key rate_limit, first defined on line 1" },
	{ "http_server_config:\n  http2: true\n  http2: true\n", 3,
	  "duplicate key http2, first defined on line 2" },
	{ "http_server_config:\n  http3: true\n", 2, "http_server_config has no key http3" },
	{ PAIR "  ciphers: []\n", 4, "tls_server_config has no key ciphers" },
	{ "<<: {}\n", 1, "the file has no key <<" },
	{ "rate_limit:\n  rate: 1\n", 2, "rate_limit has no key rate" },
	/* types */
	{ "tls_server_config: 5\n", 1, "tls_server_config must have keys" },
	{ "tls_server_config:\n- a\n", 2, "tls_server_config must have keys" },
	{ "http_server_config: yes\n", 1, "http_server_config must have keys" },
	{ "http_server_config:\n  headers: []\n", 2, "headers must have keys" },
	{ "http_server_config:\n  http2: maybe\n", 2, "true or false" },
	{ "http_server_config:\n  http2: y Y\n", 2, "true or false" },
	{ "http_server_config:\n  http2: es\n", 2, "true or false" },
	{ "http_server_config:\n  http2: \"true\"\n", 2, "true or false" },
	{ "http_server_config:\n  http2: [true]\n", 2, "true or false" },
	{ "tls_server_config:\n  cert_file: [a]\n", 2, "a text is expected" },
	{ "tls_server_config:\n  cert_file: {a: b}\n", 2, "a text is expected" },
	{ "tls_server_config:\n  key_file: \"a\\0b\"\n", 2, "NUL" },
	{ PAIR "  cipher_suites: TLS_AES_128_GCM_SHA256\n", 4, "a list is expected" },
	{ PAIR "  cipher_suites: {a: b}\n", 4, "a list is expected" },
	{ PAIR "  cipher_suites:\n    -\n", 5, "an empty entry" },
	{ PAIR "  cipher_suites:\n    - [a]\n", 5, "a text is expected" },
	{ "basic_auth_users: [a]\n", 1, "basic_auth_users must have keys" },
	/* certificates */
	{ "tls_server_config:\n  cert_file: c\n", 2, "missing one of key or key_file" },
	{ "tls_server_config:\n  key_file: k\n", 2, "missing one of cert or cert_file" },
	{ "tls_server_config:\n  cert_file: ''\n  key_file: k\n", 2, "missing one of cert" },
	{ "tls_server_config:\n  cert_file:\n  key_file: k\n", 2, "missing one of cert" },
	{ "tls_server_config:\n  client_auth_type: NoClientCert\n", 2, "missing one of cert" },
	{ PAIR "  cert: x\n", 2, "cert and cert_file exclude" },
	{ PAIR "  key: x\n", 2, "key and key_file exclude" },
	{ PAIR "  client_auth_type: RequireAndVerifyClientCert\n  client_ca: x\n"
	       "  client_ca_file: x\n",
	  2, "client_ca and client_ca_file exclude" },
	/* clients */
	{ PAIR "  client_auth_type: Verify\n", 4, "client_auth_type Verify is none of" },
	{ PAIR "  client_auth_type: requireanyclientcert\n", 4, "is none of" },
	{ PAIR "  client_ca_file: ca\n", 4, "a client CA needs a client_auth_type" },
	{ PAIR "  client_auth_type: NoClientCert\n  client_ca_file: ca\n", 5,
	  "needs a client_auth" },
	{ PAIR "  client_auth_type: RequireAndVerifyClientCert\n", 4, "needs a client_ca_file" },
	{ PAIR "  client_auth_type: VerifyClientCertIfGiven\n", 4, "needs a client_ca_file" },
	{ PAIR "  client_allowed_sans: [a]\n", 4, "client_allowed_sans needs" },
	{ PAIR "  client_auth_type: RequestClientCert\n  client_allowed_sans: [a]\n", 5,
	  "client_allowed_sans needs" },
	{ PAIR "  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: []\n", 5,
	  "lets no client in" },
	{ "tls_server_config:\n  client_allowed_sans: [a]\n", 2, "without cert_file" },
	/* versions and ciphers */
	{ PAIR "  min_version: TLS14\n", 4, "TLS14 is none of TLS10" },
	{ PAIR "  max_version: '1.3'\n", 4, "1.3 is none of TLS10" },
	{ PAIR "  min_version: ''\n", 4, "is none of TLS10" },
	{ PAIR "  max_version: TLS12\n  min_version: TLS13\n", 5, "above max_version" },
	{ PAIR "  max_version: TLS11\n", 4, "above max_version" },
	{ PAIR "  cipher_suites:\n  - TLS_AES_128_GCM_SHA256\n  - TLS_RSA_WITH_RC4_128_SHA\n", 6,
	  "unknown cipher_suites TLS_RSA_WITH_RC4_128_SHA" },
	{ PAIR "  curve_preferences: [X25519, P256]\n", 4, "P256 is none of X25519" },
	{ PAIR "  prefer_server_cipher_suites: 1\n", 4, "true or false" },
	/* headers */
	{ "http_server_config:\n  headers:\n    Server: x\n", 3, "Server cannot be configured" },
	{ "http_server_config:\n  headers:\n    x-frame-options: deny\n", 3,
	  "cannot be configured" },
	{ "http_server_config:\n  headers:\n    X-Frame-Options: no\n", 3,
	  "X-Frame-Options must be deny or sameorigin" },
	{ "http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n", 3,
	  "X-Content-Type-Options must be nosniff" },
	{ "http_server_config:\n  headers:\n    X-XSS-Protection: \"1\\r\\nSet-Cookie: a\"\n", 3,
	  "control character" },
	/* users */
	{ "basic_auth_users:\n  bob: secret\n", 2, "the password of bob is no bcrypt hash" },
	{ "basic_auth_users:\n  bob:\n", 2, "the password of bob is no bcrypt hash" },
	{ "basic_auth_users:\n  'b:b': " HASH "\n", 2, "colon" },
	{ "basic_auth_users:\n  a: " HASH "\n  b: " HASH "x\n", 3, "of b is no bcrypt" },
	{ "basic_auth_users:\n  a: " HASH "\n  a: " HASH "\n", 3,
	  "duplicate key a, first defined on line 2" },
	{ "basic_auth_users:\n  a: $2x$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n",
	  2, "no bcrypt" },
	{ "basic_auth_users:\n  a: $2y$03$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n",
	  2, "no bcrypt" },
	{ "basic_auth_users:\n  a: $2y$32$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n",
	  2, "no bcrypt" },
	{ "basic_auth_users:\n  a: $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeS!\n",
	  2, "no bcrypt" },
	{ "basic_auth_users:\n  a: $6$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi1\n",
	  2, "no bcrypt" },
	/* rate limit */
	{ "rate_limit:\n  interval: 1\n", 2, "1 is no duration" },
	{ "rate_limit:\n  interval: -1s\n", 2, "no duration" },
	{ "rate_limit:\n  interval: 1e3s\n", 2, "no duration" },
	{ "rate_limit:\n  interval: 1s x\n", 2, "no duration" },
	{ "rate_limit:\n  interval: 25h\n", 2, "no duration" },
	{ "rate_limit:\n  interval: ''\n", 2, "no duration" },
	{ "rate_limit:\n  burst: -1\n", 2, "no number" },
	{ "rate_limit:\n  burst: 1.5\n", 2, "no number" },
	{ "rate_limit:\n  burst: 99999999999999999999\n", 2, "no number" },
	{ "rate_limit:\n  interval: 1s\n", 2, "without a burst" },
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct http_config config;
		char start[64];

		if (parse(&config, refused[i].text) != -EINVAL)
			fail_msg("not refused:\n%s", refused[i].text);
		snprintf(start, sizeof(start), "dir/web.yml:%u: ", refused[i].line);
		if (strncmp(error.text, start, strlen(start)) != 0 ||
		    !strstr(error.text, refused[i].what))
			fail_msg("'%s' should be '%s...%s' of\n%s", error.text, start,
				 refused[i].what, refused[i].text);
		for (const char *c = error.text; *c; c++)
			assert_true((unsigned char)*c >= ' ');
	}
}

static bool is_refused_somewhere(const char *name)
{
	char key[64];

	snprintf(key, sizeof(key), "%s:", name);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (strstr(refused[i].text, key))
			return true;
	return false;
}

/* The whole documentation; the tests run in the top folder. */
static char *read_docs(void)
{
	char *text = calloc(1, 65536);
	FILE *f = fopen("docs/web-config.md", "r");

	assert_non_null(text);
	if (!f)
		fail_msg("no docs/web-config.md in the working directory");
	assert_in_range(fread(text, 1, 65535, f), 1, 65534);
	fclose(f);
	return text;
}

/* Each row of http/config.c has an example or words, a refusal above and documentation. */
static void test_rows(void **state)
{
	size_t nr;
	const struct config_key *keys = http_config_keys(&nr);
	char *docs = read_docs();

	(void)state;
	for (size_t i = 0; i < nr; i++) {
		const struct config_key *key = &keys[i];
		char quoted[64];

		snprintf(quoted, sizeof(quoted), "`%s`", key->name);
		if (!strstr(docs, quoted))
			fail_msg("%s is not in docs/web-config.md", quoted);
		if (!is_refused_somewhere(key->name))
			fail_msg("no refusal of %s", key->name);
		assert_true(key->example || key->words);
		for (const struct config_word *w = key->words; w && w->name; w++) {
			/* The docs put the suites together from parts. */
			if (*w->name && strncmp(w->name, "TLS_", 4) != 0 && !strstr(docs, w->name))
				fail_msg("%s is not in docs/web-config.md", w->name);
		}
	}
	free(docs);
}

/* An example alone is understood, or refused only for what it lacks. */
static void test_examples(void **state)
{
	size_t nr;
	const struct config_key *keys = http_config_keys(&nr);

	(void)state;
	for (size_t i = 0; i < nr; i++) {
		const struct config_key *key = &keys[i];
		struct http_config config;
		char text[256];
		int err;

		snprintf(text, sizeof(text), "%s%s  %s: %s%s%s\n", key->section ? key->section : "",
			 key->section ? ":\n" : "", key->name, key->example ? key->example : "[",
			 key->example ? "" : key->words->name, key->example ? "" : "]");
		err = parse(&config, text);
		if (!err)
			http_config_free(&config);
		else if (key->example && !strstr(error.text, "missing one of") &&
			 !strstr(error.text, "needs a client_auth_type") &&
			 !strstr(error.text, "without "))
			fail_msg("%s\n%s", error.text, text);
	}
}

static void test_hashes_stay_secret(void **state)
{
	struct http_config config;

	(void)state;
	assert_int_equal(parse(&config, "basic_auth_users:\n  bob: hunter2\n"), -EINVAL);
	assert_null(strstr(error.text, "hunter2"));
	assert_int_equal(parse(&config, "basic_auth_users:\n  bob: hunter2: x\n"), -EINVAL);
	assert_null(strstr(error.text, "hunter2"));
}

static void test_nothing(void **state)
{
	static const char *const texts[] = {
		"",
		"# nothing\n",
		"---\n",
		"~\n",
		"{}\n",
		"tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n",
		"tls_server_config: {}\n",
		/* As exporter-toolkit: no certificate, no TLS. */
		"tls_server_config:\n  min_version: TLS13\n",
		"http_server_config:\n  http2: off\n",
		"rate_limit:\n  interval: 0\n  burst: 0\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct http_config config;

		parse_well(&config, texts[i]);
		assert_false(config.tls);
		assert_int_equal(config.users.nr, 0);
		assert_int_equal(config.headers.nr, 0);
		assert_true(config.rate_interval_ns == 0);
		http_config_free(&config);
	}
}

static void test_everything(void **state)
{
	static const char text[] = "tls_server_config:\n"
				   "  cert_file: c.pem\n"
				   "  key_file: \"/etc/k.pem\"\n"
				   "  client_ca_file: ../ca.pem\n"
				   "  client_auth_type: RequireAndVerifyClientCert\n"
				   "  client_allowed_sans: [one, 'two']\n"
				   "http_server_config:\n"
				   "  http2: true\n"
				   "  headers:\n"
				   "    Strict-Transport-Security: max-age=1\n"
				   "    X-Frame-Options: sameorigin\n"
				   "    X-XSS-Protection: ''\n"
				   "basic_auth_users:\n"
				   "  bob: " HASH "\n"
				   "  123: " HASH "\n"
				   "rate_limit: {interval: 1m1.5s, burst: 7}\n";
	struct http_config c;

	(void)state;
	parse_well(&c, text);
	assert_true(c.tls);
	assert_string_equal(c.cert_file, "dir/c.pem");
	assert_string_equal(c.key_file, "/etc/k.pem");
	assert_string_equal(c.client_ca_file, "dir/../ca.pem");
	assert_int_equal(c.client_auth, CLIENT_AUTH_REQUIRE_AND_VERIFY);
	assert_string_equal(c.client_allowed_sans.all[0], "one");
	assert_string_equal(c.client_allowed_sans.all[1], "two");
	assert_int_equal(c.client_allowed_sans.nr, 2);
	assert_int_equal(c.headers.nr, 2);
	assert_string_equal(c.headers.all[1].name, "X-Frame-Options");
	assert_string_equal(c.headers.all[1].value, "sameorigin");
	assert_int_equal(c.users.nr, 2);
	assert_string_equal(c.users.all[1].name, "123");
	assert_string_equal(c.users.all[1].value, HASH);
	assert_true(c.rate_interval_ns == UINT64_C(61500000000));
	assert_int_equal(c.rate_burst, 7);
	http_config_free(&c);
}

static void test_inline_certificates(void **state)
{
	struct http_config c;

	(void)state;
	parse_well(&c, "tls_server_config:\n  cert: |\n    a\n    b\n  key: k\n  client_ca: ca\n"
		       "  client_auth_type: VerifyClientCertIfGiven\n");
	assert_true(c.tls);
	assert_string_equal(c.cert, "a\nb\n");
	assert_string_equal(c.key, "k");
	assert_string_equal(c.client_ca, "ca");
	assert_int_equal(c.client_auth, CLIENT_AUTH_VERIFY_IF_GIVEN);
	http_config_free(&c);
}

static void test_client_auth_types(void **state)
{
	static const struct {
		const char *name;
		enum client_auth type;
	} types[] = {
		{ "NoClientCert", CLIENT_AUTH_NONE },
		{ "RequestClientCert", CLIENT_AUTH_REQUEST },
		{ "RequireClientCert", CLIENT_AUTH_REQUIRE_ANY },
		{ "RequireAnyClientCert", CLIENT_AUTH_REQUIRE_ANY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct http_config c;
		char text[256];

		snprintf(text, sizeof(text), PAIR "  client_auth_type: %s\n", types[i].name);
		parse_well(&c, text);
		assert_int_equal(c.client_auth, types[i].type);
		http_config_free(&c);
	}
}

static void test_bcrypt_kinds(void **state)
{
	struct http_config c;

	(void)state;
	parse_well(&c, "basic_auth_users:\n"
		       "  a: $2a$04$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n"
		       "  b: $2b$31$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n"
		       "  y: \"$2y$09$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\"\n");
	assert_int_equal(c.users.nr, 3);
	http_config_free(&c);
}

/* --- priority strings, as GnuTLS itself reads them */

/* The names of the suites, comma-separated, in order. */
static void list_suites(const char *priorities, char *out, size_t len)
{
	gnutls_priority_t set;
	const char *wrong;
	size_t used = 0;

	*out = '\0';
	if (gnutls_priority_init(&set, priorities, &wrong) < 0)
		fail_msg("GnuTLS refuses %s at %s", priorities, wrong);
	for (unsigned int i = 0;; i++) {
		unsigned int index;
		unsigned char id[2];
		const char *name;
		int err = gnutls_priority_get_cipher_suite_index(set, i, &index);

		if (err == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (err < 0)
			continue;
		name = gnutls_cipher_suite_info(index, id, NULL, NULL, NULL, NULL);
		if (name)
			used += (size_t)snprintf(out + used, len - used, "%s ", name);
	}
	gnutls_priority_deinit(set);
}

static void test_suites(void **state)
{
	static const struct {
		const char *keys; /* of tls_server_config */
		const char *rsa, *ecdsa;
	} cases[] = {
		{ "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n",
		  "TLS_AES_256_GCM_SHA384 TLS_ECDHE_RSA_AES_256_GCM_SHA384 ",
		  "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 "
		  "TLS_CHACHA20_POLY1305_SHA256 " },
		{ "  max_version: TLS12\n"
		  "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,"
		  " TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n",
		  "TLS_ECDHE_RSA_AES_256_GCM_SHA384 TLS_ECDHE_RSA_AES_128_GCM_SHA256 ",
		  "TLS_ECDHE_ECDSA_AES_128_CBC_SHA1 " },
		{ "  min_version: TLS13\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n",
		  "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 "
		  "TLS_CHACHA20_POLY1305_SHA256 ",
		  "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 "
		  "TLS_CHACHA20_POLY1305_SHA256 " },
		{ "  max_version: TLS12\n",
		  "TLS_ECDHE_RSA_AES_128_GCM_SHA256 TLS_ECDHE_RSA_AES_256_GCM_SHA384 "
		  "TLS_ECDHE_RSA_CHACHA20_POLY1305 TLS_ECDHE_RSA_AES_128_CBC_SHA1 "
		  "TLS_ECDHE_RSA_AES_256_CBC_SHA1 ",
		  "TLS_ECDHE_ECDSA_AES_128_GCM_SHA256 TLS_ECDHE_ECDSA_AES_256_GCM_SHA384 "
		  "TLS_ECDHE_ECDSA_CHACHA20_POLY1305 TLS_ECDHE_ECDSA_AES_128_CBC_SHA1 "
		  "TLS_ECDHE_ECDSA_AES_256_CBC_SHA1 " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_config c;
		char text[512], got[1024];

		snprintf(text, sizeof(text), "%s%s", PAIR, cases[i].keys);
		parse_well(&c, text);
		list_suites(c.priorities_rsa, got, sizeof(got));
		assert_string_equal(got, cases[i].rsa);
		list_suites(c.priorities_ecdsa, got, sizeof(got));
		assert_string_equal(got, cases[i].ecdsa);
		http_config_free(&c);
	}
}

static void list_protocols(const char *priorities, char *out, size_t len)
{
	const unsigned int *list;
	gnutls_priority_t set;
	size_t used = 0;
	int nr;

	*out = '\0';
	assert_int_equal(gnutls_priority_init(&set, priorities, NULL), 0);
	nr = gnutls_priority_protocol_list(set, &list);
	for (int i = 0; i < nr; i++)
		used += (size_t)snprintf(out + used, len - used, "%s ",
					 gnutls_protocol_get_name(list[i]));
	nr = gnutls_priority_group_list(set, &list);
	for (int i = 0; i < nr; i++)
		used += (size_t)snprintf(out + used, len - used, "%s ",
					 gnutls_group_get_name(list[i]));
	gnutls_priority_deinit(set);
}

static void test_versions_and_curves(void **state)
{
	static const struct {
		const char *keys, *list;
	} cases[] = {
		{ "", "TLS1.3 TLS1.2 X25519 SECP256R1 SECP384R1 SECP521R1 " },
		{ "  min_version: TLS10\n  max_version: TLS11\n  curve_preferences: [CurveP256]\n",
		  "TLS1.1 TLS1.0 SECP256R1 " },
		{ "  min_version: TLS13\n  curve_preferences: [CurveP521, X25519, CurveP521]\n",
		  "TLS1.3 SECP521R1 X25519 " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_config c;
		char text[256], got[256];

		snprintf(text, sizeof(text), "%s%s", PAIR, cases[i].keys);
		parse_well(&c, text);
		list_protocols(c.priorities_rsa, got, sizeof(got));
		assert_string_equal(got, cases[i].list);
		http_config_free(&c);
	}
}

static void test_preference(void **state)
{
	struct http_config c;

	(void)state;
	parse_well(&c, PAIR);
	assert_non_null(strstr(c.priorities_rsa, "%SERVER_PRECEDENCE"));
	http_config_free(&c);
	parse_well(&c, PAIR "  prefer_server_cipher_suites: no\n");
	assert_null(strstr(c.priorities_rsa, "%SERVER_PRECEDENCE"));
	http_config_free(&c);
}

/* --- files */

static void test_load(void **state)
{
	char path[] = "/tmp/pfstat-test-XXXXXX";
	struct http_config c;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, PAIR, strlen(PAIR)), strlen(PAIR));
	assert_int_equal(http_config_load(&c, path, &error), 0);
	assert_string_equal(c.cert_file, "/tmp/c");
	http_config_free(&c);
	/* Larger than any config. */
	assert_int_equal(ftruncate(fd, 2 << 20), 0);
	assert_int_equal(http_config_load(&c, path, &error), -EFBIG);
	close(fd);
	unlink(path);
	assert_int_equal(http_config_load(&c, path, &error), -ENOENT);
	assert_non_null(strstr(error.text, path));
	assert_int_equal(http_config_load(&c, "/", &error), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_hashes_stay_secret),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_inline_certificates),
		cmocka_unit_test(test_client_auth_types),
		cmocka_unit_test(test_bcrypt_kinds),
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_versions_and_curves),
		cmocka_unit_test(test_preference),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests_name("web_config", tests, NULL, NULL);
}
