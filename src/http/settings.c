// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/settings.c: the settings in force: made from the files of --web.config.file,
 * replaced when these are read again. Whether they have changed since is asked of
 * the file system.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "http_state.h"

void http_settings_put(struct http_settings *settings)
{
	if (!settings || atomic_fetch_sub(&settings->refs, 1) != 1)
		return;
	http_users_free(settings->users);
	http_tls_free(settings->tls);
	http_config_free(&settings->config);
	free(settings);
}

struct http_settings *http_settings_get(struct http_server *http_server)
{
	struct http_settings *settings;

	pthread_mutex_lock(&http_server->lock);
	settings = http_server->settings;
	atomic_fetch_add(&settings->refs, 1);
	pthread_mutex_unlock(&http_server->lock);
	return settings;
}

static struct http_stamp take_stamp(const char *path)
{
	struct http_stamp stamp = { .path = strdup(path) };
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

static bool stamp_equal(const struct http_stamp *a, const struct http_stamp *b)
{
	return a->err == b->err && a->mtime.tv_sec == b->mtime.tv_sec &&
	       a->mtime.tv_nsec == b->mtime.tv_nsec && a->size == b->size && a->inode == b->inode &&
	       a->device == b->device;
}

static void add_stamp(struct http_stamps *stamps, const char *path)
{
	if (path)
		stamps->all[stamps->nr++] = take_stamp(path);
}

void http_stamps_free(struct http_stamps *stamps)
{
	for (size_t i = 0; i < stamps->nr; i++)
		free(stamps->all[i].path);
	stamps->nr = 0;
}

static int prepare(struct http_settings *settings, char *error, size_t error_len)
{
	int err = 0;

	if (settings->config.tls)
		err = http_tls_new(&settings->tls, &settings->config, error, error_len);
	if (err || !settings->config.nr_users)
		return err;
	settings->users = http_users_new(&settings->config);
	if (settings->users)
		return 0;
	snprintf(error, error_len, "out of memory");
	return -ENOMEM;
}

/*
 * Files are stamped before they are read: one that changes meanwhile will be read
 * again. A file that is wrong is stamped, too: it is read again when it changes.
 */
static int load_files(struct http_server *http_server, struct http_settings *settings, char *error,
		      size_t error_len)
{
	struct http_config *config = &settings->config;
	struct http_stamps stamps = { .nr = 0 };
	int err;

	add_stamp(&stamps, http_server->options.config_file);
	err = http_config_load(config, http_server->options.config_file, error, error_len);
	if (err) {
		for (size_t i = 1; i < http_server->stamps.nr; i++)
			add_stamp(&stamps, http_server->stamps.all[i].path);
	} else {
		add_stamp(&stamps, config->cert_file);
		add_stamp(&stamps, config->key_file);
		add_stamp(&stamps, config->client_ca_file);
		err = prepare(settings, error, error_len);
	}
	http_stamps_free(&http_server->stamps);
	http_server->stamps = stamps;
	return err;
}

int http_settings_load(struct http_server *http_server, struct http_settings **out, char *error,
		       size_t error_len)
{
	struct http_settings *settings = calloc(1, sizeof(*settings));
	int err = 0;

	if (!settings) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	atomic_init(&settings->refs, 1);
	if (http_server->options.config_file)
		err = load_files(http_server, settings, error, error_len);
	if (err)
		http_settings_put(settings);
	else
		*out = settings;
	return err;
}

int http_reload(struct http_server *http_server, char *error, size_t error_len)
{
	struct http_settings *new, *old;
	int err = http_settings_load(http_server, &new, error, error_len);

	if (err)
		return err;
	pthread_mutex_lock(&http_server->lock);
	old = http_server->settings;
	http_server->settings = new;
	http_server->rate_tokens = new->config.rate_burst;
	pthread_mutex_unlock(&http_server->lock);
	http_settings_put(old);
	return 0;
}

bool http_config_changed(const struct http_server *http_server)
{
	bool changed = false;

	for (size_t i = 0; i < http_server->stamps.nr && !changed; i++) {
		const struct http_stamp *stamp = &http_server->stamps.all[i];
		struct http_stamp now = take_stamp(stamp->path ? stamp->path : "");

		changed = !stamp_equal(stamp, &now);
		free(now.path);
	}
	return changed;
}
