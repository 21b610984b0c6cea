/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Owns what a kind changes in the machine and puts back, and what the kernel says of it: counters,
 * mappings, frames. */
#include "faultgen.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int write_word(const char *file, const char *word)
{
	const size_t len = strlen(word);
	int fd = open(file, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, word, len) != (ssize_t)len)
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

/* Writes the word and remembers what was there for settings_restore(). 0 or a negative errno. */
int setting_put(struct job *job, const char *file, const char *word)
{
	struct setting *s = &job->settings[job->nsettings];
	int err;

	if (job->nsettings == ARRAY_SIZE(job->settings))
		return -ENOSPC;
	err = sysfs_read(file, s->old, sizeof(s->old));
	if (err || !strcmp(s->old, word))
		return err;
	err = write_word(file, word);
	if (err)
		return err;
	snprintf(s->file, sizeof(s->file), "%s", file);
	job->nsettings++;
	return 0;
}

void settings_restore(struct job *job)
{
	while (job->nsettings) {
		const struct setting *s = &job->settings[--job->nsettings];

		if (write_word(s->file, s->old))
			fprintf(stderr, "faultgen: cannot restore %s; echo %s > %s\n", s->file,
				s->old, s->file);
	}
}

/* A number of /proc/vmstat; 0 when this kernel does not count that. */
uint64_t vmstat(const char *key)
{
	unsigned long long value = 0;
	const size_t len = strlen(key);
	char line[128];
	FILE *f = fopen("/proc/vmstat", "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len) && sscanf(line + len, " %llu", &value) == 1)
			break;
	fclose(f);
	return value;
}

uint64_t thread_faults(void)
{
	struct rusage now;

	getrusage(RUSAGE_THREAD, &now);
	return now.ru_minflt + now.ru_majflt;
}

/* The sum of a key of /proc/self/smaps ("AnonHugePages:") over the part's mappings, in KiB. */
uint64_t part_smaps_kb(const struct part *p, const char *key)
{
	const uintptr_t from = (uintptr_t)p->base, to = from + p->unit * p->slots;
	unsigned long start, end;
	unsigned long long kb, sum = 0;
	bool inside = false;
	char line[512];
	FILE *f = fopen("/proc/self/smaps", "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start < to && from < end;
		else if (inside && !strncmp(line, key, strlen(key)) &&
			 sscanf(line + strlen(key), " %llu", &kb) == 1)
			sum += kb;
	}
	fclose(f);
	return sum;
}

/* The frame of a unit's first page; 0 when there is none or when frames are hidden. */
uint64_t part_unit_pfn(struct part *p, uint64_t slot)
{
	uint64_t entry;

	return part_pagemap(p, slot * (p->unit / p->job->page), &entry, 1) ||
			       !(entry & PAGEMAP_PRESENT) ?
		       0 :
		       entry & PAGEMAP_PFN;
}

/* Notes the frames of the units' first pages, for part_same_units(). */
int part_note_units(struct part *p)
{
	uint64_t i;

	p->pfns = calloc(p->slots, sizeof(*p->pfns));
	if (!p->pfns)
		return job_fail(p->job, ENOMEM, "cannot note %llu page frames",
				(unsigned long long)p->slots);
	for (i = 0; i < p->slots; i++)
		p->pfns[i] = part_unit_pfn(p, i);
	return 0;
}

/* How many units' first pages are in the frame they were in; -1 when frames are hidden. */
int64_t part_same_units(struct part *p)
{
	int64_t same = 0;
	uint64_t i;

	if (!p->pfns || !p->pfns[0])
		return -1;
	for (i = 0; i < p->slots; i++)
		same += p->pfns[i] == part_unit_pfn(p, i);
	return same;
}
