// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * web_config.c: see web_config.h. Keys are rows of tables: a row names a key and
 * who reads its value; one function walks any mapping, so that unknown keys,
 * duplicates and wrong types are found everywhere alike.
 */
#include "web_config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <yaml.h>

#define NR(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_FILE (1 << 20)
#define MAX_NESTING 64

#define BCRYPT_LEN 60 /* $2b$10$, 22 characters of salt, 31 of hash */

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

enum { TLS10, TLS11, TLS12, TLS13 };

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
static const struct suite {
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

static const struct curve {
	const char *name;
	const char *priority;
} curves[] = {
	{ "X25519", "+GROUP-X25519" },
	{ "CurveP256", "+GROUP-SECP256R1" },
	{ "CurveP384", "+GROUP-SECP384R1" },
	{ "CurveP521", "+GROUP-SECP521R1" },
};

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

/* The headers that exporter-toolkit lets through, and the values of some. */
static const struct header {
	const char *name;
	const char *values[2]; /* none: any */
} headers[] = {
	{ "Strict-Transport-Security", { NULL, NULL } },
	{ "X-Content-Type-Options", { "nosniff", NULL } },
	{ "X-Frame-Options", { "deny", "sameorigin" } },
	{ "X-XSS-Protection", { NULL, NULL } },
	{ "Content-Security-Policy", { NULL, NULL } },
};

/* --- the state of one parse */

struct parser {
	const char *path;
	char *error;
	size_t error_len;
	yaml_document_t document;
	struct web_config *config;

	/* What becomes the priority strings in the end. */
	int min_version, max_version;
	bool client_preference;
	const struct suite *suites[NR(suites)];
	size_t nr_suites;
	const struct curve *curves[NR(curves)];
	size_t nr_curves;

	/* Lines of keys, for what is known to be wrong only in the end; 0: not there. */
	size_t tls_line, version_line, sans_line, auth_line, ca_line;
};

struct key {
	const char *name;
	int (*read)(struct parser *p, const yaml_node_t *value);
};

/* Of text that others wrote only what a terminal bears. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static int wrong(struct parser *p, size_t line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int wrong(struct parser *p, size_t line, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	make_printable(what);
	snprintf(p->error, p->error_len, "%s:%zu: %s", p->path, line, what);
	return -EINVAL;
}

static int no_memory(struct parser *p)
{
	snprintf(p->error, p->error_len, "%s: out of memory", p->path);
	return -ENOMEM;
}

static size_t line_of(const yaml_node_t *node)
{
	return node->start_mark.line + 1;
}

static bool is_plain(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static const char *text_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static bool is_one_of(const char *text, const char *const *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

/* A key without a value is a key that is not there, as for exporter-toolkit. */
static bool is_null(const yaml_node_t *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	return is_plain(node) && is_one_of(text_of(node), nulls, NR(nulls));
}

/* --- values */

static int read_text(struct parser *p, const yaml_node_t *value, const char **text)
{
	*text = NULL;
	if (is_null(value))
		return 0;
	if (value->type != YAML_SCALAR_NODE)
		return wrong(p, line_of(value), "a text is expected here");
	if (strlen(text_of(value)) != value->data.scalar.length)
		return wrong(p, line_of(value), "a text may not have NUL in it");
	*text = text_of(value);
	return 0;
}

/* Empty texts are as good as none. */
static int read_string(struct parser *p, const yaml_node_t *value, char **out)
{
	const char *text;
	int err = read_text(p, value, &text);

	if (err || !text || !*text)
		return err;
	*out = strdup(text);
	return *out ? 0 : no_memory(p);
}

static int read_bool(struct parser *p, const yaml_node_t *value, bool *out)
{
	/* YAML 1.1, as Go's yaml.v2 has it. */
	static const char *const yes[] = { "y",    "Y",    "yes", "Yes", "YES", "true",
					   "True", "TRUE", "on",  "On",  "ON" };
	static const char *const no[] = { "n",     "N",     "no",  "No",  "NO", "false",
					  "False", "FALSE", "off", "Off", "OFF" };

	if (is_null(value))
		return 0;
	if (is_plain(value) && is_one_of(text_of(value), yes, NR(yes)))
		*out = true;
	else if (is_plain(value) && is_one_of(text_of(value), no, NR(no)))
		*out = false;
	else
		return wrong(p, line_of(value), "true or false is expected here");
	return 0;
}

/* path, from the config file's folder when it is relative. */
static char *from_folder(const struct parser *p, const char *path)
{
	const char *slash = strrchr(p->path, '/');
	char *out;

	if (*path == '/' || !slash)
		return strdup(path);
	if (asprintf(&out, "%.*s/%s", (int)(slash - p->path), p->path, path) < 0)
		return NULL;
	return out;
}

static int read_path(struct parser *p, const yaml_node_t *value, char **out)
{
	const char *text;
	int err = read_text(p, value, &text);

	if (err || !text || !*text)
		return err;
	*out = from_folder(p, text);
	return *out ? 0 : no_memory(p);
}

/* --- mappings and lists */

static const struct key *find_key(const struct key *keys, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

/* The key of pair i, checked to be a text that no pair before has. */
static int read_key(struct parser *p, const yaml_node_t *mapping, size_t i, const char **name)
{
	const yaml_node_pair_t *pairs = mapping->data.mapping.pairs.start;
	const yaml_node_t *key = yaml_document_get_node(&p->document, pairs[i].key);
	int err;

	if (key->type != YAML_SCALAR_NODE || is_null(key))
		return wrong(p, line_of(key), "a key is expected here");
	err = read_text(p, key, name);
	for (size_t before = 0; !err && before < i; before++) {
		const yaml_node_t *other = yaml_document_get_node(&p->document, pairs[before].key);

		if (strcmp(text_of(other), *name) == 0)
			return wrong(p, line_of(key), "%s was there before, in line %zu", *name,
				     line_of(other));
	}
	return err;
}

static size_t nr_pairs(const yaml_node_t *mapping)
{
	return (size_t)(mapping->data.mapping.pairs.top - mapping->data.mapping.pairs.start);
}

/* Calls read with each key and value; what names the mapping in messages. */
static int for_each_pair(struct parser *p, const yaml_node_t *mapping, const char *what,
			 int (*read)(struct parser *p, const char *name, size_t line,
				     const yaml_node_t *value, const void *arg),
			 const void *arg)
{
	int err = 0;

	if (is_null(mapping))
		return 0;
	if (mapping->type != YAML_MAPPING_NODE)
		return wrong(p, line_of(mapping), "%s must have keys and values", what);
	for (size_t i = 0; !err && i < nr_pairs(mapping); i++) {
		const yaml_node_pair_t *pair = &mapping->data.mapping.pairs.start[i];
		const char *name;

		err = read_key(p, mapping, i, &name);
		if (!err)
			err = read(p, name,
				   line_of(yaml_document_get_node(&p->document, pair->key)),
				   yaml_document_get_node(&p->document, pair->value), arg);
	}
	return err;
}

struct keys {
	const struct key *keys;
	size_t nr;
	const char *what;
};

static int read_known_key(struct parser *p, const char *name, size_t line, const yaml_node_t *value,
			  const void *arg)
{
	const struct keys *keys = arg;
	const struct key *key = find_key(keys->keys, keys->nr, name);

	if (!key)
		return wrong(p, line, "%s has no key %s", keys->what, name);
	return key->read(p, value);
}

static int read_keys(struct parser *p, const yaml_node_t *mapping, const struct keys *keys)
{
	return for_each_pair(p, mapping, keys->what, read_known_key, keys);
}

/* Calls read with each text of a list. */
static int for_each_item(struct parser *p, const yaml_node_t *list,
			 int (*read)(struct parser *p, const char *text, size_t line))
{
	int err = 0;

	if (is_null(list))
		return 0;
	if (list->type != YAML_SEQUENCE_NODE)
		return wrong(p, line_of(list), "a list is expected here");
	for (yaml_node_item_t *item = list->data.sequence.items.start;
	     !err && item < list->data.sequence.items.top; item++) {
		const yaml_node_t *node = yaml_document_get_node(&p->document, *item);
		const char *text;

		err = read_text(p, node, &text);
		if (!err && (!text || !*text))
			err = wrong(p, line_of(node), "an empty entry");
		if (!err)
			err = read(p, text, line_of(node));
	}
	return err;
}

/* --- tls_server_config */

static int read_cert_file(struct parser *p, const yaml_node_t *value)
{
	return read_path(p, value, &p->config->cert_file);
}

static int read_key_file(struct parser *p, const yaml_node_t *value)
{
	return read_path(p, value, &p->config->key_file);
}

static int read_client_ca_file(struct parser *p, const yaml_node_t *value)
{
	p->ca_line = line_of(value);
	return read_path(p, value, &p->config->client_ca_file);
}

static int read_cert(struct parser *p, const yaml_node_t *value)
{
	return read_string(p, value, &p->config->cert);
}

static int read_private_key(struct parser *p, const yaml_node_t *value)
{
	return read_string(p, value, &p->config->key);
}

static int read_client_ca(struct parser *p, const yaml_node_t *value)
{
	p->ca_line = line_of(value);
	return read_string(p, value, &p->config->client_ca);
}

static int read_client_auth(struct parser *p, const yaml_node_t *value)
{
	const char *text;
	int err = read_text(p, value, &text);

	if (err || !text || !*text)
		return err;
	p->auth_line = line_of(value);
	for (size_t i = 0; i < NR(auth_types); i++)
		if (strcmp(auth_types[i].name, text) == 0) {
			p->config->client_auth = auth_types[i].type;
			return 0;
		}
	return wrong(p, line_of(value),
		     "client_auth_type %s is none of NoClientCert, RequestClientCert, "
		     "RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert",
		     text);
}

static int add_san(struct parser *p, const char *text, size_t line)
{
	char **sans = p->config->client_allowed_sans;
	size_t nr = 0;

	(void)line;
	while (sans && sans[nr])
		nr++;
	sans = reallocarray(sans, nr + 2, sizeof(*sans));
	if (!sans)
		return no_memory(p);
	p->config->client_allowed_sans = sans;
	sans[nr + 1] = NULL;
	sans[nr] = strdup(text);
	return sans[nr] ? 0 : no_memory(p);
}

static int read_allowed_sans(struct parser *p, const yaml_node_t *value)
{
	int err = for_each_item(p, value, add_san);

	p->sans_line = line_of(value);
	/* For exporter-toolkit such a list lets nobody in; nobody can want that. */
	if (!err && !is_null(value) && !p->config->client_allowed_sans)
		err = wrong(p, p->sans_line, "an empty list lets no client in");
	return err;
}

static int read_version(struct parser *p, const yaml_node_t *value, int *out)
{
	const char *text;
	int err = read_text(p, value, &text);

	if (err || !text)
		return err;
	p->version_line = line_of(value);
	for (size_t i = 0; i < NR(versions); i++)
		if (strcmp(versions[i].name, text) == 0) {
			*out = (int)i;
			return 0;
		}
	return wrong(p, line_of(value), "%s is none of TLS10, TLS11, TLS12, TLS13", text);
}

static int read_min_version(struct parser *p, const yaml_node_t *value)
{
	return read_version(p, value, &p->min_version);
}

static int read_max_version(struct parser *p, const yaml_node_t *value)
{
	return read_version(p, value, &p->max_version);
}

static int add_suite(struct parser *p, const char *text, size_t line)
{
	for (size_t i = 0; i < p->nr_suites; i++)
		if (strcmp(p->suites[i]->name, text) == 0)
			return 0;
	for (size_t i = 0; i < NR(suites); i++)
		if (strcmp(suites[i].name, text) == 0) {
			p->suites[p->nr_suites++] = &suites[i];
			return 0;
		}
	return wrong(p, line, "unknown cipher suite %s (see docs/web-config.md)", text);
}

static int read_cipher_suites(struct parser *p, const yaml_node_t *value)
{
	return for_each_item(p, value, add_suite);
}

static int add_curve(struct parser *p, const char *text, size_t line)
{
	for (size_t i = 0; i < p->nr_curves; i++)
		if (strcmp(p->curves[i]->name, text) == 0)
			return 0;
	for (size_t i = 0; i < NR(curves); i++)
		if (strcmp(curves[i].name, text) == 0) {
			p->curves[p->nr_curves++] = &curves[i];
			return 0;
		}
	return wrong(p, line, "%s is none of X25519, CurveP256, CurveP384, CurveP521", text);
}

static int read_curve_preferences(struct parser *p, const yaml_node_t *value)
{
	return for_each_item(p, value, add_curve);
}

static int read_prefer_server(struct parser *p, const yaml_node_t *value)
{
	bool server = true;
	int err = read_bool(p, value, &server);

	p->client_preference = !server;
	return err;
}

static int read_tls(struct parser *p, const yaml_node_t *value)
{
	static const struct key keys[] = {
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

	p->tls_line = line_of(value);
	return read_keys(p, value, &(struct keys){ keys, NR(keys), "tls_server_config" });
}

/* --- http_server_config */

static int read_http2(struct parser *p, const yaml_node_t *value)
{
	bool ignored;

	return read_bool(p, value, &ignored);
}

static bool is_header_value(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

static int check_header(struct parser *p, const char *name, size_t line, const char *text)
{
	const struct header *header = NULL;

	for (size_t i = 0; i < NR(headers); i++)
		if (strcmp(headers[i].name, name) == 0)
			header = &headers[i];
	if (!header)
		return wrong(p, line, "the header %s cannot be configured", name);
	if (!text || !*text || !header->values[0])
		return 0;
	for (size_t i = 0; i < NR(header->values); i++)
		if (header->values[i] && strcmp(header->values[i], text) == 0)
			return 0;
	return wrong(p, line, "%s must be %s%s%s", name, header->values[0],
		     header->values[1] ? " or " : "", header->values[1] ? header->values[1] : "");
}

static int add_header(struct parser *p, const char *name, size_t line, const yaml_node_t *value,
		      const void *arg)
{
	struct web_config *config = p->config;
	struct web_header *grown;
	const char *text;
	int err = read_text(p, value, &text);

	(void)arg;
	if (!err)
		err = check_header(p, name, line, text);
	if (err || !text || !*text)
		return err;
	if (!is_header_value(text))
		return wrong(p, line_of(value), "%s has a control character", name);
	grown = reallocarray(config->headers, config->nr_headers + 1, sizeof(*grown));
	if (!grown)
		return no_memory(p);
	config->headers = grown;
	grown += config->nr_headers++;
	grown->name = strdup(name);
	grown->value = strdup(text);
	return grown->name && grown->value ? 0 : no_memory(p);
}

static int read_headers(struct parser *p, const yaml_node_t *value)
{
	return for_each_pair(p, value, "headers", add_header, NULL);
}

static int read_http(struct parser *p, const yaml_node_t *value)
{
	static const struct key keys[] = {
		{ "http2", read_http2 },
		{ "headers", read_headers },
	};

	return read_keys(p, value, &(struct keys){ keys, NR(keys), "http_server_config" });
}

/* --- basic_auth_users */

static bool is_bcrypt(const char *hash)
{
	int cost;

	if (strlen(hash) != BCRYPT_LEN || strncmp(hash, "$2", 2) != 0 || !strchr("aby", hash[2]) ||
	    hash[3] != '$' || hash[6] != '$' || !isdigit(hash[4]) || !isdigit(hash[5]))
		return false;
	cost = (hash[4] - '0') * 10 + hash[5] - '0';
	if (cost < 4 || cost > 31)
		return false;
	for (hash += 7; *hash; hash++)
		if (!isalnum((unsigned char)*hash) && *hash != '.' && *hash != '/')
			return false;
	return true;
}

static int add_user(struct parser *p, const char *name, size_t line, const yaml_node_t *value,
		    const void *arg)
{
	struct web_config *config = p->config;
	struct web_user *grown;
	const char *hash;
	int err = read_text(p, value, &hash);

	(void)arg;
	if (err)
		return err;
	if (strchr(name, ':'))
		return wrong(p, line, "a user's name cannot have a colon");
	/* The hash itself is nobody's business, not even when it is none. */
	if (!hash || !is_bcrypt(hash))
		return wrong(
			p, line_of(value),
			"the password of %s is no bcrypt hash ($2y$10$...; htpasswd -nBC 10 %s "
			"makes one)",
			name, name);
	grown = reallocarray(config->users, config->nr_users + 1, sizeof(*grown));
	if (!grown)
		return no_memory(p);
	config->users = grown;
	grown += config->nr_users++;
	grown->name = strdup(name);
	grown->hash = strdup(hash);
	return grown->name && grown->hash ? 0 : no_memory(p);
}

static int read_users(struct parser *p, const yaml_node_t *value)
{
	return for_each_pair(p, value, "basic_auth_users", add_user, NULL);
}

/* --- rate_limit */

/* Go's durations: "1s", "1.5s", "1m30s", "200ms"; "0". At most a day. */
static bool parse_duration(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {
		{ "ns", 1 },   { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "\xce\xbcs", 1e3 },
		{ "ms", 1e6 }, { "s", 1e9 },  { "m", 60e9 },        { "h", 3600e9 },
	};
	double sum = 0;

	*ns = 0;
	if (strcmp(text, "0") == 0)
		return true;
	do {
		size_t digits = strspn(text, "0123456789."), unit;
		char *end;
		double number = strtod(text, &end);

		text += digits;
		if (end != text)
			return false;
		/* The longest name that fits: "ms" before "m". */
		for (unit = 0; unit < NR(units); unit++)
			if (strncmp(text, units[unit].name, strlen(units[unit].name)) == 0)
				break;
		if (!digits || unit == NR(units))
			return false;
		sum += number * units[unit].ns;
		text += strlen(units[unit].name);
	} while (*text);
	if (!(sum <= 86400e9))
		return false;
	*ns = (uint64_t)sum;
	return true;
}

static int read_interval(struct parser *p, const yaml_node_t *value)
{
	const char *text;
	int err = read_text(p, value, &text);

	if (!err && text && !parse_duration(text, &p->config->rate_interval_ns))
		err = wrong(p, line_of(value), "%s is no duration such as 1s or 200ms, up to 24h",
			    text);
	return err;
}

static int read_burst(struct parser *p, const yaml_node_t *value)
{
	unsigned long burst;
	const char *text;
	char *end;
	int err = read_text(p, value, &text);

	if (err || !text)
		return err;
	errno = 0;
	burst = strtoul(text, &end, 10);
	if (!is_plain(value) || !isdigit((unsigned char)*text) || *end || errno || burst > 1000000)
		return wrong(p, line_of(value), "%s is no number from 0 to 1000000", text);
	p->config->rate_burst = (unsigned int)burst;
	return 0;
}

static int read_rate_limit(struct parser *p, const yaml_node_t *value)
{
	static const struct key keys[] = {
		{ "interval", read_interval },
		{ "burst", read_burst },
	};
	int err = read_keys(p, value, &(struct keys){ keys, NR(keys), "rate_limit" });

	if (!err && p->config->rate_interval_ns && !p->config->rate_burst)
		err = wrong(p, line_of(value), "without a burst no request would be answered");
	return err;
}

/* --- what only all keys together tell */

static int check_files(struct parser *p)
{
	const struct web_config *c = p->config;

	if (c->cert && c->cert_file)
		return wrong(p, p->tls_line, "cert and cert_file exclude each other");
	if (c->key && c->key_file)
		return wrong(p, p->tls_line, "key and key_file exclude each other");
	if (c->client_ca && c->client_ca_file)
		return wrong(p, p->tls_line, "client_ca and client_ca_file exclude each other");
	if (!c->cert && !c->cert_file)
		return wrong(p, p->tls_line, "missing one of cert or cert_file");
	if (!c->key && !c->key_file)
		return wrong(p, p->tls_line, "missing one of key or key_file");
	return 0;
}

static int check_clients(struct parser *p)
{
	const struct web_config *c = p->config;
	bool ca = c->client_ca || c->client_ca_file;

	if (ca && c->client_auth == CLIENT_AUTH_NONE)
		return wrong(p, p->ca_line, "a client CA needs a client_auth_type");
	if (!ca && (c->client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN ||
		    c->client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY))
		return wrong(p, p->auth_line, "this client_auth_type needs a client_ca_file");
	if (c->client_allowed_sans && c->client_auth != CLIENT_AUTH_REQUIRE_ANY &&
	    c->client_auth != CLIENT_AUTH_REQUIRE_AND_VERIFY)
		return wrong(p, p->sans_line,
			     "client_allowed_sans needs the client_auth_type RequireAnyClientCert "
			     "or RequireAndVerifyClientCert");
	return 0;
}

/* The ciphers that p allows with keys of the kind used, in their order. */
static size_t pick_ciphers(const struct parser *p, int used, int *out)
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
static char *make_priorities(const struct parser *p, int used)
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

static int finish_tls(struct parser *p)
{
	struct web_config *c = p->config;

	c->tls = c->cert || c->cert_file || c->key || c->key_file || c->client_ca ||
		 c->client_ca_file || p->auth_line;
	if (p->min_version > p->max_version)
		return wrong(p, p->version_line, "min_version is above max_version");
	if (!c->tls && c->client_allowed_sans)
		return wrong(p, p->sans_line, "client_allowed_sans without cert_file and key_file");
	if (!c->tls)
		return 0;
	if (!p->nr_suites)
		for (; p->nr_suites < NR(suites); p->nr_suites++)
			p->suites[p->nr_suites] = &suites[p->nr_suites];
	if (!p->nr_curves)
		for (; p->nr_curves < NR(curves); p->nr_curves++)
			p->curves[p->nr_curves] = &curves[p->nr_curves];
	c->priorities_rsa = make_priorities(p, FOR_RSA);
	c->priorities_ecdsa = make_priorities(p, FOR_ECDSA);
	return c->priorities_rsa && c->priorities_ecdsa ? 0 : no_memory(p);
}

static int read_document(struct parser *p)
{
	static const struct key keys[] = {
		{ "tls_server_config", read_tls },
		{ "http_server_config", read_http },
		{ "basic_auth_users", read_users },
		{ "rate_limit", read_rate_limit },
	};
	const yaml_node_t *root = yaml_document_get_root_node(&p->document);
	int err;

	if (!root) /* an empty file */
		return 0;
	err = read_keys(p, root, &(struct keys){ keys, NR(keys), "the file" });
	if (!err)
		err = finish_tls(p);
	if (!err && p->config->tls)
		err = check_files(p);
	if (!err && p->config->tls)
		err = check_clients(p);
	return err;
}

/* --- YAML */

static int yaml_wrong(struct parser *p, const yaml_parser_t *yaml)
{
	if (yaml->error == YAML_MEMORY_ERROR)
		return no_memory(p);
	/* A byte that cannot be read has no mark of its own. */
	return wrong(p,
		     (yaml->error == YAML_READER_ERROR ? yaml->mark : yaml->problem_mark).line + 1,
		     "%s", yaml->problem ? yaml->problem : "this is no YAML");
}

/*
 * libyaml takes time that grows with the square of the depth, and no config file
 * is deep: look before the document is built.
 */
static int check_nesting(struct parser *p, const char *text, size_t len)
{
	yaml_parser_t yaml;
	bool end = false;
	int depth = 0, err = 0, documents = 0;

	if (!yaml_parser_initialize(&yaml))
		return no_memory(p);
	yaml_parser_set_input_string(&yaml, (const unsigned char *)text, len);
	while (!err && !end) {
		yaml_event_t event;

		if (!yaml_parser_parse(&yaml, &event)) {
			err = yaml_wrong(p, &yaml);
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		depth += event.type == YAML_MAPPING_START_EVENT ||
			 event.type == YAML_SEQUENCE_START_EVENT;
		depth -= event.type == YAML_MAPPING_END_EVENT ||
			 event.type == YAML_SEQUENCE_END_EVENT;
		documents += event.type == YAML_DOCUMENT_START_EVENT;
		if (depth > MAX_NESTING)
			err = wrong(p, event.start_mark.line + 1, "nested too deep");
		else if (documents > 1)
			err = wrong(p, event.start_mark.line + 1, "a second document");
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&yaml);
	return err;
}

int web_config_parse(struct web_config *config, const char *path, const char *text, size_t len,
		     char *error, size_t error_len)
{
	struct parser p = {
		.path = path,
		.error = error,
		.error_len = error_len,
		.config = config,
		.min_version = TLS12,
		.max_version = TLS13,
	};
	yaml_parser_t yaml;
	int err;

	*config = (struct web_config){ 0 };
	err = check_nesting(&p, text, len);
	if (err)
		return err;
	if (!yaml_parser_initialize(&yaml))
		return no_memory(&p);
	yaml_parser_set_input_string(&yaml, (const unsigned char *)text, len);
	if (yaml_parser_load(&yaml, &p.document)) {
		err = read_document(&p);
		yaml_document_delete(&p.document);
	} else {
		err = yaml_wrong(&p, &yaml);
	}
	yaml_parser_delete(&yaml);
	if (err)
		web_config_free(config);
	return err;
}

/* --- files */

static char *read_all(int fd, size_t *len)
{
	char *text = NULL;
	size_t size = 0;
	ssize_t n = 1;

	for (*len = 0; n > 0 && *len <= MAX_FILE; *len += (size_t)n) {
		if (*len + 1 >= size) {
			char *grown = realloc(text, size += 16384);

			if (!grown)
				break;
			text = grown;
		}
		do
			n = read(fd, text + *len, size - *len - 1);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			break;
	}
	if (n == 0 && *len <= MAX_FILE) {
		text[*len] = '\0';
		return text;
	}
	if (*len > MAX_FILE)
		errno = EFBIG;
	n = errno;
	free(text);
	errno = (int)n;
	return NULL;
}

char *web_read_file(const char *path, size_t *len)
{
	/* O_NONBLOCK: a FIFO must not hold us up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;
	char *text;

	if (fd < 0)
		return NULL;
	text = read_all(fd, len);
	err = errno;
	close(fd);
	errno = err;
	return text;
}

int web_config_load(struct web_config *config, const char *path, char *error, size_t error_len)
{
	size_t len;
	char *text = web_read_file(path, &len);
	int err;

	*config = (struct web_config){ 0 };
	if (!text) {
		err = -errno;
		snprintf(error, error_len, "cannot read %s: %s", path, strerror(-err));
		return err;
	}
	err = web_config_parse(config, path, text, len, error, error_len);
	web_secret_free(text);
	return err;
}

void web_secret_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void web_config_free(struct web_config *config)
{
	free(config->cert_file);
	free(config->key_file);
	free(config->client_ca_file);
	free(config->cert);
	web_secret_free(config->key);
	free(config->client_ca);
	for (char **san = config->client_allowed_sans; san && *san; san++)
		free(*san);
	free(config->client_allowed_sans);
	free(config->priorities_rsa);
	free(config->priorities_ecdsa);
	for (size_t i = 0; i < config->nr_users; i++) {
		free(config->users[i].name);
		free(config->users[i].hash);
	}
	free(config->users);
	for (size_t i = 0; i < config->nr_headers; i++) {
		free(config->headers[i].name);
		free(config->headers[i].value);
	}
	free(config->headers);
	*config = (struct web_config){ 0 };
}
