// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_web_reload.c: the configuration is read again while there are connections.
 */
#include "http_client.h"

static void test_reload_certificate(void **state)
{
	struct http_server *server;

	(void)state;
	run_shell("cd %s && cp server.crt live.crt && cp server.key live.key", folder);
	write_config("tls_server_config:\n  cert_file: live.crt\n  key_file: live.key\n");
	server = start_with_config();
	assert_false(http_server_config_changed(server));
	assert_string_equal(curl(server, ""), "200");
	/* The certificate first: as long as the key is another, the old pair stays. */
	run_shell("cd %s && cp second.crt live.crt", folder);
	assert_true(http_server_config_changed(server));
	assert_int_equal(http_server_reload(server, &error), -EINVAL);
	assert_false(http_server_config_changed(server));
	assert_string_equal(curl(server, ""), "200");
	run_shell("cd %s && cp second.key live.key", folder);
	assert_true(http_server_config_changed(server));
	assert_int_equal(http_server_reload(server, &error), 0);
	assert_string_equal(curl(server, ""), "000");
	assert_string_equal(curl(server, "--cacert second.crt"), "200");
	http_server_close(server);
}

/* Whether to trust it is up to clients; renewing it needs no restart. */
static void test_expired_certificate(void **state)
{
	struct http_server *server;

	(void)state;
	run_shell("cd %s && cp stale.crt live.crt && cp stale.key live.key", folder);
	write_config("tls_server_config:\n  cert_file: live.crt\n  key_file: live.key\n");
	server = start_with_config();
	assert_string_equal(curl(server, "--cacert ca.crt"), "000");
	assert_string_equal(curl(server, "-k"), "200");
	run_shell("cd %s && cp noclient.crt live.crt && cp noclient.key live.key", folder);
	assert_int_equal(http_server_reload(server, &error), 0);
	assert_string_equal(curl(server, "--cacert ca.crt"), "200");
	http_server_close(server);
}

static void test_reload_broken(void **state)
{
	struct http_server *server;

	(void)state;
	write_config("basic_auth_users:\n  bob: %s\n", hash_secret);
	server = start_with_config();
	write_config("basic_auth_user:\n");
	assert_true(http_server_config_changed(server));
	assert_int_equal(http_server_reload(server, &error), -EINVAL);
	assert_non_null(strstr(error.text, ":1: the file has no key basic_auth_user"));
	assert_false(http_server_config_changed(server));
	assert_int_equal(ask(server, GET("/metrics")), 401);
	assert_int_equal(ask_as(server, "/metrics", BOB_SECRET), 200);
	unlink(config_path);
	assert_true(http_server_config_changed(server));
	assert_int_equal(http_server_reload(server, &error), -ENOENT);
	assert_int_equal(ask_as(server, "/metrics", BOB_SECRET), 200);
	write_config("basic_auth_users:\n  eve: %s\n", hash_secret);
	assert_true(http_server_config_changed(server));
	assert_int_equal(http_server_reload(server, &error), 0);
	/* What was remembered of before is forgotten. */
	assert_int_equal(ask_as(server, "/metrics", BOB_SECRET), 401);
	assert_int_equal(ask_as(server, "/metrics", EVE_SECRET), 200);
	http_server_close(server);
}

static void test_reload_with_open_connections(void **state)
{
	struct http_server *server;
	int half, idle;

	(void)state;
	write_config("{}\n");
	server = start_with_config();
	half = connect_to(server);
	assert_true(send_text(half, "GET /metrics HTTP/1.1\r\nHost: x\r\n"));
	idle = connect_to(server);
	assert_true(send_text(idle, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
	receive(idle, reply, sizeof(reply), "encoding=none\n");
	assert_false(reply_has("Connection: close"));
	/* From plain HTTP to TLS and back. */
	write_config(TLS_PAIR);
	assert_int_equal(http_server_reload(server, &error), 0);
	assert_int_equal(strncmp(http_server_url(server, 0), "https:", 6), 0);
	assert_string_equal(curl(server, ""), "200");
	assert_int_equal(ask(server, GET("/metrics")), 0);
	/* Those of before get an answer, and are asked to come again. */
	assert_true(send_text(half, "\r\n"));
	receive(half, reply, sizeof(reply), NULL);
	assert_int_equal(status_of(reply), 200);
	assert_true(reply_has("Connection: close"));
	assert_true(send_text(idle, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
	receive(idle, reply, sizeof(reply), NULL);
	assert_int_equal(status_of(reply), 200);
	close(half);
	close(idle);
	write_config("{}\n");
	assert_int_equal(http_server_reload(server, &error), 0);
	assert_int_equal(ask(server, GET("/metrics")), 200);
	http_server_close(server);
}

/* A bcrypt that began before the reload is answered by the rules of before. */
static void test_reload_during_bcrypt(void **state)
{
	struct http_server *server;
	int fds[20];

	(void)state;
	write_config("basic_auth_users:\n  dear: %s\n", hash_hunter2);
	server = start_with_config();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = connect_to(server);
		assert_true(send_text(fds[i],
				      "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
				      "Authorization: " EVE_SECRET "\r\n\r\n"));
	}
	receive(fds[0], reply, sizeof(reply), NULL);
	for (int i = 0; i < 10; i++)
		assert_int_equal(http_server_reload(server, &error), 0);
	for (size_t i = 1; i < ARRAY_SIZE(fds); i++) {
		receive(fds[i], reply, sizeof(reply), NULL);
		assert_int_equal(status_of(reply), 401);
		close(fds[i]);
	}
	close(fds[0]);
	http_server_close(server);
}

static void test_reload_without_config(void **state)
{
	struct http_server *server = start_server((struct http_server_options){ 0 });

	(void)state;
	assert_false(http_server_config_changed(server));
	assert_int_equal(http_server_reload(server, &error), 0);
	assert_int_equal(ask(server, GET("/metrics")), 200);
	http_server_close(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reload_certificate),
		cmocka_unit_test(test_expired_certificate),
		cmocka_unit_test(test_reload_broken),
		cmocka_unit_test(test_reload_with_open_connections),
		cmocka_unit_test(test_reload_during_bcrypt),
		cmocka_unit_test(test_reload_without_config),
	};

	return cmocka_run_group_tests_name("web_reload", tests, set_up_certificates, tear_down);
}
