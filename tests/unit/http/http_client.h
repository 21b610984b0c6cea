/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http_client.h: for the tests of the HTTP server: a server on loopback with made-up pages, and
 * clients. Plain clients are sockets, those with TLS are curl; openssl makes the certificates
 * in a temporary folder.
 */
#ifndef PFSTAT_TESTS_HTTP_CLIENT_H
#define PFSTAT_TESTS_HTTP_CLIENT_H

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
#include "util/array.h"

#define BIG       (16 << 20)
#define LIMIT_MS  20000 /* more than anything may take here */

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static char folder[] = "/tmp/pfstat-test-XXXXXX";
static struct error error;
static char *big;

/* --- pages */

static inline void get_metrics(void *arg, const struct http_request *request,
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

static inline void get_big(void *arg, const struct http_request *request,
			   struct http_response *response)
{
	(void)arg;
	(void)request;
	response->status = 200;
	response->body = big;
	response->len = BIG;
}

static inline void get_ready(void *arg, const struct http_request *request,
			     struct http_response *response)
{
	(void)arg;
	(void)request;
	response->status = 503;
}

static const struct http_page pages[] = {
	{ .path = "/metrics", .get = get_metrics },
	{ .path = "/big", .get = get_big },
	{ .path = "/open", .get = get_metrics, .open = true },
	{ .path = "/ready", .get = get_ready },
};

static inline struct http_server *start_server(struct http_server_options options)
{
	static const char *const addresses[] = { "127.0.0.1:0" };
	struct http_server *server;

	options.pages = pages;
	options.nr_pages = ARRAY_SIZE(pages);
	if (!options.nr_addresses) {
		options.addresses = addresses;
		options.nr_addresses = 1;
	}
	if (http_server_open(&server, &options, &error) || http_server_start(server, &error))
		fail_msg("%s", error.text);
	return server;
}

static inline unsigned int port_of(const struct http_server *server, size_t i)
{
	return (unsigned int)atoi(strrchr(http_server_url(server, i), ':') + 1);
}

/* --- plain clients */

static inline uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static inline int connect_to(const struct http_server *server)
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

static inline bool send_bytes(int fd, const char *text, size_t len)
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

static inline bool send_text(int fd, const char *text)
{
	return send_bytes(fd, text, strlen(text));
}

/* false: nothing came within ms. */
static inline bool can_read(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* What comes until the end, or until text has stop in it; closes at the end. */
static inline size_t receive(int fd, char *text, size_t len, const char *stop)
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
static inline int status_of(const char *text)
{
	int status = 0;

	sscanf(text, "HTTP/1.%*d %d", &status);
	return status;
}

static inline int ask_bytes(const struct http_server *server, const char *request, size_t len)
{
	int fd = connect_to(server);

	send_bytes(fd, request, len);
	receive(fd, reply, sizeof(reply), NULL);
	close(fd);
	return status_of(reply);
}

static inline int ask(const struct http_server *server, const char *request)
{
	return ask_bytes(server, request, strlen(request));
}

static inline bool reply_has(const char *text)
{
	return strstr(reply, text) != NULL;
}

static inline const char *reply_body(void)
{
	const char *end = strstr(reply, "\r\n\r\n");

	return end ? end + 4 : "";
}

static inline unsigned long long count_answers(const struct http_server *server,
					       unsigned int status)
{
	struct http_status_count rows[16];
	size_t nr = http_server_requests(server, rows, ARRAY_SIZE(rows));

	for (size_t i = 0; i < nr; i++)
		if (rows[i].status == status)
			return rows[i].count;
	return 0;
}

/* --- commands and files */

static inline int run_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A command of the shell; its output is in reply. Its exit status. */
static inline int run_shell(const char *format, ...)
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

static char config_path[64];

static inline void write_config(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Another file in its place, as an editor does. */
static inline void write_config(const char *format, ...)
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

static inline struct http_server *start_with_config(void)
{
	return start_server((struct http_server_options){ .config_file = config_path });
}

/* bcrypt of "secret" (cost 4) and of "hunter2" (cost 8). */
static char hash_secret[80], hash_hunter2[80];

/* "Basic ..." of base64. */
static inline int ask_as(const struct http_server *server, const char *path,
			 const char *authorization)
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

/* Drips text until the server ends the connection; returns after how many ms it did. */
static inline uint64_t drip(int fd, const char *text)
{
	uint64_t begin = now_ms();

	while (!can_read(fd, 20)) {
		send_text(fd, text);
		if (now_ms() - begin > LIMIT_MS)
			fail_msg("the server listens for ever");
	}
	return now_ms() - begin;
}

/* --- TLS */

/* curl to the first address: "200", or "000" when there was no answer. */
static inline const char *curl(const struct http_server *server, const char *arguments)
{
	run_shell("cd %s && curl -sS --noproxy '*' --max-time 10 --cacert %s %s -o /dev/null "
		  "-w '%%{http_code}' https://localhost:%u/metrics 2>/dev/null",
		  folder, strstr(arguments, "--cacert") ? "/dev/null" : "server.crt", arguments,
		  port_of(server, 0));
	return reply;
}

#define TLS_PAIR "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"

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
static inline void make_hash(char *hash, size_t len, const char *password, int cost)
{
	char setting[64];

	snprintf(setting, sizeof(setting), "$2b$%02d$abcdefghijklmnopqrstuu", cost);
	snprintf(hash, len, "%s", crypt(password, setting));
	assert_int_equal(strlen(hash), 60);
}

static inline int set_up(void **state)
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
	return 0;
}

static inline int set_up_certificates(void **state)
{
	return set_up(state) ? -1 : run_shell(make_certificates, folder);
}

static inline int tear_down(void **state)
{
	(void)state;
	free(big);
	return run_shell("rm -rf %s", folder);
}

#endif
