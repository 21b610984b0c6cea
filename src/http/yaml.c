// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/yaml.c: parses YAML and walks its mappings and lists. Duplicate keys, NUL bytes and
 * nodes of the wrong kind are errors everywhere, with their line.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http_config_keys.h"

#define MAX_NESTING 64

/* --- errors and nodes */

/* The text of the file must not control the terminal. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

int config_set_error(struct config_parser *p, size_t line, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	make_printable(what);
	return error_set(p->error, -EINVAL, "%s:%zu: %s", p->path, line, what);
}

int config_set_no_memory(struct config_parser *p)
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

bool node_is_null(const yaml_node_t *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; node_is_plain(node) && i < ARRAY_SIZE(nulls); i++)
		if (strcmp(node_text(node), nulls[i]) == 0)
			return true;
	return false;
}

int node_read_text(struct config_parser *p, const yaml_node_t *value, const char **text)
{
	*text = NULL;
	if (node_is_null(value))
		return 0;
	if (value->type != YAML_SCALAR_NODE)
		return config_set_error(p, node_line(value), "a text is expected here");
	if (strlen(node_text(value)) != value->data.scalar.length)
		return config_set_error(p, node_line(value), "a text must not contain NUL");
	*text = node_text(value);
	return 0;
}

/* --- mappings and lists */

/* The key of pair i: a text, and no duplicate. */
static int read_key(struct config_parser *p, const yaml_node_t *mapping, size_t i,
		    const char **name)
{
	const yaml_node_pair_t *pairs = mapping->data.mapping.pairs.start;
	const yaml_node_t *key = yaml_document_get_node(&p->document, pairs[i].key);
	int err;

	if (key->type != YAML_SCALAR_NODE || node_is_null(key))
		return config_set_error(p, node_line(key), "a key is expected here");
	err = node_read_text(p, key, name);
	for (size_t before = 0; !err && before < i; before++) {
		const yaml_node_t *other = yaml_document_get_node(&p->document, pairs[before].key);

		if (strcmp(node_text(other), *name) == 0)
			return config_set_error(p, node_line(key),
						"duplicate key %s, first defined on line %zu",
						*name, node_line(other));
	}
	return err;
}

static size_t count_pairs(const yaml_node_t *mapping)
{
	return (size_t)(mapping->data.mapping.pairs.top - mapping->data.mapping.pairs.start);
}

int node_for_each_pair(struct config_parser *p, const yaml_node_t *mapping, const char *what,
		       config_read_pair *read, const struct config_key *key)
{
	int err = 0;

	if (node_is_null(mapping))
		return 0;
	if (mapping->type != YAML_MAPPING_NODE)
		return config_set_error(p, node_line(mapping), "%s must have keys and values",
					what);
	for (size_t i = 0; !err && i < count_pairs(mapping); i++) {
		const yaml_node_pair_t *pair = &mapping->data.mapping.pairs.start[i];
		const char *name;

		err = read_key(p, mapping, i, &name);
		if (!err)
			err = read(p, name,
				   node_line(yaml_document_get_node(&p->document, pair->key)),
				   yaml_document_get_node(&p->document, pair->value), key);
	}
	return err;
}

static int read_list(struct config_parser *p, const yaml_node_t *list, const struct config_key *key)
{
	int err = 0;

	if (list->type != YAML_SEQUENCE_NODE)
		return config_set_error(p, node_line(list), "a list is expected here");
	for (yaml_node_item_t *item = list->data.sequence.items.start;
	     !err && item < list->data.sequence.items.top; item++) {
		const yaml_node_t *node = yaml_document_get_node(&p->document, *item);
		const char *text;

		err = node_read_text(p, node, &text);
		if (!err && (!text || !*text))
			err = config_set_error(p, node_line(node), "an empty entry");
		err = err ?: key->type->item(p, text, node, key);
	}
	return err;
}

int node_read_value(struct config_parser *p, const yaml_node_t *value, const struct config_key *key)
{
	const char *text = "";
	int err = 0;

	if (node_is_null(value))
		return 0;
	if (key->type->pair)
		return node_for_each_pair(p, value, key->name, key->type->pair, key);
	if (key->type->item)
		return read_list(p, value, key);
	if (!key->type->plain || node_is_plain(value))
		err = node_read_text(p, value, &text);
	return err ? err : key->type->text(p, text, value, key);
}

/* --- the document */

static int set_yaml_error(struct config_parser *p, const yaml_parser_t *yaml)
{
	if (yaml->error == YAML_MEMORY_ERROR)
		return config_set_no_memory(p);
	/* libyaml marks a problem, but not a byte that it cannot read. */
	return config_set_error(
		p, (yaml->error == YAML_READER_ERROR ? yaml->mark : yaml->problem_mark).line + 1,
		"%s", yaml->problem ? yaml->problem : "not YAML");
}

/*
 * libyaml's time grows with the square of the depth, and no config file is nested
 * deeply: check before the document is built.
 */
static int check_nesting(struct config_parser *p, const char *text, size_t len)
{
	yaml_parser_t yaml;
	bool end = false;
	int depth = 0, err = 0, documents = 0;

	if (!yaml_parser_initialize(&yaml))
		return config_set_no_memory(p);
	yaml_parser_set_input_string(&yaml, (const unsigned char *)text, len);
	while (!err && !end) {
		yaml_event_t event;

		if (!yaml_parser_parse(&yaml, &event)) {
			err = set_yaml_error(p, &yaml);
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		depth += event.type == YAML_MAPPING_START_EVENT ||
			 event.type == YAML_SEQUENCE_START_EVENT;
		depth -= event.type == YAML_MAPPING_END_EVENT ||
			 event.type == YAML_SEQUENCE_END_EVENT;
		documents += event.type == YAML_DOCUMENT_START_EVENT;
		if (depth > MAX_NESTING)
			err = config_set_error(p, event.start_mark.line + 1, "nested too deep");
		else if (documents > 1)
			err = config_set_error(p, event.start_mark.line + 1, "a second document");
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&yaml);
	return err;
}

int config_parse_document(struct config_parser *p, const char *text, size_t len,
			  int (*read)(struct config_parser *p, const yaml_node_t *root))
{
	yaml_parser_t yaml;
	yaml_node_t *root;
	int err = check_nesting(p, text, len);

	if (err)
		return err;
	if (!yaml_parser_initialize(&yaml))
		return config_set_no_memory(p);
	yaml_parser_set_input_string(&yaml, (const unsigned char *)text, len);
	if (yaml_parser_load(&yaml, &p->document)) {
		root = yaml_document_get_root_node(&p->document);
		if (root) /* else an empty file */
			err = read(p, root);
		yaml_document_delete(&p->document);
	} else {
		err = set_yaml_error(p, &yaml);
	}
	yaml_parser_delete(&yaml);
	return err;
}
