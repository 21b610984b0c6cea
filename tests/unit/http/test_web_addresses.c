// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_web_addresses.c: addresses of --web.listen-address, and sockets from systemd.
 */
#include "http_client.h"

/* --- addresses */

static bool have_ipv6(void)
{
	const struct sockaddr_in6 loopback = { .sin6_family = AF_INET6,
					       .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool ok = fd >= 0 && bind(fd, (const struct sockaddr *)&loopback, sizeof(loopback)) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

static void test_addresses(void **state)
{
	static const char *const addresses[] = { "127.0.0.1:0", "localhost:0", ":0", "[::1]:0" };
	size_t nr = have_ipv6() ? 4 : 3;
	struct http_server *server = start_server(
		(struct http_server_options){ .addresses = addresses, .nr_addresses = nr });

	(void)state;
	for (size_t i = 0; i < nr; i++) {
		assert_non_null(http_server_url(server, i));
		assert_int_not_equal(port_of(server, i), 0);
		assert_int_equal(run_shell("curl -sSg --noproxy '*' --max-time 10 %s/metrics 2>&1",
					   http_server_url(server, i)),
				 0);
		assert_true(reply_has("accept="));
	}
	assert_null(http_server_url(server, nr));
	assert_int_equal(strncmp(http_server_url(server, 0), "http://127.0.0.1:", 17), 0);
	/* All addresses of the machine, of both families. */
	assert_int_equal(run_shell("curl -sS --noproxy '*' http://127.0.0.1:%u/metrics 2>&1",
				   port_of(server, 2)),
			 0);
	if (nr == 4) {
		assert_int_equal(strncmp(http_server_url(server, 2), "http://[::]:", 12), 0);
		assert_int_equal(strncmp(http_server_url(server, 3), "http://[::1]:", 13), 0);
		assert_int_equal(run_shell("curl -sSg --noproxy '*' http://[::1]:%u/metrics 2>&1",
					   port_of(server, 2)),
				 0);
	}
	http_server_close(server);
}

static void test_bad_addresses(void **state)
{
	static const char *const bad[] = {
		"",
		"10240",
		"localhost",
		"127.0.0.1:",
		":65536",
		":x",
		":-1",
		": 80",
		"[]:80",
		"::1:80",
		":80x",
		"[::1]",
		"[::1:80",
		"300.1.1.1:0",
		"no.such.invalid:0",
		"http://127.0.0.1:0",
		":http",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct http_server_options options = { .addresses = &bad[i],
							     .nr_addresses = 1 };
		struct http_server *server;

		*error.text = '\0';
		if (http_server_open(&server, &options, &error) != -EINVAL)
			fail_msg("'%s' is not refused: %s", bad[i], error.text);
		assert_non_null(strstr(error.text, "cannot listen on"));
	}
}

static void test_address_in_use(void **state)
{
	struct http_server *server = start_server((struct http_server_options){ 0 }), *other;
	const char *address = strrchr(http_server_url(server, 0), '/') + 1;
	const struct http_server_options options = { .addresses = &address, .nr_addresses = 1 };

	(void)state;
	assert_int_equal(http_server_open(&other, &options, &error), -EADDRINUSE);
	assert_non_null(strstr(error.text, address));
	http_server_close(server);
}

/* In a child, as it is for systemd to say who shall take the sockets. */
static int listen_as_service(int nr)
{
	const struct http_server_options options = { .systemd_socket = true };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct http_server *server;
	char text[32];

	if (listen(fd, 5) < 0)
		return 10;
	dup2(fd, 3);
	if (nr) {
		snprintf(text, sizeof(text), "%d", getpid());
		setenv("LISTEN_PID", text, 1);
		setenv("LISTEN_FDS", "1", 1);
	}
	if (http_server_open(&server, &options, &error))
		return strstr(error.text, "systemd passed no socket") ? 1 : 11;
	if (!http_server_url(server, 0) || http_server_url(server, 1) || port_of(server, 0) == 0)
		return 12;
	http_server_close(server);
	return 0;
}

static void test_systemd_socket(void **state)
{
	(void)state;
	for (int nr = 0; nr < 2; nr++) {
		int status;
		pid_t child = fork();

		if (!child)
			_exit(listen_as_service(nr));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), nr == 0 ? 1 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_address_in_use),
		cmocka_unit_test(test_systemd_socket),
	};

	return cmocka_run_group_tests_name("web_addresses", tests, set_up, tear_down);
}
