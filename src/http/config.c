// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/config.c: the keys of the config file, a row each, and its headers and users.
 */
#include "http_config.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "http_config_keys.h"
#include "http_secret_file.h"

#define BCRYPT_LEN 60 /* $2b$10$, 22 characters of salt, 31 of hash */

/* --- headers */

/* The headers that exporter-toolkit allows, and the allowed values of some. */
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

static bool is_header_value(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

static int check_header(struct config_parser *p, const char *name, size_t line, const char *text)
{
	const struct header *header = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		if (strcmp(headers[i].name, name) == 0)
			header = &headers[i];
	if (!header)
		return config_set_error(p, line, "the header %s cannot be configured", name);
	if (!text || !*text || !header->values[0])
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(header->values); i++)
		if (header->values[i] && strcmp(header->values[i], text) == 0)
			return 0;
	return config_set_error(p, line, "%s must be %s%s%s", name, header->values[0],
				header->values[1] ? " or " : "",
				header->values[1] ? header->values[1] : "");
}

static int add_header(struct config_parser *p, const char *name, size_t line,
		      const yaml_node_t *value, const struct config_key *key)
{
	const char *text;
	int err = node_read_text(p, value, &text);

	err = err ?: check_header(p, name, line, text);
	if (err || !text || !*text)
		return err;
	if (!is_header_value(text))
		return config_set_error(p, node_line(value), "%s has a control character", name);
	return http_pairs_add(p, config_field(p, key), name, text);
}

static const struct config_type headers_type = { .pair = add_header, .free = http_pairs_free };

/* --- users */

static bool is_bcrypt(const char *hash)
{
	static const char base64[] =
		"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	return strlen(hash) == BCRYPT_LEN && strncmp(hash, "$2", 2) == 0 &&
	       strchr("aby", hash[2]) && hash[3] == '$' && hash[6] == '$' && isdigit(hash[4]) &&
	       isdigit(hash[5]) && strncmp(hash + 4, "04", 2) >= 0 &&
	       strncmp(hash + 4, "31", 2) <= 0 && strspn(hash + 7, base64) == BCRYPT_LEN - 7;
}

static int add_config_user(struct config_parser *p, const char *name, size_t line,
			   const yaml_node_t *value, const struct config_key *key)
{
	const char *hash;
	int err = node_read_text(p, value, &hash);

	if (err)
		return err;
	if (strchr(name, ':'))
		return config_set_error(p, line, "a user's name cannot have a colon");
	/* The message does not show the value: it may be a password. */
	if (!hash || !is_bcrypt(hash))
		return config_set_error(
			p, node_line(value),
			"the password of %s is no bcrypt hash ($2y$10$...; htpasswd -nBC 10 %s "
			"makes one)",
			name, name);
	return http_pairs_add(p, config_field(p, key), name, hash);
}

static const struct config_type users_type = { .pair = add_config_user, .free = http_pairs_free };

/* --- the rows */

static config_read_pair read_known_key;
static const struct config_type section_type = { .pair = read_known_key };

#define FIELD(member) .offset = offsetof(struct http_config, member)
#define NS_PER_DAY    (24 * UINT64_C(3600000000000))

/* clang-format off */
static const struct config_key keys[] = {
	{ NULL, "tls_server_config", &section_type, .example = "" },
#define TLS "tls_server_config"
	{ TLS, "cert_file", &config_path_type, FIELD(cert_file), .example = "c" },
	{ TLS, "key_file", &config_path_type, FIELD(key_file), .example = "k" },
	{ TLS, "client_ca_file", &config_path_type, FIELD(client_ca_file), .example = "c" },
	{ TLS, "cert", &config_text_type, FIELD(cert), .example = "c" },
	{ TLS, "key", &config_text_type, FIELD(key), .example = "k" },
	{ TLS, "client_ca", &config_text_type, FIELD(client_ca), .example = "c" },
	{ TLS, "client_auth_type", &config_word_type, FIELD(client_auth), .words = http_client_auths },
	{ TLS, "client_allowed_sans", &config_texts_type, FIELD(client_allowed_sans), .example = "[a]" },
	{ TLS, "min_version", &config_word_type, FIELD(min_version), .words = http_tls_versions },
	{ TLS, "max_version", &config_word_type, FIELD(max_version), .words = http_tls_versions },
	{ TLS, "cipher_suites", &config_words_type, FIELD(cipher_suites), .words = http_tls_suites },
	{ TLS, "prefer_server_cipher_suites", &config_flag_type, FIELD(prefer_server), .example = "no" },
	{ TLS, "curve_preferences", &config_words_type, FIELD(curves), .words = http_tls_curves },
	{ NULL, "http_server_config", &section_type, .example = "" },
	{ "http_server_config", "http2", &config_flag_type, FIELD(http2), .example = "false" },
	{ "http_server_config", "headers", &headers_type, FIELD(headers),
	  .example = "{X-Frame-Options: deny}" },
	{ NULL, "basic_auth_users", &users_type, FIELD(users),
	  .example = "{a: $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi}" },
	{ NULL, "rate_limit", &section_type, .example = "" },
	{ "rate_limit", "interval", &config_duration_type, FIELD(rate_interval_ns), .max = NS_PER_DAY,
	  .example = "1m2s" },
	{ "rate_limit", "burst", &config_number_type, FIELD(rate_burst), .max = 1000000,
	  .example = "7" },
};
/* clang-format on */

_Static_assert(ARRAY_SIZE(keys) <= MAX_KEYS, "struct config_parser has a line for each");

const struct config_key *http_config_keys(size_t *nr)
{
	*nr = ARRAY_SIZE(keys);
	return keys;
}

size_t http_config_line(const struct config_parser *p, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			return p->lines[i];
	return 0;
}

/* section: the row of the mapping that has the key; NULL: the file. */
static int read_known_key(struct config_parser *p, const char *name, size_t line,
			  const yaml_node_t *value, const struct config_key *section)
{
	const char *in = section ? section->name : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct config_key *key = &keys[i];

		if (strcmp(key->name, name) != 0 || !in != !key->section ||
		    (in && strcmp(in, key->section) != 0))
			continue;
		/* Empty texts count as absent. */
		if (!node_is_null(value) &&
		    (value->type != YAML_SCALAR_NODE || value->data.scalar.length))
			p->lines[i] = node_line(value);
		return node_read_value(p, value, key);
	}
	return config_set_error(p, line, "%s has no key %s", in ? in : "the file", name);
}

/* --- the file */

static int read_file(struct config_parser *p, const yaml_node_t *root)
{
	int err = node_for_each_pair(p, root, "the file", read_known_key, NULL);

	if (!err && p->config->rate_interval_ns && !p->config->rate_burst)
		err = config_set_error(p, http_config_line(p, "rate_limit"),
				       "without a burst no request would be answered");
	return err ? err : http_config_finish_tls(p);
}

int http_config_parse(struct http_config *config, const char *path, const char *text, size_t len,
		      struct error *error)
{
	struct config_parser p = { .path = path, .error = error, .config = config };
	int err;

	*config = (struct http_config){
		.min_version = TLS12,
		.max_version = TLS13,
		.prefer_server = true,
	};
	err = config_parse_document(&p, text, len, read_file);
	if (err)
		http_config_free(config);
	return err;
}

int http_config_load(struct http_config *config, const char *path, struct error *error)
{
	size_t len;
	char *text = secret_file_read(path, &len);
	int err;

	*config = (struct http_config){ 0 };
	if (!text)
		return error_set(error, -errno, "cannot read %s: %s", path, strerror(errno));
	err = http_config_parse(config, path, text, len, error);
	secret_free(text);
	return err;
}

void http_config_free(struct http_config *config)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].type->free)
			keys[i].type->free((char *)config + keys[i].offset);
	free(config->priorities_rsa);
	free(config->priorities_ecdsa);
	*config = (struct http_config){ 0 };
}
