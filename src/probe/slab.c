// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/slab.c: maps the array of a slab and runs the program that returns entries.
 */
#include "probe_slab.h"

#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

static size_t slab_bytes(const struct slab *slab, size_t each)
{
	return each * (slab->limit + 1ul);
}

void *slab_map(const struct slab *slab, int fd, size_t each)
{
	void *p = mmap(NULL, slab_bytes(slab, each), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

void slab_unmap(const struct slab *slab, void *array, size_t each)
{
	if (array)
		munmap(array, slab_bytes(slab, each));
}

static int return_entries(const struct slab *slab, const unsigned int *list, unsigned int nr,
			  bool free)
{
	struct slab_return *request = slab->returned;
	unsigned int done, i;

	for (done = 0; done < nr; done += request->nr) {
		LIBBPF_OPTS(bpf_test_run_opts, opts);
		int err;

		request->free = free;
		request->nr = nr - done < SLAB_RETURN_MAX ? nr - done : SLAB_RETURN_MAX;
		for (i = 0; i < request->nr; i++)
			request->entries[i] = list[done + i];
		err = bpf_prog_test_run_opts(slab->return_fd, &opts);
		if (err)
			return err;
	}
	return 0;
}

int slab_unhook(const struct slab *slab, const unsigned int *list, unsigned int nr)
{
	return return_entries(slab, list, nr, false);
}

void rcu_wait(void)
{
	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

int slab_free(const struct slab *slab, const unsigned int *list, unsigned int nr)
{
	return return_entries(slab, list, nr, true);
}
