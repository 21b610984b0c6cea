// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/yaml.c: YAML as a config file needs it. Keys are rows of tables; one
 * function walks any mapping, so that unknown keys, duplicates and wrong types are
 * found everywhere alike, with their line.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_yaml.h"

#define MAX_NESTING 64

/* --- errors and nodes */

/* Of text that others wrote only what a terminal bears. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

int parse_error(struct config_parser *p, size_t line, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	make_printable(what);
	return error_set(p->error, -EINVAL, "%s:%zu: %s", p->path, line, what);
}

int parse_no_memory(struct config_parser *p)
{
	return error_set(p->error, -ENOMEM, "%s: out of memory", p->path);
}

size_t node_line(const yaml_node_t *node)
{
	return node->start_mark.line + 1;
}

bool node_is_plain(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static const char *node_text(const yaml_node_t *node)
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
bool node_is_null(const yaml_node_t *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	return node_is_plain(node) && is_one_of(node_text(node), nulls, NR(nulls));
}

/* --- values */

int node_read_text(struct config_parser *p, const yaml_node_t *value, const char **text)
{
	*text = NULL;
	if (node_is_null(value))
		return 0;
	if (value->type != YAML_SCALAR_NODE)
		return parse_error(p, node_line(value), "a text is expected here");
	if (strlen(node_text(value)) != value->data.scalar.length)
		return parse_error(p, node_line(value), "a text may not have NUL in it");
	*text = node_text(value);
	return 0;
}

/* Empty texts are as good as none. */
int node_read_string(struct config_parser *p, const yaml_node_t *value, char **out)
{
	const char *text;
	int err = node_read_text(p, value, &text);

	if (err || !text || !*text)
		return err;
	*out = strdup(text);
	return *out ? 0 : parse_no_memory(p);
}

int node_read_bool(struct config_parser *p, const yaml_node_t *value, bool *out)
{
	/* YAML 1.1, as Go's yaml.v2 has it. */
	static const char *const yes[] = { "y",    "Y",    "yes", "Yes", "YES", "true",
					   "True", "TRUE", "on",  "On",  "ON" };
	static const char *const no[] = { "n",     "N",     "no",  "No",  "NO", "false",
					  "False", "FALSE", "off", "Off", "OFF" };

	if (node_is_null(value))
		return 0;
	if (node_is_plain(value) && is_one_of(node_text(value), yes, NR(yes)))
		*out = true;
	else if (node_is_plain(value) && is_one_of(node_text(value), no, NR(no)))
		*out = false;
	else
		return parse_error(p, node_line(value), "true or false is expected here");
	return 0;
}

/* path, from the config file's folder when it is relative. */
static char *from_folder(const struct config_parser *p, const char *path)
{
	const char *slash = strrchr(p->path, '/');
	char *out;

	if (*path == '/' || !slash)
		return strdup(path);
	if (asprintf(&out, "%.*s/%s", (int)(slash - p->path), p->path, path) < 0)
		return NULL;
	return out;
}

int node_read_path(struct config_parser *p, const yaml_node_t *value, char **out)
{
	const char *text;
	int err = node_read_text(p, value, &text);

	if (err || !text || !*text)
		return err;
	*out = from_folder(p, text);
	return *out ? 0 : parse_no_memory(p);
}

/* --- mappings and lists */

static const struct config_key *find_key(const struct config_key *keys, size_t nr, const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

/* The key of pair i, checked to be a text that no pair before has. */
static int read_key(struct config_parser *p, const yaml_node_t *mapping, size_t i,
		    const char **name)
{
	const yaml_node_pair_t *pairs = mapping->data.mapping.pairs.start;
	const yaml_node_t *key = yaml_document_get_node(&p->document, pairs[i].key);
	int err;

	if (key->type != YAML_SCALAR_NODE || node_is_null(key))
		return parse_error(p, node_line(key), "a key is expected here");
	err = node_read_text(p, key, name);
	for (size_t before = 0; !err && before < i; before++) {
		const yaml_node_t *other = yaml_document_get_node(&p->document, pairs[before].key);

		if (strcmp(node_text(other), *name) == 0)
			return parse_error(p, node_line(key), "%s was there before, in line %zu",
					   *name, node_line(other));
	}
	return err;
}

static size_t nr_pairs(const yaml_node_t *mapping)
{
	return (size_t)(mapping->data.mapping.pairs.top - mapping->data.mapping.pairs.start);
}

/* Calls read with each key and value; what names the mapping in messages. */
int node_each_pair(struct config_parser *p, const yaml_node_t *mapping, const char *what,
		   int (*read)(struct config_parser *p, const char *name, size_t line,
			       const yaml_node_t *value, const void *arg),
		   const void *arg)
{
	int err = 0;

	if (node_is_null(mapping))
		return 0;
	if (mapping->type != YAML_MAPPING_NODE)
		return parse_error(p, node_line(mapping), "%s must have keys and values", what);
	for (size_t i = 0; !err && i < nr_pairs(mapping); i++) {
		const yaml_node_pair_t *pair = &mapping->data.mapping.pairs.start[i];
		const char *name;

		err = read_key(p, mapping, i, &name);
		if (!err)
			err = read(p, name,
				   node_line(yaml_document_get_node(&p->document, pair->key)),
				   yaml_document_get_node(&p->document, pair->value), arg);
	}
	return err;
}

static int read_known_key(struct config_parser *p, const char *name, size_t line,
			  const yaml_node_t *value, const void *arg)
{
	const struct config_keys *keys = arg;
	const struct config_key *key = find_key(keys->keys, keys->nr, name);

	if (!key)
		return parse_error(p, line, "%s has no key %s", keys->what, name);
	return key->read(p, value);
}

int node_read_keys(struct config_parser *p, const yaml_node_t *mapping,
		   const struct config_keys *keys)
{
	return node_each_pair(p, mapping, keys->what, read_known_key, keys);
}

/* Calls read with each text of a list. */
int node_each_item(struct config_parser *p, const yaml_node_t *list,
		   int (*read)(struct config_parser *p, const char *text, size_t line))
{
	int err = 0;

	if (node_is_null(list))
		return 0;
	if (list->type != YAML_SEQUENCE_NODE)
		return parse_error(p, node_line(list), "a list is expected here");
	for (yaml_node_item_t *item = list->data.sequence.items.start;
	     !err && item < list->data.sequence.items.top; item++) {
		const yaml_node_t *node = yaml_document_get_node(&p->document, *item);
		const char *text;

		err = node_read_text(p, node, &text);
		if (!err && (!text || !*text))
			err = parse_error(p, node_line(node), "an empty entry");
		if (!err)
			err = read(p, text, node_line(node));
	}
	return err;
}

/* --- the document */

static int yaml_wrong(struct config_parser *p, const yaml_parser_t *yaml)
{
	if (yaml->error == YAML_MEMORY_ERROR)
		return parse_no_memory(p);
	/* A byte that cannot be read has no mark of its own. */
	return parse_error(
		p, (yaml->error == YAML_READER_ERROR ? yaml->mark : yaml->problem_mark).line + 1,
		"%s", yaml->problem ? yaml->problem : "this is no YAML");
}

/*
 * libyaml takes time that grows with the square of the depth, and no config file
 * is deep: look before the document is built.
 */
static int check_nesting(struct config_parser *p, const char *text, size_t len)
{
	yaml_parser_t yaml;
	bool end = false;
	int depth = 0, err = 0, documents = 0;

	if (!yaml_parser_initialize(&yaml))
		return parse_no_memory(p);
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
			err = parse_error(p, event.start_mark.line + 1, "nested too deep");
		else if (documents > 1)
			err = parse_error(p, event.start_mark.line + 1, "a second document");
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&yaml);
	return err;
}

int parse_document(struct config_parser *p, const char *text, size_t len,
		   int (*read)(struct config_parser *p, const yaml_node_t *root))
{
	yaml_parser_t yaml;
	yaml_node_t *root;
	int err = check_nesting(p, text, len);

	if (err)
		return err;
	if (!yaml_parser_initialize(&yaml))
		return parse_no_memory(p);
	yaml_parser_set_input_string(&yaml, (const unsigned char *)text, len);
	if (yaml_parser_load(&yaml, &p->document)) {
		root = yaml_document_get_root_node(&p->document);
		if (root) /* else an empty file */
			err = read(p, root);
		yaml_document_delete(&p->document);
	} else {
		err = yaml_wrong(p, &yaml);
	}
	yaml_parser_delete(&yaml);
	return err;
}
