// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * web.c: see web.h. libmicrohttpd speaks HTTP and TLS; this file accepts the
 * connections itself and hands them over. So the limits hold for all addresses
 * together, a connection that keeps others out can be cut, and a reload replaces
 * what new connections begin with instead of the server.
 *
 * Threads: one accepts connections and cuts those that are too slow; one serves
 * plain connections, one those with TLS (only with a config file, which may bring
 * TLS later); web_auth.c's makes bcrypts.
 *
 * Locks: web->lock (connections, state) is never held while a page, libmicrohttpd
 * or web_auth.c is called.
 */
#include "web.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <microhttpd.h>

#include "web_auth.h"
#include "web_config.h"
#include "web_listen.h"
#include "web_tls.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

/* The defaults of struct web_options. */
#define MAX_CONNECTIONS 512
#define HEADER_MS 10000
/* Above the intervals that people scrape with, so that scrapes share a connection. */
#define IDLE_MS 90000
#define ANSWER_MS 30000

/* Of one connection, for the request's header; more is answered with 431. */
#define CONNECTION_MEMORY (32 * 1024)
/* Of all answers on their way together; more is answered with 503. */
#define ANSWERS_MEMORY (64 * 1024 * 1024)
/* Requests that wait for a bcrypt; more are answered with 503. */
#define MAX_BCRYPTS_WAITING 64
#define STACK_SIZE (512 * 1024)
#define MAX_STATUS 600

/* What a config file says, ready to use. Connections and requests hold references. */
struct state {
	atomic_uint refs;
	struct web_config config;
	struct web_tls *tls;     /* NULL: plain HTTP */
	struct web_users *users; /* NULL: no passwords */
};

/* A file as it was when it was read. */
struct stamp {
	char *path;
	int err; /* of stat(), 0 or errno; then the rest is 0 */
	struct timespec mtime;
	off_t size;
	ino_t inode;
	dev_t device;
};

/* The config file, certificate, key and CA. */
struct stamps {
	struct stamp all[4];
	size_t nr;
};

struct connection {
	struct connection *next, **link;
	struct web *web;
	int fd;
	struct MHD_Connection *mhd;  /* NULL: handed over, but not yet begun */
	struct state *state;         /* what it began with */
	struct state *request_state; /* what the request at hand began with; NULL: none */
	uint64_t deadline;           /* CLOCK_MONOTONIC; 0: it waits for us */
	uint64_t idle_since;         /* when the request at hand is not complete */
	bool cut;
	bool asked; /* a bcrypt was asked for */
	struct web_auth_job job;
};

struct web {
	struct web_options options;
	struct web_listeners listeners;
	struct stamps stamps;

	struct MHD_Daemon *plain, *tls;
	struct web_auth *auth;
	pthread_t acceptor;
	bool accepting;
	int wake; /* eventfd: the acceptor shall end, or there is room again */
	atomic_bool closing;

	pthread_mutex_t lock;
	struct state *state;
	struct connection *connections;
	unsigned int nr_connections;
	bool full;          /* the acceptor waits for a connection to go */
	double rate_tokens; /* of rate_limit, at rate_time */
	uint64_t rate_time;

	pthread_mutex_t page_lock;
	atomic_size_t answers_memory;
	atomic_ullong requests[MAX_STATUS];
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* --- state */

static void state_put(struct state *state)
{
	if (!state || atomic_fetch_sub(&state->refs, 1) != 1)
		return;
	web_users_free(state->users);
	web_tls_free(state->tls);
	web_config_free(&state->config);
	free(state);
}

static struct state *state_get(struct web *web)
{
	struct state *state;

	pthread_mutex_lock(&web->lock);
	state = web->state;
	atomic_fetch_add(&state->refs, 1);
	pthread_mutex_unlock(&web->lock);
	return state;
}

static struct stamp take_stamp(const char *path)
{
	struct stamp stamp = { .path = strdup(path) };
	struct stat st;

	if (stat(path, &st) < 0) {
		stamp.err = errno;
		return stamp;
	}
	stamp.mtime = st.st_mtim;
	stamp.size = st.st_size;
	stamp.inode = st.st_ino;
	stamp.device = st.st_dev;
	return stamp;
}

static bool stamp_equal(const struct stamp *a, const struct stamp *b)
{
	return a->err == b->err && a->mtime.tv_sec == b->mtime.tv_sec &&
	       a->mtime.tv_nsec == b->mtime.tv_nsec && a->size == b->size && a->inode == b->inode &&
	       a->device == b->device;
}

static void add_stamp(struct stamps *stamps, const char *path)
{
	if (path)
		stamps->all[stamps->nr++] = take_stamp(path);
}

static void free_stamps(struct stamps *stamps)
{
	for (size_t i = 0; i < stamps->nr; i++)
		free(stamps->all[i].path);
	stamps->nr = 0;
}

static int prepare_state(struct state *state, char *error, size_t error_len)
{
	int err = 0;

	if (state->config.tls)
		err = web_tls_new(&state->tls, &state->config, error, error_len);
	if (err || !state->config.nr_users)
		return err;
	state->users = web_users_new(&state->config);
	if (state->users)
		return 0;
	snprintf(error, error_len, "out of memory");
	return -ENOMEM;
}

/*
 * Files are stamped before they are read: one that changes meanwhile will be read
 * again. A file that is wrong is stamped, too: it is read again when it changes.
 */
static int load_files(struct web *web, struct state *state, char *error, size_t error_len)
{
	struct web_config *config = &state->config;
	struct stamps stamps = { .nr = 0 };
	int err;

	add_stamp(&stamps, web->options.config_file);
	err = web_config_load(config, web->options.config_file, error, error_len);
	if (err) {
		for (size_t i = 1; i < web->stamps.nr; i++)
			add_stamp(&stamps, web->stamps.all[i].path);
	} else {
		add_stamp(&stamps, config->cert_file);
		add_stamp(&stamps, config->key_file);
		add_stamp(&stamps, config->client_ca_file);
		err = prepare_state(state, error, error_len);
	}
	free_stamps(&web->stamps);
	web->stamps = stamps;
	return err;
}

static int load_state(struct web *web, struct state **out, char *error, size_t error_len)
{
	struct state *state = calloc(1, sizeof(*state));
	int err = 0;

	if (!state) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	atomic_init(&state->refs, 1);
	if (web->options.config_file)
		err = load_files(web, state, error, error_len);
	if (err)
		state_put(state);
	else
		*out = state;
	return err;
}

int web_reload(struct web *web, char *error, size_t error_len)
{
	struct state *new, *old;
	int err = load_state(web, &new, error, error_len);

	if (err)
		return err;
	pthread_mutex_lock(&web->lock);
	old = web->state;
	web->state = new;
	web->rate_tokens = new->config.rate_burst;
	pthread_mutex_unlock(&web->lock);
	state_put(old);
	return 0;
}

bool web_config_changed(const struct web *web)
{
	bool changed = false;

	for (size_t i = 0; i < web->stamps.nr && !changed; i++) {
		const struct stamp *stamp = &web->stamps.all[i];
		struct stamp now = take_stamp(stamp->path ? stamp->path : "");

		changed = !stamp_equal(stamp, &now);
		free(now.path);
	}
	return changed;
}

/* --- connections */

static void cut(struct connection *connection)
{
	/* libmicrohttpd sees the end of it, and closes it. */
	shutdown(connection->fd, SHUT_RDWR);
	connection->cut = true;
}

static void unlink_connection(struct connection *connection)
{
	*connection->link = connection->next;
	if (connection->next)
		connection->next->link = connection->link;
	connection->web->nr_connections--;
}

static void free_connection(struct connection *connection)
{
	web_credentials_free(&connection->job.credentials);
	state_put(connection->request_state);
	state_put(connection->state);
	free(connection);
}

/* Under the lock. NULL: out of memory. */
static struct connection *add_connection(struct web *web, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->web = web;
	connection->fd = fd;
	connection->state = web->state;
	atomic_fetch_add(&web->state->refs, 1);
	connection->idle_since = now_ns();
	connection->deadline = connection->idle_since + web->options.header_ms * NS_PER_MS;
	connection->next = web->connections;
	connection->link = &web->connections;
	if (connection->next)
		connection->next->link = &connection->next;
	web->connections = connection;
	web->nr_connections++;
	return connection;
}

static struct connection *connection_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static int fd_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static void begin_connection(struct web *web, struct MHD_Connection *mhd, void **context)
{
	const union MHD_ConnectionInfo *info;
	struct connection *connection;
	int fd = fd_of(mhd);

	pthread_mutex_lock(&web->lock);
	for (connection = web->connections; connection; connection = connection->next)
		if (!connection->mhd && connection->fd == fd)
			break;
	if (connection)
		connection->mhd = mhd;
	pthread_mutex_unlock(&web->lock);
	*context = connection;
	if (!connection) {
		shutdown(fd, SHUT_RDWR);
		return;
	}
	if (!connection->state->tls)
		return;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (!info || web_tls_attach(connection->state->tls, info->tls_session))
		shutdown(fd, SHUT_RDWR);
}

static void count_request(struct web *web, unsigned int status)
{
	if (status < MAX_STATUS)
		atomic_fetch_add_explicit(&web->requests[status], 1, memory_order_relaxed);
}

static void wake_acceptor(struct web *web)
{
	/* Fails when it is so full of wakes that it cannot be missed. */
	eventfd_write(web->wake, 1);
}

/* The descriptor is still open: it cannot be another's when it is cut. */
static void end_connection(struct web *web, struct MHD_Connection *mhd,
			   struct connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_HTTP_STATUS);

	if (!connection)
		return;
	/* An answer that libmicrohttpd gave without asking us, to what is no HTTP. */
	if (info && !connection->request_state)
		count_request(web, info->http_status);
	pthread_mutex_lock(&web->lock);
	unlink_connection(connection);
	if (web->full)
		wake_acceptor(web);
	web->full = false;
	pthread_mutex_unlock(&web->lock);
	free_connection(connection);
}

static void notify_connection(void *arg, struct MHD_Connection *mhd, void **context,
			      enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		begin_connection(arg, mhd, context);
	else
		end_connection(arg, mhd, *context);
}

static void set_deadline(struct connection *connection, uint64_t deadline, uint64_t idle_since)
{
	pthread_mutex_lock(&connection->web->lock);
	connection->deadline = deadline;
	connection->idle_since = idle_since;
	pthread_mutex_unlock(&connection->web->lock);
}

/* --- answers */

struct body {
	struct web *web;
	size_t len;
	char text[];
};

static void free_body(void *arg)
{
	struct body *body = arg;

	atomic_fetch_sub(&body->web->answers_memory, body->len);
	free(body);
}

static struct MHD_Response *copy_body(struct web *web, const char *text, size_t len)
{
	struct MHD_Response *response;
	struct body *body;

	if (atomic_fetch_add(&web->answers_memory, len) + len > ANSWERS_MEMORY) {
		atomic_fetch_sub(&web->answers_memory, len);
		return NULL;
	}
	body = malloc(sizeof(*body) + len);
	if (!body) {
		atomic_fetch_sub(&web->answers_memory, len);
		return NULL;
	}
	body->web = web;
	body->len = len;
	memcpy(body->text, text, len);
	response = MHD_create_response_from_buffer_with_free_callback_cls(len, body->text,
									  free_body, body);
	if (!response)
		free_body(body);
	return response;
}

static void add_headers(struct connection *connection, struct MHD_Response *response)
{
	struct web *web = connection->web;
	const struct web_config *config = &connection->request_state->config;
	bool old;

	for (size_t i = 0; i < config->nr_headers; i++)
		MHD_add_response_header(response, config->headers[i].name,
					config->headers[i].value);
	pthread_mutex_lock(&web->lock);
	old = connection->state != web->state;
	pthread_mutex_unlock(&web->lock);
	/* Let it come again, by the rules of now. */
	if (old)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

/* Takes response over. */
static enum MHD_Result answer(struct connection *connection, unsigned int status,
			      struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	add_headers(connection, response);
	set_deadline(connection, now_ns() + connection->web->options.answer_ms * NS_PER_MS, 0);
	result = MHD_queue_response(connection->mhd, status, response);
	MHD_destroy_response(response);
	if (result == MHD_YES)
		count_request(connection->web, status);
	return result;
}

static enum MHD_Result answer_error(struct connection *connection, unsigned int status)
{
	struct MHD_Response *response;
	char text[80];

	snprintf(text, sizeof(text), "%u %s\n", status, MHD_get_reason_phrase_for(status));
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				"text/plain; charset=utf-8");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Basic");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	return answer(connection, status, response);
}

static const char *header(struct connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection->mhd, MHD_HEADER_KIND, name);
}

static enum MHD_Result answer_page(struct connection *connection, const struct web_page *page)
{
	const struct web_request request = {
		.accept = header(connection, MHD_HTTP_HEADER_ACCEPT),
		.accept_encoding = header(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING),
	};
	struct web *web = connection->web;
	struct web_response got = { .status = MHD_HTTP_INTERNAL_SERVER_ERROR };
	struct MHD_Response *response;

	pthread_mutex_lock(&web->page_lock);
	page->get(web->options.arg, &request, &got);
	response = copy_body(web, got.body ? got.body : "", got.body ? got.len : 0);
	if (response && got.content_type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, got.content_type);
	if (response && got.content_encoding)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING,
					got.content_encoding);
	pthread_mutex_unlock(&web->page_lock);
	if (!response)
		return answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE);
	return answer(connection, got.status, response);
}

/* --- requests */

static const struct web_page *find_page(const struct web *web, const char *path)
{
	for (size_t i = 0; i < web->options.nr_pages; i++)
		if (strcmp(web->options.pages[i].path, path) == 0)
			return &web->options.pages[i];
	return NULL;
}

static bool is_read(const char *method)
{
	return strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
	       strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static enum MHD_Result answer_request(struct connection *connection, const char *path,
				      const char *method)
{
	const struct web_page *page = find_page(connection->web, path);

	if (!is_read(method))
		return answer_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED);
	if (!page)
		return answer_error(connection, MHD_HTTP_NOT_FOUND);
	return answer_page(connection, page);
}

/* Takes a token of rate_limit. */
static bool may_go(struct web *web, const struct web_config *config)
{
	uint64_t now = now_ns();
	bool ok;

	if (!config->rate_interval_ns)
		return true;
	pthread_mutex_lock(&web->lock);
	web->rate_tokens += (double)(now - web->rate_time) / (double)config->rate_interval_ns;
	if (web->rate_tokens > config->rate_burst)
		web->rate_tokens = config->rate_burst;
	web->rate_time = now;
	ok = web->rate_tokens >= 1;
	if (ok)
		web->rate_tokens--;
	pthread_mutex_unlock(&web->lock);
	return ok;
}

/* Nothing of pfstat's takes a body; who sends one gets no further. */
static bool has_body(struct connection *connection)
{
	const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
	       (length && strcmp(length, "0") != 0);
}

static void begin_bcrypt(struct web_auth_job *job)
{
	struct connection *connection =
		(struct connection *)((char *)job - offsetof(struct connection, job));

	connection->asked = true;
	MHD_suspend_connection(connection->mhd);
}

static void end_bcrypt(struct web_auth_job *job)
{
	struct connection *connection =
		(struct connection *)((char *)job - offsetof(struct connection, job));

	MHD_resume_connection(connection->mhd);
}

enum verdict { LET_IN, KEPT_OUT, TOO_MANY, ASKED };

static enum verdict authenticate(struct connection *connection)
{
	struct web_users *users = connection->request_state->users;
	struct web_auth_job *job = &connection->job;
	enum verdict verdict = ASKED;

	job->users = users;
	if (!web_credentials_parse(&job->credentials,
				   header(connection, MHD_HTTP_HEADER_AUTHORIZATION)))
		return KEPT_OUT;
	if (web_users_remember(users, &job->credentials))
		verdict = LET_IN;
	else if (!web_auth_submit(connection->web->auth, job, begin_bcrypt))
		verdict = TOO_MANY;
	/* A job that was submitted is no more ours. */
	if (verdict != ASKED)
		web_credentials_free(&job->credentials);
	return verdict;
}

static void begin_request(struct connection *connection)
{
	connection->request_state = state_get(connection->web);
	connection->asked = false;
	set_deadline(connection, 0, 0);
}

static enum MHD_Result decide(struct connection *connection, const char *path, const char *method)
{
	const struct web_page *page = find_page(connection->web, path);
	enum verdict verdict = LET_IN;

	if (!may_go(connection->web, &connection->request_state->config))
		return answer_error(connection, MHD_HTTP_TOO_MANY_REQUESTS);
	if (connection->request_state->users && !(page && page->open))
		verdict = authenticate(connection);
	switch (verdict) {
	case LET_IN:
		return answer_request(connection, path, method);
	case KEPT_OUT:
		return answer_error(connection, MHD_HTTP_UNAUTHORIZED);
	case TOO_MANY:
		return answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE);
	default:
		return MHD_YES; /* called again when there is an answer */
	}
}

static enum MHD_Result decide_after_bcrypt(struct connection *connection, const char *path,
					   const char *method)
{
	if (connection->job.right)
		return answer_request(connection, path, method);
	if (atomic_load(&connection->web->closing))
		return answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE);
	return answer_error(connection, MHD_HTTP_UNAUTHORIZED);
}

/*
 * Called with the header (request is NULL then), again with the whole request, and
 * again after a bcrypt. An answer to the first call ends the connection.
 */
static enum MHD_Result handle(void *arg, struct MHD_Connection *mhd, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_len, void **request)
{
	struct connection *connection = connection_of(mhd);

	(void)arg;
	(void)version;
	(void)upload;
	(void)upload_len;
	if (!connection)
		return MHD_NO;
	if (!*request) {
		*request = connection;
		begin_request(connection);
		if (!url) /* a line of one word */
			return answer_error(connection, MHD_HTTP_BAD_REQUEST);
		if (!has_body(connection))
			return MHD_YES;
		return answer_error(connection, is_read(method) ? MHD_HTTP_CONTENT_TOO_LARGE
								: MHD_HTTP_METHOD_NOT_ALLOWED);
	}
	if (connection->asked)
		return decide_after_bcrypt(connection, url, method);
	return decide(connection, url, method);
}

static void complete(void *arg, struct MHD_Connection *mhd, void **request,
		     enum MHD_RequestTerminationCode why)
{
	struct connection *connection = *request;
	uint64_t now = now_ns();

	(void)arg;
	(void)mhd;
	(void)why;
	if (!connection)
		return;
	*request = NULL;
	state_put(connection->request_state);
	connection->request_state = NULL;
	set_deadline(connection, now + connection->web->options.idle_ms * NS_PER_MS, now);
}

/* Paths are compared as they were sent: %2e, %00 and such lead nowhere. */
static size_t leave_escaped(void *arg, struct MHD_Connection *mhd, char *text)
{
	(void)arg;
	(void)mhd;
	return strlen(text);
}

/* --- accepting */

/* Under the lock. Cuts the connection that waits longest without asking anything. */
static void cut_oldest(struct web *web)
{
	struct connection *oldest = NULL;

	for (struct connection *c = web->connections; c; c = c->next)
		if (c->mhd && !c->cut && c->idle_since &&
		    (!oldest || c->idle_since < oldest->idle_since))
			oldest = c;
	if (oldest)
		cut(oldest);
}

/* Under the lock. */
static bool some_are_going(const struct web *web)
{
	for (const struct connection *c = web->connections; c; c = c->next)
		if (c->cut)
			return true;
	return false;
}

/*
 * Is there room for one more? If not, others wait in the kernel's queue until a
 * connection has gone, which wakes us.
 */
static bool has_room(struct web *web)
{
	bool full;

	pthread_mutex_lock(&web->lock);
	full = web->nr_connections >= web->options.max_connections;
	if (full && !some_are_going(web))
		cut_oldest(web);
	web->full = full;
	pthread_mutex_unlock(&web->lock);
	return !full;
}

/* Under the lock. One that was handed over and lost (no memory): its descriptor is closed. */
static void drop_lost(struct connection *connection)
{
	unlink_connection(connection);
	free_connection(connection);
}

static void cut_late(struct web *web)
{
	uint64_t now = now_ns();
	struct connection *next;

	pthread_mutex_lock(&web->lock);
	for (struct connection *c = web->connections; c; c = next) {
		next = c->next;
		if (!c->deadline || now < c->deadline || c->cut)
			continue;
		if (c->mhd)
			cut(c);
		else
			drop_lost(c);
	}
	pthread_mutex_unlock(&web->lock);
}

/* NULL: out of memory. */
static struct connection *enter(struct web *web, int fd)
{
	unsigned int max = web->options.max_connections;
	struct connection *connection;

	pthread_mutex_lock(&web->lock);
	for (connection = web->connections; connection; connection = connection->next)
		if (!connection->mhd && connection->fd == fd)
			break;
	if (connection)
		drop_lost(connection);
	connection = add_connection(web, fd);
	/* Before it is full: one that is cut takes a while to go. */
	if (web->nr_connections > max - max / 8)
		cut_oldest(web);
	pthread_mutex_unlock(&web->lock);
	return connection;
}

static void hand_over(struct web *web, int fd, const struct sockaddr *address, socklen_t len)
{
	struct connection *connection = enter(web, fd);

	if (!connection) {
		close(fd);
		return;
	}
	/* state: connection may be gone as soon as it is handed over. */
	if (MHD_add_connection(connection->state->tls ? web->tls : web->plain, fd, address, len) ==
	    MHD_YES)
		return;
	/* It has closed fd, and did not call us. */
	pthread_mutex_lock(&web->lock);
	drop_lost(connection);
	pthread_mutex_unlock(&web->lock);
}

/* false: there is no room, or there are no descriptors or no memory: try later. */
static bool accept_some(struct web *web, int listener)
{
	for (int i = 0; i < 64; i++) {
		struct sockaddr_storage address;
		socklen_t len = sizeof(address);
		int fd;

		if (!has_room(web))
			return false;
		fd = accept4(listener, (struct sockaddr *)&address, &len,
			     SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			hand_over(web, fd, (struct sockaddr *)&address, len);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			return false;
		else if (errno == EAGAIN)
			break;
	}
	return true;
}

/* How often to look for those that are late, in ms. */
static int tick_ms(const struct web_options *options)
{
	unsigned int least = options->header_ms;

	if (options->idle_ms < least)
		least = options->idle_ms;
	if (options->answer_ms < least)
		least = options->answer_ms;
	least /= 8;
	return least < 10 ? 10 : least > 500 ? 500 : (int)least;
}

static bool has_connections(struct web *web)
{
	bool some;

	pthread_mutex_lock(&web->lock);
	some = web->nr_connections > 0;
	pthread_mutex_unlock(&web->lock);
	return some;
}

static void *accept_all(void *arg)
{
	struct web *web = arg;
	size_t nr = web->listeners.nr;
	struct pollfd fds[nr + 1];
	bool short_of = false;
	eventfd_t wakes;

	fds[nr] = (struct pollfd){ .fd = web->wake, .events = POLLIN };
	for (size_t i = 0; i < nr; i++)
		fds[i] = (struct pollfd){ .fd = web->listeners.all[i].fd, .events = POLLIN };
	while (!atomic_load(&web->closing)) {
		bool now_short = false;

		/* Without room, the listeners would wake us for nothing. */
		poll(short_of ? &fds[nr] : fds, short_of ? 1 : nr + 1,
		     short_of || has_connections(web) ? tick_ms(&web->options) : -1);
		eventfd_read(web->wake, &wakes);
		for (size_t i = 0; !short_of && i < nr; i++)
			if (fds[i].revents)
				now_short |= !accept_some(web, fds[i].fd);
		short_of = now_short;
		cut_late(web);
	}
	return NULL;
}

/* --- starting and ending */

static int set_options(struct web *web, const struct web_options *options)
{
	web->options = *options;
	if (!web->options.max_connections)
		web->options.max_connections = MAX_CONNECTIONS;
	if (!web->options.header_ms)
		web->options.header_ms = HEADER_MS;
	if (!web->options.idle_ms)
		web->options.idle_ms = IDLE_MS;
	if (!web->options.answer_ms)
		web->options.answer_ms = ANSWER_MS;
	if (!options->config_file)
		return 0;
	web->options.config_file = strdup(options->config_file);
	return web->options.config_file ? 0 : -ENOMEM;
}

static int listen_all(struct web *web, char *error, size_t error_len)
{
	int err = 0;

	if (web->options.systemd_socket)
		return web_listen_systemd(&web->listeners, error, error_len);
	for (size_t i = 0; !err && i < web->options.nr_addresses; i++)
		err = web_listen_address(&web->listeners, web->options.addresses[i], error,
					 error_len);
	return err;
}

int web_listen(struct web **out, const struct web_options *options, char *error, size_t error_len)
{
	struct web *web = calloc(1, sizeof(*web));
	int err;

	if (!web) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	web->wake = -1;
	web->rate_time = now_ns();
	pthread_mutex_init(&web->lock, NULL);
	pthread_mutex_init(&web->page_lock, NULL);
	err = set_options(web, options);
	if (err)
		snprintf(error, error_len, "out of memory");
	if (!err)
		err = load_state(web, &web->state, error, error_len);
	if (!err) {
		web->rate_tokens = web->state->config.rate_burst;
		err = listen_all(web, error, error_len);
	}
	if (err)
		web_close(web);
	else
		*out = web;
	return err;
}

/* libmicrohttpd wants a certificate at its start; sessions get theirs from web_tls.c. */
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *names, int nr_names,
			  const gnutls_pk_algorithm_t *algorithms, int nr_algorithms,
			  gnutls_pcert_st **certificates, unsigned int *nr, gnutls_privkey_t *key)
{
	(void)session;
	(void)names;
	(void)nr_names;
	(void)algorithms;
	(void)nr_algorithms;
	(void)certificates;
	(void)nr;
	(void)key;
	return -1;
}

static struct MHD_Daemon *start_daemon(struct web *web, bool tls)
{
	/* Above our own limit, so that ours is the one that is met. */
	const struct MHD_OptionItem options[] = {
		{ MHD_OPTION_CONNECTION_LIMIT, web->options.max_connections + 16, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, 0, NULL },
		{ MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE, NULL },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)notify_connection, web },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)complete, web },
		{ MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_escaped, web },
		{ tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END, 0, no_certificate },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
			MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0),
		0, NULL, NULL, handle, web, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static int start_threads(struct web *web)
{
	int err;

	web->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (web->wake < 0)
		return -errno;
	errno = 0;
	web->plain = start_daemon(web, false);
	if (!web->plain)
		return errno ? -errno : -ENOMEM;
	if (web->options.config_file) {
		web->tls = start_daemon(web, true);
		if (!web->tls)
			return errno ? -errno : -ENOMEM;
		web->auth = web_auth_start(end_bcrypt, MAX_BCRYPTS_WAITING);
		if (!web->auth)
			return -ENOMEM;
	}
	err = pthread_create(&web->acceptor, NULL, accept_all, web);
	web->accepting = !err;
	return -err;
}

int web_start(struct web *web, char *error, size_t error_len)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = start_threads(web);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		snprintf(error, error_len, "cannot start the HTTP server: %s", strerror(-err));
	return err;
}

void web_close(struct web *web)
{
	if (!web)
		return;
	atomic_store(&web->closing, true);
	if (web->accepting) {
		wake_acceptor(web);
		pthread_join(web->acceptor, NULL);
	}
	/* First: libmicrohttpd cannot end while connections are suspended. */
	web_auth_stop(web->auth);
	if (web->plain)
		MHD_stop_daemon(web->plain);
	if (web->tls)
		MHD_stop_daemon(web->tls);
	while (web->connections)
		drop_lost(web->connections);
	if (web->wake >= 0)
		close(web->wake);
	web_listeners_close(&web->listeners);
	state_put(web->state);
	free_stamps(&web->stamps);
	free((char *)web->options.config_file);
	pthread_mutex_destroy(&web->lock);
	pthread_mutex_destroy(&web->page_lock);
	free(web);
}

/* --- what is told */

const char *web_url(const struct web *web, size_t i)
{
	bool tls;

	if (i >= web->listeners.nr)
		return NULL;
	pthread_mutex_lock((pthread_mutex_t *)&web->lock);
	tls = web->state->tls;
	pthread_mutex_unlock((pthread_mutex_t *)&web->lock);
	return tls ? web->listeners.all[i].tls_url : web->listeners.all[i].url;
}

size_t web_requests(const struct web *web, struct web_status_count *rows, size_t nr)
{
	size_t found = 0;

	for (unsigned int status = 0; status < MAX_STATUS; status++) {
		unsigned long long count = atomic_load(&web->requests[status]);

		if (!count)
			continue;
		if (found < nr)
			rows[found] = (struct web_status_count){ status, count };
		found++;
	}
	return found;
}
