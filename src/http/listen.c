// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/listen.c: parses addresses, binds them, and checks the sockets that systemd passes.
 */
#include "http_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "util/array.h"

#define MAX_HOST 256

/* "[::1]:0" of a bound socket, as in a URL. */
static int format_address(int fd, char *out, size_t len)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	char host[INET6_ADDRSTRLEN + 20], port[8];
	bool v6;

	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -errno;
	if (getnameinfo((struct sockaddr *)&address, size, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return -EINVAL;
	v6 = address.ss_family == AF_INET6;
	snprintf(out, len, "%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
	return 0;
}

/* Owns fd from here on, also after an error. */
static int add_listener(struct http_listeners *listeners, int fd)
{
	struct http_listener listener = { .fd = fd };
	char address[MAX_URL - sizeof("https://")];
	int err = format_address(fd, address, sizeof(address));

	err = err ?: array_reserve(listeners->all, listeners->cap, listeners->nr + 1);
	if (err) {
		close(fd);
		return err;
	}
	snprintf(listener.url, MAX_URL, "http://%s", address);
	snprintf(listener.tls_url, MAX_URL, "https://%s", address);
	listeners->all[listeners->nr++] = listener;
	return 0;
}

/* --- --web.listen-address */

/* The unspecified address of IPv6 is for IPv4, too. */
static int bind_one(const struct addrinfo *info)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)info->ai_addr;
	int on = 1, v6_only, fd, err;

	fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (info->ai_family == AF_INET6) {
		/* Both ways, as the default depends on the machine (net.ipv6.bindv6only). */
		v6_only = !IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only));
	}
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Splits "host:port" and "[host]:port"; host is "" for all addresses. NULL: malformed. */
static const char *split_address(const char *address, char *host)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;
	char *end;

	if (!colon || len >= MAX_HOST || colon[1] < '0' || colon[1] > '9' ||
	    strtoul(colon + 1, &end, 10) > 65535 || *end)
		return NULL;
	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
		if (!len)
			return NULL;
	} else if (memchr(address, ':', len)) {
		return NULL; /* "::1:80" is ambiguous */
	}
	memcpy(host, address, len);
	host[len] = '\0';
	return colon + 1;
}

static bool is_no_address(int err)
{
	return err == -EADDRNOTAVAIL || err == -EAFNOSUPPORT;
}

/* "localhost" is 127.0.0.1 and ::1: at least one of them must exist. */
static int bind_each(struct http_listeners *listeners, const struct addrinfo *list, bool any_port)
{
	bool some = false;
	int err = -EADDRNOTAVAIL;

	for (; list && !(some && any_port); list = list->ai_next) {
		if (list->ai_family != AF_INET && list->ai_family != AF_INET6)
			continue;
		err = bind_one(list);
		if (err >= 0)
			err = add_listener(listeners, err);
		if (!err)
			some = true;
		else if (!is_no_address(err))
			return err;
	}
	return some ? 0 : err;
}

static int bind_host(struct http_listeners *listeners, const char *host, const char *port,
		     const char *address, struct error *error)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
					.ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *list;
	int err, gai = getaddrinfo(host, port, &hints, &list);

	if (gai)
		return error_set(error, gai == EAI_MEMORY ? -ENOMEM : -EINVAL,
				 "cannot listen on %s: %s", host,
				 gai == EAI_SYSTEM ? strerror(errno) : gai_strerror(gai));
	err = bind_each(listeners, list, strtoul(port, NULL, 10) == 0);
	freeaddrinfo(list);
	if (err)
		error_set(error, err, "cannot listen on %s: %s", address, strerror(-err));
	return err;
}

int http_listeners_add_address(struct http_listeners *listeners, const char *address,
			       struct error *error)
{
	char host[MAX_HOST];
	const char *port = split_address(address, host);
	int err;

	if (!port)
		return error_set(
			error, -EINVAL,
			"cannot listen on %s: expected host:port, :port or [IPv6 address]:port",
			address);
	err = bind_host(listeners, *host ? host : "::", port, address, error);
	/* The kernel has no IPv6. */
	if (!*host && is_no_address(err))
		err = bind_host(listeners, "0.0.0.0", port, address, error);
	return err;
}

/* --- --web.systemd-socket */

static int adopt_socket(struct http_listeners *listeners, int fd, struct error *error)
{
	int flags, err;

	if (sd_is_socket(fd, AF_INET, SOCK_STREAM, 1) <= 0 &&
	    sd_is_socket(fd, AF_INET6, SOCK_STREAM, 1) <= 0) {
		close(fd);
		return error_set(error, -EINVAL,
				 "systemd passed a descriptor that is no listening TCP socket: %d",
				 fd);
	}
	flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	err = add_listener(listeners, fd);
	if (err)
		error_set(error, err, "cannot use a socket of systemd: %s", strerror(-err));
	return err;
}

int http_listeners_add_systemd(struct http_listeners *listeners, struct error *error)
{
	int nr = sd_listen_fds(1), err = 0;

	if (nr < 0)
		return error_set(error, nr, "cannot get systemd's sockets: %s", strerror(-nr));
	if (!nr)
		return error_set(
			error, -EINVAL,
			"systemd passed no socket: start pfstat by a .socket unit, or give "
			"--web.listen-address");
	for (int i = 0; i < nr; i++) {
		if (err)
			close(SD_LISTEN_FDS_START + i);
		else
			err = adopt_socket(listeners, SD_LISTEN_FDS_START + i, error);
	}
	return err;
}

void http_listeners_close(struct http_listeners *listeners)
{
	for (size_t i = 0; i < listeners->nr; i++)
		close(listeners->all[i].fd);
	free(listeners->all);
	*listeners = (struct http_listeners){ 0 };
}
