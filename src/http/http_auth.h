/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http/http_auth.h: verifies the passwords of HTTP's basic authentication (RFC 7617).
 *
 * A bcrypt takes 50 ms and more, so a separate thread computes it, and pairs of user
 * and password that were right are cached. The time of an answer does not depend on
 * which users exist.
 */
#ifndef PFSTAT_HTTP_HTTP_AUTH_H
#define PFSTAT_HTTP_HTTP_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

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

/* header: the value of Authorization, or NULL. false: no user and password in it. */
bool http_credentials_parse(struct http_credentials *c, const char *header);
/* Overwrites them. */
void http_credentials_free(struct http_credentials *c);

/* Is this pair in the cache? Takes microseconds. Any thread. */
bool http_users_was_verified(struct http_users *users, const struct http_credentials *c);
/* Is this pair right? Takes at least one bcrypt of the highest cost. Any thread. */
bool http_users_verify(struct http_users *users, const struct http_credentials *c);

/* --- the thread */

/* Part of a waiting request; the caller keeps it until done is called. */
struct http_auth_job {
	STAILQ_ENTRY(http_auth_job) link;
	struct http_users *users;
	struct http_credentials credentials;
	bool right; /* the result */
};

struct http_auth;

/*
 * The thread calls done once for each job; it inherits the signal mask. NULL: out of memory,
 * or no thread.
 */
struct http_auth *http_auth_start(void (*done)(struct http_auth_job *job), size_t max_waiting);
/*
 * Queues a job. false: too many are queued, or the thread ends; done is not called then.
 * begin is called before the thread can get the job.
 */
bool http_auth_submit(struct http_auth *auth, struct http_auth_job *job,
		      void (*begin)(struct http_auth_job *job));
/* Fails the queued jobs without a bcrypt, and ends the thread. */
void http_auth_stop(struct http_auth *auth);

#endif
