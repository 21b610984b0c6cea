// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_cgroup_counters.c: counters of cgroups that are read, folded and given back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "counters/counters.h"
#include "fake_session.h"

enum { LIMIT = 4 };

static struct cgroup_faults *slab;

static int setup(void **state)
{
	struct cgroup_counters *c;

	fake_session_begin();
	slab = fake_slab(&fake_maps.cgroup_counters, LIMIT, sizeof(*slab));
	if (cgroup_counters_open(&c, NULL))
		return -1;
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	cgroup_counters_close(*state);
	fake_slab_end(&fake_maps.cgroup_counters, slab, sizeof(*slab));
	return 0;
}

static void count(unsigned int entry, uint64_t key, unsigned int minor, unsigned int major)
{
	slab[entry].key = key;
	slab[entry].count[PATH_ANON][0] += minor;
	slab[entry].count[PATH_ANON][1] += major;
	slab[entry].sum_ns[PATH_ANON] += 1000ull * (minor + major);
	slab[entry].buckets[7] += minor + major;
}

static void expect_other(const struct cgroup_counters *c, uint64_t minor, uint64_t major)
{
	struct cgroup_faults other;

	cgroup_counters_other(c, &other);
	assert_int_equal(other.count[PATH_ANON][0], minor);
	assert_int_equal(other.count[PATH_ANON][1], major);
	assert_int_equal(other.sum_ns[PATH_ANON], 1000 * (minor + major));
	assert_int_equal(other.buckets[7], minor + major);
}

static void keys(void **state)
{
	const struct cgroup_counters *c = *state;
	uint64_t faults;

	assert_int_equal(cgroup_counters_limit(c), LIMIT);
	count(1, 100, 3, 2);
	count(2, 200, 0, 0);
	assert_int_equal(cgroup_counters_key(c, 1, &faults), 100);
	assert_int_equal(faults, 5);
	/* Claimed, but the key can be another entry's; free. */
	assert_int_equal(cgroup_counters_key(c, 2, &faults), 0);
	assert_int_equal(cgroup_counters_key(c, 3, &faults), 0);
	assert_int_equal(faults, 0);
	assert_int_equal(cgroup_counters_faults(c, 1)->count[PATH_ANON][1], 2);
}

static void sums(void **state)
{
	struct cgroup_faults sum = { .key = 42 };

	(void)state;
	count(1, 100, 3, 2);
	cgroup_counters_add(&sum, &slab[1]);
	cgroup_counters_add(&sum, &slab[1]);
	assert_int_equal(sum.key, 42);
	assert_int_equal(sum.count[PATH_ANON][0], 6);
	assert_int_equal(sum.count[PATH_ANON][1], 4);
	assert_int_equal(sum.sum_ns[PATH_ANON], 10000);
	assert_int_equal(sum.buckets[7], 10);
}

/* Entry 0 has the cgroups beyond the limit. */
static void folded_counts_stay(void **state)
{
	struct cgroup_counters *c = *state;
	uint64_t faults;

	count(0, 0, 10, 1);
	count(1, 100, 3, 2);
	count(3, 300, 4, 0);
	expect_other(c, 10, 1);
	cgroup_counters_forget(c, 1, true);
	cgroup_counters_forget(c, 3, true);
	expect_other(c, 10, 1);
	cgroup_counters_settle(c);
	expect_other(c, 17, 3);
	assert_int_equal(cgroup_counters_key(c, 1, &faults), 0);
	/* Downwards, so that the lowest is claimed first; unhooked before it is free. */
	assert_int_equal(fake_nr_unhooked, 2);
	assert_int_equal(fake_unhooked[0], 3);
	assert_int_equal(fake_unhooked[1], 1);
	assert_int_equal(fake_nr_freed, 2);
	assert_memory_equal(fake_freed, fake_unhooked, 2 * sizeof(fake_freed[0]));
	count(1, 500, 1, 0);
	assert_int_equal(cgroup_counters_key(c, 1, &faults), 500);
	assert_int_equal(faults, 1);
	cgroup_counters_settle(c);
	assert_int_equal(fake_nr_unhooked, 2);
	expect_other(c, 17, 3);
}

static void other_counts_end(void **state)
{
	struct cgroup_counters *c = *state;
	uint64_t faults;

	count(2, 200, 3, 2);
	cgroup_counters_forget(c, 2, false);
	cgroup_counters_settle(c);
	expect_other(c, 0, 0);
	assert_int_equal(cgroup_counters_key(c, 2, &faults), 0);
}

/* The kernel refuses: nothing is lost, and the next time it works. */
static void refused(void **state)
{
	struct cgroup_counters *c = *state;
	uint64_t faults;

	count(2, 200, 3, 2);
	cgroup_counters_forget(c, 2, true);
	fake_error = -EPERM;
	cgroup_counters_settle(c);
	assert_int_equal(cgroup_counters_key(c, 2, &faults), 200);
	expect_other(c, 0, 0);
	fake_error = 0;
	cgroup_counters_settle(c);
	assert_int_equal(cgroup_counters_key(c, 2, &faults), 0);
	expect_other(c, 3, 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keys),    TEST(sums), TEST(folded_counts_stay), TEST(other_counts_end),
		TEST(refused),
	};

	return cmocka_run_group_tests_name("cgroup_counters", tests, NULL, NULL);
}
