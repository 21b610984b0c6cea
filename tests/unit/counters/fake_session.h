/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * fake_session.h: a session whose maps are memory of the test, for tests of what reads them.
 * session_maps() is wrapped by the linker; the call of libbpf that runs the programs which take
 * entries back is the one below.
 */
#ifndef PFSTAT_TESTS_FAKE_SESSION_H
#define PFSTAT_TESTS_FAKE_SESSION_H

#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "probe/probe.h"

static struct session_maps fake_maps;

/* What was asked for since fake_session_begin(): entries of all slabs, one after the other. */
static struct slab_return fake_request;
static unsigned int fake_unhooked[256], fake_freed[256];
static unsigned int fake_nr_unhooked, fake_nr_freed;
static int fake_error; /* what the kernel says to it */

void __wrap_session_maps(const struct session *s, struct session_maps *maps);
void __wrap_session_maps(const struct session *s, struct session_maps *maps)
{
	(void)s;
	*maps = fake_maps;
}

int bpf_prog_test_run_opts(int fd, struct bpf_test_run_opts *opts)
{
	unsigned int *list = fake_request.free ? fake_freed : fake_unhooked;
	unsigned int *nr = fake_request.free ? &fake_nr_freed : &fake_nr_unhooked;

	(void)fd;
	(void)opts;
	if (fake_error)
		return fake_error;
	for (unsigned int i = 0; i < fake_request.nr && *nr < 256; i++)
		list[(*nr)++] = fake_request.entries[i];
	return 0;
}

static inline int fake_memory(size_t len)
{
	int fd = memfd_create("slab", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	return fd;
}

/* The array, as the programs see it. */
static inline void *fake_slab(struct slab *slab, unsigned int limit, size_t each)
{
	const size_t len = (limit + 1ul) * each;
	void *array;

	*slab = (struct slab){ .limit = limit,
			       .slab_fd = fake_memory(len),
			       .returned = &fake_request };
	array = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, slab->slab_fd, 0);
	assert_true(array != MAP_FAILED);
	return array;
}

static inline void fake_slab_end(struct slab *slab, void *array, size_t each)
{
	munmap(array, (slab->limit + 1ul) * each);
	close(slab->slab_fd);
}

static inline void fake_session_begin(void)
{
	fake_maps = (struct session_maps){ .group_mappings_fd = -1 };
	fake_nr_unhooked = fake_nr_freed = 0;
	fake_error = 0;
}

#endif
