/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Huge pages beyond the first touch: writes to shared ones, and those of files. */
#include "faultgen.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define THP_SIZE   (2ull << 20)
#define FILE_TOTAL 16 /* huge pages of the file for all workers together: 32 MiB */
/* linux/mount.h and the sys/mount.h of old C libraries exclude each other. */
#define FSCONFIG_STRING 1
#define FSCONFIG_CREATE 6

int thp_wp_setup(struct part *p)
{
	int err = part_reserve(p, THP_SIZE, p->count, THP_SIZE);

	if (!err)
		err = part_map_anon(p, MAP_PRIVATE);
	return err ? err : thp_allow(p, true);
}

int thp_wp_zero_setup(struct part *p)
{
	int err = part_reserve(p, THP_SIZE, p->count, THP_SIZE);

	if (!err)
		err = part_map_anon(p, MAP_PRIVATE);
	return err ? err : thp_allow(p, false);
}

/* Touches every small page: one fault for each huge page, or it is not one. */
int populate_huge(struct job *job, const struct kind *kind, bool write)
{
	struct part *p = NULL;
	uint64_t faults;
	int err;

	while ((p = job_next(job, kind, p))) {
		faults = part_touch_small(p, write);
		if (faults != p->slots)
			return job_skip(
				job,
				"%llu huge pages took %llu faults: no free huge pages; "
				"echo 1 > /proc/sys/vm/compact_memory, or use a smaller COUNT",
				(unsigned long long)p->slots, (unsigned long long)faults);
		err = part_note_units(p);
		if (err)
			return err;
	}
	return 0;
}

/* Huge pages that a fork or reclaim has split would be copied as small ones. */
static int still_huge(struct job *job, const struct kind *kind)
{
	struct part *p = NULL;
	uint64_t kb;

	while ((p = job_next(job, kind, p))) {
		kb = part_smaps_kb(p, "AnonHugePages:");
		if (kb != p->slots * (THP_SIZE >> 10))
			return job_skip(
				job,
				"only %llu KiB of %llu are still mapped by huge pages; run it again",
				(unsigned long long)kb,
				(unsigned long long)p->slots * (THP_SIZE >> 10));
	}
	return 0;
}

int thp_wp_copy_arm(struct job *job, const struct kind *kind)
{
	int err = populate_huge(job, kind, true);

	if (!err)
		err = child_start(job, kind, NULL);
	return err ? err : still_huge(job, kind);
}

int thp_wp_reuse_arm(struct job *job, const struct kind *kind)
{
	int err = populate_huge(job, kind, true);

	if (!err)
		err = child_brief(job);
	return err ? err : still_huge(job, kind);
}

int thp_wp_zero_arm(struct job *job, const struct kind *kind)
{
	return populate_huge(job, kind, false);
}

/* Copied: the first page is another one. The huge zero page, too, must be gone. */
uint64_t thp_wp_copy_check(struct part *p)
{
	int64_t same = part_same_units(p);

	return same < 0 ? 0 : same;
}

/* Reused: still the same huge page, mapped as one. */
uint64_t thp_wp_reuse_check(struct part *p)
{
	int64_t same = part_same_units(p);
	uint64_t huge = part_smaps_kb(p, "AnonHugePages:") / (THP_SIZE >> 10);

	if (same >= 0 && (uint64_t)same < huge)
		huge = same;
	return p->slots > huge ? p->slots - huge : 0;
}

/* Each copy takes another page of the pool, which must not be one that somebody has reserved. */
int hugetlb_wp_setup(struct part *p)
{
	const size_t unit = meminfo("Hugepagesize") << 10;
	int err;

	if (!unit)
		return job_skip(p->job,
				"this kernel has no hugetlb pages; it needs CONFIG_HUGETLBFS");
	err = part_reserve(p, unit, p->count, unit);
	if (!err && hugetlb_map(p))
		err = job_skip(
			p->job,
			"cannot reserve %llu huge pages for thread %u; raise /proc/sys/vm/nr_hugepages to %llu",
			(unsigned long long)p->slots, p->worker, 2ull * p->job->count);
	return err;
}

int hugetlb_wp_arm(struct job *job, const struct kind *kind)
{
	struct part *p = NULL;
	uint64_t i, spare;
	int err;

	while ((p = job_next(job, kind, p))) {
		for (i = 0; i < p->slots; i++)
			*(volatile char *)(p->base + i * p->unit) = 1;
		err = part_note_units(p);
		if (err)
			return err;
	}
	spare = meminfo("HugePages_Free") - meminfo("HugePages_Rsvd");
	if (spare < job->count)
		return job_skip(
			job,
			"%llu huge pages are free for the %llu copies; raise /proc/sys/vm/nr_hugepages to %llu",
			(unsigned long long)spare, (unsigned long long)job->count,
			2ull * job->count);
	return child_start(job, kind, NULL);
}

/*
 * A file system of our own that gives huge pages to everybody, mounted nowhere:
 * it goes away with the last file on it. The machine's settings stay.
 */
static int huge_file(struct job *job)
{
	int fs, mnt = -1, err = 0;

	fs = syscall(SYS_fsopen, "tmpfs", 1);
	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_STRING, "huge", "always", 0) ||
	    syscall(SYS_fsconfig, fs, FSCONFIG_CREATE, NULL, NULL, 0))
		err = -errno;
	if (!err) {
		mnt = syscall(SYS_fsmount, fs, 1, 0);
		err = mnt < 0 ? -errno : 0;
	}
	close(fs);
	if (err)
		return err;
	job->file = openat(mnt, "faultgen", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	err = job->file < 0 ? -errno : 0;
	close(mnt);
	return err;
}

/*
 * MADV_HUGEPAGE: part_map_file() forbids huge pages, and 6.12 and later ask for the VMA's consent.
 */
static int file_huge_map(struct part *p)
{
	if (mmap(p->base, p->unit * p->slots, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 p->job->file, p->offset) == MAP_FAILED ||
	    madvise(p->base, p->unit * p->slots, MADV_HUGEPAGE))
		return -errno;
	return 0;
}

/* A range of the file of its own, filled through one mapping; the faults come through the next. */
int file_huge_setup(struct part *p)
{
	struct job *job = p->job;
	uint64_t faults, kb;
	int err = job->file < 0 ? huge_file(job) : 0;

	if (err == -EPERM)
		return job_skip(job, "a tmpfs with huge pages needs root");
	if (err)
		return job_skip(
			job,
			"this kernel gives no tmpfs with huge pages (%s); it needs CONFIG_TRANSPARENT_HUGEPAGE",
			strerror(-err));
	err = part_reserve(p, THP_SIZE, part_chunk(p, FILE_TOTAL), THP_SIZE);
	if (err)
		return err;
	p->rearm = part_rearm_dontneed;
	p->offset = job->file_pages * job->page;
	job->file_pages += p->unit * p->slots / job->page;
	if (ftruncate(job->file, job->file_pages * job->page) || file_huge_map(p))
		return job_fail(job, errno, "cannot map a file of huge pages");
	part_touch_small(p, true);
	if (munmap(p->base, p->unit * p->slots) || file_huge_map(p))
		return job_fail(job, errno, "cannot map a file of huge pages again");
	faults = part_touch_small(p, false);
	kb = part_smaps_kb(p, "ShmemPmdMapped:");
	if (faults != p->slots || kb != p->slots * (THP_SIZE >> 10))
		return job_skip(
			job,
			"%llu huge pages of a file took %llu faults and %llu KiB of them are mapped as huge pages; "
			"echo advise > /sys/kernel/mm/transparent_hugepage/shmem_enabled if it is deny, or free some memory",
			(unsigned long long)p->slots, (unsigned long long)faults,
			(unsigned long long)kb);
	return part_rearm_dontneed(p);
}

/* All that the last round touched is mapped by huge pages. */
uint64_t file_huge_check(struct part *p)
{
	uint64_t huge = part_smaps_kb(p, "ShmemPmdMapped:") / (THP_SIZE >> 10);

	return p->pos > huge ? p->pos - huge : 0;
}
