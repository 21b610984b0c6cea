// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_web.c: the HTTP server on loopback, with made-up pages: what it answers, and
 * what slow, many and wrong clients can do to it. Plain clients are sockets, those
 * with TLS are curl; certificates are made by openssl in a temporary folder.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <crypt.h>

#include "http/http.h"
#include "http/http_auth.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

#define BIG       (16 << 20)
#define LIMIT_MS  20000 /* more than anything may take here */

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static char folder[] = "/tmp/pfstat-test-XXXXXX";
static struct error error;
static char *big;

/* --- pages */

static void get_metrics(void *arg, const struct http_request *request,
			struct http_response *response)
{
	static char text[256];

	(void)arg;
	snprintf(text, sizeof(text), "accept=%s encoding=%s\n",
		 request->accept ? request->accept : "none",
		 request->accept_encoding ? request->accept_encoding : "none");
	response->status = 200;
	response->content_type = "text/x-test";
	response->content_encoding = "x-none";
	response->body = text;
	response->len = strlen(text);
}

static void get_big(void *arg, const struct http_request *request, struct http_response *response)
{
	(void)arg;
	(void)request;
	response->status = 200;
	response->body = big;
	response->len = BIG;
}

static void get_ready(void *arg, const struct http_request *request, struct http_response *response)
{
	(void)arg;
	(void)request;
	response->status = 503;
}

static const struct http_page pages[] = {
	{ "/metrics", get_metrics, false },
	{ "/big", get_big, false },
	{ "/open", get_metrics, true },
	{ "/ready", get_ready, false },
};

static struct http_server *start(struct http_server_options options)
{
	static const char *const addresses[] = { "127.0.0.1:0" };
	struct http_server *server;

	options.pages = pages;
	options.nr_pages = NR(pages);
	if (!options.nr_addresses) {
		options.addresses = addresses;
		options.nr_addresses = 1;
	}
	if (http_server_open(&server, &options, &error) || http_server_start(server, &error))
		fail_msg("%s", error.text);
	return server;
}

static unsigned int port_of(const struct http_server *server, size_t i)
{
	return (unsigned int)atoi(strrchr(http_server_url(server, i), ':') + 1);
}

/* --- plain clients */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int dial(const struct http_server *server)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port_of(server, 0)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static bool say_bytes(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static bool say(int fd, const char *text)
{
	return say_bytes(fd, text, strlen(text));
}

/* false: nothing came within ms. */
static bool can_read(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* What comes until the end, or until text has stop in it; closes at the end. */
static size_t hear(int fd, char *text, size_t len, const char *stop)
{
	size_t used = 0;

	for (;;) {
		ssize_t n;

		text[used] = '\0';
		if (stop && strstr(text, stop))
			return used;
		if (!can_read(fd, LIMIT_MS))
			fail_msg("no answer, no end: '%s'", text);
		n = used + 1 < len ? recv(fd, text + used, len - used - 1, 0) : 0;
		if (n <= 0)
			return used;
		used += (size_t)n;
	}
}

static char reply[65536];

/* The status of the reply; 0: the connection was closed without one. */
static int status_of(const char *text)
{
	int status = 0;

	sscanf(text, "HTTP/1.%*d %d", &status);
	return status;
}

static int ask_bytes(const struct http_server *server, const char *request, size_t len)
{
	int fd = dial(server);

	say_bytes(fd, request, len);
	hear(fd, reply, sizeof(reply), NULL);
	close(fd);
	return status_of(reply);
}

static int ask(const struct http_server *server, const char *request)
{
	return ask_bytes(server, request, strlen(request));
}

static bool has(const char *text)
{
	return strstr(reply, text) != NULL;
}

static const char *body(void)
{
	const char *end = strstr(reply, "\r\n\r\n");

	return end ? end + 4 : "";
}

static unsigned long long count(const struct http_server *server, unsigned int status)
{
	struct http_status_count rows[16];
	size_t nr = http_server_requests(server, rows, NR(rows));

	for (size_t i = 0; i < nr; i++)
		if (rows[i].status == status)
			return rows[i].count;
	return 0;
}

/* --- HTTP */

static void test_routes(void **state)
{
	struct http_server *server = start((struct http_server_options){ 0 });

	(void)state;
	assert_int_equal(ask(server, "GET /metrics?x=y HTTP/1.1\r\nHost: x\r\nAccept: a/b\r\n"
				     "Accept-Encoding: gzip\r\nConnection: close\r\n\r\n"),
			 200);
	assert_string_equal(body(), "accept=a/b encoding=gzip\n");
	assert_true(has("Content-Type: text/x-test\r\n"));
	assert_true(has("Content-Encoding: x-none\r\n"));
	assert_true(has("Content-Length: 25\r\n"));
	assert_int_equal(ask(server, "GET /metrics HTTP/1.0\r\n\r\n"), 200);
	assert_string_equal(body(), "accept=none encoding=none\n");
	assert_int_equal(ask(server, GET("/ready")), 503);
	assert_string_equal(body(), "");
	assert_int_equal(ask(server, GET("/")), 404);
	assert_int_equal(ask(server, GET("/metrics/")), 404);
	assert_int_equal(ask(server, GET("/metrics%00")), 404);
	assert_int_equal(ask(server, GET("/%6detrics")), 404);
	assert_int_equal(count(server, 200), 2);
	assert_int_equal(count(server, 404), 4);
	assert_int_equal(count(server, 503), 1);
	assert_int_equal(count(server, 401), 0);
	http_server_close(server);
}

static void test_head(void **state)
{
	struct http_server *server = start((struct http_server_options){ 0 });

	(void)state;
	assert_int_equal(
		ask(server, "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 200);
	assert_true(has("Content-Length: 26\r\n"));
	assert_string_equal(body(), "");
	assert_int_equal(ask(server, "HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
			 404);
	assert_string_equal(body(), "");
	http_server_close(server);
}

static void test_other_methods(void **state)
{
	static const char *const methods[] = { "POST",  "PUT",     "DELETE", "OPTIONS",
					       "TRACE", "CONNECT", "PATCH",  "get" };
	struct http_server *server = start((struct http_server_options){ 0 });

	(void)state;
	for (size_t i = 0; i < NR(methods); i++) {
		char request[256];

		snprintf(request, sizeof(request),
			 "%s /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			 methods[i]);
		if (ask(server, request) != 405)
			fail_msg("%s: %s", methods[i], reply);
		assert_true(has("Allow: GET, HEAD\r\n"));
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
	struct http_server *server = start((struct http_server_options){ 0 });
	int fd = dial(server);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(say(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
		hear(fd, reply, sizeof(reply), "encoding=none\n");
		assert_int_equal(status_of(reply), 200);
	}
	/* All at once. */
	assert_true(say(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
			    "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n" GET("/x")));
	hear(fd, reply, sizeof(reply), NULL);
	assert_true(has("404 Not Found"));
	assert_int_equal(count(server, 200), 5);
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
	struct http_server *server = start((struct http_server_options){ 0 });
	uint32_t random = 1;
	char noise[512];

	(void)state;
	for (size_t i = 0; i < NR(cases); i++)
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
	struct http_server *server = start((struct http_server_options){ 0 });
	char *request = malloc(60000);

	(void)state;
	for (size_t i = 0; i < NR(starts); i++) {
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
	struct http_server *server = start((struct http_server_options){ 0 });
	int fds[200];

	(void)state;
	for (size_t i = 0; i < NR(fds); i++)
		fds[i] = dial(server);
	for (size_t i = 0; i < NR(fds); i++)
		assert_true(say(fds[i], GET("/metrics")));
	for (size_t i = 0; i < NR(fds); i++) {
		hear(fds[i], reply, sizeof(reply), NULL);
		assert_int_equal(status_of(reply), 200);
		close(fds[i]);
	}
	assert_int_equal(count(server, 200), NR(fds));
	http_server_close(server);
}

/* Drips text until the server ends the connection; returns after how many ms it did. */
static uint64_t drip(int fd, const char *text)
{
	uint64_t begin = now_ms();

	while (!can_read(fd, 20)) {
		say(fd, text);
		if (now_ms() - begin > LIMIT_MS)
			fail_msg("the server listens for ever");
	}
	return now_ms() - begin;
}

static void test_slow_header(void **state)
{
	struct http_server *server = start((struct http_server_options){ .header_ms = 400 });
	int drips = dial(server), says_nothing = dial(server);
	uint64_t took;

	(void)state;
	assert_true(say(drips, "GET /metrics HTTP/1.1\r\nHost: x\r\nX: "));
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
	struct http_server *server = start((struct http_server_options){ .idle_ms = 400 });
	int fd = dial(server);

	(void)state;
	assert_true(say(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
	hear(fd, reply, sizeof(reply), "encoding=none\n");
	assert_true(say(fd, "GET /metrics HTTP/1.1\r\n"));
	assert_in_range(drip(fd, "X: y\r\n"), 200, 5000);
	close(fd);
	http_server_close(server);
}

/* A client that does not read its answer. */
static void test_slow_reader(void **state)
{
	struct http_server *server = start((struct http_server_options){ .answer_ms = 400 });
	char *text = malloc(BIG + 4096);
	uint64_t begin = now_ms();
	int fd = dial(server);

	(void)state;
	assert_true(say(fd, GET("/big")));
	/* Enough for the deadline; another client in between is answered. */
	while (now_ms() - begin < 1500)
		assert_int_equal(ask(server, GET("/metrics")), 200);
	assert_true(hear(fd, text, BIG + 4096, NULL) < BIG);
	close(fd);
	/* Who reads gets all of it. */
	fd = dial(server);
	assert_true(say(fd, GET("/big")));
	assert_true(hear(fd, text, BIG + 4096, NULL) > BIG);
	close(fd);
	free(text);
	http_server_close(server);
}

/* Memory of answers is bounded, however many want one and do not read it. */
static void test_many_slow_readers(void **state)
{
	struct http_server *server = start((struct http_server_options){ .answer_ms = 1000 });
	uint64_t begin = now_ms();
	int fds[8];

	(void)state;
	for (size_t i = 0; i < NR(fds); i++) {
		fds[i] = dial(server);
		assert_true(say(fds[i], GET("/big")));
	}
	while (count(server, 200) + count(server, 503) < NR(fds))
		assert_true(now_ms() - begin < LIMIT_MS);
	assert_in_range(count(server, 503), 4, NR(fds));
	for (size_t i = 0; i < NR(fds); i++)
		close(fds[i]);
	while (ask(server, GET("/big")) != 200)
		assert_true(now_ms() - begin < LIMIT_MS);
	http_server_close(server);
}

/* Connections that ask nothing do not keep those out that ask. */
static void test_full(void **state)
{
	struct http_server *server = start((struct http_server_options){ .max_connections = 16 });
	int fds[100];

	(void)state;
	for (size_t i = 0; i < NR(fds); i++) {
		fds[i] = dial(server);
		if (i % 10 == 0)
			assert_int_equal(ask(server, GET("/metrics")), 200);
	}
	assert_int_equal(ask(server, GET("/metrics")), 200);
	for (size_t i = 0; i < NR(fds); i++)
		close(fds[i]);
	http_server_close(server);
}

static void test_close_with_connections(void **state)
{
	struct http_server *server = start((struct http_server_options){ 0 });
	int fds[20];

	(void)state;
	for (size_t i = 0; i < NR(fds); i++) {
		fds[i] = dial(server);
		if (i & 1)
			say(fds[i], GET("/big"));
	}
	http_server_close(server);
	for (size_t i = 0; i < NR(fds); i++)
		close(fds[i]);
}

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

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A command of the shell; its output is in reply. Its exit status. */
static int run(const char *format, ...)
{
	char command[2048];
	va_list args;
	size_t len;
	FILE *f;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	f = popen(command, "r");
	assert_non_null(f);
	len = fread(reply, 1, sizeof(reply) - 1, f);
	reply[len] = '\0';
	return WEXITSTATUS(pclose(f));
}

static void test_addresses(void **state)
{
	static const char *const addresses[] = { "127.0.0.1:0", "localhost:0", ":0", "[::1]:0" };
	size_t nr = have_ipv6() ? 4 : 3;
	struct http_server *server =
		start((struct http_server_options){ .addresses = addresses, .nr_addresses = nr });

	(void)state;
	for (size_t i = 0; i < nr; i++) {
		assert_non_null(http_server_url(server, i));
		assert_int_not_equal(port_of(server, i), 0);
		assert_int_equal(run("curl -sSg --noproxy '*' --max-time 10 %s/metrics 2>&1",
				     http_server_url(server, i)),
				 0);
		assert_true(has("accept="));
	}
	assert_null(http_server_url(server, nr));
	assert_int_equal(strncmp(http_server_url(server, 0), "http://127.0.0.1:", 17), 0);
	/* All addresses of the machine, of both families. */
	assert_int_equal(
		run("curl -sS --noproxy '*' http://127.0.0.1:%u/metrics 2>&1", port_of(server, 2)),
		0);
	if (nr == 4) {
		assert_int_equal(strncmp(http_server_url(server, 2), "http://[::]:", 12), 0);
		assert_int_equal(strncmp(http_server_url(server, 3), "http://[::1]:", 13), 0);
		assert_int_equal(run("curl -sSg --noproxy '*' http://[::1]:%u/metrics 2>&1",
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
	for (size_t i = 0; i < NR(bad); i++) {
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
	struct http_server *server = start((struct http_server_options){ 0 }), *other;
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

/* --- a config file */

static char config_path[64];

static void write_config(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Another file in its place, as an editor does. */
static void write_config(const char *format, ...)
{
	char temporary[80];
	va_list args;
	FILE *f;

	snprintf(temporary, sizeof(temporary), "%s.new", config_path);
	f = fopen(temporary, "w");
	assert_non_null(f);
	va_start(args, format);
	vfprintf(f, format, args);
	va_end(args);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(temporary, config_path), 0);
}

static struct http_server *start_with_config(void)
{
	return start((struct http_server_options){ .config_file = config_path });
}

/* bcrypt of "secret" (cost 4) and of "hunter2" (cost 8). */
static char hash_secret[80], hash_hunter2[80];

/* "Basic ..." of base64. */
static int ask_as(const struct http_server *server, const char *path, const char *authorization)
{
	char request[2048];

	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: %s\r\n\r\n",
		 path, authorization);
	return ask(server, request);
}

#define BOB_SECRET "Basic Ym9iOnNlY3JldA=="
#define BOB_WRONG  "Basic Ym9iOndyb25n"
#define EVE_SECRET "Basic ZXZlOnNlY3JldA=="

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
	assert_true(has("WWW-Authenticate: Basic\r\n"));
	assert_true(has("X-Frame-Options: deny\r\n"));
	/* Without a password nobody learns which pages there are. */
	assert_int_equal(ask(server, GET("/nothing")), 401);
	assert_int_equal(ask(server, GET("/open")), 200);
	for (size_t i = 0; i < NR(refused); i++)
		if (ask_as(server, "/metrics", refused[i]) != 401)
			fail_msg("%s: %s", refused[i], reply);
	assert_int_equal(ask_as(server, "/metrics", BOB_SECRET), 200);
	assert_int_equal(ask_as(server, "/metrics", "bAsIc  Ym9iOnNlY3JldA=="), 200);
	assert_int_equal(ask_as(server, "/nothing", BOB_SECRET), 404);
	assert_int_equal(ask_as(server, "/metrics", BOB_WRONG), 401);
	/* On one connection, with a bcrypt in between. */
	assert_int_equal(run("curl -sS -o /dev/null -o /dev/null -u bob:wrong "
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
	unsigned long long before = http_users_bcrypts(users);
	struct http_credentials c;

	parse_pair(&c, header);
	assert_int_equal(http_users_verify(users, &c), right);
	http_credentials_free(&c);
	return http_users_bcrypts(users) - before;
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

	(void)state;
	assert_non_null(users);
	memset(password, 'a', sizeof(password));
	password[sizeof(password) - 1] = '\0';
	c.password = password;
	c.password_len = strlen(password);
	assert_false(http_users_verify(users, &c));
	assert_int_equal(http_users_bcrypts(users), 1);
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
	for (size_t i = 0; i < NR(fds); i++) {
		fds[i] = dial(server);
		assert_true(say(fds[i], "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
					"Authorization: " EVE_SECRET "\r\n\r\n"));
	}
	/* Who was right before is not held up: not by a single bcrypt of those. */
	assert_int_equal(ask_as(server, "/metrics", BOB_SECRET), 200);
	assert_true(count(server, 401) < 60);
	for (size_t i = 0; i < NR(fds); i++) {
		hear(fds[i], reply, sizeof(reply), NULL);
		nr_401 += status_of(reply) == 401;
		nr_503 += status_of(reply) == 503;
		close(fds[i]);
	}
	assert_int_equal(nr_401 + nr_503, NR(fds));
	assert_in_range(nr_401, 64, NR(fds) - 1);
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
	for (size_t i = 0; i < NR(fds); i++) {
		fds[i] = dial(server);
		assert_true(say(fds[i], "GET /metrics HTTP/1.1\r\nHost: x\r\n"
					"Authorization: " EVE_SECRET "\r\n\r\n"));
	}
	hear(fds[0], reply, sizeof(reply), "401");
	begin = now_ms();
	http_server_close(server);
	assert_true(now_ms() - begin < 5000);
	for (size_t i = 0; i < NR(fds); i++)
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

/* curl to the first address: "200", or "000" when there was no answer. */
static const char *curl(const struct http_server *server, const char *arguments)
{
	run("cd %s && curl -sS --noproxy '*' --max-time 10 --cacert %s %s -o /dev/null "
	    "-w '%%{http_code}' https://localhost:%u/metrics 2>/dev/null",
	    folder, strstr(arguments, "--cacert") ? "/dev/null" : "server.crt", arguments,
	    port_of(server, 0));
	return reply;
}

#define TLS_PAIR "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"

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
	server =
		start((struct http_server_options){ .config_file = config_path, .header_ms = 400 });
	fd = dial(server);
	assert_true(say_bytes(fd, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
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
	for (size_t i = 0; i < NR(clients); i++) {
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
	for (size_t i = 0; i < NR(cases); i++) {
		const struct http_server_options options = { .config_file = config_path };
		struct http_server *server;

		write_config("tls_server_config:\n%s", cases[i].config);
		if (http_server_open(&server, &options, &error) >= 0 ||
		    !strstr(error.text, cases[i].what))
			fail_msg("'%s' should have '%s'", error.text, cases[i].what);
	}
}

/* --- reload */

static void test_reload_certificate(void **state)
{
	struct http_server *server;

	(void)state;
	run("cd %s && cp server.crt live.crt && cp server.key live.key", folder);
	write_config("tls_server_config:\n  cert_file: live.crt\n  key_file: live.key\n");
	server = start_with_config();
	assert_false(http_server_config_changed(server));
	assert_string_equal(curl(server, ""), "200");
	/* The certificate first: as long as the key is another, the old pair stays. */
	run("cd %s && cp second.crt live.crt", folder);
	assert_true(http_server_config_changed(server));
	assert_int_equal(http_server_reload(server, &error), -EINVAL);
	assert_false(http_server_config_changed(server));
	assert_string_equal(curl(server, ""), "200");
	run("cd %s && cp second.key live.key", folder);
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
	run("cd %s && cp stale.crt live.crt && cp stale.key live.key", folder);
	write_config("tls_server_config:\n  cert_file: live.crt\n  key_file: live.key\n");
	server = start_with_config();
	assert_string_equal(curl(server, "--cacert ca.crt"), "000");
	assert_string_equal(curl(server, "-k"), "200");
	run("cd %s && cp noclient.crt live.crt && cp noclient.key live.key", folder);
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
	half = dial(server);
	assert_true(say(half, "GET /metrics HTTP/1.1\r\nHost: x\r\n"));
	idle = dial(server);
	assert_true(say(idle, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
	hear(idle, reply, sizeof(reply), "encoding=none\n");
	assert_false(has("Connection: close"));
	/* From plain HTTP to TLS and back. */
	write_config(TLS_PAIR);
	assert_int_equal(http_server_reload(server, &error), 0);
	assert_int_equal(strncmp(http_server_url(server, 0), "https:", 6), 0);
	assert_string_equal(curl(server, ""), "200");
	assert_int_equal(ask(server, GET("/metrics")), 0);
	/* Those of before get an answer, and are asked to come again. */
	assert_true(say(half, "\r\n"));
	hear(half, reply, sizeof(reply), NULL);
	assert_int_equal(status_of(reply), 200);
	assert_true(has("Connection: close"));
	assert_true(say(idle, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
	hear(idle, reply, sizeof(reply), NULL);
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
	for (size_t i = 0; i < NR(fds); i++) {
		fds[i] = dial(server);
		assert_true(say(fds[i], "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
					"Authorization: " EVE_SECRET "\r\n\r\n"));
	}
	hear(fds[0], reply, sizeof(reply), NULL);
	for (int i = 0; i < 10; i++)
		assert_int_equal(http_server_reload(server, &error), 0);
	for (size_t i = 1; i < NR(fds); i++) {
		hear(fds[i], reply, sizeof(reply), NULL);
		assert_int_equal(status_of(reply), 401);
		close(fds[i]);
	}
	close(fds[0]);
	http_server_close(server);
}

static void test_reload_without_config(void **state)
{
	struct http_server *server = start((struct http_server_options){ 0 });

	(void)state;
	assert_false(http_server_config_changed(server));
	assert_int_equal(http_server_reload(server, &error), 0);
	assert_int_equal(ask(server, GET("/metrics")), 200);
	http_server_close(server);
}

/* --- what the tests need */

/* A certificate: name, arguments of openssl req. */
static const char make_certificates[] =
	"cd %s && exec >log 2>&1 && set -ex\n"
	"EC='ec -pkeyopt ec_paramgen_curve:P-256 -nodes'\n"
	"self() { openssl req -x509 -days 2 -subj /CN=$1 -keyout $1.key -out $1.crt "
	"-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -newkey $2; }\n"
	"self server \"$EC\"; self second \"$EC\"; self ca \"$EC\"; self stranger \"$EC\"\n"
	"self rsa 'rsa:2048 -nodes'\n"
	"signed() { openssl req -subj /CN=good -keyout $1.key -out $1.csr -newkey $EC\n"
	"echo subjectAltName=DNS:localhost,DNS:client.example,URI:spiffe://x/y,IP:192.0.2.7,"
	"IP:2001:db8::7 >$1.ext\n"
	"echo extendedKeyUsage=$3 >>$1.ext\n"
	"openssl x509 -req -in $1.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days $2 "
	"-extfile $1.ext -out $1.crt; }\n"
	"signed good 2 clientAuth; signed expired -1 clientAuth; signed noclient 2 serverAuth\n"
	"signed stale -1 serverAuth\n";

/* By crypt(3), so that no other program is needed. */
static void make_hash(char *hash, size_t len, const char *password, int cost)
{
	char setting[64];

	snprintf(setting, sizeof(setting), "$2b$%02d$abcdefghijklmnopqrstuu", cost);
	snprintf(hash, len, "%s", crypt(password, setting));
	assert_int_equal(strlen(hash), 60);
}

static int set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(folder))
		return -1;
	snprintf(config_path, sizeof(config_path), "%s/web.yml", folder);
	make_hash(hash_secret, sizeof(hash_secret), "secret", 4);
	make_hash(hash_hunter2, sizeof(hash_hunter2), "hunter2", 8);
	big = malloc(BIG);
	memset(big, 'b', BIG);
	return run(make_certificates, folder);
}

static int tear_down(void **state)
{
	(void)state;
	free(big);
	return run("rm -rf %s", folder);
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
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_address_in_use),
		cmocka_unit_test(test_systemd_socket),
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
		cmocka_unit_test(test_reload_certificate),
		cmocka_unit_test(test_expired_certificate),
		cmocka_unit_test(test_reload_broken),
		cmocka_unit_test(test_reload_with_open_connections),
		cmocka_unit_test(test_reload_during_bcrypt),
		cmocka_unit_test(test_reload_without_config),
	};

	return cmocka_run_group_tests_name("web", tests, set_up, tear_down);
}
