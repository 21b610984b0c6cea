// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * fuzz_web_config.c: any bytes as --web.config.file. A refusal names a line and leaves no
 * memory allocated; the parts of an accepted file fit together. With --dictionary alone it
 * prints libFuzzer's dictionary, made of the rows of http/config.c.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_config_keys.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void print_dictionary(void)
{
	/* What YAML has, whatever the keys. */
	static const char yaml[] =
		"\"&a \"\n\"*a\"\n\"<<: \"\n\"!!str \"\n\"\\x0a\"\n\"  \"\n"
		"\"- \"\n\"? \"\n\": \"\n\"|\\x0a\"\n\"\\\"\\\\0\\\"\"\n\"---\\x0a\"\n";
	size_t nr;
	const struct config_key *keys = http_config_keys(&nr);

	for (size_t i = 0; i < nr; i++) {
		const struct config_key *key = &keys[i];

		printf("\"%s: %s%s\"\n", key->name, key->example ? key->example : "",
		       !key->example ? "" : "\\x0a  ");
		for (const struct config_word *word = key->words; word && word->name; word++)
			printf("\"%s\\x0a  \"\n\"[%s, \"\n\"%s]\\x0a  \"\n", word->name, word->name,
			       word->name);
	}
	fputs(yaml, stdout);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (*argc == 2 && strcmp((*argv)[1], "--dictionary") == 0) {
		print_dictionary();
		exit(0);
	}
	return 0;
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_refusal(const struct http_config *config, int err, const char *error)
{
	static const struct http_config none;
	const char *line = strchr(error, ':');

	must(err == -EINVAL);
	must(memcmp(config, &none, sizeof(none)) == 0);
	must(strncmp(error, "d/web.yml:", 10) == 0);
	must(line && strtoul(line + 1, NULL, 10) >= 1);
	for (; *error; error++)
		must((unsigned char)*error >= ' ');
}

static void check_config(const struct http_config *c)
{
	bool ca = c->client_ca || c->client_ca_file;

	if (c->tls) {
		must(!c->cert != !c->cert_file);
		must(!c->key != !c->key_file);
		must(c->priorities_rsa && c->priorities_ecdsa);
		must(ca == false || c->client_auth != CLIENT_AUTH_NONE);
		must(ca || c->client_auth < CLIENT_AUTH_VERIFY_IF_GIVEN);
	}
	for (size_t i = 0; i < c->users.nr; i++)
		must(strlen(c->users.all[i].value) == 60 && !strchr(c->users.all[i].name, ':'));
	for (size_t i = 0; i < c->headers.nr; i++)
		must(*c->headers.all[i].value && !strpbrk(c->headers.all[i].value, "\r\n"));
	must(!c->rate_interval_ns || c->rate_burst);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct http_config config;
	struct error error = { 0 };
	/* Its own memory, so that a read behind the end is seen. */
	char *text = malloc(len ? len : 1);
	int err;

	must(text != NULL);
	memcpy(text, data, len);
	err = http_config_parse(&config, "d/web.yml", text, len, &error);
	if (err)
		check_refusal(&config, err, error.text);
	else
		check_config(&config);
	http_config_free(&config);
	free(text);
	return 0;
}
