/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http_yaml.h: what the files that read the config file share: the state
 * of one parse, and how nodes of YAML are read.
 */
#ifndef PFSTAT_HTTP_HTTP_YAML_H
#define PFSTAT_HTTP_HTTP_YAML_H

#include <yaml.h>

#include "http_config.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* Rows of http/config_tls.c's tables. */
#define NR_SUITES 13
#define NR_CURVES 4
struct http_suite;
struct http_curve;

enum { TLS10, TLS11, TLS12, TLS13 };

struct config_parser {
	const char *path;
	struct error *error;
	yaml_document_t document;
	struct http_config *config;

	/* What becomes the priority strings in the end. */
	int min_version, max_version;
	bool client_preference;
	const struct http_suite *suites[NR_SUITES];
	size_t nr_suites;
	const struct http_curve *curves[NR_CURVES];
	size_t nr_curves;

	/* Lines of keys, for what is known to be wrong only in the end; 0: not there. */
	size_t tls_line, version_line, sans_line, auth_line, ca_line;
};

/* --- http/yaml.c: all return 0, -ENOMEM, or -EINVAL with the error said */

/* Says "path:line: what"; -EINVAL. */
int parse_error(struct config_parser *p, size_t line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int parse_no_memory(struct config_parser *p);
/* Calls read with the document's root; not when the text is empty. */
int parse_document(struct config_parser *p, const char *text, size_t len,
		   int (*read)(struct config_parser *p, const yaml_node_t *root));

size_t node_line(const yaml_node_t *node);
bool node_is_plain(const yaml_node_t *node);
/* A key without a value is a key that is not there, as for exporter-toolkit. */
bool node_is_null(const yaml_node_t *node);

/* NULL for null. */
int node_read_text(struct config_parser *p, const yaml_node_t *value, const char **text);
/* Nothing for null and empty texts; else *out is the caller's to free. */
int node_read_string(struct config_parser *p, const yaml_node_t *value, char **out);
/* The same, from the config file's folder when it is relative. */
int node_read_path(struct config_parser *p, const yaml_node_t *value, char **out);
int node_read_bool(struct config_parser *p, const yaml_node_t *value, bool *out);

/* Calls read with each text of a list. */
int node_each_item(struct config_parser *p, const yaml_node_t *list,
		   int (*read)(struct config_parser *p, const char *text, size_t line));
/* Calls read with each key and value; what names the mapping in messages. */
int node_each_pair(struct config_parser *p, const yaml_node_t *mapping, const char *what,
		   int (*read)(struct config_parser *p, const char *name, size_t line,
			       const yaml_node_t *value, const void *arg),
		   const void *arg);

/* A row: a key, and who reads its value. */
struct config_key {
	const char *name;
	int (*read)(struct config_parser *p, const yaml_node_t *value);
};

struct config_keys {
	const struct config_key *keys;
	size_t nr;
	const char *what;
};

/* A mapping with these keys and no others. */
int node_read_keys(struct config_parser *p, const yaml_node_t *mapping,
		   const struct config_keys *keys);

/* --- http/config_tls.c */

int http_config_read_tls(struct config_parser *p, const yaml_node_t *value);
/* When all keys are read: do they fit together? Makes the priorities. */
int http_config_finish_tls(struct config_parser *p);

#endif
