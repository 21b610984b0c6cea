// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_cgroups.c: a made-up hierarchy of plain directories: what is found, when
 * the tree is walked, and what is forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "proc/cgroups.h"

#define SECOND 1000000000ull
#define POD    "/kubepods/pod8dbc5577-d0e2-4706-8787-57d52c03ddf2"
#define ID     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);

static unsigned int walks;

/* In place of openat(2), see the linker's --wrap: each walk opens the root once. */
int __wrap_openat(int dir, const char *path, int flags, ...)
{
	walks += !strcmp(path, ".");
	return __real_openat(dir, path, flags);
}

struct tree {
	char root[64];
	struct cgroups *cgroups;
};

static void path_in(const struct tree *t, const char *name, char path[512])
{
	snprintf(path, 512, "%s%s", t->root, name);
}

static uint64_t id_of(const struct tree *t, const char *name)
{
	char path[512];
	struct stat st;

	path_in(t, name, path);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static uint64_t make(const struct tree *t, const char *name)
{
	char path[512];

	path_in(t, name, path);
	assert_int_equal(mkdir(path, 0755), 0);
	return id_of(t, name);
}

static void take_away(const struct tree *t, const char *name)
{
	char path[512];

	path_in(t, name, path);
	assert_int_equal(rmdir(path), 0);
}

static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));
	char path[512];
	FILE *f;

	strcpy(t->root, "/tmp/pfstat-cgroups-XXXXXX");
	assert_non_null(mkdtemp(t->root));
	make(t, "/a");
	make(t, "/a/b");
	make(t, "/kubepods");
	make(t, POD);
	make(t, POD "/" ID);
	path_in(t, "/a/cgroup.procs", path);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(cgroups_open(&t->cgroups, t->root), 0);
	walks = 0;
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;
	char command[128];

	cgroups_close(t->cgroups);
	snprintf(command, sizeof(command), "rm -rf %s", t->root);
	assert_int_equal(system(command), 0);
	free(t);
	return 0;
}

static void expect_path(const struct tree *t, uint64_t id, const char *path, uint64_t now_ns)
{
	const struct cgroup_entry *entry = cgroups_find(t->cgroups, id, now_ns);

	assert_non_null(entry);
	assert_string_equal(entry->path, path);
	assert_int_equal(entry->id, id);
}

static void one_walk_finds_all(void **state)
{
	struct tree *t = *state;
	const struct cgroup_entry *entry;

	expect_path(t, id_of(t, "/a/b"), "/a/b", SECOND);
	expect_path(t, id_of(t, "/a"), "/a", 2 * SECOND);
	expect_path(t, id_of(t, "/"), "/", 3 * SECOND);
	entry = cgroups_find(t->cgroups, id_of(t, POD "/" ID), 4 * SECOND);
	assert_non_null(entry);
	assert_string_equal(entry->names.container_id, ID);
	assert_string_equal(entry->names.pod_uid, "8dbc5577-d0e2-4706-8787-57d52c03ddf2");
	assert_int_equal(walks, 1);
	assert_false(cgroups_unified(t->cgroups));
}

static void files_are_no_cgroups(void **state)
{
	struct tree *t = *state;

	assert_null(cgroups_find(t->cgroups, id_of(t, "/a/cgroup.procs"), SECOND));
}

static void a_new_one_is_walked_for(void **state)
{
	struct tree *t = *state;
	uint64_t id;

	expect_path(t, id_of(t, "/a"), "/a", SECOND);
	id = make(t, "/a/b/new");
	expect_path(t, id, "/a/b/new", 2 * SECOND);
	assert_int_equal(walks, 2);
}

static void many_unknown_are_one_walk(void **state)
{
	struct tree *t = *state;
	uint64_t i;

	for (i = 0; i < 2000; i++)
		assert_null(cgroups_find(t->cgroups, (1ull << 60) + i, SECOND));
	assert_int_equal(walks, 1);
	/* Known to be absent for a minute. */
	for (i = 0; i < 2000; i++)
		assert_null(cgroups_find(t->cgroups, (1ull << 60) + i, 60 * SECOND));
	assert_int_equal(walks, 1);
	for (i = 0; i < 2000; i++)
		assert_null(cgroups_find(t->cgroups, (1ull << 60) + i, 61 * SECOND));
	assert_int_equal(walks, 2);
}

static void fates(void **state)
{
	struct tree *t = *state;
	const struct cgroup_entry *entry = cgroups_find(t->cgroups, id_of(t, "/a/b"), SECOND);
	char from[512], to[512];

	assert_int_equal(cgroups_fate(t->cgroups, entry), CGROUP_LIVES);
	/* Another one takes its place while the first still has its inode. */
	path_in(t, "/a/b", from);
	path_in(t, "/kept", to);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(cgroups_fate(t->cgroups, entry), CGROUP_REMOVED);
	make(t, "/a/b");
	assert_int_equal(cgroups_fate(t->cgroups, entry), CGROUP_REPLACED);
	entry = cgroups_find(t->cgroups, id_of(t, "/"), SECOND);
	assert_int_equal(cgroups_fate(t->cgroups, entry), CGROUP_LIVES);
}

static void trim_forgets_what_is_gone(void **state)
{
	struct tree *t = *state;
	uint64_t gone = id_of(t, "/a/b"), new;

	expect_path(t, gone, "/a/b", SECOND);
	/* Made before the other goes, so that its inode number is another. */
	new = make(t, "/new");
	take_away(t, "/a/b");
	/* No walk since: nothing is known to be over. */
	cgroups_trim(t->cgroups);
	expect_path(t, gone, "/a/b", 2 * SECOND);
	expect_path(t, new, "/new", 3 * SECOND);
	expect_path(t, gone, "/a/b", 3 * SECOND);
	cgroups_trim(t->cgroups);
	assert_null(cgroups_find(t->cgroups, gone, 3 * SECOND));
	expect_path(t, new, "/new", 3 * SECOND);
}

static void a_renamed_one_gets_its_new_path(void **state)
{
	struct tree *t = *state;
	uint64_t id = id_of(t, "/a/b");
	char from[512], to[512];

	expect_path(t, id, "/a/b", SECOND);
	path_in(t, "/a/b", from);
	path_in(t, "/a/c", to);
	assert_int_equal(rename(from, to), 0);
	assert_null(cgroups_find(t->cgroups, 1ull << 60, 2 * SECOND));
	expect_path(t, id, "/a/c", 2 * SECOND);
}

static void ten_thousand(void **state)
{
	struct tree *t = *state;
	char name[32];
	int i;

	for (i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "/a/%d", i);
		make(t, name);
	}
	for (i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "/a/%d", i);
		expect_path(t, id_of(t, name), name, SECOND);
	}
	assert_int_equal(walks, 1);
}

static void no_hierarchy_there(void **state)
{
	struct cgroups *c = NULL;

	(void)state;
	assert_true(cgroups_open(&c, "/nowhere/at/all") < 0);
	assert_null(c);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(one_walk_finds_all),
		IN_TREE(files_are_no_cgroups),
		IN_TREE(a_new_one_is_walked_for),
		IN_TREE(many_unknown_are_one_walk),
		IN_TREE(fates),
		IN_TREE(trim_forgets_what_is_gone),
		IN_TREE(a_renamed_one_gets_its_new_path),
		IN_TREE(ten_thousand),
		cmocka_unit_test(no_hierarchy_there),
	};

	return cmocka_run_group_tests_name("cgroups", tests, NULL, NULL);
}
