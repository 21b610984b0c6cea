/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http_auth.h: passwords of HTTP's basic authentication (RFC 7617). Belongs to http/server.c.
 *
 * A bcrypt takes 50 ms and more, so it is done by a thread of its own, and pairs
 * that were right are remembered. How long an answer takes tells nothing of which
 * users there are.
 */
#ifndef PFSTAT_HTTP_HTTP_AUTH_H
#define PFSTAT_HTTP_HTTP_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "http_config.h"

/* --- the users of one config */

struct http_users;

/* NULL: out of memory. config must outlive it. */
struct http_users *http_users_new(const struct http_config *config);
void http_users_free(struct http_users *users);

struct http_credentials {
	char *user, *password; /* password points into user's memory */
	size_t user_len, password_len;
};

/* header: the value of Authorization, or NULL. false: it has no user and password. */
bool http_credentials_parse(struct http_credentials *c, const char *header);
/* Overwrites them. */
void http_credentials_free(struct http_credentials *c);

/* Was this pair right before? Takes microseconds. Any thread. */
bool http_users_was_verified(struct http_users *users, const struct http_credentials *c);
/* Is this pair right? Takes one bcrypt of the dearest cost, at least. Any thread. */
bool http_users_verify(struct http_users *users, const struct http_credentials *c);
/* How many bcrypts http_users_verify() made: for tests. */
unsigned long long http_users_bcrypts(const struct http_users *users);

/* --- the thread */

/* Embedded in what waits for an answer; the caller keeps it until done is called. */
struct http_auth_job {
	struct http_auth_job *next;
	struct http_users *users;
	struct http_credentials credentials;
	bool right; /* the answer */
};

struct http_auth;

/* done is called from the thread, once for each job. NULL: no memory, no thread. */
struct http_auth *http_auth_start(void (*done)(struct http_auth_job *job), size_t max_waiting);
/*
 * Queues a job. false: too many wait, or it ends; done is not called. begin is
 * called before the thread can see the job.
 */
bool http_auth_submit(struct http_auth *auth, struct http_auth_job *job,
		      void (*begin)(struct http_auth_job *job));
/* Answers what waits with "wrong", without a bcrypt, and ends the thread. */
void http_auth_stop(struct http_auth *auth);

#endif
