// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/tls.c: loads certificates and verifies those of clients. Sessions cannot be resumed: each
 * connection makes a full handshake, and each client certificate is verified.
 */
#include "http_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/x509.h>

#include "http_secret_file.h"

struct http_tls {
	const struct http_config *config;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priorities;
};

/* --- making one */

static int gnutls_failed(const char *what, const char *name, int gnutls_error, struct error *error)
{
	return error_set(error, gnutls_error == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL,
			 "%s %s: %s", what, name, gnutls_strerror(gnutls_error));
}

/* The text of the file, or text when the config file contains it. */
static int read_pem(const char *file, const char *text, char **out, struct error *error)
{
	size_t len;

	*out = file ? secret_file_read(file, &len) : strdup(text);
	if (*out)
		return 0;
	return error_set(error, -errno, "cannot read %s: %s", file ? file : "the text",
			 strerror(errno));
}

static gnutls_datum_t pem_datum(char *text)
{
	return (gnutls_datum_t){ (unsigned char *)text, (unsigned int)strlen(text) };
}

static const char *pem_name(const char *file, const char *key)
{
	return file ? file : key;
}

/* Is the key of the first certificate in pem an RSA key? */
static int is_rsa(const gnutls_datum_t *pem)
{
	gnutls_x509_crt_t *list = NULL;
	unsigned int nr = 0;
	int err, rsa;

	err = gnutls_x509_crt_list_import2(&list, &nr, pem, GNUTLS_X509_FMT_PEM, 0);
	if (err < 0)
		return err;
	rsa = gnutls_x509_crt_get_pk_algorithm(list[0], NULL);
	rsa = rsa == GNUTLS_PK_RSA || rsa == GNUTLS_PK_RSA_PSS;
	for (unsigned int i = 0; i < nr; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return rsa;
}

static int use_key_pair(struct http_tls *tls, char *cert, char *key, struct error *error)
{
	const struct http_config *config = tls->config;
	const char *cert_name = pem_name(config->cert_file, "cert");
	gnutls_datum_t cert_pem = pem_datum(cert), key_pem = pem_datum(key);
	int rsa = is_rsa(&cert_pem), err;

	if (rsa < 0)
		return gnutls_failed("bad certificate in", cert_name, rsa, error);
	err = gnutls_certificate_set_x509_key_mem2(tls->credentials, &cert_pem, &key_pem,
						   GNUTLS_X509_FMT_PEM, NULL, 0);
	if (err == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return error_set(error, -EINVAL, "the key in %s does not fit the certificate in %s",
				 pem_name(config->key_file, "key"), cert_name);
	if (err < 0)
		return gnutls_failed("bad key in", pem_name(config->key_file, "key"), err, error);
	err = gnutls_priority_init(&tls->priorities,
				   rsa ? config->priorities_rsa : config->priorities_ecdsa, NULL);
	if (err < 0)
		return gnutls_failed("cannot use the TLS settings of", "tls_server_config", err,
				     error);
	return 0;
}

static int load_key_pair(struct http_tls *tls, struct error *error)
{
	const struct http_config *config = tls->config;
	char *cert, *key;
	int err;

	err = read_pem(config->cert_file, config->cert, &cert, error);
	if (err)
		return err;
	err = read_pem(config->key_file, config->key, &key, error);
	if (!err) {
		err = use_key_pair(tls, cert, key, error);
		secret_free(key);
	}
	free(cert);
	return err;
}

static int load_client_ca(struct http_tls *tls, struct error *error)
{
	const struct http_config *config = tls->config;
	gnutls_datum_t pem;
	char *text;
	int err;

	if (!config->client_ca && !config->client_ca_file)
		return 0;
	err = read_pem(config->client_ca_file, config->client_ca, &text, error);
	if (err)
		return err;
	pem = pem_datum(text);
	err = gnutls_certificate_set_x509_trust_mem(tls->credentials, &pem, GNUTLS_X509_FMT_PEM);
	free(text);
	if (err > 0)
		return 0;
	return gnutls_failed("no certificate in", pem_name(config->client_ca_file, "client_ca"),
			     err ? err : GNUTLS_E_NO_CERTIFICATE_FOUND, error);
}

int http_tls_new(struct http_tls **out, const struct http_config *config, struct error *error)
{
	struct http_tls *tls = calloc(1, sizeof(*tls));
	int err = -ENOMEM;

	if (tls) {
		tls->config = config;
		err = gnutls_certificate_allocate_credentials(&tls->credentials) ? -ENOMEM : 0;
	}
	if (err)
		error_set(error, err, "out of memory");
	else
		err = load_key_pair(tls, error);
	if (!err)
		err = load_client_ca(tls, error);
	if (err)
		http_tls_free(tls);
	else
		*out = tls;
	return err;
}

void http_tls_free(struct http_tls *tls)
{
	if (!tls)
		return;
	if (tls->credentials)
		gnutls_certificate_free_credentials(tls->credentials);
	if (tls->priorities)
		gnutls_priority_deinit(tls->priorities);
	free(tls);
}

/* --- client certificates */

/* An IP address of a certificate as text; "": it has another length. */
static void address_to_text(const void *raw, size_t len, char *text, size_t text_len)
{
	*text = '\0';
	if (len == 4)
		inet_ntop(AF_INET, raw, text, (socklen_t)text_len);
	else if (len == 16)
		inet_ntop(AF_INET6, raw, text, (socklen_t)text_len);
}

/* By length: a name with a NUL inside must not match its first part. */
static bool is_allowed_name(const struct http_texts *allowed, const char *name, size_t len)
{
	for (size_t i = 0; i < allowed->nr; i++)
		if (strlen(allowed->all[i]) == len && memcmp(allowed->all[i], name, len) == 0)
			return true;
	return false;
}

static bool san_matches(const struct http_texts *allowed, int type, const char *name, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	switch (type) {
	case GNUTLS_SAN_DNSNAME:
	case GNUTLS_SAN_RFC822NAME:
	case GNUTLS_SAN_URI:
		return is_allowed_name(allowed, name, len);
	case GNUTLS_SAN_IPADDRESS:
		address_to_text(name, len, text, sizeof(text));
		return *text && is_allowed_name(allowed, text, strlen(text));
	default:
		return false;
	}
}

static bool has_allowed_san(const struct http_texts *allowed, gnutls_x509_crt_t cert)
{
	for (unsigned int i = 0;; i++) {
		char name[1024];
		size_t len = sizeof(name);
		int type = gnutls_x509_crt_get_subject_alt_name(cert, i, name, &len, NULL);

		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue; /* longer than any allowed name can be */
		if (type < 0)
			return false;
		if (san_matches(allowed, type, name, len))
			return true;
	}
}

static bool check_sans(const struct http_texts *allowed, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t cert;
	bool ok;

	if (!allowed->nr)
		return true;
	if (gnutls_x509_crt_init(&cert) < 0)
		return false;
	ok = gnutls_x509_crt_import(cert, der, GNUTLS_X509_FMT_DER) == 0 &&
	     has_allowed_san(allowed, cert);
	gnutls_x509_crt_deinit(cert);
	return ok;
}

/* Is the chain signed by the CA, not expired, and for clients? */
static bool check_chain(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	unsigned int status = 0;

	return gnutls_certificate_verify_peers(session, &purpose, 1, &status) == 0 && status == 0;
}

/* Called in the handshake, which fails unless the result is 0. */
static int verify_client(gnutls_session_t session)
{
	const struct http_tls *tls = gnutls_session_get_ptr(session);
	enum client_auth auth = tls->config->client_auth;
	unsigned int nr = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &nr);

	if (!chain || !nr)
		return auth == CLIENT_AUTH_REQUIRE_ANY || auth == CLIENT_AUTH_REQUIRE_AND_VERIFY;
	if ((auth == CLIENT_AUTH_VERIFY_IF_GIVEN || auth == CLIENT_AUTH_REQUIRE_AND_VERIFY) &&
	    !check_chain(session))
		return -1;
	return check_sans(&tls->config->client_allowed_sans, &chain[0]) ? 0 : -1;
}

int http_tls_attach(const struct http_tls *tls, gnutls_session_t session)
{
	enum client_auth auth = tls->config->client_auth;
	gnutls_certificate_request_t request = GNUTLS_CERT_REQUEST;

	if (gnutls_priority_set(session, tls->priorities) < 0 ||
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials) < 0)
		return -EINVAL;
	gnutls_session_set_ptr(session, (void *)tls);
	if (auth == CLIENT_AUTH_NONE)
		request = GNUTLS_CERT_IGNORE;
	else if (auth == CLIENT_AUTH_REQUIRE_ANY || auth == CLIENT_AUTH_REQUIRE_AND_VERIFY)
		request = GNUTLS_CERT_REQUIRE;
	gnutls_certificate_server_set_request(session, request);
	if (auth != CLIENT_AUTH_NONE)
		gnutls_session_set_verify_function(session, verify_client);
	return 0;
}
