// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/connections.c: accepts connections and hands them to libmicrohttpd. The limits apply
 * to all addresses together; a connection that is too slow, or that blocks others while
 * it is idle, is closed.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_state.h"

static void cut_connection(struct http_connection *connection)
{
	/* libmicrohttpd reads the end of the stream, and closes it. */
	shutdown(connection->fd, SHUT_RDWR);
	connection->cut = true;
}

static void unlink_connection(struct http_connection *connection)
{
	LIST_REMOVE(connection, link);
	connection->server->nr_connections--;
}

static void free_connection(struct http_connection *connection)
{
	http_credentials_free(&connection->job.credentials);
	http_settings_put(connection->request_settings);
	http_settings_put(connection->settings);
	free(connection);
}

/* Under the lock. libmicrohttpd closed its descriptor without a callback (out of memory). */
static void drop_connection(struct http_connection *connection)
{
	unlink_connection(connection);
	free_connection(connection);
}

/* Under the lock. The one with fd that libmicrohttpd has not yet begun with. */
static struct http_connection *find_handed_over(const struct http_server *server, int fd)
{
	struct http_connection *connection;

	LIST_FOREACH(connection, &server->connections, link)
		if (!connection->mhd && connection->fd == fd)
			return connection;
	return NULL;
}

/* Under the lock. NULL: out of memory. */
static struct http_connection *add_connection(struct http_server *server, int fd)
{
	struct http_connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->server = server;
	connection->fd = fd;
	connection->settings = server->settings;
	atomic_fetch_add(&server->settings->refs, 1);
	connection->idle_since = clock_ns(CLOCK_MONOTONIC);
	connection->deadline = connection->idle_since + server->options.header_ms * NS_PER_MS;
	LIST_INSERT_HEAD(&server->connections, connection, link);
	server->nr_connections++;
	return connection;
}

struct http_connection *http_connection_get(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static int connection_fd(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void begin_connection(struct http_server *server, struct MHD_Connection *mhd, void **context)
{
	const union MHD_ConnectionInfo *info;
	struct http_connection *connection;
	int fd = connection_fd(mhd);

	pthread_mutex_lock(&server->lock);
	connection = find_handed_over(server, fd);
	if (connection)
		connection->mhd = mhd;
	pthread_mutex_unlock(&server->lock);
	*context = connection;
	if (!connection) {
		shutdown(fd, SHUT_RDWR);
		return;
	}
	if (!connection->settings->tls)
		return;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (!info || http_tls_attach(connection->settings->tls, info->tls_session))
		shutdown(fd, SHUT_RDWR);
}

/* The descriptor is still open, so its number cannot be in use again. */
static void end_connection(struct http_server *server, struct MHD_Connection *mhd,
			   struct http_connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_HTTP_STATUS);

	if (!connection)
		return;
	/* libmicrohttpd has answered malformed HTTP without calling http_answer_request(). */
	if (info && !connection->request_settings)
		http_server_count_answer(server, info->http_status);
	pthread_mutex_lock(&server->lock);
	unlink_connection(connection);
	if (server->full)
		eventfd_write(server->wake, 1);
	server->full = false;
	pthread_mutex_unlock(&server->lock);
	free_connection(connection);
}

void http_connection_notify(void *arg, struct MHD_Connection *mhd, void **context,
			    enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		begin_connection(arg, mhd, context);
	else
		end_connection(arg, mhd, *context);
}

void http_connection_set_deadline(struct http_connection *connection, uint64_t deadline,
				  uint64_t idle_since)
{
	pthread_mutex_lock(&connection->server->lock);
	connection->deadline = deadline;
	connection->idle_since = idle_since;
	pthread_mutex_unlock(&connection->server->lock);
}

/* --- accepting */

/* Under the lock. Shuts down the connection that has been idle longest. */
static void cut_oldest(struct http_server *server)
{
	struct http_connection *c, *oldest = NULL;

	LIST_FOREACH(c, &server->connections, link)
		if (c->mhd && !c->cut && c->idle_since &&
		    (!oldest || c->idle_since < oldest->idle_since))
			oldest = c;
	if (oldest)
		cut_connection(oldest);
}

/* Under the lock. */
static bool has_cut_connection(const struct http_server *server)
{
	const struct http_connection *c;

	LIST_FOREACH(c, &server->connections, link)
		if (c->cut)
			return true;
	return false;
}

/*
 * Is there room for one more? If not, new ones wait in the kernel's queue until a
 * connection is closed, which wakes the acceptor.
 */
static bool has_room(struct http_server *server)
{
	bool full;

	pthread_mutex_lock(&server->lock);
	full = server->nr_connections >= server->options.max_connections;
	if (full && !has_cut_connection(server))
		cut_oldest(server);
	server->full = full;
	pthread_mutex_unlock(&server->lock);
	return !full;
}

static void cut_expired(struct http_server *server)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	struct http_connection *c, *next;

	pthread_mutex_lock(&server->lock);
	for (c = LIST_FIRST(&server->connections); c; c = next) {
		next = LIST_NEXT(c, link);
		if (!c->deadline || now < c->deadline || c->cut)
			continue;
		if (c->mhd)
			cut_connection(c);
		else
			drop_connection(c);
	}
	pthread_mutex_unlock(&server->lock);
}

/* NULL: out of memory. */
static struct http_connection *register_connection(struct http_server *server, int fd)
{
	unsigned int max = server->options.max_connections;
	struct http_connection *connection;

	pthread_mutex_lock(&server->lock);
	connection = find_handed_over(server, fd);
	if (connection)
		drop_connection(connection);
	connection = add_connection(server, fd);
	/* Before it is full, as closing a connection takes a while. */
	if (server->nr_connections > max - max / 8)
		cut_oldest(server);
	pthread_mutex_unlock(&server->lock);
	return connection;
}

static void hand_over(struct http_server *server, int fd, const struct sockaddr *address,
		      socklen_t len)
{
	struct http_connection *connection = register_connection(server, fd);

	if (!connection) {
		close(fd);
		return;
	}
	/* libmicrohttpd may free connection before this returns. */
	if (MHD_add_connection(connection->settings->tls ? server->tls : server->plain, fd, address,
			       len) == MHD_YES)
		return;
	/* It has closed fd, and called no callback. */
	pthread_mutex_lock(&server->lock);
	drop_connection(connection);
	pthread_mutex_unlock(&server->lock);
}

/* false: no room, no descriptors or no memory: try later. */
static bool accept_pending(struct http_server *server, int listener)
{
	for (int i = 0; i < 64; i++) {
		struct sockaddr_storage address;
		socklen_t len = sizeof(address);
		int fd;

		if (!has_room(server))
			return false;
		fd = accept4(listener, (struct sockaddr *)&address, &len,
			     SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			hand_over(server, fd, (struct sockaddr *)&address, len);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			return false;
		else if (errno == EAGAIN)
			break;
	}
	return true;
}

/* How often to check the deadlines, in ms. */
static int deadline_check_ms(const struct http_server_options *options)
{
	unsigned int least = MIN(options->header_ms, MIN(options->idle_ms, options->answer_ms));

	return (int)MAX(10u, MIN(least / 8, 500u));
}

void *http_acceptor_run(void *arg)
{
	struct http_server *server = arg;
	size_t nr = server->listeners.nr;
	struct pollfd fds[nr + 1];
	bool no_room = false;
	eventfd_t wakes;

	fds[nr] = (struct pollfd){ .fd = server->wake, .events = POLLIN };
	for (size_t i = 0; i < nr; i++)
		fds[i] = (struct pollfd){ .fd = server->listeners.all[i].fd, .events = POLLIN };
	while (!atomic_load(&server->closing)) {
		bool refused = false;

		/* Without room, the listeners are not polled: they would wake it for nothing. */
		poll(no_room ? &fds[nr] : fds, no_room ? 1 : nr + 1,
		     no_room || server->nr_connections ? deadline_check_ms(&server->options) : -1);
		eventfd_read(server->wake, &wakes);
		for (size_t i = 0; !no_room && i < nr; i++)
			if (fds[i].revents)
				refused |= !accept_pending(server, fds[i].fd);
		no_room = refused;
		cut_expired(server);
	}
	return NULL;
}

void http_connections_free(struct http_server *server)
{
	while (!LIST_EMPTY(&server->connections))
		drop_connection(LIST_FIRST(&server->connections));
}
