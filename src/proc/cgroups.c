// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * proc/cgroups.c: walks the cgroup hierarchy. The directory of a cgroup has 2 links and one more
 * for each child, so a walk opens only those with children: with 10,000 containers a few
 * hundred, and calls fstatat(2) for each of the others.
 */
#include "cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "procfs.h"
#include "util/clock.h"
#include "util/escape.h"
#include "util/hash.h"

/* How long an id that was not found is not searched again. */
#define ABSENT_NS (60 * 1000000000ull)

/* Deeper than any real hierarchy; a walk holds a descriptor and a frame for each level. */
#define MAX_DEPTH     64

#define CGROUP2_MAGIC 0x63677270 /* CGROUP2_SUPER_MAGIC of linux/magic.h */

/* One per id: with a path, or known to be absent. */
struct node {
	struct cgroup_entry entry; /* path NULL: absent at absent_ns */
	uint64_t absent_ns;
	unsigned int walk; /* the last one that found it */
	struct hash_link link; /* by id */
};

struct cgroups {
	int root;
	char *mount; /* the mount point */
	bool unified;
	struct hash nodes;
	unsigned int walks;
	uint64_t walk_ns;
	bool trim;
};

/* --- by id */

static struct node *find_node(const struct cgroups *c, uint64_t id)
{
	return hash_entry(hash_find(&c->nodes, id), struct node, link);
}

static struct node *add_node(struct cgroups *c, uint64_t id)
{
	struct node *node = find_node(c, id);

	if (node)
		return node;
	node = calloc(1, sizeof(*node));
	if (!node)
		return NULL;
	node->entry.id = id;
	hash_add(&c->nodes, &node->link, id);
	return node;
}

static void drop_node(struct cgroups *c, struct node *node)
{
	hash_remove(&c->nodes, &node->link);
	free(node->entry.path);
	free(node);
}

/* --- the walk */

struct walk {
	struct cgroups *c;
	char path[4096];
};

static void store_path(struct walk *walk, uint64_t id)
{
	struct node *node = add_node(walk->c, id);
	const char *path = walk->path[0] ? walk->path : "/";

	if (!node)
		return;
	node->walk = walk->c->walks;
	/* v1 allows renaming a cgroup. */
	if (node->entry.path && !strcmp(node->entry.path, path))
		return;
	free(node->entry.path);
	node->entry.path = strdup(path);
	if (node->entry.path)
		container_id_parse(&node->entry.names, path);
}

static void walk_children(struct walk *walk, int fd, size_t len, int depth);

/* A child of dir, which may be removed at any time. */
static void walk_child(struct walk *walk, int dir, const char *name, size_t len, int depth)
{
	size_t left = sizeof(walk->path) - len;
	int n, fd;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(st.st_mode))
		return;
	n = snprintf(walk->path + len, left, "/%s", name);
	if (n < 0 || (size_t)n >= left)
		return;
	store_path(walk, st.st_ino);
	if (st.st_nlink == 2 || depth >= MAX_DEPTH)
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		walk_children(walk, fd, len + n, depth + 1);
}

/* Closes fd. */
static void walk_children(struct walk *walk, int fd, size_t len, int depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
			continue;
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			walk_child(walk, fd, entry->d_name, len, depth);
	}
	walk->path[len] = '\0';
	closedir(dir);
}

static void walk_all(struct cgroups *c, uint64_t now_ns)
{
	struct walk walk = { .c = c };
	int fd = openat(c->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	c->walks++;
	c->walk_ns = now_ns;
	c->trim = true;
	if (fd < 0)
		return;
	if (!fstat(fd, &st))
		store_path(&walk, st.st_ino);
	walk_children(&walk, fd, 0, 0);
}

const struct cgroup_entry *cgroups_find(struct cgroups *c, uint64_t id, uint64_t now_ns)
{
	struct node *node = find_node(c, id);

	if (node && node->entry.path)
		return &node->entry;
	if (node && now_ns - node->absent_ns < ABSENT_NS)
		return NULL;
	if (!c->walks || c->walk_ns != now_ns) {
		walk_all(c, now_ns);
		node = find_node(c, id);
		if (node && node->entry.path)
			return &node->entry;
	}
	node = add_node(c, id);
	if (node)
		node->absent_ns = now_ns;
	return NULL;
}

const char *cgroups_path(struct cgroups *c, uint64_t id)
{
	const struct cgroup_entry *entry =
		c && id ? cgroups_find(c, id, clock_ns(CLOCK_MONOTONIC)) : NULL;

	return entry ? entry->path : NULL;
}

static int id_of_number(struct cgroups *c, const char *text, unsigned long long *id)
{
	errno = 0;
	*id = strtoull(text, NULL, 10);
	return errno || !*text || !cgroups_find(c, *id, 0) ? -ENOENT : 0;
}

int cgroups_id_of(struct cgroups *c, const char *text, unsigned long long *id)
{
	size_t mount = strlen(c->mount);
	struct stat st;

	if (text[strspn(text, "0123456789")] == '\0')
		return id_of_number(c, text, id);
	if (!strncmp(text, c->mount, mount) && (!text[mount] || text[mount] == '/'))
		text += mount;
	text += strspn(text, "/");
	if (fstatat(c->root, *text ? text : ".", &st, 0))
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOENT;
	*id = st.st_ino;
	return 0;
}

enum cgroup_fate cgroups_fate(const struct cgroups *c, const struct cgroup_entry *entry)
{
	const char *path = entry->path + 1; /* relative to the root */
	struct stat st;

	if (fstatat(c->root, *path ? path : ".", &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT || errno == ENOTDIR ? CGROUP_REMOVED : CGROUP_LIVES;
	return st.st_ino == entry->id ? CGROUP_LIVES : CGROUP_REPLACED;
}

static bool node_is_stale(const struct cgroups *c, const struct node *node)
{
	if (node->entry.path)
		return node->walk != c->walks;
	return c->walk_ns - node->absent_ns >= ABSENT_NS;
}

void cgroups_trim(struct cgroups *c)
{
	struct hash_link *link, *next;

	/* No walk since the last trim. */
	if (!c->trim)
		return;
	c->trim = false;
	hash_each(&c->nodes, link, next)
	{
		struct node *node = hash_entry(link, struct node, link);

		if (node_is_stale(c, node))
			drop_node(c, node);
	}
}

/* --- finding the hierarchy */

/* Writes to list. */
static bool has_word(char *list, const char *word, const char *separators)
{
	const char *each;

	while ((each = strsep(&list, separators)))
		if (!strcmp(each, word))
			return true;
	return false;
}

/* Whether v2 has the memory controller at mount. */
static bool has_memory(const char *mount)
{
	char path[4200], list[512];

	snprintf(path, sizeof(path), "%s/cgroup.controllers", mount);
	return !procfs_read_text(path, list, sizeof(list)) && has_word(list, "memory", " \n");
}

/*
 * Higher is better; 0: not usable. The complete hierarchy is better than a part of it; in a
 * container both may be mounted.
 */
static int rate_mount(char *line, char *mount)
{
	char root[4096], type[32], options[512];
	const char *rest = strstr(line, " - ");
	int complete;

	if (!rest || sscanf(line, "%*s %*s %*s %4095s %4095s", root, mount) != 2 ||
	    sscanf(rest, " - %31s %*s %511s", type, options) != 2)
		return 0;
	unescape_octal(mount);
	complete = !strcmp(root, "/");
	if (!strcmp(type, "cgroup"))
		return has_word(options, "memory", ",") ? 3 + complete : 0;
	if (!strcmp(type, "cgroup2"))
		return (has_memory(mount) ? 5 : 1) + complete;
	return 0;
}

static int find_mount(char *best_mount)
{
	char *line = NULL, mount[4096];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	size_t size = 0;
	int best = 0;

	if (!f)
		return -errno;
	while (getline(&line, &size, f) > 0) {
		int rating = rate_mount(line, mount);

		if (rating > best) {
			best = rating;
			strcpy(best_mount, mount);
		}
	}
	free(line);
	fclose(f);
	return best ? 0 : -ENOENT;
}

int cgroups_open(struct cgroups **out, const char *root)
{
	struct cgroups *c;
	struct statfs fs;
	char mount[4096];
	int err;

	if (!root) {
		err = find_mount(mount);
		if (err)
			return err;
		root = mount;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	err = hash_open(&c->nodes, 0);
	c->mount = strdup(root);
	c->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (err || !c->mount || c->root < 0 || fstatfs(c->root, &fs)) {
		err = !err && c->mount ? -errno : -ENOMEM;
		cgroups_close(c);
		return err;
	}
	c->unified = fs.f_type == CGROUP2_MAGIC;
	*out = c;
	return 0;
}

bool cgroups_unified(const struct cgroups *c)
{
	return c->unified;
}

void cgroups_close(struct cgroups *c)
{
	struct hash_link *link, *next;

	if (!c)
		return;
	hash_each(&c->nodes, link, next) drop_node(c, hash_entry(link, struct node, link));
	hash_close(&c->nodes);
	free(c->mount);
	if (c->root >= 0)
		close(c->root);
	free(c);
}
