// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_web_listen.c: http/listen.c: the sockets of an address, and their URLs.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/http_listen.h"

static struct error error;

static void add(struct http_listeners *listeners, const char *address)
{
	if (http_listeners_add_address(listeners, address, &error))
		fail_msg("%s", error.text);
}

static int option_of(int fd, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, option, &value, &len), 0);
	return value;
}

static void test_sockets(void **state)
{
	static const char *const addresses[] = { "127.0.0.1:0", ":0", "localhost:0" };
	struct http_listeners listeners = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		add(&listeners, addresses[i]);
	assert_int_equal(listeners.nr, 3);
	for (size_t i = 0; i < listeners.nr; i++) {
		int fd = listeners.all[i].fd;

		assert_int_equal(option_of(fd, SO_ACCEPTCONN), 1);
		assert_int_equal(option_of(fd, SO_TYPE), SOCK_STREAM);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	http_listeners_close(&listeners);
	assert_int_equal(listeners.nr, 0);
	assert_null(listeners.all);
}

static void test_urls(void **state)
{
	struct http_listeners listeners = { 0 };
	struct sockaddr_in bound;
	socklen_t len = sizeof(bound);
	char url[64];

	(void)state;
	add(&listeners, "127.0.0.1:0");
	assert_int_equal(getsockname(listeners.all[0].fd, (struct sockaddr *)&bound, &len), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", ntohs(bound.sin_port));
	assert_string_equal(listeners.all[0].url, url);
	snprintf(url, sizeof(url), "https://127.0.0.1:%u", ntohs(bound.sin_port));
	assert_string_equal(listeners.all[0].tls_url, url);
	http_listeners_close(&listeners);
}

/* What is bound before an error stays, for the caller to close. */
static void test_error_keeps_others(void **state)
{
	struct http_listeners listeners = { 0 };
	const char *port;
	char address[64];

	(void)state;
	add(&listeners, "127.0.0.1:0");
	port = strrchr(listeners.all[0].url, ':');
	snprintf(address, sizeof(address), "127.0.0.1%s", port);
	assert_int_equal(http_listeners_add_address(&listeners, address, &error), -EADDRINUSE);
	assert_int_equal(error.code, -EADDRINUSE);
	assert_non_null(strstr(error.text, address));
	assert_int_equal(http_listeners_add_address(&listeners, "127.0.0.1:x", &error), -EINVAL);
	assert_non_null(strstr(error.text, "expected host:port"));
	assert_int_equal(listeners.nr, 1);
	http_listeners_close(&listeners);
}

/* The descriptors of systemd are taken only when they are listening TCP sockets. */
static void test_not_a_socket(void **state)
{
	struct http_listeners listeners = { 0 };
	char pid[32];
	int saved = dup(3);

	(void)state;
	assert_int_equal(dup2(STDERR_FILENO, 3), 3);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	assert_int_equal(http_listeners_add_systemd(&listeners, &error), -EINVAL);
	assert_non_null(strstr(error.text, "no listening TCP socket: 3"));
	assert_int_equal(listeners.nr, 0);
	/* It is closed, and the variables are gone. */
	assert_int_equal(fcntl(3, F_GETFD), -1);
	assert_null(getenv("LISTEN_FDS"));
	if (saved >= 0) {
		dup2(saved, 3);
		close(saved);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_error_keeps_others),
		cmocka_unit_test(test_not_a_socket),
	};

	return cmocka_run_group_tests_name("web_listen", tests, NULL, NULL);
}
