// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_web_auth.c: passwords, the rate limit, TLS and client certificates.
 */
#include "http_client.h"
#include "http/http_auth.h"

#include <crypt.h>
#include <stdatomic.h>

char *__real_crypt_rn(const char *phrase, const char *setting, void *data, int size);
char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size);

static atomic_ullong bcrypts;

/* In place of crypt_rn(3): see the linker's --wrap. */
char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size)
{
	bcrypts++;
	return __real_crypt_rn(phrase, setting, data, size);
}

static void test_passwords(void **state)
{
	static const char *const refused[] = {
		BOB_WRONG,
		EVE_SECRET,
		"Basic",
		"Basic ",
		"Basic !!!!",
		"Basic Ym9i",
		"Bearer Ym9iOnNlY3JldA==",
		"Basic Og==" /* : */,
		"Basic Ym9iOg==" /* bob: */,
		"Basic OnNlY3JldA==" /* :secret */,
		"Basic Ym9iOnNlY3JldAB4" /* bob:secret NUL x */,
		"Basic Ym9iAHg6c2VjcmV0" /* bob NUL x:secret */,
		"Basic Qk9COnNlY3JldA==" /* BOB:secret */,
	};
	struct http_server *server;

	(void)state;
	write_config("basic_auth_users:\n  bob: %s\nhttp_server_config:\n  headers:\n"
		     "    X-Frame-Options: deny\n",
		     hash_secret);
	server = start_with_config();
	assert_int_equal(ask(server, GET("/metrics")), 401);
	assert_true(reply_has("WWW-Authenticate: Basic\r\n"));
	assert_true(reply_has("X-Frame-Options: deny\r\n"));
	/* Without a password nobody learns which pages there are. */
	assert_int_equal(ask(server, GET("/nothing")), 401);
	assert_int_equal(ask(server, GET("/open")), 200);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (ask_as(server, "/metrics", refused[i]) != 401)
			fail_msg("%s: %s", refused[i], reply);
	assert_int_equal(ask_as(server, "/metrics", BOB_SECRET), 200);
	assert_int_equal(ask_as(server, "/metrics", "bAsIc  Ym9iOnNlY3JldA=="), 200);
	assert_int_equal(ask_as(server, "/nothing", BOB_SECRET), 404);
	assert_int_equal(ask_as(server, "/metrics", BOB_WRONG), 401);
	/* On one connection, with a bcrypt in between. */
	assert_int_equal(run_shell("curl -sS -o /dev/null -o /dev/null -u bob:wrong "
				   "-w '%%{http_code} %%{num_connects} ' %s/metrics %s/open 2>&1",
				   http_server_url(server, 0), http_server_url(server, 0)),
			 0);
	assert_string_equal(reply, "401 1 200 0 ");
	http_server_close(server);
}

static void parse_pair(struct http_credentials *c, const char *header)
{
	assert_true(http_credentials_parse(c, header));
}

static unsigned long long bcrypts_of(struct http_users *users, const char *header, bool right)
{
	unsigned long long before = bcrypts;
	struct http_credentials c;

	parse_pair(&c, header);
	assert_int_equal(http_users_verify(users, &c), right);
	http_credentials_free(&c);
	return bcrypts - before;
}

/* How long an answer takes must not tell who is a user: count the work. */
static void test_bcrypts(void **state)
{
	struct http_pair two[] = { { "bob", hash_secret }, { "al", hash_secret } };
	struct http_config config = { .users = { .all = two, .nr = 2 } };
	struct http_users *users = http_users_new(&config);
	struct http_credentials c;

	(void)state;
	assert_non_null(users);
	assert_int_equal(bcrypts_of(users, BOB_WRONG, false), 1);
	assert_int_equal(bcrypts_of(users, EVE_SECRET, false), 1);
	parse_pair(&c, BOB_SECRET);
	assert_false(http_users_was_verified(users, &c));
	assert_int_equal(bcrypts_of(users, BOB_SECRET, true), 1);
	assert_true(http_users_was_verified(users, &c));
	http_credentials_free(&c);
	parse_pair(&c, "Basic Ym9iczplY3JldA=="); /* bobs:ecret */
	assert_false(http_users_was_verified(users, &c));
	http_credentials_free(&c);
	http_users_free(users);

	/* Costs 4 and 8: 2^4 and 2^4 + 2^5 + 2^6 + 2^7 are 2^8, what a stranger costs. */
	two[1].value = hash_hunter2;
	users = http_users_new(&config);
	assert_non_null(users);
	assert_int_equal(bcrypts_of(users, BOB_WRONG, false), 5);
	assert_int_equal(bcrypts_of(users, "Basic YWw6d3Jvbmc=", false), 1);
	assert_int_equal(bcrypts_of(users, EVE_SECRET, false), 1);
	assert_int_equal(bcrypts_of(users, BOB_SECRET, true), 1);
	http_users_free(users);
}

static void test_long_passwords(void **state)
{
	struct http_pair one = { "bob", hash_secret };
	struct http_config config = { .users = { .all = &one, .nr = 1 } };
	struct http_users *users = http_users_new(&config);
	char password[1000];
	struct http_credentials c = { .user = strdup("bob"), .user_len = 3 };
	unsigned long long before;

	(void)state;
	assert_non_null(users);
	memset(password, 'a', sizeof(password));
	password[sizeof(password) - 1] = '\0';
	c.password = password;
	c.password_len = strlen(password);
	before = bcrypts;
	assert_false(http_users_verify(users, &c));
	assert_int_equal(bcrypts - before, 1);
	free(c.user);
	http_users_free(users);
}

static void test_many_wrong_passwords(void **state)
{
	struct http_server *server;
	int fds[120], nr_401 = 0, nr_503 = 0;

	(void)state;
	write_config("basic_auth_users:\n  bob: %s\n  dear: %s\n", hash_secret, hash_hunter2);
	server = start_with_config();
	assert_int_equal(ask_as(server, "/metrics", BOB_SECRET), 200);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = connect_to(server);
		assert_true(send_text(fds[i],
				      "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
				      "Authorization: " EVE_SECRET "\r\n\r\n"));
	}
	/* Who was right before is not held up: not by a single bcrypt of those. */
	assert_int_equal(ask_as(server, "/metrics", BOB_SECRET), 200);
	assert_true(count_answers(server, 401) < 60);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		receive(fds[i], reply, sizeof(reply), NULL);
		nr_401 += status_of(reply) == 401;
		nr_503 += status_of(reply) == 503;
		close(fds[i]);
	}
	assert_int_equal(nr_401 + nr_503, ARRAY_SIZE(fds));
	assert_in_range(nr_401, 64, ARRAY_SIZE(fds) - 1);
	http_server_close(server);
}

static void test_close_with_bcrypts(void **state)
{
	struct http_server *server;
	uint64_t begin;
	int fds[60];

	(void)state;
	write_config("basic_auth_users:\n  dear: %s\n", hash_hunter2);
	server = start_with_config();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = connect_to(server);
		assert_true(send_text(fds[i], "GET /metrics HTTP/1.1\r\nHost: x\r\n"
					      "Authorization: " EVE_SECRET "\r\n\r\n"));
	}
	receive(fds[0], reply, sizeof(reply), "401");
	begin = now_ms();
	http_server_close(server);
	assert_true(now_ms() - begin < 5000);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

static void test_rate_limit(void **state)
{
	struct http_server *server;

	(void)state;
	write_config("rate_limit:\n  interval: 1h\n  burst: 2\n");
	server = start_with_config();
	assert_int_equal(ask(server, GET("/metrics")), 200);
	assert_int_equal(ask(server, GET("/x")), 404);
	assert_int_equal(ask(server, GET("/metrics")), 429);
	write_config("rate_limit:\n  interval: 1ms\n  burst: 1\n");
	assert_int_equal(http_server_reload(server, &error), 0);
	for (uint64_t begin = now_ms(); ask(server, GET("/metrics")) != 200;)
		assert_true(now_ms() - begin < LIMIT_MS);
	http_server_close(server);
}

/* --- TLS */

static void test_tls(void **state)
{
	struct http_server *server;

	(void)state;
	write_config(TLS_PAIR);
	server = start_with_config();
	assert_int_equal(strncmp(http_server_url(server, 0), "https://127.0.0.1:", 18), 0);
	assert_string_equal(curl(server, ""), "200");
	assert_string_equal(curl(server, "--tlsv1.3"), "200");
	assert_string_equal(curl(server, "--tls-max 1.2"), "200");
	assert_string_equal(curl(server, "--tlsv1.0 --tls-max 1.1 --ciphers DEFAULT:@SECLEVEL=0"),
			    "000");
	/* Not without TLS. */
	assert_int_equal(ask(server, GET("/metrics")), 0);
	http_server_close(server);
}

static void test_tls_rsa_and_old_versions(void **state)
{
	struct http_server *server;

	(void)state;
	write_config("tls_server_config:\n  cert_file: rsa.crt\n  key_file: rsa.key\n"
		     "  min_version: TLS10\n  max_version: TLS12\n");
	server = start_with_config();
	assert_string_equal(curl(server, "-k"), "200");
	assert_string_equal(curl(server, "-k --tlsv1.3"), "000");
	assert_string_equal(
		curl(server, "-k --tlsv1.0 --tls-max 1.0 --ciphers DEFAULT:@SECLEVEL=0"), "200");
	http_server_close(server);
}

static void test_tls_suite(void **state)
{
	struct http_server *server;

	(void)state;
	write_config(TLS_PAIR "  max_version: TLS12\n"
			      "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n");
	server = start_with_config();
	assert_string_equal(curl(server, "--ciphers ECDHE-ECDSA-AES256-GCM-SHA384"), "200");
	assert_string_equal(curl(server, "--ciphers ECDHE-ECDSA-AES128-GCM-SHA256"), "000");
	http_server_close(server);
}

/* A handshake that drips is cut as a header is. */
static void test_slow_handshake(void **state)
{
	struct http_server *server;
	int fd;

	(void)state;
	write_config(TLS_PAIR);
	server = start_server(
		(struct http_server_options){ .config_file = config_path, .header_ms = 400 });
	fd = connect_to(server);
	assert_true(send_bytes(fd, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
	assert_in_range(drip(fd, "a"), 200, 5000);
	assert_string_equal(curl(server, ""), "200");
	close(fd);
	http_server_close(server);
}

static const struct {
	const char *config; /* behind the key pair */
	const char *certificate; /* of the client; NULL: none */
	const char *status;
} clients[] = {
	{ "", NULL, "200" },
	{ "", "good", "200" },
	{ "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n", NULL,
	  "000" },
	{ "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n", "good",
	  "200" },
	{ "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n", "expired",
	  "000" },
	{ "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n", "stranger",
	  "000" },
	{ "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n", "noclient",
	  "000" },
	{ "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
	  "  client_allowed_sans: [other, 'spiffe://x/y']\n",
	  "good", "200" },
	{ "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
	  "  client_allowed_sans: [192.0.2.7]\n",
	  "good", "200" },
	{ "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
	  "  client_allowed_sans: ['2001:db8::7']\n",
	  "good", "200" },
	{ "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
	  "  client_allowed_sans: [client.example, good]\n",
	  "good", "200" },
	/* Neither a part of a name nor the subject. */
	{ "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
	  "  client_allowed_sans: [client, example, good]\n",
	  "good", "000" },
	{ "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.crt\n", NULL, "200" },
	{ "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.crt\n", "good",
	  "200" },
	{ "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.crt\n", "expired",
	  "000" },
	{ "  client_auth_type: RequestClientCert\n", NULL, "200" },
	{ "  client_auth_type: RequestClientCert\n", "stranger", "200" },
	{ "  client_auth_type: RequireAnyClientCert\n", NULL, "000" },
	{ "  client_auth_type: RequireAnyClientCert\n", "stranger", "200" },
	{ "  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [client.example]\n",
	  "stranger", "000" },
};

static void test_client_certificates(void **state)
{
	struct http_server *server = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		const char *name = clients[i].certificate;
		char arguments[80] = "";

		write_config(TLS_PAIR "%s", clients[i].config);
		if (!server)
			server = start_with_config();
		else if (http_server_reload(server, &error))
			fail_msg("%s", error.text);
		if (name)
			snprintf(arguments, sizeof(arguments), "--cert %s.crt --key %s.key", name,
				 name);
		if (strcmp(curl(server, arguments), clients[i].status) != 0)
			fail_msg("%s with certificate %s: %s", clients[i].config, name, reply);
	}
	http_server_close(server);
}

static void test_bad_certificates(void **state)
{
	static const struct {
		const char *config, *what;
	} cases[] = {
		{ "  cert_file: none.crt\n  key_file: server.key\n", "none.crt: No such file" },
		{ "  cert_file: server.crt\n  key_file: none.key\n", "none.key: No such file" },
		{ "  cert_file: server.crt\n  key_file: rsa.key\n", "rsa.key does not fit" },
		{ "  cert_file: server.key\n  key_file: server.key\n", "bad certificate in" },
		{ "  cert_file: server.crt\n  key_file: server.crt\n", "bad key in" },
		{ "  cert: none\n  key_file: server.key\n", "bad certificate in cert" },
		{ "  cert_file: server.crt\n  key_file: server.key\n"
		  "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.key\n",
		  "server.key: " },
		{ "  cert_file: server.crt\n  key_file: server.key\n"
		  "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: none.crt\n",
		  "none.crt: No such file" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct http_server_options options = { .config_file = config_path };
		struct http_server *server;

		write_config("tls_server_config:\n%s", cases[i].config);
		if (http_server_open(&server, &options, &error) >= 0 ||
		    !strstr(error.text, cases[i].what))
			fail_msg("'%s' should have '%s'", error.text, cases[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_bcrypts),
		cmocka_unit_test(test_long_passwords),
		cmocka_unit_test(test_many_wrong_passwords),
		cmocka_unit_test(test_close_with_bcrypts),
		cmocka_unit_test(test_rate_limit),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_tls_rsa_and_old_versions),
		cmocka_unit_test(test_tls_suite),
		cmocka_unit_test(test_slow_handshake),
		cmocka_unit_test(test_client_certificates),
		cmocka_unit_test(test_bad_certificates),
	};

	return cmocka_run_group_tests_name("web_auth", tests, set_up_certificates, tear_down);
}
