/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Owns the promise that the phase takes no stray fault: touches every page of
 * the program that is not a part.
 *
 * Why not mlockall: it would populate the parts as well. Why all pages and not
 * only those the phase is known to use: a fork write-protects every private
 * page, and what the phase uses (stacks, TLS, the rseq area that the kernel
 * writes, futexes, stdio) is then one list too long to keep right by hand.
 */
#include "faultgen.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct vma {
	uintptr_t start;
	uintptr_t end;
	char perms[5];
	char name[64];
};

/* The end of a part that holds addr, or 0. */
static uintptr_t part_end(const struct job *job, uintptr_t addr)
{
	unsigned int i;

	for (i = 0; i < job->threads * job->nkinds; i++) {
		uintptr_t map = (uintptr_t)job->parts[i].map;

		if (map && addr >= map && addr < map + job->parts[i].map_len)
			return map + job->parts[i].map_len;
	}
	return 0;
}

static bool overlaps_part(const struct job *job, const struct vma *vma)
{
	unsigned int i;

	for (i = 0; i < job->threads * job->nkinds; i++) {
		uintptr_t map = (uintptr_t)job->parts[i].map;

		if (map && vma->start < map + job->parts[i].map_len && map < vma->end)
			return true;
	}
	return false;
}

/*
 * Writes without changing anything, even when another thread writes there at
 * the same time. The compiler must not see the 0: clang turns an atomic or with
 * 0 into a read.
 */
static void write_touch(char *at)
{
	char nothing = 0;

	__asm__ volatile("" : "+r"(nothing));
	__atomic_fetch_or(at, nothing, __ATOMIC_RELAXED);
}

static void touch_vma(const struct job *job, const struct vma *vma)
{
	bool careful = overlaps_part(job, vma);
	uintptr_t at = vma->start, skip;

	while (at < vma->end) {
		skip = careful ? part_end(job, at) : 0;
		if (skip) {
			at = skip;
			continue;
		}
		if (vma->perms[1] == 'w')
			write_touch((char *)at);
		else
			(void)*(volatile char *)at;
		at += job->page;
	}
}

static void touch_line(const struct job *job, const char *line)
{
	struct vma vma = { 0 };

	if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %63s", &vma.start, &vma.end, vma.perms,
		   vma.name) < 3)
		return;
	/* Pages of vvar that this machine's clock does not use raise SIGBUS; clock_gettime touches
	 * the others. */
	if (vma.perms[0] != 'r' || vma.perms[3] != 'p' || !strncmp(vma.name, "[vvar", 5) ||
	    !strcmp(vma.name, "[vsyscall]"))
		return;
	touch_vma(job, &vma);
}

static int touch_all(struct job *job)
{
	size_t have = 0;
	int fd, err = 0;

	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return job_fail(job, errno, "cannot read /proc/self/maps; mount /proc");
	for (;;) {
		ssize_t n = read(fd, job->maps + have, sizeof(job->maps) - 1 - have);
		char *line = job->maps, *nl;

		if (n < 0) {
			err = job_fail(job, errno, "cannot read /proc/self/maps");
			break;
		}
		if (!n)
			break;
		have += n;
		job->maps[have] = '\0';
		while ((nl = strchr(line, '\n'))) {
			*nl = '\0';
			touch_line(job, line);
			line = nl + 1;
		}
		have -= line - job->maps;
		memmove(job->maps, line, have);
	}
	close(fd);
	return err;
}

int pretouch(struct job *job)
{
	now_ns();
	return touch_all(job);
}
