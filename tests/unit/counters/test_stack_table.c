// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_stack_table.c: faults by stack: reading, and making room while programs count.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>

#include "counters/counters.h"
#include "fake_session.h"

enum { LIMIT = 40, FRAMES = 3 };

static struct profile_stack *stacks;
static struct profile_fault *faults;
static struct profile_claims claims;

static int setup(void **state)
{
	struct stack_table *t;

	fake_session_begin();
	stacks = fake_slab(&fake_maps.profile_stacks, LIMIT, sizeof(*stacks));
	faults = fake_slab(&fake_maps.profile_faults, LIMIT, sizeof(*faults));
	claims = (struct profile_claims){ 0 };
	fake_maps.profile_claims = &claims;
	if (stack_table_open(&t, NULL))
		return -1;
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	stack_table_close(*state);
	fake_slab_end(&fake_maps.profile_stacks, stacks, sizeof(*stacks));
	fake_slab_end(&fake_maps.profile_faults, faults, sizeof(*faults));
	return 0;
}

/* A stack of the frames hash, hash + 1, ...: its hash. */
static uint64_t add_stack(uint64_t hash)
{
	struct profile_stack *s = &stacks[++claims.stacks];

	*s = (struct profile_stack){ .hash = hash, .nr = FRAMES, .used = 1 };
	for (unsigned int i = 0; i < FRAMES; i++)
		s->ip[i] = hash + i;
	return hash;
}

static struct profile_fault *add_fault(int pid, uint64_t kernel, uint64_t user, uint64_t count)
{
	struct profile_fault *f = &faults[++claims.faults];

	*f = (struct profile_fault){
		.key = { .kernel = kernel,
			 .user = user,
			 .pid = pid,
			 .path = PATH_ANON,
			 .origin = ORIGIN_KERNEL },
		.count = count,
		.sum_ns = 1000 * count,
		.comm = "test",
		.used = 1,
	};
	return f;
}

/* What came out, without the stacks. */
struct out {
	unsigned int nr;
	uint64_t count;
	struct stack_sample last;
	uint64_t kernel_ip, user_ip; /* the innermost of the last */
	int fail_at; /* 0: never */
};

static int take_sample(void *context, const struct stack_sample *sample)
{
	struct out *out = context;

	out->nr++;
	out->count += sample->count;
	out->last = *sample;
	out->kernel_ip = sample->nr_kernel ? sample->kernel[0] : 0;
	out->user_ip = sample->nr_user ? sample->user[0] : 0;
	return (int)out->nr == out->fail_at ? -EXFULL : 0;
}

static void all_at_the_end(void **state)
{
	struct out out = { 0 };

	add_fault(getpid(), add_stack(1ull << 40), add_stack(2ull << 40), 7);
	assert_int_equal(stack_table_take_all(*state, take_sample, &out), 0);
	assert_int_equal(out.nr, 1);
	assert_int_equal(out.last.pid, getpid());
	assert_false(out.last.ended);
	assert_int_equal(out.last.count, 7);
	assert_int_equal(out.last.sum_ns, 7000);
	assert_int_equal(out.last.nr_kernel, FRAMES);
	assert_int_equal(out.last.nr_user, FRAMES);
	assert_int_equal(out.last.kernel_error, 0);
	assert_int_equal(out.kernel_ip, 1ull << 40);
	assert_int_equal(out.user_ip, 2ull << 40);
}

static void stacks_that_are_missing(void **state)
{
	struct out out = { 0 };
	struct profile_fault *f = add_fault(getpid(), EFAULT, 3ull << 40, 1);

	/* The kernel has an error; nobody has a stack of the user's hash. */
	assert_int_equal(stack_table_take_all(*state, take_sample, &out), 0);
	assert_int_equal(out.last.kernel_error, -EFAULT);
	assert_int_equal(out.last.user_error, -ENOENT);
	assert_int_equal(out.last.nr_kernel + out.last.nr_user, 0);
	/* A fault of user mode has no kernel stack. */
	f->key.origin = ORIGIN_USER;
	f->key.user = PROFILE_NO_STACK;
	assert_int_equal(stack_table_take_all(*state, take_sample, &out), 0);
	assert_int_equal(out.last.kernel_error, 0);
	assert_int_equal(out.last.user_error, 0);
}

static void an_error_ends_it(void **state)
{
	struct out out = { .fail_at = 3 };

	for (unsigned int i = 0; i < 10; i++)
		add_fault(getpid(), EFAULT, EFAULT, 1);
	assert_int_equal(stack_table_take_all(*state, take_sample, &out), -EXFULL);
	assert_int_equal(out.nr, 3);
}

/* Processes that live stay until they need nearly all of the table. */
static void room_is_made(void **state)
{
	struct stack_table *t = *state;
	struct out out = { 0 };
	unsigned int i;

	/* Less than a quarter. */
	for (i = 0; i < LIMIT / 4 - 1; i++)
		add_fault(getpid(), add_stack((i + 1ull) << 40), PROFILE_NO_STACK, i + 1);
	assert_false(stack_table_fills(t));
	assert_int_equal(stack_table_make_room(t), 0);
	assert_false(stack_table_waits(t));
	assert_int_equal(fake_nr_unhooked, 0);
	for (; i < LIMIT - 2; i++)
		add_fault(getpid(), add_stack((i + 1ull) << 40), PROFILE_NO_STACK, i + 1);
	assert_true(stack_table_fills(t));
	assert_int_equal(stack_table_make_room(t), 0);
	assert_false(stack_table_waits(t));
	assert_true(stack_table_fills(t));
	assert_int_equal(stack_table_make_room(t), 0);
	assert_true(stack_table_waits(t));
	/* Faults and the stacks that only they name. */
	for (i = 1; i <= LIMIT; i++) {
		assert_int_equal(faults[i].used, 0);
		assert_int_equal(stacks[i].used, 0);
	}
	assert_int_equal(fake_nr_freed, fake_nr_unhooked);
	assert_false(stack_table_fills(t));
	assert_int_equal(stack_table_hand_out(t, 5, take_sample, &out), 0);
	assert_int_equal(out.nr, 5);
	assert_true(stack_table_waits(t));
	assert_int_equal(stack_table_hand_out(t, UINT_MAX, take_sample, &out), 0);
	assert_int_equal(out.nr, LIMIT - 2);
	assert_int_equal(out.count, (LIMIT - 2) * (LIMIT - 1) / 2);
	assert_int_equal(out.last.nr_kernel, FRAMES);
	assert_false(stack_table_waits(t));
}

/* What the kernel refuses to give back stays, and is in the end. */
static void refused(void **state)
{
	struct stack_table *t = *state;
	struct out out = { 0 };
	unsigned int i;

	for (i = 0; i < LIMIT; i++)
		add_fault(getpid(), add_stack((i + 1ull) << 40), PROFILE_NO_STACK, 1);
	fake_error = -EPERM;
	for (i = 0; i < 2 && !stack_table_make_room(t); i++)
		;
	assert_int_equal(stack_table_hand_out(t, UINT_MAX, take_sample, &out), 0);
	assert_int_equal(out.nr, 0);
	assert_int_equal(faults[1].used, 1);
	assert_int_equal(stacks[1].used, 1);
	assert_int_equal(stack_table_take_all(t, take_sample, &out), 0);
	assert_int_equal(out.count, LIMIT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_at_the_end),   TEST(stacks_that_are_missing),
		TEST(an_error_ends_it), TEST(room_is_made),
		TEST(refused),
	};

	return cmocka_run_group_tests_name("stack_table", tests, NULL, NULL);
}
