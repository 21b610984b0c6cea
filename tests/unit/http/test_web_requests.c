// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_web_requests.c: which requests the HTTP server answers and how, and its limits: slow,
 * many and wrong clients.
 */
#include "http_client.h"

/* --- HTTP */

static void test_routes(void **state)
{
	struct http_server *server = start_server((struct http_server_options){ 0 });

	(void)state;
	assert_int_equal(ask(server, "GET /metrics?x=y HTTP/1.1\r\nHost: x\r\nAccept: a/b\r\n"
				     "Accept-Encoding: gzip\r\nConnection: close\r\n\r\n"),
			 200);
	assert_string_equal(reply_body(), "accept=a/b encoding=gzip\n");
	assert_true(reply_has("Content-Type: text/x-test\r\n"));
	assert_true(reply_has("Content-Encoding: x-none\r\n"));
	assert_true(reply_has("Content-Length: 25\r\n"));
	assert_int_equal(ask(server, "GET /metrics HTTP/1.0\r\n\r\n"), 200);
	assert_string_equal(reply_body(), "accept=none encoding=none\n");
	assert_int_equal(ask(server, GET("/ready")), 503);
	assert_string_equal(reply_body(), "");
	assert_int_equal(ask(server, GET("/")), 404);
	assert_int_equal(ask(server, GET("/metrics/")), 404);
	assert_int_equal(ask(server, GET("/metrics%00")), 404);
	assert_int_equal(ask(server, GET("/%6detrics")), 404);
	assert_int_equal(count_answers(server, 200), 2);
	assert_int_equal(count_answers(server, 404), 4);
	assert_int_equal(count_answers(server, 503), 1);
	assert_int_equal(count_answers(server, 401), 0);
	http_server_close(server);
}

static void test_head(void **state)
{
	struct http_server *server = start_server((struct http_server_options){ 0 });

	(void)state;
	assert_int_equal(
		ask(server, "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 200);
	assert_true(reply_has("Content-Length: 26\r\n"));
	assert_string_equal(reply_body(), "");
	assert_int_equal(ask(server, "HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
			 404);
	assert_string_equal(reply_body(), "");
	http_server_close(server);
}

static void test_other_methods(void **state)
{
	static const char *const methods[] = { "POST",  "PUT",     "DELETE", "OPTIONS",
					       "TRACE", "CONNECT", "PATCH",  "get" };
	struct http_server *server = start_server((struct http_server_options){ 0 });

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		char request[256];

		snprintf(request, sizeof(request),
			 "%s /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			 methods[i]);
		if (ask(server, request) != 405)
			fail_msg("%s: %s", methods[i], reply);
		assert_true(reply_has("Allow: GET, HEAD\r\n"));
	}
	assert_int_equal(
		ask(server, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
		405);
	assert_int_equal(
		ask(server, "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
		413);
	assert_int_equal(
		ask(server, "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"),
		413);
	http_server_close(server);
}

static void test_one_connection_many_requests(void **state)
{
	struct http_server *server = start_server((struct http_server_options){ 0 });
	int fd = connect_to(server);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(send_text(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
		receive(fd, reply, sizeof(reply), "encoding=none\n");
		assert_int_equal(status_of(reply), 200);
	}
	/* All at once. */
	assert_true(send_text(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
				  "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n" GET("/x")));
	receive(fd, reply, sizeof(reply), NULL);
	assert_true(reply_has("404 Not Found"));
	assert_int_equal(count_answers(server, 200), 5);
	close(fd);
	http_server_close(server);
}

static void test_garbage(void **state)
{
	static const struct {
		const char *text;
		int status; /* 0: closed without an answer */
	} cases[] = {
		{ "GARBAGE\r\n\r\n", 0 },
		{ "\x16\x03\x01\x02\x01\xfc\x03\x03\r\n\r\n", 0 },
		{ "GET /metrics\r\n\r\n", 400 },
		{ "GET /metrics HTTP/1.1\r\n\r\n", 400 }, /* no Host */
		{ "GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505 },
		{ "GET /metrics HTTP/1.1\r\nHost x\r\n\r\n", 400 },
		{ "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400 },
		{ "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9x\r\n\r\n", 400 },
	};
	struct http_server *server = start_server((struct http_server_options){ 0 });
	uint32_t random = 1;
	char noise[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (ask(server, cases[i].text) != cases[i].status)
			fail_msg("case %zu: %s", i, reply);
	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(noise); i++) {
			random = random * 1103515245 + 12345;
			noise[i] = (char)(random >> 16);
		}
		memcpy(noise + sizeof(noise) - 4, "\r\n\r\n", 4);
		if (ask_bytes(server, noise, sizeof(noise)) == 200)
			fail_msg("noise is answered: %s", reply);
	}
	assert_int_equal(ask(server, GET("/metrics")), 200);
	http_server_close(server);
}

static void test_oversized(void **state)
{
	static const char *const starts[] = { "GET /metrics HTTP/1.1\r\nHost: x\r\nX: ", "GET /" };
	static const int statuses[] = { 431, 414 };
	struct http_server *server = start_server((struct http_server_options){ 0 });
	char *request = malloc(60000);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		memset(request, 'a', 60000);
		memcpy(request, starts[i], strlen(starts[i]));
		if (ask_bytes(server, request, 60000) != statuses[i])
			fail_msg("%d", status_of(reply));
	}
	/* What a browser sends with many cookies still fits. */
	snprintf(request, 60000,
		 "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: %08000d\r\n\r\n", 0);
	assert_int_equal(ask(server, request), 200);
	free(request);
	http_server_close(server);
}

/* --- limits */

static void test_many_at_once(void **state)
{
	struct http_server *server = start_server((struct http_server_options){ 0 });
	int fds[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = connect_to(server);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		assert_true(send_text(fds[i], GET("/metrics")));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		receive(fds[i], reply, sizeof(reply), NULL);
		assert_int_equal(status_of(reply), 200);
		close(fds[i]);
	}
	assert_int_equal(count_answers(server, 200), ARRAY_SIZE(fds));
	http_server_close(server);
}

static void test_slow_header(void **state)
{
	struct http_server *server = start_server((struct http_server_options){ .header_ms = 400 });
	int drips = connect_to(server), says_nothing = connect_to(server);
	uint64_t took;

	(void)state;
	assert_true(send_text(drips, "GET /metrics HTTP/1.1\r\nHost: x\r\nX: "));
	/* Nobody is held up by it. */
	assert_int_equal(ask(server, GET("/metrics")), 200);
	took = drip(drips, "a");
	assert_in_range(took, 200, 5000);
	assert_int_equal(recv(drips, reply, sizeof(reply), 0), 0);
	assert_true(can_read(says_nothing, 5000));
	assert_int_equal(recv(says_nothing, reply, sizeof(reply), 0), 0);
	close(drips);
	close(says_nothing);
	http_server_close(server);
}

/* The second request has a deadline as well. */
static void test_slow_second_header(void **state)
{
	struct http_server *server = start_server((struct http_server_options){ .idle_ms = 400 });
	int fd = connect_to(server);

	(void)state;
	assert_true(send_text(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
	receive(fd, reply, sizeof(reply), "encoding=none\n");
	assert_true(send_text(fd, "GET /metrics HTTP/1.1\r\n"));
	assert_in_range(drip(fd, "X: y\r\n"), 200, 5000);
	close(fd);
	http_server_close(server);
}

/* A client that does not read its answer. */
static void test_slow_reader(void **state)
{
	struct http_server *server = start_server((struct http_server_options){ .answer_ms = 400 });
	char *text = malloc(BIG + 4096);
	uint64_t begin = now_ms();
	int fd = connect_to(server);

	(void)state;
	assert_true(send_text(fd, GET("/big")));
	/* Enough for the deadline; another client in between is answered. */
	while (now_ms() - begin < 1500)
		assert_int_equal(ask(server, GET("/metrics")), 200);
	assert_true(receive(fd, text, BIG + 4096, NULL) < BIG);
	close(fd);
	/* Who reads gets all of it. */
	fd = connect_to(server);
	assert_true(send_text(fd, GET("/big")));
	assert_true(receive(fd, text, BIG + 4096, NULL) > BIG);
	close(fd);
	free(text);
	http_server_close(server);
}

/* Memory of answers is bounded, however many want one and do not read it. */
static void test_many_slow_readers(void **state)
{
	struct http_server *server =
		start_server((struct http_server_options){ .answer_ms = 1000 });
	uint64_t begin = now_ms();
	int fds[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = connect_to(server);
		assert_true(send_text(fds[i], GET("/big")));
	}
	while (count_answers(server, 200) + count_answers(server, 503) < ARRAY_SIZE(fds))
		assert_true(now_ms() - begin < LIMIT_MS);
	assert_in_range(count_answers(server, 503), 4, ARRAY_SIZE(fds));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	while (ask(server, GET("/big")) != 200)
		assert_true(now_ms() - begin < LIMIT_MS);
	http_server_close(server);
}

/* Connections that ask nothing do not keep those out that ask. */
static void test_full(void **state)
{
	struct http_server *server =
		start_server((struct http_server_options){ .max_connections = 16 });
	int fds[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = connect_to(server);
		if (i % 10 == 0)
			assert_int_equal(ask(server, GET("/metrics")), 200);
	}
	assert_int_equal(ask(server, GET("/metrics")), 200);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	http_server_close(server);
}

static void test_close_with_connections(void **state)
{
	struct http_server *server = start_server((struct http_server_options){ 0 });
	int fds[20];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = connect_to(server);
		if (i & 1)
			send_text(fds[i], GET("/big"));
	}
	http_server_close(server);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_other_methods),
		cmocka_unit_test(test_one_connection_many_requests),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_oversized),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_slow_header),
		cmocka_unit_test(test_slow_second_header),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_many_slow_readers),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_close_with_connections),
	};

	return cmocka_run_group_tests_name("web_requests", tests, set_up, tear_down);
}
