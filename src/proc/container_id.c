// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * proc/container_id.c: parses the paths of cgroups, one directory after the other from the root.
 * Inner directories win: with Docker in a pod, or a cluster in Docker, the inner container
 * faults.
 */
#include "container_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "util/array.h"

#define ID_LEN  64
#define UID_LEN 36
/* Static pods have a hash instead of a uid. */
#define HASH_LEN   32

#define HEX_DIGITS "0123456789abcdef"

struct text {
	const char *at;
	size_t len;
};

/*
 * How runtimes begin the name of a container's directory; its id follows: NAME-ID.scope
 * (systemd's driver), NAME-ID (cgroupfs), or SLICE:NAME:ID (a path for systemd that is
 * given to the cgroupfs driver). The cgroups of conmon have another word in between.
 */
static const struct runtime_row {
	const char *text, *runtime;
} names_of_runtimes[] = {
	{ "cri-containerd", "containerd" },
	{ "nerdctl", "containerd" },
	{ "docker", "docker" },
	{ "crio", "cri-o" },
	{ "libpod", "podman" },
	{ "libpod-payload", "podman" },
};

/* Directories in which the cgroupfs driver names containers only by id. */
static const struct runtime_row parents_of_containers[] = {
	{ "docker", "docker" },
	{ "libpod_parent", "podman" },
};

static bool remove_suffix(struct text *text, const char *end)
{
	size_t len = strlen(end);

	if (text->len < len || memcmp(text->at + text->len - len, end, len))
		return false;
	text->len -= len;
	return true;
}

static void set_container(struct cgroup_names *names, const char *id, const char *runtime)
{
	memcpy(names->container_id, id, ID_LEN);
	names->container_id[ID_LEN] = '\0';
	memset(names->runtime, 0, sizeof(names->runtime));
	memcpy(names->runtime, runtime, strlen(runtime));
}

/* at has len bytes. systemd's driver writes "_" for "-", which separates slices. */
static bool parse_uid(struct cgroup_names *names, const char *at, size_t len)
{
	char uid[UID_LEN];
	size_t i;

	if (len != UID_LEN && len != HASH_LEN)
		return false;
	for (i = 0; i < len; i++) {
		bool dash = len == UID_LEN && (i == 8 || i == 13 || i == 18 || i == 23);

		if (dash ? at[i] != '-' && at[i] != '_' : !memchr(HEX_DIGITS, at[i], 16))
			return false;
		uid[i] = dash ? '-' : at[i];
	}
	memcpy(names->pod_uid, uid, len);
	names->pod_uid[len] = '\0';
	/* The containers of a pod are inside its cgroup: an outer one is of something else. */
	names->container_id[0] = '\0';
	names->runtime[0] = '\0';
	return true;
}

/* podUID (cgroupfs), or kubepods[-QOS]-podUID.slice, whatever comes before that. */
static void parse_pod(struct cgroup_names *names, struct text dir)
{
	static const size_t lens[] = { UID_LEN, HASH_LEN };
	bool slice = remove_suffix(&dir, ".slice");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		const char *uid = dir.at + dir.len - lens[i];

		if (dir.len < lens[i] + 3 || memcmp(uid - 3, "pod", 3))
			continue;
		if (dir.len == lens[i] + 3 || (slice && uid[-4] == '-'))
			if (parse_uid(names, uid, lens[i]))
				return;
	}
}

/* NULL: in no row. */
static const char *runtime_of(const struct runtime_row *rows, size_t nr, struct text text)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (text.len == strlen(rows[i].text) && !memcmp(text.at, rows[i].text, text.len))
			return rows[i].runtime;
	return NULL;
}

static void parse_container(struct cgroup_names *names, struct text dir, struct text parent)
{
	struct text name = dir, slice;
	const char *id, *runtime;

	remove_suffix(&name, ".scope");
	if (name.len < ID_LEN)
		return;
	id = name.at + name.len - ID_LEN;
	if (strspn(id, HEX_DIGITS) < ID_LEN)
		return;
	name.len -= ID_LEN;
	if (!name.len) {
		runtime = runtime_of(parents_of_containers, ARRAY_SIZE(parents_of_containers),
				     parent);
		set_container(names, id, runtime ? runtime : "");
		return;
	}
	/* The separator before the id, and with ':' another one after the slice. */
	name.len--;
	slice = name;
	if (name.at[name.len] == ':') {
		while (slice.len && slice.at[slice.len - 1] != ':')
			slice.len--;
		if (!slice.len)
			return;
		name.at += slice.len;
		name.len -= slice.len;
		slice.len--;
	} else if (name.at[name.len] != '-') {
		return;
	}
	runtime = runtime_of(names_of_runtimes, ARRAY_SIZE(names_of_runtimes), name);
	if (!runtime)
		return;
	if (name.at != dir.at)
		parse_pod(names, slice);
	set_container(names, id, runtime);
}

void container_id_parse(struct cgroup_names *names, const char *path)
{
	struct text dir = { path, 0 }, parent = { path, 0 };

	memset(names, 0, sizeof(*names));
	while (*dir.at) {
		dir.len = strcspn(dir.at, "/");
		if (dir.len) {
			parse_pod(names, dir);
			parse_container(names, dir, parent);
			parent = dir;
		}
		dir.at += dir.len;
		dir.at += *dir.at == '/';
	}
}
