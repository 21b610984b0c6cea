// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/config_types.c: the types of values that a key of the config file can have.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_config_keys.h"
#include "http_secret_file.h"

/* --- texts and paths */

static int read_text(struct config_parser *p, const char *text, const yaml_node_t *node,
		     const struct config_key *key)
{
	char **field = config_field(p, key);

	(void)node;
	if (!*text)
		return 0;
	*field = strdup(text);
	return *field ? 0 : config_set_no_memory(p);
}

static void free_text(void *field)
{
	secret_free(*(char **)field);
}

static int read_path(struct config_parser *p, const char *text, const yaml_node_t *node,
		     const struct config_key *key)
{
	const char *slash = strrchr(p->path, '/');
	char **field = config_field(p, key), *path;
	int err = read_text(p, text, node, key);

	if (err || !*field || **field == '/' || !slash)
		return err;
	if (asprintf(&path, "%.*s/%s", (int)(slash - p->path), p->path, *field) < 0)
		return config_set_no_memory(p);
	free(*field);
	*field = path;
	return 0;
}

const struct config_type config_text_type = { .text = read_text, .free = free_text };
const struct config_type config_path_type = { .text = read_path, .free = free_text };

static int add_text(struct config_parser *p, const char *text, const yaml_node_t *node,
		    const struct config_key *key)
{
	struct http_texts *texts = config_field(p, key);

	(void)node;
	if (array_reserve(texts->all, texts->cap, texts->nr + 1))
		return config_set_no_memory(p);
	texts->all[texts->nr] = strdup(text);
	return texts->all[texts->nr++] ? 0 : config_set_no_memory(p);
}

static void free_texts(void *field)
{
	struct http_texts *texts = field;

	for (size_t i = 0; i < texts->nr; i++)
		free(texts->all[i]);
	free(texts->all);
}

const struct config_type config_texts_type = { .item = add_text, .free = free_texts };

int http_pairs_add(struct config_parser *p, struct http_pairs *pairs, const char *name,
		   const char *value)
{
	struct http_pair *pair;

	if (array_reserve(pairs->all, pairs->cap, pairs->nr + 1))
		return config_set_no_memory(p);
	pair = &pairs->all[pairs->nr++];
	*pair = (struct http_pair){ strdup(name), strdup(value) };
	return pair->name && pair->value ? 0 : config_set_no_memory(p);
}

void http_pairs_free(void *field)
{
	struct http_pairs *pairs = field;

	for (size_t i = 0; i < pairs->nr; i++) {
		free(pairs->all[i].name);
		secret_free(pairs->all[i].value);
	}
	free(pairs->all);
}

/* --- words */

static const struct config_word *find_word(const struct config_word *words, const char *name)
{
	for (; words->name; words++)
		if (strcmp(words->name, name) == 0)
			return words;
	return NULL;
}

/* A long list is in the documentation. */
static int refuse_word(struct config_parser *p, const char *text, size_t line,
		       const struct config_key *key)
{
	char names[160] = "";
	size_t len = 0;

	for (const struct config_word *word = key->words; word->name; word++) {
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", len ? ", " : "",
					word->name);
		if (len >= sizeof(names))
			return config_set_error(p, line, "unknown %s %s (see docs/web-config.md)",
						key->name, text);
	}
	return config_set_error(p, line, "%s %s is none of %s", key->name, text, names);
}

static int read_word(struct config_parser *p, const char *text, const yaml_node_t *node,
		     const struct config_key *key)
{
	const struct config_word *word = find_word(key->words, text);

	if (!word)
		return refuse_word(p, text, node_line(node), key);
	*(unsigned int *)config_field(p, key) = word->value;
	return 0;
}

static int add_word(struct config_parser *p, const char *text, const yaml_node_t *node,
		    const struct config_key *key)
{
	const struct config_word *word = find_word(key->words, text);
	struct config_words *words = config_field(p, key);

	if (!word)
		return refuse_word(p, text, node_line(node), key);
	for (size_t i = 0; i < words->nr; i++)
		if (words->all[i] == word)
			return 0;
	words->all[words->nr++] = word;
	return 0;
}

const struct config_type config_word_type = { .text = read_word };
const struct config_type config_words_type = { .item = add_word };

/* words: with a space before and after each. */
static bool is_one_of(const char *text, const char *words)
{
	const char *at = *text && !strchr(text, ' ') ? strstr(words, text) : NULL;

	for (; at; at = strstr(at + 1, text))
		if (at[-1] == ' ' && at[strlen(text)] == ' ')
			return true;
	return false;
}

static int read_flag(struct config_parser *p, const char *text, const yaml_node_t *node,
		     const struct config_key *key)
{
	bool *field = config_field(p, key);
	/* YAML 1.1, as Go's yaml.v2 has it. */
	bool is_true = is_one_of(text, " y Y yes Yes YES true True TRUE on On ON ");
	bool is_false = is_one_of(text, " n N no No NO false False FALSE off Off OFF ");

	if (!is_true && !is_false)
		return config_set_error(p, node_line(node), "%s must be true or false", key->name);
	*field = is_true;
	return 0;
}

const struct config_type config_flag_type = { .text = read_flag, .plain = true };

/* --- numbers */

static int read_number(struct config_parser *p, const char *text, const yaml_node_t *node,
		       const struct config_key *key)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (!node_is_plain(node) || !isdigit((unsigned char)*text) || *end || errno ||
	    number > key->max)
		return config_set_error(p, node_line(node), "%s is no number from 0 to %llu", text,
					(unsigned long long)key->max);
	*(unsigned int *)config_field(p, key) = (unsigned int)number;
	return 0;
}

/* Go's durations: "1s", "1.5s", "1m30s", "200ms"; "0". */
static bool parse_go_duration(const char *text, uint64_t max, uint64_t *ns)
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
		/* The longest name first: "ms" before "m". */
		for (unit = 0; unit < ARRAY_SIZE(units); unit++)
			if (strncmp(text, units[unit].name, strlen(units[unit].name)) == 0)
				break;
		if (!digits || unit == ARRAY_SIZE(units))
			return false;
		sum += number * units[unit].ns;
		text += strlen(units[unit].name);
	} while (*text);
	if (!(sum <= (double)max))
		return false;
	*ns = (uint64_t)sum;
	return true;
}

static int read_duration(struct config_parser *p, const char *text, const yaml_node_t *node,
			 const struct config_key *key)
{
	if (parse_go_duration(text, key->max, config_field(p, key)))
		return 0;
	return config_set_error(p, node_line(node),
				"%s is no duration such as 1s or 200ms, up to %lluh", text,
				(unsigned long long)(key->max / 3600000000000));
}

const struct config_type config_number_type = { .text = read_number };
const struct config_type config_duration_type = { .text = read_duration };
