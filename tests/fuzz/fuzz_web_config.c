// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * fuzz_web_config.c: any bytes as --web.config.file. What is refused has a line and
 * leaves nothing behind; of what is understood, the parts belong together.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_config.h"

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
	for (size_t i = 0; i < c->nr_users; i++)
		must(strlen(c->users[i].hash) == 60 && !strchr(c->users[i].name, ':'));
	for (size_t i = 0; i < c->nr_headers; i++)
		must(*c->headers[i].value && !strpbrk(c->headers[i].value, "\r\n"));
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
