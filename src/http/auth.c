// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/auth.c: parses credentials, caches the right ones, and computes bcrypts in a thread.
 */
#include "http_auth.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <crypt.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#define NR_REMEMBERED 64
#define DIGEST_LEN    32 /* of SHA-256 */

struct http_users {
	const struct http_config *config;
	int max_cost; /* the highest cost of a user's hash */

	/* Digests of the pairs that were right last, in a ring. */
	unsigned char salt[DIGEST_LEN];
	pthread_mutex_t lock;
	unsigned char remembered[NR_REMEMBERED][DIGEST_LEN];
	size_t nr_remembered;
};

static int bcrypt_cost(const char *hash)
{
	return (hash[4] - '0') * 10 + hash[5] - '0';
}

struct http_users *http_users_new(const struct http_config *config)
{
	struct http_users *users = calloc(1, sizeof(*users));

	if (!users)
		return NULL;
	if (gnutls_rnd(GNUTLS_RND_KEY, users->salt, sizeof(users->salt)) < 0) {
		free(users);
		return NULL;
	}
	pthread_mutex_init(&users->lock, NULL);
	users->config = config;
	for (size_t i = 0; i < config->users.nr; i++)
		if (bcrypt_cost(config->users.all[i].value) > users->max_cost)
			users->max_cost = bcrypt_cost(config->users.all[i].value);
	return users;
}

void http_users_free(struct http_users *users)
{
	if (!users)
		return;
	pthread_mutex_destroy(&users->lock);
	explicit_bzero(users, sizeof(*users));
	free(users);
}

/* --- credentials */

/* The token behind "Basic ", whatever its case; NULL for other schemes. */
static const char *basic_token(const char *header)
{
	static const char scheme[] = "basic ";

	if (!header || strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	header += sizeof(scheme) - 1;
	return header + strspn(header, " ");
}

bool http_credentials_parse(struct http_credentials *c, const char *header)
{
	const char *token = basic_token(header);
	gnutls_datum_t in, out = { NULL, 0 };
	char *colon;

	*c = (struct http_credentials){ 0 };
	if (!token)
		return false;
	in = (gnutls_datum_t){ (unsigned char *)token, (unsigned int)strlen(token) };
	if (!in.size || gnutls_base64_decode2(&in, &out) < 0)
		return false;
	/* A copy that is NUL-terminated, and freed by free(). */
	c->user = malloc(out.size + 1);
	if (c->user) {
		memcpy(c->user, out.data, out.size);
		c->user[out.size] = '\0';
	}
	gnutls_memset(out.data, 0, out.size);
	gnutls_free(out.data);
	colon = c->user ? memchr(c->user, ':', out.size) : NULL;
	if (!colon) {
		c->password_len = out.size; /* what there is to overwrite */
		http_credentials_free(c);
		return false;
	}
	*colon = '\0';
	c->password = colon + 1;
	c->user_len = (size_t)(colon - c->user);
	c->password_len = out.size - c->user_len - 1;
	return true;
}

void http_credentials_free(struct http_credentials *c)
{
	if (c->user)
		explicit_bzero(c->user, c->user_len + c->password_len);
	if (c->password)
		explicit_bzero(c->password, c->password_len);
	free(c->user);
	*c = (struct http_credentials){ 0 };
}

/* --- the cache */

static const struct http_pair *find_user(const struct http_users *users,
					 const struct http_credentials *c)
{
	for (size_t i = 0; i < users->config->users.nr; i++) {
		const struct http_pair *user = &users->config->users.all[i];

		if (strlen(user->name) == c->user_len &&
		    memcmp(user->name, c->user, c->user_len) == 0)
			return user;
	}
	return NULL;
}

/*
 * Of the user's name, the NUL behind it, and the password. Pairs that were right have no other
 * NUL, so no other pair has their bytes.
 */
static bool make_digest(const struct http_users *users, const struct http_credentials *c,
			unsigned char *digest)
{
	return gnutls_hmac_fast(GNUTLS_MAC_SHA256, users->salt, sizeof(users->salt), c->user,
				c->user_len + 1 + c->password_len, digest) == 0;
}

bool http_users_was_verified(struct http_users *users, const struct http_credentials *c)
{
	unsigned char digest[DIGEST_LEN];
	unsigned int found = 0;
	size_t nr;

	if (!make_digest(users, c, digest))
		return false;
	pthread_mutex_lock(&users->lock);
	nr = users->nr_remembered < NR_REMEMBERED ? users->nr_remembered : NR_REMEMBERED;
	for (size_t i = 0; i < nr; i++)
		found |= gnutls_memcmp(digest, users->remembered[i], DIGEST_LEN) == 0;
	pthread_mutex_unlock(&users->lock);
	return found;
}

static void cache_verified(struct http_users *users, const struct http_credentials *c)
{
	unsigned char digest[DIGEST_LEN];

	/* Two requests at once: the other one has added it. */
	if (http_users_was_verified(users, c) || !make_digest(users, c, digest))
		return;
	pthread_mutex_lock(&users->lock);
	memcpy(users->remembered[users->nr_remembered++ % NR_REMEMBERED], digest, DIGEST_LEN);
	pthread_mutex_unlock(&users->lock);
}

/* --- bcrypt */

/* Is hash the hash of password? Never when hash is only a setting. */
static bool bcrypt_matches(const char *password, const char *hash)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made;
	bool same;

	if (!data)
		return false;
	made = crypt_rn(password, hash, data, sizeof(*data));
	same = made && strlen(made) == strlen(hash) && gnutls_memcmp(made, hash, strlen(hash)) == 0;
	explicit_bzero(data, sizeof(*data));
	free(data);
	return same;
}

static void waste_bcrypt(const char *password, int cost)
{
	char setting[64];

	snprintf(setting, sizeof(setting), "$2b$%02d$abcdefghijklmnopqrstuu", cost);
	bcrypt_matches(password, setting);
}

bool http_users_verify(struct http_users *users, const struct http_credentials *c)
{
	const struct http_pair *user = find_user(users, c);
	/* crypt() would accept the part before a NUL. */
	bool complete = strlen(c->password) == c->password_len;
	/* crypt() refuses longer ones at once; they must take as long as other wrong ones. */
	const char *password = c->password_len < CRYPT_MAX_PASSPHRASE_SIZE ? c->password : "";

	if (!user) {
		waste_bcrypt(password, users->max_cost);
		return false;
	}
	if (bcrypt_matches(password, user->value) && complete && password == c->password) {
		cache_verified(users, c);
		return true;
	}
	/*
	 * A short time would reveal that the user exists. The work doubles with each
	 * cost: 2^c and 2^c, 2^(c+1), ... 2^(max_cost-1) add up to 2^max_cost.
	 */
	for (int cost = bcrypt_cost(user->value); cost < users->max_cost; cost++)
		waste_bcrypt(password, cost);
	return false;
}

/* --- the thread */

struct http_auth {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	STAILQ_HEAD(, http_auth_job) jobs;
	size_t nr_waiting, max_waiting;
	bool ending;
	void (*done)(struct http_auth_job *job);
};

/* The next job; NULL: no more, the thread ends. */
static struct http_auth_job *next_job(struct http_auth *auth, bool *check)
{
	struct http_auth_job *job;

	pthread_mutex_lock(&auth->lock);
	while (STAILQ_EMPTY(&auth->jobs) && !auth->ending)
		pthread_cond_wait(&auth->wake, &auth->lock);
	job = STAILQ_FIRST(&auth->jobs);
	if (job) {
		STAILQ_REMOVE_HEAD(&auth->jobs, link);
		auth->nr_waiting--;
	}
	*check = !auth->ending;
	pthread_mutex_unlock(&auth->lock);
	return job;
}

static void *verify_jobs(void *arg)
{
	struct http_auth *auth = arg;
	struct http_auth_job *job;
	bool check;

	while ((job = next_job(auth, &check))) {
		/* Again: another request of the same client may have added it meanwhile. */
		job->right = check && (http_users_was_verified(job->users, &job->credentials) ||
				       http_users_verify(job->users, &job->credentials));
		http_credentials_free(&job->credentials);
		auth->done(job);
	}
	return NULL;
}

struct http_auth *http_auth_start(void (*done)(struct http_auth_job *job), size_t max_waiting)
{
	struct http_auth *auth = calloc(1, sizeof(*auth));

	if (!auth)
		return NULL;
	pthread_mutex_init(&auth->lock, NULL);
	pthread_cond_init(&auth->wake, NULL);
	STAILQ_INIT(&auth->jobs);
	auth->max_waiting = max_waiting;
	auth->done = done;
	if (!pthread_create(&auth->thread, NULL, verify_jobs, auth))
		return auth;
	free(auth);
	return NULL;
}

bool http_auth_submit(struct http_auth *auth, struct http_auth_job *job,
		      void (*begin)(struct http_auth_job *job))
{
	bool ok;

	pthread_mutex_lock(&auth->lock);
	ok = !auth->ending && auth->nr_waiting < auth->max_waiting;
	if (ok) {
		begin(job);
		STAILQ_INSERT_TAIL(&auth->jobs, job, link);
		auth->nr_waiting++;
		pthread_cond_signal(&auth->wake);
	}
	pthread_mutex_unlock(&auth->lock);
	return ok;
}

void http_auth_stop(struct http_auth *auth)
{
	if (!auth)
		return;
	pthread_mutex_lock(&auth->lock);
	auth->ending = true;
	pthread_cond_signal(&auth->wake);
	pthread_mutex_unlock(&auth->lock);
	pthread_join(auth->thread, NULL);
	pthread_mutex_destroy(&auth->lock);
	pthread_cond_destroy(&auth->wake);
	free(auth);
}
