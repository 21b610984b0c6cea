// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/slab.c: see probe/probe_slab.h.
 */
#include "probe_slab.h"

#include <sys/mman.h>

#include <bpf/bpf.h>

static size_t bytes(const struct entries *e, size_t each)
{
	return each * (e->limit + 1ul);
}

void *entries_map(const struct entries *e, int fd, size_t each)
{
	void *p = mmap(NULL, bytes(e, each), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

void entries_unmap(const struct entries *e, void *array, size_t each)
{
	if (array)
		munmap(array, bytes(e, each));
}

static int run(const struct entries *e, const unsigned int *list, unsigned int nr, bool free)
{
	struct entry_return *request = e->returned;
	unsigned int done, i;

	for (done = 0; done < nr; done += request->nr) {
		LIBBPF_OPTS(bpf_test_run_opts, opts);
		int err;

		request->free = free;
		request->nr = nr - done < ENTRY_RETURN_MAX ? nr - done : ENTRY_RETURN_MAX;
		for (i = 0; i < request->nr; i++)
			request->entries[i] = list[done + i];
		err = bpf_prog_test_run_opts(e->return_fd, &opts);
		if (err)
			return err;
	}
	return 0;
}

int entries_unhook(const struct entries *e, const unsigned int *list, unsigned int nr)
{
	return run(e, list, nr, false);
}

int entries_free(const struct entries *e, const unsigned int *list, unsigned int nr)
{
	return run(e, list, nr, true);
}
