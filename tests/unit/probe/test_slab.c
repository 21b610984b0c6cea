// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_slab.c: the requests to the program that returns entries, with an invented program.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/bpf.h>

#include "probe/probe_slab.h"

#define PROGRAM_FD 77

static struct slab_return returned;

/* What the program was asked to do, all runs together. */
static unsigned int done[2 * SLAB_RETURN_MAX + 1], nr_done, runs, wanted_free;
static unsigned int failing_run; /* 0: none */

int __wrap_bpf_prog_test_run_opts(int prog_fd, struct bpf_test_run_opts *opts);

int __wrap_bpf_prog_test_run_opts(int prog_fd, struct bpf_test_run_opts *opts)
{
	(void)opts;
	assert_int_equal(prog_fd, PROGRAM_FD);
	assert_int_equal(returned.free, wanted_free);
	assert_in_range(returned.nr, 1, SLAB_RETURN_MAX);
	if (++runs == failing_run)
		return -EINTR;
	memcpy(&done[nr_done], returned.entries, returned.nr * sizeof(done[0]));
	nr_done += returned.nr;
	return 0;
}

static int reset_program(void **state)
{
	(void)state;
	memset(&returned, 0, sizeof(returned));
	nr_done = runs = failing_run = wanted_free = 0;
	return 0;
}

static const struct slab slab = {
	.limit = 1000, .slab_fd = -1, .return_fd = PROGRAM_FD, .returned = &returned
};

static void list_of(unsigned int *list, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		list[i] = 3 * i + 1;
}

static void entries_are_returned_in_portions(void **state)
{
	static const unsigned int sizes[] = { 0,
					      1,
					      SLAB_RETURN_MAX - 1,
					      SLAB_RETURN_MAX,
					      SLAB_RETURN_MAX + 1,
					      2 * SLAB_RETURN_MAX + 1 };
	unsigned int list[2 * SLAB_RETURN_MAX + 1];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		list_of(list, sizes[i]);
		for (unsigned int is_free = 0; is_free < 2; is_free++) {
			reset_program(state);
			wanted_free = is_free;
			assert_int_equal(is_free ? slab_free(&slab, list, sizes[i]) :
						   slab_unhook(&slab, list, sizes[i]),
					 0);
			assert_int_equal(nr_done, sizes[i]);
			assert_memory_equal(done, list, sizes[i] * sizeof(list[0]));
			assert_int_equal(runs, (sizes[i] + SLAB_RETURN_MAX - 1) / SLAB_RETURN_MAX);
		}
	}
}

static void a_failed_run_ends_it(void **state)
{
	unsigned int list[2 * SLAB_RETURN_MAX + 1];

	(void)state;
	list_of(list, 2 * SLAB_RETURN_MAX + 1);
	failing_run = 2;
	assert_int_equal(slab_unhook(&slab, list, 2 * SLAB_RETURN_MAX + 1), -EINTR);
	assert_int_equal(runs, 2);
	assert_int_equal(nr_done, SLAB_RETURN_MAX);
}

/* Entry 0 has no key, so there is one entry more than the limit. */
static void the_array_has_room_for_entry_0(void **state)
{
	const struct slab small = { .limit = 3 };
	const size_t each = (size_t)sysconf(_SC_PAGESIZE);
	int fd = memfd_create("slab", MFD_CLOEXEC);
	char *array;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)(4 * each)), 0);
	array = slab_map(&small, fd, each);
	assert_non_null(array);
	array[4 * each - 1] = 1;
	slab_unmap(&small, array, each);
	slab_unmap(&small, NULL, each);
	close(fd);
	assert_null(slab_map(&small, -1, each));
	assert_int_equal(errno, EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(entries_are_returned_in_portions, reset_program),
		cmocka_unit_test_setup(a_failed_run_ends_it, reset_program),
		cmocka_unit_test(the_array_has_room_for_entry_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
