// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_group_counters.c: the counters of --by: intervals, totals, and entries that are freed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>

#include "counters/counters.h"
#include "fake_session.h"

enum { LIMIT = 100 };

static struct group_faults *slab;
static unsigned int epoch;

static struct groups *open_groups(enum dimension first, enum dimension second)
{
	const enum dimension by[2] = { first, second };
	struct groups *g;

	assert_int_equal(groups_open(&g, NULL, by, NULL), 0);
	return g;
}

static int setup(void **state)
{
	(void)state;
	fake_session_begin();
	slab = fake_slab(&fake_maps.groups, LIMIT, sizeof(*slab));
	epoch = 0;
	fake_maps.epoch = &epoch;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_slab_end(&fake_maps.groups, slab, sizeof(*slab));
	return 0;
}

static void count(unsigned int entry, uint64_t key, unsigned int faults, uint64_t ns)
{
	struct group_faults *f = &slab[entry];

	f->used = entry != 0;
	f->key.dim[0][0] = key;
	f->buckets[5] += faults;
	f->sum_ns += faults * ns;
	if (ns > f->max_ns[epoch & 1])
		f->max_ns[epoch & 1] = ns;
}

/* As counters_read() does before. */
static void read_groups(struct groups *g, bool total, struct group_report *report)
{
	groups_flip_epoch(g, epoch + 1);
	epoch++;
	assert_int_equal(groups_read(g, total, report), 0);
}

static void expect_row(const struct group_report *r, unsigned int i, uint64_t key, uint64_t faults,
		       uint64_t max_ns)
{
	assert_true(i < r->nr_rows);
	assert_int_equal(r->rows[i].key.dim[0][0], key);
	assert_int_equal(r->rows[i].n.count, faults);
	assert_int_equal(r->rows[i].n.max_ns, max_ns);
}

static void intervals_and_total(void **state)
{
	struct groups *g = open_groups(DIM_CPU, DIM_NONE);
	struct group_report r;

	(void)state;
	count(1, 7, 10, 500);
	count(2, 8, 1, 20);
	count(0, 0, 3, 50);
	read_groups(g, false, &r);
	assert_int_equal(r.nr_rows, 2);
	expect_row(&r, 0, 7, 10, 500);
	expect_row(&r, 1, 8, 1, 20);
	assert_int_equal(r.other.count, 3);
	assert_int_equal(r.by[0], DIM_CPU);
	count(1, 7, 5, 100);
	read_groups(g, false, &r);
	assert_int_equal(r.nr_rows, 1);
	expect_row(&r, 0, 7, 5, 100);
	assert_int_equal(r.rows[0].n.sum_ns, 500);
	assert_int_equal(r.other.count, 0);
	read_groups(g, true, &r);
	assert_int_equal(r.nr_rows, 2);
	expect_row(&r, 0, 7, 15, 500);
	expect_row(&r, 1, 8, 1, 20);
	assert_int_equal(r.other.count, 3);
	groups_close(g);
}

/* More groups from read to read. */
static void many_groups(void **state)
{
	struct groups *g = open_groups(DIM_CPU, DIM_NONE);
	struct group_report r;
	unsigned int i;

	(void)state;
	for (i = 1; i <= LIMIT; i++) {
		count(i, i, 1, 10);
		read_groups(g, true, &r);
		assert_int_equal(r.nr_rows, i);
	}
	groups_close(g);
}

static void names_of_files(void **state)
{
	struct fault_mapping *mappings;
	struct groups *g;
	struct group_report r;

	(void)state;
	fake_maps.group_mappings_fd = fake_memory((LIMIT + 1) * sizeof(*mappings));
	mappings = mmap(NULL, (LIMIT + 1) * sizeof(*mappings), PROT_READ | PROT_WRITE, MAP_SHARED,
			fake_maps.group_mappings_fd, 0);
	mappings[1].kind = MAPPING_FILE;
	memcpy(mappings[1].names, "b\0a", 3);
	mappings[1].names_len = 3;
	g = open_groups(DIM_FILE, DIM_NONE);
	count(1, (uint64_t)MAPPING_FILE << 32 | 5, 1, 10);
	count(2, 0, 1, 10);
	read_groups(g, true, &r);
	assert_int_equal(r.nr_rows, 2);
	assert_string_equal(r.rows[0].name[0], "/a/b");
	assert_null(r.rows[1].name[0]);
	groups_close(g);
	munmap(mappings, (LIMIT + 1) * sizeof(*mappings));
	close(fake_maps.group_mappings_fd);
}

static int exited_child(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static void exited_processes(void **state)
{
	struct groups *g = open_groups(DIM_PROCESS, DIM_NONE);
	struct group_report r;
	char namespace[64] = "";

	(void)state;
	if (readlink("/proc/self/ns/pid", namespace, sizeof(namespace) - 1) < 0 ||
	    strcmp(namespace, "pid:[4026531836]")) {
		print_message("in another pid namespace nobody is known to have exited\n");
		groups_close(g);
		skip();
	}
	count(1, exited_child(), 10, 500);
	count(2, getpid(), 1, 20);
	read_groups(g, false, &r);
	assert_int_equal(r.nr_rows, 2);
	fake_error = -EPERM;
	assert_int_equal(groups_free_exited(g), -EPERM);
	assert_int_equal(slab[1].used, 1);
	fake_error = 0;
	assert_int_equal(groups_free_exited(g), 0);
	assert_int_equal(fake_nr_freed, 1);
	assert_int_equal(fake_freed[0], 1);
	assert_int_equal(slab[1].used, 0);
	assert_int_equal(slab[1].buckets[5], 0);
	/* The interval had them already; the total has them. */
	read_groups(g, false, &r);
	assert_int_equal(r.nr_rows, 0);
	assert_int_equal(r.exited.count, 0);
	read_groups(g, true, &r);
	assert_int_equal(r.nr_rows, 1);
	assert_int_equal(r.exited.count, 10);
	assert_int_equal(r.exited.max_ns, 500);
	groups_close(g);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(intervals_and_total),
		TEST(many_groups),
		TEST(names_of_files),
		TEST(exited_processes),
	};

	return cmocka_run_group_tests_name("group_counters", tests, NULL, NULL);
}
