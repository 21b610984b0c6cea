// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols/address_space.c: opens, reads and closes address spaces, and adds CPUs.
 */
#include "symbols_space_store.h"

#include <errno.h>
#include <stdlib.h>

#include "proc/procfs.h"
#include "symbols_mmap_records.h"

int address_spaces_open(struct address_spaces **out, const struct address_spaces_options *options,
			int *events)
{
	struct address_spaces *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	STAILQ_INIT(&a->exited_spaces);
	/* Some 100 bytes each, and 48 for each mapping. */
	a->max_exited = options->max_exited ? options->max_exited : EXITED_REMEMBERED;
	a->sweep_at = a->max_exited;
	a->machine = !options->tids;
	err = hash_open(&a->spaces, 0);
	err = err ?: hash_open(&a->files, 0);
	if (!err)
		*events = options->no_events ?
				  -EOPNOTSUPP :
				  mmap_records_open(&a->records, options->tids, options->nr_tids);
	/* Records first, then maps: what is mapped in between is found twice, not never. */
	err = err ?: spaces_add_present(a, options);
	if (err)
		address_spaces_close(a);
	else
		*out = a;
	return err;
}

struct cpu_to_add {
	struct mmap_records *records;
	int cpu;
};

static int add_cpu_of_thread(void *context, int tid)
{
	const struct cpu_to_add *to_add = context;
	int err = mmap_records_add_thread(to_add->records, tid, to_add->cpu);

	return err == -ESRCH ? 0 : err; /* ended meanwhile */
}

/* The followed threads and their children: events of threads are inherited, but per CPU. */
static int add_cpu_of_threads(struct address_spaces *a, int cpu)
{
	struct cpu_to_add to_add = { a->records, cpu };
	const struct space *s;
	int err = 0;

	if (mmap_records_has_cpu(a->records, cpu))
		return 0;
	for (s = space_next_living(a, NULL); s && !err; s = space_next_living(a, s)) {
		err = procfs_each_thread(s->pid, add_cpu_of_thread, &to_add);
		if (err == -ESRCH)
			err = 0;
	}
	return err;
}

int address_spaces_add_cpu(struct address_spaces *a, int cpu)
{
	int err;

	if (!a->records)
		return 0;
	err = address_spaces_read(a);
	if (err < 0)
		return err;
	a->incomplete = true; /* programs have run there already */
	return a->machine ? mmap_records_add_cpu(a->records, cpu) : add_cpu_of_threads(a, cpu);
}

int address_spaces_fd(const struct address_spaces *a)
{
	return a->records ? mmap_records_fd(a->records) : -1;
}

int address_spaces_read(struct address_spaces *a)
{
	return a->records ? mmap_records_read(a->records, address_spaces_record, a) : 0;
}

void address_spaces_totals(const struct address_spaces *a, struct address_spaces_totals *totals)
{
	*totals = a->totals;
	totals->spaces = a->spaces.nr;
}

void address_spaces_close(struct address_spaces *a)
{
	struct hash_link *link, *next;

	if (!a)
		return;
	hash_each(&a->spaces, link, next) space_drop(a, hash_entry(link, struct space, link));
	hash_close(&a->spaces);
	hash_close(&a->files);
	mmap_records_close(a->records);
	free(a);
}
