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

struct web_users;

/* NULL: out of memory. config must outlive it. */
struct web_users *web_users_new(const struct web_config *config);
void web_users_free(struct web_users *users);

struct web_credentials {
	char *user, *password; /* password points into user's memory */
	size_t user_len, password_len;
};

/* header: the value of Authorization, or NULL. false: it has no user and password. */
bool web_credentials_parse(struct web_credentials *c, const char *header);
/* Overwrites them. */
void web_credentials_free(struct web_credentials *c);

/* Was this pair right before? Takes microseconds. Any thread. */
bool web_users_remember(struct web_users *users, const struct web_credentials *c);
/* Is this pair right? Takes one bcrypt of the dearest cost, at least. Any thread. */
bool web_users_check(struct web_users *users, const struct web_credentials *c);
/* How many bcrypts web_users_check() made: for tests. */
unsigned long long web_users_bcrypts(const struct web_users *users);

/* --- the thread */

/* Embedded in what waits for an answer; the caller keeps it until done is called. */
struct web_auth_job {
	struct web_auth_job *next;
	struct web_users *users;
	struct web_credentials credentials;
	bool right; /* the answer */
};

struct web_auth;

/* done is called from the thread, once for each job. NULL: no memory, no thread. */
struct web_auth *web_auth_start(void (*done)(struct web_auth_job *job), size_t max_waiting);
/*
 * Queues a job. false: too many wait, or it ends; done is not called. begin is
 * called before the thread can see the job.
 */
bool web_auth_submit(struct web_auth *auth, struct web_auth_job *job,
		     void (*begin)(struct web_auth_job *job));
/* Answers what waits with "wrong", without a bcrypt, and ends the thread. */
void web_auth_stop(struct web_auth *auth);

#endif
