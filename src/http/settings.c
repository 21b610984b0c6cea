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

void web_settings_put(struct web_settings *settings)
{
	if (!settings || atomic_fetch_sub(&settings->refs, 1) != 1)
		return;
	web_users_free(settings->users);
	web_tls_free(settings->tls);
	web_config_free(&settings->config);
	free(settings);
}

struct web_settings *web_settings_get(struct web *web)
{
	struct web_settings *settings;

	pthread_mutex_lock(&web->lock);
	settings = web->settings;
	atomic_fetch_add(&settings->refs, 1);
	pthread_mutex_unlock(&web->lock);
	return settings;
}

static struct web_stamp take_stamp(const char *path)
{
	struct web_stamp stamp = { .path = strdup(path) };
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

static bool stamp_equal(const struct web_stamp *a, const struct web_stamp *b)
{
	return a->err == b->err && a->mtime.tv_sec == b->mtime.tv_sec &&
	       a->mtime.tv_nsec == b->mtime.tv_nsec && a->size == b->size && a->inode == b->inode &&
	       a->device == b->device;
}

static void add_stamp(struct web_stamps *stamps, const char *path)
{
	if (path)
		stamps->all[stamps->nr++] = take_stamp(path);
}

void web_stamps_free(struct web_stamps *stamps)
{
	for (size_t i = 0; i < stamps->nr; i++)
		free(stamps->all[i].path);
	stamps->nr = 0;
}

static int prepare(struct web_settings *settings, char *error, size_t error_len)
{
	int err = 0;

	if (settings->config.tls)
		err = web_tls_new(&settings->tls, &settings->config, error, error_len);
	if (err || !settings->config.nr_users)
		return err;
	settings->users = web_users_new(&settings->config);
	if (settings->users)
		return 0;
	snprintf(error, error_len, "out of memory");
	return -ENOMEM;
}

/*
 * Files are stamped before they are read: one that changes meanwhile will be read
 * again. A file that is wrong is stamped, too: it is read again when it changes.
 */
static int load_files(struct web *web, struct web_settings *settings, char *error, size_t error_len)
{
	struct web_config *config = &settings->config;
	struct web_stamps stamps = { .nr = 0 };
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
		err = prepare(settings, error, error_len);
	}
	web_stamps_free(&web->stamps);
	web->stamps = stamps;
	return err;
}

int web_settings_load(struct web *web, struct web_settings **out, char *error, size_t error_len)
{
	struct web_settings *settings = calloc(1, sizeof(*settings));
	int err = 0;

	if (!settings) {
		snprintf(error, error_len, "out of memory");
		return -ENOMEM;
	}
	atomic_init(&settings->refs, 1);
	if (web->options.config_file)
		err = load_files(web, settings, error, error_len);
	if (err)
		web_settings_put(settings);
	else
		*out = settings;
	return err;
}

int web_reload(struct web *web, char *error, size_t error_len)
{
	struct web_settings *new, *old;
	int err = web_settings_load(web, &new, error, error_len);

	if (err)
		return err;
	pthread_mutex_lock(&web->lock);
	old = web->settings;
	web->settings = new;
	web->rate_tokens = new->config.rate_burst;
	pthread_mutex_unlock(&web->lock);
	web_settings_put(old);
	return 0;
}

bool web_config_changed(const struct web *web)
{
	bool changed = false;

	for (size_t i = 0; i < web->stamps.nr && !changed; i++) {
		const struct web_stamp *stamp = &web->stamps.all[i];
		struct web_stamp now = take_stamp(stamp->path ? stamp->path : "");

		changed = !stamp_equal(stamp, &now);
		free(now.path);
	}
	return changed;
}
