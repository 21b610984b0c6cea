// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * http/settings.c: loads the settings from --web.config.file and the files that it names,
 * replaces them on a reload, and notices changes of these files.
 */
#include <errno.h>
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

struct http_settings *http_settings_get(struct http_server *server)
{
	struct http_settings *settings;

	pthread_mutex_lock(&server->lock);
	settings = server->settings;
	atomic_fetch_add(&settings->refs, 1);
	pthread_mutex_unlock(&server->lock);
	return settings;
}

static void stamp_file(struct file_stamp *stamp)
{
	stamp->st = (struct stat){ 0 };
	stamp->err = stat(stamp->path ?: "", &stamp->st) ? errno : 0;
}

static bool stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->err == b->err && a->st.st_mtim.tv_sec == b->st.st_mtim.tv_sec &&
	       a->st.st_mtim.tv_nsec == b->st.st_mtim.tv_nsec && a->st.st_size == b->st.st_size &&
	       a->st.st_ino == b->st.st_ino && a->st.st_dev == b->st.st_dev;
}

static void add_stamp(struct file_stamps *stamps, const char *path)
{
	if (!path)
		return;
	stamps->all[stamps->nr].path = strdup(path);
	stamp_file(&stamps->all[stamps->nr++]);
}

void file_stamps_free(struct file_stamps *stamps)
{
	for (size_t i = 0; i < stamps->nr; i++)
		free(stamps->all[i].path);
	stamps->nr = 0;
}

static int prepare_settings(struct http_settings *settings, struct error *error)
{
	int err = 0;

	if (settings->config.tls)
		err = http_tls_new(&settings->tls, &settings->config, error);
	if (err || !settings->config.users.nr)
		return err;
	settings->users = http_users_new(&settings->config);
	return settings->users ? 0 : error_set(error, -ENOMEM, "out of memory");
}

/*
 * The stamps are taken before the files are read: a file that changes meanwhile is read
 * again. Broken files have stamps, too, and are read again when they change.
 */
static int load_files(struct http_server *server, struct http_settings *settings,
		      struct error *error)
{
	struct http_config *config = &settings->config;
	struct file_stamps stamps = { .nr = 0 };
	int err;

	add_stamp(&stamps, server->options.config_file);
	err = http_config_load(config, server->options.config_file, error);
	if (err) {
		for (size_t i = 1; i < server->stamps.nr; i++)
			add_stamp(&stamps, server->stamps.all[i].path);
	} else {
		add_stamp(&stamps, config->cert_file);
		add_stamp(&stamps, config->key_file);
		add_stamp(&stamps, config->client_ca_file);
		err = prepare_settings(settings, error);
	}
	file_stamps_free(&server->stamps);
	server->stamps = stamps;
	return err;
}

int http_settings_load(struct http_server *server, struct http_settings **out, struct error *error)
{
	struct http_settings *settings = calloc(1, sizeof(*settings));
	int err = 0;

	if (!settings)
		return error_set(error, -ENOMEM, "out of memory");
	atomic_init(&settings->refs, 1);
	if (server->options.config_file)
		err = load_files(server, settings, error);
	if (err)
		http_settings_put(settings);
	else
		*out = settings;
	return err;
}

int http_server_reload(struct http_server *server, struct error *error)
{
	struct http_settings *new, *old;
	int err = http_settings_load(server, &new, error);

	if (err)
		return err;
	pthread_mutex_lock(&server->lock);
	old = server->settings;
	server->settings = new;
	server->rate_tokens = new->config.rate_burst;
	pthread_mutex_unlock(&server->lock);
	http_settings_put(old);
	return 0;
}

bool http_server_config_changed(const struct http_server *server)
{
	bool changed = false;

	for (size_t i = 0; i < server->stamps.nr && !changed; i++) {
		struct file_stamp now = server->stamps.all[i];

		stamp_file(&now);
		changed = !stamp_equal(&server->stamps.all[i], &now);
	}
	return changed;
}
