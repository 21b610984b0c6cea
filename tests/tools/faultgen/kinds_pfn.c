/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Pages that the kernel maps by their frame number, as it does for devices.
 *
 * Where there is /dev/udmabuf (6.12 and later), a buffer of one page is mapped
 * again for every fault. Else there is such a mapping in every process, up to
 * 6.18 at least: the data of its vDSO. Entering a time namespace, even the one
 * it is in, takes its pages away.
 */
#include "faultgen.h"

#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static char *find_vvar(void)
{
	unsigned long start, found = 0;
	char line[512];
	FILE *f = fopen("/proc/self/maps", "re");

	if (!f)
		return NULL;
	while (!found && fgets(line, sizeof(line), f))
		if (strstr(line, "[vvar]") && sscanf(line, "%lx-", &start) == 1)
			found = start;
	fclose(f);
	return (char *)found;
}

/* Does the mapping have frames, and no pages that the kernel counts? Other versions map the same
 * thing otherwise. */
static bool is_pfnmap(const char *at)
{
	unsigned long start, end;
	bool inside = false, yes = false;
	char line[512];
	FILE *f = fopen("/proc/self/smaps", "re");

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = (uintptr_t)at >= start && (uintptr_t)at < end;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			yes = strstr(line, " pf");
	}
	fclose(f);
	return yes;
}

static int buffer_open(void)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC,
					 .size = sysconf(_SC_PAGESIZE) };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), mem, buffer = -1;

	if (dev < 0)
		return -1;
	mem = memfd_create("faultgen", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (mem >= 0 && !ftruncate(mem, create.size) && !fcntl(mem, F_ADD_SEALS, F_SEAL_SHRINK)) {
		create.memfd = mem;
		buffer = ioctl(dev, UDMABUF_CREATE, &create);
	}
	if (mem >= 0)
		close(mem);
	close(dev);
	return buffer;
}

static int buffer_map(struct part *p)
{
	return mmap(p->base, p->unit, PROT_READ, MAP_SHARED | MAP_FIXED, p->job->file, 0) ==
			       MAP_FAILED ?
		       -errno :
		       0;
}

/* 1: there is none, or not one of frames. */
static int buffer_setup(struct part *p)
{
	int err;

	if (p->job->file < 0)
		p->job->file = buffer_open();
	if (p->job->file < 0)
		return 1;
	err = part_reserve(p, p->job->page, 1, p->job->page);
	if (err)
		return err;
	p->rearm = buffer_map;
	if (!buffer_map(p) && is_pfnmap(p->base))
		return 0;
	close(p->job->file);
	p->job->file = -1;
	munmap(p->map, p->map_len);
	p->map = NULL;
	p->rearm = NULL;
	return 1;
}

/* The first page holds the clocks' data in all versions. */
static int vvar_setup(struct part *p)
{
	struct job *job = p->job;

	if (job->threads > 1 || job->opts->spawn)
		return job_skip(
			job,
			"there is no /dev/udmabuf with mapped frames, and only a process with one thread may enter "
			"a time namespace; use THREADS 1, without --spawn");
	p->base = find_vvar();
	if (!p->base || !is_pfnmap(p->base))
		return job_skip(
			job,
			"there is no /dev/udmabuf with mapped frames, and this kernel maps the vDSO's data otherwise");
	job->file = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	if (job->file < 0)
		return job_skip(job, "this kernel has no time namespaces; it needs CONFIG_TIME_NS");
	return 0;
}

int pfn_setup(struct part *p)
{
	int err = buffer_setup(p);

	return err > 0 ? vvar_setup(p) : err;
}

static int take_away(struct part *p)
{
	return setns(p->job->file, CLONE_NEWTIME) ? -errno : 0;
}

/*
 * Reading the clock may need other pages of the vDSO that were taken away (the
 * hypervisor's clock, the namespace's offset): faults of the same kind, of
 * which the end of the phase must have none.
 */
int pfn_arm(struct job *job, const struct kind *kind)
{
	struct part *p = job_next(job, kind, NULL);
	uint64_t first, all, from;
	int err;

	if (p->rearm)
		return 0;
	now_ns();
	from = thread_faults();
	err = take_away(p);
	if (err == -EPERM)
		return job_skip(job, "entering a time namespace needs root");
	if (err)
		return job_fail(job, -err, "cannot enter our own time namespace");
	(void)*(volatile char *)p->base;
	first = thread_faults() - from;
	now_ns();
	all = thread_faults() - from;
	if (first != 1 || all > p->count)
		return job_skip(
			job,
			"%llu faults on the first page of the vDSO's data and %llu on others: this kernel maps it "
			"otherwise, or COUNT is too small",
			(unsigned long long)first, (unsigned long long)(all - first));
	p->pos = all;
	return 0;
}

/* pos: the faults of the last time, when the clock is read, too. */
int pfn_run(struct part *p, uint64_t n)
{
	int err = 0;

	if (p->rearm)
		return part_run_read(p, n);
	for (; n && !err; n -= n > p->pos ? 1 : n) {
		err = take_away(p);
		(void)*(volatile char *)p->base;
		if (n <= p->pos)
			now_ns();
	}
	return err;
}

/*
 * Memory of a device that the kernel can move pages to is a driver's (GPUs), or
 * that of lib/test_hmm, which no stock kernel has.
 */
int device_setup(struct part *p)
{
	return job_skip(
		p->job,
		"pages can be moved to a device only by its driver, or by the kernel's own test of"
		" that (CONFIG_TEST_HMM), which faultgen does not drive");
}
