/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* hugetlb pages from the pool that the caller filled. */
#include "faultgen.h"

#include <string.h>
#include <sys/mman.h>

#define HUGETLB_TOTAL 16 /* huge pages that all workers together reserve, at least one each */

uint64_t meminfo(const char *key)
{
	unsigned long long value = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) &&
		    sscanf(line + strlen(key), ": %llu", &value) == 1)
			break;
	fclose(f);
	return value;
}

int hugetlb_map(struct part *p)
{
	void *at = mmap(p->base, p->unit * p->slots, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED, -1, 0);

	return at == MAP_FAILED ? -errno : 0;
}

/*
 * MADV_DONTNEED knows hugetlb only from 5.18 on, so map anew. The unmap comes
 * first because the new mapping reserves its pages at once.
 */
static int hugetlb_rearm(struct part *p)
{
	if (munmap(p->base, p->unit * p->slots))
		return -errno;
	return hugetlb_map(p);
}

int hugetlb_setup(struct part *p)
{
	const size_t unit = meminfo("Hugepagesize") << 10;
	int err;

	if (!unit)
		return job_skip(p->job,
				"this kernel has no hugetlb pages; it needs CONFIG_HUGETLBFS");
	err = part_reserve(p, unit, part_chunk(p, HUGETLB_TOTAL), unit);
	p->rearm = hugetlb_rearm;
	if (err)
		return err;
	err = hugetlb_map(p);
	if (!err)
		return 0;
	return job_skip(p->job,
			"cannot reserve %llu huge pages for thread %u (%s, %llu of the pool free); "
			"raise /proc/sys/vm/nr_hugepages, %u at most are used",
			(unsigned long long)p->slots, p->worker, strerror(-err),
			(unsigned long long)meminfo("HugePages_Free"),
			p->job->threads > HUGETLB_TOTAL ? p->job->threads : HUGETLB_TOTAL);
}
