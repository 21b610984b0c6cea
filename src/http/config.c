// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/config.c: see http/http_config.h. The file's sections, but that of TLS
 * (http/config_tls.c); how keys and values are read is in http/yaml.c.
 */
#include "http_config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_yaml.h"
#include "http_secret_file.h"

#define BCRYPT_LEN 60 /* $2b$10$, 22 characters of salt, 31 of hash */

/* --- http_server_config */

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

static int read_http2(struct config_parser *p, const yaml_node_t *value)
{
	bool ignored;

	return node_read_bool(p, value, &ignored);
}

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

	for (size_t i = 0; i < NR(headers); i++)
		if (strcmp(headers[i].name, name) == 0)
			header = &headers[i];
	if (!header)
		return parse_error(p, line, "the header %s cannot be configured", name);
	if (!text || !*text || !header->values[0])
		return 0;
	for (size_t i = 0; i < NR(header->values); i++)
		if (header->values[i] && strcmp(header->values[i], text) == 0)
			return 0;
	return parse_error(p, line, "%s must be %s%s%s", name, header->values[0],
			   header->values[1] ? " or " : "",
			   header->values[1] ? header->values[1] : "");
}

static int add_header(struct config_parser *p, const char *name, size_t line,
		      const yaml_node_t *value, const void *arg)
{
	struct http_config *config = p->config;
	struct http_header *grown;
	const char *text;
	int err = node_read_text(p, value, &text);

	(void)arg;
	if (!err)
		err = check_header(p, name, line, text);
	if (err || !text || !*text)
		return err;
	if (!is_header_value(text))
		return parse_error(p, node_line(value), "%s has a control character", name);
	grown = reallocarray(config->headers, config->nr_headers + 1, sizeof(*grown));
	if (!grown)
		return parse_no_memory(p);
	config->headers = grown;
	grown += config->nr_headers++;
	grown->name = strdup(name);
	grown->value = strdup(text);
	return grown->name && grown->value ? 0 : parse_no_memory(p);
}

static int read_headers(struct config_parser *p, const yaml_node_t *value)
{
	return node_each_pair(p, value, "headers", add_header, NULL);
}

static int read_http(struct config_parser *p, const yaml_node_t *value)
{
	static const struct config_key keys[] = {
		{ "http2", read_http2 },
		{ "headers", read_headers },
	};

	return node_read_keys(p, value,
			      &(struct config_keys){ keys, NR(keys), "http_server_config" });
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

static int add_user(struct config_parser *p, const char *name, size_t line,
		    const yaml_node_t *value, const void *arg)
{
	struct http_config *config = p->config;
	struct http_user *grown;
	const char *hash;
	int err = node_read_text(p, value, &hash);

	(void)arg;
	if (err)
		return err;
	if (strchr(name, ':'))
		return parse_error(p, line, "a user's name cannot have a colon");
	/* The hash itself is nobody's business, not even when it is none. */
	if (!hash || !is_bcrypt(hash))
		return parse_error(
			p, node_line(value),
			"the password of %s is no bcrypt hash ($2y$10$...; htpasswd -nBC 10 %s "
			"makes one)",
			name, name);
	grown = reallocarray(config->users, config->nr_users + 1, sizeof(*grown));
	if (!grown)
		return parse_no_memory(p);
	config->users = grown;
	grown += config->nr_users++;
	grown->name = strdup(name);
	grown->hash = strdup(hash);
	return grown->name && grown->hash ? 0 : parse_no_memory(p);
}

static int read_users(struct config_parser *p, const yaml_node_t *value)
{
	return node_each_pair(p, value, "basic_auth_users", add_user, NULL);
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

static int read_interval(struct config_parser *p, const yaml_node_t *value)
{
	const char *text;
	int err = node_read_text(p, value, &text);

	if (!err && text && !parse_duration(text, &p->config->rate_interval_ns))
		err = parse_error(p, node_line(value),
				  "%s is no duration such as 1s or 200ms, up to 24h", text);
	return err;
}

static int read_burst(struct config_parser *p, const yaml_node_t *value)
{
	unsigned long burst;
	const char *text;
	char *end;
	int err = node_read_text(p, value, &text);

	if (err || !text)
		return err;
	errno = 0;
	burst = strtoul(text, &end, 10);
	if (!node_is_plain(value) || !isdigit((unsigned char)*text) || *end || errno ||
	    burst > 1000000)
		return parse_error(p, node_line(value), "%s is no number from 0 to 1000000", text);
	p->config->rate_burst = (unsigned int)burst;
	return 0;
}

static int read_rate_limit(struct config_parser *p, const yaml_node_t *value)
{
	static const struct config_key keys[] = {
		{ "interval", read_interval },
		{ "burst", read_burst },
	};
	int err = node_read_keys(p, value, &(struct config_keys){ keys, NR(keys), "rate_limit" });

	if (!err && p->config->rate_interval_ns && !p->config->rate_burst)
		err = parse_error(p, node_line(value),
				  "without a burst no request would be answered");
	return err;
}

/* --- the whole file */

static int read_file(struct config_parser *p, const yaml_node_t *root)
{
	static const struct config_key keys[] = {
		{ "tls_server_config", http_config_read_tls },
		{ "http_server_config", read_http },
		{ "basic_auth_users", read_users },
		{ "rate_limit", read_rate_limit },
	};
	int err = node_read_keys(p, root, &(struct config_keys){ keys, NR(keys), "the file" });

	return err ? err : http_config_finish_tls(p);
}

int http_config_parse(struct http_config *config, const char *path, const char *text, size_t len,
		      struct error *error)
{
	struct config_parser p = {
		.path = path,
		.error = error,
		.config = config,
		.min_version = TLS12,
		.max_version = TLS13,
	};
	int err;

	*config = (struct http_config){ 0 };
	err = parse_document(&p, text, len, read_file);
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
	free(config->cert_file);
	free(config->key_file);
	free(config->client_ca_file);
	free(config->cert);
	secret_free(config->key);
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
	*config = (struct http_config){ 0 };
}
