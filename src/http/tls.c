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

struct pem {
	const char *name; /* of the file or the key, for messages */
	gnutls_datum_t text;
};

/* The text of the file, or text when the config file contains it in key. */
static int read_pem(struct pem *pem, const char *file, const char *text, const char *key,
		    struct error *error)
{
	size_t len;
	char *data = file ? secret_file_read(file, &len) : strdup(text);

	if (!data)
		return error_set(error, -errno, "cannot read %s: %s", file ? file : "the text",
				 strerror(errno));
	pem->name = file ? file : key;
	pem->text = (gnutls_datum_t){ (unsigned char *)data, (unsigned int)strlen(data) };
	return 0;
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

static int use_key_pair(struct http_tls *tls, const struct pem *cert, const struct pem *key,
			struct error *error)
{
	const struct http_config *config = tls->config;
	int rsa = is_rsa(&cert->text), err;

	if (rsa < 0)
		return gnutls_failed("bad certificate in", cert->name, rsa, error);
	err = gnutls_certificate_set_x509_key_mem2(tls->credentials, &cert->text, &key->text,
						   GNUTLS_X509_FMT_PEM, NULL, 0);
	if (err == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return error_set(error, -EINVAL, "the key in %s does not fit the certificate in %s",
				 key->name, cert->name);
	if (err < 0)
		return gnutls_failed("bad key in", key->name, err, error);
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
	struct pem cert, key;
	int err = read_pem(&cert, config->cert_file, config->cert, "cert", error);

	if (err)
		return err;
	err = read_pem(&key, config->key_file, config->key, "key", error);
	if (!err) {
		err = use_key_pair(tls, &cert, &key, error);
		secret_free((char *)key.text.data);
	}
	free(cert.text.data);
	return err;
}

static int load_client_ca(struct http_tls *tls, struct error *error)
{
	const struct http_config *config = tls->config;
	struct pem ca;
	int err;

	if (!config->client_ca && !config->client_ca_file)
		return 0;
	err = read_pem(&ca, config->client_ca_file, config->client_ca, "client_ca", error);
	if (err)
		return err;
	err = gnutls_certificate_set_x509_trust_mem(tls->credentials, &ca.text,
						    GNUTLS_X509_FMT_PEM);
	free(ca.text.data);
	if (err > 0)
		return 0;
	return gnutls_failed("no certificate in", ca.name,
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
	err = err ?: load_client_ca(tls, error);
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
		return (len == 4 || len == 16) &&
		       inet_ntop(len == 4 ? AF_INET : AF_INET6, name, text, sizeof(text)) &&
		       is_allowed_name(allowed, text, strlen(text));
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
	unsigned int auth = tls->config->client_auth, nr = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &nr);

	if (!chain || !nr)
		return auth & CLIENT_AUTH_REQUIRE ? -1 : 0;
	if (auth & CLIENT_AUTH_VERIFY && !check_chain(session))
		return -1;
	return check_sans(&tls->config->client_allowed_sans, &chain[0]) ? 0 : -1;
}

int http_tls_attach(const struct http_tls *tls, gnutls_session_t session)
{
	unsigned int auth = tls->config->client_auth;

	if (gnutls_priority_set(session, tls->priorities) < 0 ||
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials) < 0)
		return -EINVAL;
	gnutls_session_set_ptr(session, (void *)tls);
	gnutls_certificate_server_set_request(session, !auth ? GNUTLS_CERT_IGNORE :
						       auth & CLIENT_AUTH_REQUIRE ?
							       GNUTLS_CERT_REQUIRE :
							       GNUTLS_CERT_REQUEST);
	if (auth)
		gnutls_session_set_verify_function(session, verify_client);
	return 0;
}
