// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_serve_metrics_cgroup.c: serve/metrics_cgroup.c: which cgroup's series get the counters of
 * an entry, from scrape to scrape. The hierarchy is of plain directories.
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

#include "counters/counters.h"
#include "serve/serve_metrics_cgroup.h"

/* --- made-up counters, instead of those of the kernel (-Wl,--wrap) */

#define NR_ENTRIES 4

static struct cgroup_faults entries[NR_ENTRIES + 1], other;
static bool forgotten[NR_ENTRIES + 1], folded[NR_ENTRIES + 1];

int __wrap_cgroup_counters_open(struct cgroup_counters **out, const struct session *session);
unsigned int __wrap_cgroup_counters_limit(const struct cgroup_counters *c);
uint64_t __wrap_cgroup_counters_key(const struct cgroup_counters *c, unsigned int entry,
				    uint64_t *faults);
const struct cgroup_faults *__wrap_cgroup_counters_faults(const struct cgroup_counters *c,
							  unsigned int entry);
void __wrap_cgroup_counters_other(const struct cgroup_counters *c, struct cgroup_faults *sum);
void __wrap_cgroup_counters_forget(struct cgroup_counters *c, unsigned int entry, bool fold);
void __wrap_cgroup_counters_settle(struct cgroup_counters *c);
void __wrap_cgroup_counters_close(struct cgroup_counters *c);

int __wrap_cgroup_counters_open(struct cgroup_counters **out, const struct session *session)
{
	(void)session;
	*out = NULL;
	return 0;
}

unsigned int __wrap_cgroup_counters_limit(const struct cgroup_counters *c)
{
	(void)c;
	return NR_ENTRIES;
}

uint64_t __wrap_cgroup_counters_key(const struct cgroup_counters *c, unsigned int entry,
				    uint64_t *faults)
{
	(void)c;
	*faults = 0;
	for (unsigned int path = 0; path < PATH_NR; path++)
		*faults += entries[entry].count[path][0] + entries[entry].count[path][1];
	return entries[entry].key;
}

const struct cgroup_faults *__wrap_cgroup_counters_faults(const struct cgroup_counters *c,
							  unsigned int entry)
{
	(void)c;
	return &entries[entry];
}

void __wrap_cgroup_counters_other(const struct cgroup_counters *c, struct cgroup_faults *sum)
{
	(void)c;
	*sum = other;
}

void __wrap_cgroup_counters_forget(struct cgroup_counters *c, unsigned int entry, bool fold)
{
	(void)c;
	forgotten[entry] = true;
	folded[entry] = fold;
}

/* As the real one: folded counts go to the others, and the entry is free. */
void __wrap_cgroup_counters_settle(struct cgroup_counters *c)
{
	(void)c;
	for (unsigned int i = 1; i <= NR_ENTRIES; i++) {
		if (!forgotten[i])
			continue;
		if (folded[i])
			cgroup_counters_add(&other, &entries[i]);
		entries[i] = (struct cgroup_faults){ 0 };
		forgotten[i] = false;
	}
}

void __wrap_cgroup_counters_close(struct cgroup_counters *c)
{
	(void)c;
}

/* --- a hierarchy and scrapes */

struct fixture {
	char root[64];
	struct cgroups *cgroups;
	struct metrics_cgroup *metrics;
	uint64_t now_ns;
	char text[1 << 16];
};

static void path_of(const struct fixture *f, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", f->root, name);
}

static uint64_t make_cgroup(const struct fixture *f, const char *name)
{
	struct stat st;
	char path[128];

	path_of(f, name, path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void remove_cgroup(const struct fixture *f, const char *name)
{
	char path[128];

	path_of(f, name, path);
	assert_int_equal(rmdir(path), 0);
}

static void scrape(struct fixture *f)
{
	static const struct metric_family faults = { "faults", METRIC_COUNTER, "", "x", 0, 0, 0 };
	static const struct metric_family seconds = { "seconds", METRIC_COUNTER, "", "x", 0, 0, 0 };
	struct exposition *e = exposition_new();
	const char *body;
	size_t len;

	assert_non_null(e);
	f->now_ns += 100000000000;
	exposition_begin(e, EXPOSITION_TEXT);
	metrics_cgroup_begin(f->metrics, f->now_ns);
	exposition_family(e, &faults);
	metrics_cgroup_write(f->metrics, e, CGROUP_FAULTS);
	exposition_family(e, &seconds);
	metrics_cgroup_write(f->metrics, e, CGROUP_SECONDS);
	metrics_cgroup_end(f->metrics);
	body = exposition_end(e, false, &len);
	assert_non_null(body);
	assert_true(len < sizeof(f->text));
	memcpy(f->text, body, len);
	f->text[len] = '\0';
	exposition_free(e);
}

/* count: of anonymous minor faults; 0: no series. */
static void assert_faults(const struct fixture *f, const char *cgroup, unsigned int count)
{
	char line[256];

	snprintf(line, sizeof(line), "faults_total{cgroup=\"%s\",", cgroup);
	if (!count && strstr(f->text, line))
		fail_msg("series of %s in\n%s", cgroup, f->text);
	snprintf(line, sizeof(line),
		 "faults_total{cgroup=\"%s\",pod_uid=\"\",container_id=\"\",path=\"anon\","
		 "severity=\"minor\"} %u\n",
		 cgroup, count);
	if (count && !strstr(f->text, line))
		fail_msg("no '%s' in\n%s", line, f->text);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	memset(entries, 0, sizeof(entries));
	memset(forgotten, 0, sizeof(forgotten));
	other = (struct cgroup_faults){ 0 };
	strcpy(f->root, "/tmp/pfstat-test-XXXXXX");
	*state = f;
	if (!mkdtemp(f->root) || cgroups_open(&f->cgroups, f->root))
		return -1;
	return metrics_cgroup_open(&f->metrics, NULL, f->cgroups);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];
	int err;

	metrics_cgroup_close(f->metrics);
	cgroups_close(f->cgroups);
	snprintf(command, sizeof(command), "rm -rf %s", f->root);
	err = system(command);
	free(f);
	return err;
}

/* --- tests */

static void test_named(void **state)
{
	struct fixture *f = *state;

	entries[2].key = make_cgroup(f, "a");
	entries[2].count[PATH_ANON][0] = 5;
	entries[2].sum_ns[PATH_ANON] = 1500000000;
	other.count[PATH_ANON][0] = 3;
	scrape(f);
	assert_faults(f, "/a", 5);
	assert_faults(f, "other", 3);
	assert_non_null(strstr(f->text, "path=\"anon\"} 1.5\n"));
	assert_int_equal(metrics_cgroup_count(f->metrics), 1);
	assert_int_equal(metrics_cgroup_limit(f->metrics), NR_ENTRIES);
	entries[2].count[PATH_ANON][0] = 6;
	scrape(f);
	assert_faults(f, "/a", 6);
}

/* The last counts are exported once more, then the series end. */
static void test_removed(void **state)
{
	struct fixture *f = *state;

	entries[1].key = make_cgroup(f, "a");
	entries[1].count[PATH_ANON][0] = 5;
	scrape(f);
	entries[1].count[PATH_ANON][0] = 7;
	remove_cgroup(f, "a");
	scrape(f);
	assert_faults(f, "/a", 7);
	assert_false(folded[1]);
	assert_true(entries[1].key == 0);
	scrape(f);
	assert_faults(f, "/a", 0);
	assert_int_equal(metrics_cgroup_count(f->metrics), 0);
}

/* A cgroup that was removed before the first scrape: its counts are in other, and stay there. */
static void test_unnamed(void **state)
{
	struct fixture *f = *state;

	entries[1].key = 1ull << 50;
	entries[1].count[PATH_ANON][0] = 5;
	other.count[PATH_ANON][0] = 1;
	scrape(f);
	assert_faults(f, "other", 6);
	assert_int_equal(metrics_cgroup_count(f->metrics), 0);
	/* It may still exist while it counts. */
	entries[1].count[PATH_ANON][0] = 9;
	scrape(f);
	assert_faults(f, "other", 10);
	assert_true(entries[1].key != 0);
	scrape(f);
	assert_faults(f, "other", 10);
	assert_true(folded[1]);
	assert_true(entries[1].key == 0);
	scrape(f);
	assert_faults(f, "other", 10);
}

/* Another cgroup of the same name: one series, never two with the same labels. */
static void test_replaced(void **state)
{
	struct fixture *f = *state;
	char from[128], to[128];

	entries[1].key = make_cgroup(f, "a");
	entries[1].count[PATH_ANON][0] = 5;
	scrape(f);
	/* Renamed, as a new directory could get the same inode number. */
	entries[2].key = make_cgroup(f, "b");
	entries[2].count[PATH_ANON][0] = 2;
	remove_cgroup(f, "a");
	path_of(f, "b", from);
	path_of(f, "a", to);
	assert_int_equal(rename(from, to), 0);
	scrape(f);
	assert_faults(f, "/a", 2);
	assert_null(strstr(f->text, "} 5\n"));
	assert_true(entries[1].key == 0);
	scrape(f);
	assert_faults(f, "/a", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unnamed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replaced, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("serve_metrics_cgroup", tests, NULL, NULL);
}
