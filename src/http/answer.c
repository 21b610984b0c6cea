// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/answer.c: answers a request: checks the rate limit and the password, finds the page
 * and sends its response. Runs in libmicrohttpd's threads.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_state.h"

/* Of all answers that are being sent; further requests are answered with 503. */
#define ANSWERS_MEMORY (64 * 1024 * 1024)

/* --- answers */

struct body {
	struct http_server *server;
	size_t len;
	char text[];
};

static void free_body(void *arg)
{
	struct body *body = arg;

	atomic_fetch_sub(&body->server->answers_memory, body->len);
	free(body);
}

static struct MHD_Response *copy_body(struct http_server *server, const char *text, size_t len)
{
	struct MHD_Response *response;
	struct body *body = NULL;

	if (atomic_fetch_add(&server->answers_memory, len) + len <= ANSWERS_MEMORY)
		body = malloc(sizeof(*body) + len);
	if (!body) {
		atomic_fetch_sub(&server->answers_memory, len);
		return NULL;
	}
	body->server = server;
	body->len = len;
	memcpy(body->text, text, len);
	response = MHD_create_response_from_buffer_with_free_callback_cls(len, body->text,
									  free_body, body);
	if (!response)
		free_body(body);
	return response;
}

static void add_headers(struct http_connection *connection, struct MHD_Response *response)
{
	struct http_server *server = connection->server;
	const struct http_config *config = &connection->request_settings->config;
	bool old;

	for (size_t i = 0; i < config->headers.nr; i++)
		MHD_add_response_header(response, config->headers.all[i].name,
					config->headers.all[i].value);
	pthread_mutex_lock(&server->lock);
	old = connection->settings != server->settings;
	pthread_mutex_unlock(&server->lock);
	/* The client's next connection has the new settings. */
	if (old)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

/* Owns response from here on. */
static enum MHD_Result send_response(struct http_connection *connection, unsigned int status,
				     struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	add_headers(connection, response);
	http_connection_set_deadline(
		connection,
		clock_ns(CLOCK_MONOTONIC) + connection->server->options.answer_ms * NS_PER_MS, 0);
	result = MHD_queue_response(connection->mhd, status, response);
	MHD_destroy_response(response);
	if (result == MHD_YES)
		http_server_count_answer(connection->server, status);
	return result;
}

static enum MHD_Result send_error(struct http_connection *connection, unsigned int status)
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
	return send_response(connection, status, response);
}

static const char *request_header(struct http_connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection->mhd, MHD_HEADER_KIND, name);
}

static enum MHD_Result answer_page(struct http_connection *connection, const struct http_page *page)
{
	const struct http_request request = {
		.accept = request_header(connection, MHD_HTTP_HEADER_ACCEPT),
		.accept_encoding = request_header(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING),
	};
	struct http_server *server = connection->server;
	struct http_response got = { .status = page->get ? MHD_HTTP_INTERNAL_SERVER_ERROR :
							   MHD_HTTP_OK,
				     .content_type = page->content_type,
				     .body = page->content,
				     .len = page->content ? strlen(page->content) : 0 };
	struct MHD_Response *response;

	pthread_mutex_lock(&server->page_lock);
	if (page->get)
		page->get(server->options.arg, &request, &got);
	response = copy_body(server, got.body ? got.body : "", got.body ? got.len : 0);
	if (response && got.content_type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, got.content_type);
	if (response && got.content_encoding)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING,
					got.content_encoding);
	pthread_mutex_unlock(&server->page_lock);
	if (!response)
		return send_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE);
	return send_response(connection, got.status, response);
}

/* --- requests */

static const struct http_page *find_page(const struct http_server *server, const char *path)
{
	for (size_t i = 0; i < server->options.nr_pages; i++)
		if (strcmp(server->options.pages[i].path, path) == 0)
			return &server->options.pages[i];
	return NULL;
}

static bool is_read_method(const char *method)
{
	return strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
	       strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static enum MHD_Result answer_request(struct http_connection *connection, const char *path,
				      const char *method)
{
	const struct http_page *page = find_page(connection->server, path);

	if (!is_read_method(method))
		return send_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED);
	if (!page)
		return send_error(connection, MHD_HTTP_NOT_FOUND);
	return answer_page(connection, page);
}

/* false: rate_limit has no token left. */
static bool take_rate_token(struct http_server *server, const struct http_config *config)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	bool ok;

	if (!config->rate_interval_ns)
		return true;
	pthread_mutex_lock(&server->lock);
	server->rate_tokens += (double)(now - server->rate_time) / (double)config->rate_interval_ns;
	if (server->rate_tokens > config->rate_burst)
		server->rate_tokens = config->rate_burst;
	server->rate_time = now;
	ok = server->rate_tokens >= 1;
	if (ok)
		server->rate_tokens--;
	pthread_mutex_unlock(&server->lock);
	return ok;
}

/* No page reads a body. */
static bool has_body(struct http_connection *connection)
{
	const char *length = request_header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return request_header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
	       (length && strcmp(length, "0") != 0);
}

static struct http_connection *connection_of(struct http_auth_job *job)
{
	return (struct http_connection *)((char *)job - offsetof(struct http_connection, job));
}

static void begin_bcrypt(struct http_auth_job *job)
{
	struct http_connection *connection = connection_of(job);

	connection->submitted = true;
	MHD_suspend_connection(connection->mhd);
}

void http_resume_request(struct http_auth_job *job)
{
	MHD_resume_connection(connection_of(job)->mhd);
}

/* The status of the answer; 0: when the job that was submitted is done. */
static unsigned int authenticate(struct http_connection *connection)
{
	struct http_users *users = connection->request_settings->users;
	struct http_auth_job *job = &connection->job;
	unsigned int status = 0;

	job->users = users;
	if (!http_credentials_parse(&job->credentials,
				    request_header(connection, MHD_HTTP_HEADER_AUTHORIZATION)))
		return MHD_HTTP_UNAUTHORIZED;
	if (http_users_was_verified(users, &job->credentials))
		status = MHD_HTTP_OK;
	else if (!http_auth_submit(connection->server->auth, job, begin_bcrypt))
		status = MHD_HTTP_SERVICE_UNAVAILABLE;
	/* The thread owns a job that was submitted. */
	if (status)
		http_credentials_free(&job->credentials);
	return status;
}

static void begin_request(struct http_connection *connection)
{
	connection->request_settings = http_settings_get(connection->server);
	connection->submitted = false;
	http_connection_set_deadline(connection, 0, 0);
}

static enum MHD_Result answer_if_allowed(struct http_connection *connection, const char *path,
					 const char *method)
{
	const struct http_page *page = find_page(connection->server, path);
	unsigned int status = MHD_HTTP_OK;

	if (!take_rate_token(connection->server, &connection->request_settings->config))
		return send_error(connection, MHD_HTTP_TOO_MANY_REQUESTS);
	if (connection->request_settings->users && !(page && page->open))
		status = authenticate(connection);
	if (status == MHD_HTTP_OK)
		return answer_request(connection, path, method);
	/* Called again when the job is done. */
	return status ? send_error(connection, status) : MHD_YES;
}

static enum MHD_Result answer_after_bcrypt(struct http_connection *connection, const char *path,
					   const char *method)
{
	if (connection->job.right)
		return answer_request(connection, path, method);
	return send_error(connection, atomic_load(&connection->server->closing) ?
					      MHD_HTTP_SERVICE_UNAVAILABLE :
					      MHD_HTTP_UNAUTHORIZED);
}

/*
 * Called with the header (*request is NULL then), again with the complete request, and
 * again after a bcrypt. An answer to the first call ends the connection.
 */
enum MHD_Result http_answer_request(void *arg, struct MHD_Connection *mhd, const char *url,
				    const char *method, const char *version, const char *upload,
				    size_t *upload_len, void **request)
{
	struct http_connection *connection = http_connection_get(mhd);

	(void)arg;
	(void)version;
	(void)upload;
	(void)upload_len;
	if (!connection)
		return MHD_NO;
	if (!*request) {
		*request = connection;
		begin_request(connection);
		if (!url) /* the request line is one word */
			return send_error(connection, MHD_HTTP_BAD_REQUEST);
		if (!has_body(connection))
			return MHD_YES;
		return send_error(connection, is_read_method(method) ? MHD_HTTP_CONTENT_TOO_LARGE :
								       MHD_HTTP_METHOD_NOT_ALLOWED);
	}
	if (connection->submitted)
		return answer_after_bcrypt(connection, url, method);
	return answer_if_allowed(connection, url, method);
}

void http_request_completed(void *arg, struct MHD_Connection *mhd, void **request,
			    enum MHD_RequestTerminationCode why)
{
	struct http_connection *connection = *request;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	(void)arg;
	(void)mhd;
	(void)why;
	if (!connection)
		return;
	*request = NULL;
	http_settings_put(connection->request_settings);
	connection->request_settings = NULL;
	http_connection_set_deadline(connection,
				     now + connection->server->options.idle_ms * NS_PER_MS, now);
}

/* Paths are compared as sent: no page is reached by %2e, %00, ... */
size_t http_keep_escaped(void *arg, struct MHD_Connection *mhd, char *text)
{
	(void)arg;
	(void)mhd;
	return strlen(text);
}
