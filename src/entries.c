// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * entries.c: see entries.h.
 */
#include "entries.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

static int run(int program_fd, struct entry_return *request, const unsigned int *entries,
	       unsigned int nr, bool free)
{
	unsigned int done, i;

	for (done = 0; done < nr; done += request->nr) {
		LIBBPF_OPTS(bpf_test_run_opts, opts);
		int err;

		request->free = free;
		request->nr = nr - done < ENTRY_RETURN_MAX ? nr - done : ENTRY_RETURN_MAX;
		for (i = 0; i < request->nr; i++)
			request->entries[i] = entries[done + i];
		err = bpf_prog_test_run_opts(program_fd, &opts);
		if (err)
			return err;
	}
	return 0;
}

int entries_unhook(int program_fd, struct entry_return *request, const unsigned int *entries,
		   unsigned int nr)
{
	return run(program_fd, request, entries, nr, false);
}

int entries_free(int program_fd, struct entry_return *request, const unsigned int *entries,
		 unsigned int nr)
{
	return run(program_fd, request, entries, nr, true);
}

/*
 * Programs run under RCU, whose grace period MEMBARRIER_CMD_GLOBAL waits for (some ms, no CPU
 * time). With nohz_full there is no such command; then the time that the caller
 * takes between the two must do, which is far more than a program runs.
 */
void entries_wait(void)
{
	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

size_t entries_bytes(size_t each, size_t nr)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (each * nr + page - 1) / page * page;
}
