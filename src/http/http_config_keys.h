/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http_config_keys.h: the state of one parse of the config file, the rows of its keys and
 * their types, and how YAML is walked. All functions that return an int return 0, -ENOMEM,
 * or -EINVAL, with the reason in the error of the parser.
 */
#ifndef PFSTAT_HTTP_HTTP_CONFIG_KEYS_H
#define PFSTAT_HTTP_HTTP_CONFIG_KEYS_H

#include <yaml.h>

#include "util/array.h"
#include "http_config.h"

#define MAX_KEYS 32

struct config_parser {
	const char *path;
	struct error *error;
	yaml_document_t document;
	struct http_config *config;
	size_t lines[MAX_KEYS]; /* by row: where the value is; 0: it has none */
};

struct config_key;

typedef int config_read_text(struct config_parser *p, const char *text, const yaml_node_t *node,
			     const struct config_key *key);
typedef int config_read_pair(struct config_parser *p, const char *name, size_t line,
			     const yaml_node_t *value, const struct config_key *key);

struct config_type {
	/* One of them, by the kind of the key's value. */
	config_read_text *text;
	config_read_text *item; /* of a list, for each text in it */
	config_read_pair *pair; /* of a mapping, for each of its keys */
	bool plain; /* text gets "" in place of all but a plain text */
	void (*free)(void *field); /* NULL: nothing to free */
};

/* A row: one key of the file. */
struct config_key {
	const char *section; /* NULL: at the top */
	const char *name;
	const struct config_type *type;
	size_t offset; /* of the field in struct http_config that it sets */
	const char *example; /* a value, for tests; NULL: that of its words, or none */
	const struct config_word *words; /* of config_word_type and config_words_type */
	uint64_t max; /* of numbers */
};

/* --- http/config.c */

const struct config_key *http_config_keys(size_t *nr);
/* The line of the value of a key; 0: it has none. */
size_t http_config_line(const struct config_parser *p, const char *name);

static inline void *config_field(const struct config_parser *p, const struct config_key *key)
{
	return (char *)p->config + key->offset;
}

/* --- http/config_types.c: types that any section can use */

extern const struct config_type config_text_type; /* char *; empty: NULL */
extern const struct config_type config_path_type; /* the same, from the config file's folder */
extern const struct config_type config_flag_type; /* bool */
extern const struct config_type config_number_type; /* unsigned int */
extern const struct config_type config_duration_type; /* uint64_t, ns */
extern const struct config_type config_texts_type; /* struct http_texts */
extern const struct config_type config_word_type; /* unsigned int or an enum */
extern const struct config_type config_words_type; /* struct config_words */

int http_pairs_add(struct config_parser *p, struct http_pairs *pairs, const char *name,
		   const char *value);
void http_pairs_free(void *pairs);

/* --- http/config_tls.c */

extern const struct config_word http_tls_versions[], http_tls_suites[], http_tls_curves[];
extern const struct config_word http_client_auths[];
enum { TLS10, TLS11, TLS12, TLS13 };

/* After all keys: checks that they fit together, and makes the priorities. */
int http_config_finish_tls(struct config_parser *p);

/* --- http/yaml.c */

/* Sets the error to "path:line: what"; returns -EINVAL. */
int config_set_error(struct config_parser *p, size_t line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int config_set_no_memory(struct config_parser *p);
/* Calls read with the document's root; not when the text is empty. */
int config_parse_document(struct config_parser *p, const char *text, size_t len,
			  int (*read)(struct config_parser *p, const yaml_node_t *root));

size_t node_line(const yaml_node_t *node);
bool node_is_plain(const yaml_node_t *node);
/* A key without a value counts as absent, as for exporter-toolkit. */
bool node_is_null(const yaml_node_t *node);

/* NULL for null. */
int node_read_text(struct config_parser *p, const yaml_node_t *value, const char **text);

/* Reads the value of a key with the function of its type; null has no effect. */
int node_read_value(struct config_parser *p, const yaml_node_t *value,
		    const struct config_key *key);
/* Calls read with each key and value; what names the mapping in messages. */
int node_for_each_pair(struct config_parser *p, const yaml_node_t *mapping, const char *what,
		       config_read_pair *read, const struct config_key *key);

#endif
