// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * wait.c: faults that wait for another task: the handler of a userfaultfd, or one that
 * has the CPU. And faults that wait for nobody.
 */
#include "causegen.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATIENCE 40 /* slow faults' times, for each that is wanted */

static char page[4096];

static void answer(int uffd, const struct uffd_msg *msg)
{
	struct uffdio_copy copy = { .src = (uintptr_t)page, .len = 4096 };
	struct uffdio_writeprotect wp = { .range.len = 4096 };
	uint64_t address = msg->arg.pagefault.address & ~4095ull;
	int err;

	if (msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP) {
		wp.range.start = address;
		err = ioctl(uffd, UFFDIO_WRITEPROTECT, &wp);
	} else {
		copy.dst = address;
		err = ioctl(uffd, UFFDIO_COPY, &copy);
	}
	if (err)
		die("userfaultfd: cannot answer");
}

/* Sleeps a tenth longer than what is called slow. */
static void *handler(void *arg)
{
	int uffd = *(int *)arg;
	struct uffd_msg msg;

	for (;;) {
		if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
			die("userfaultfd: read");
		sleep_ns(opt.slow_ns + opt.slow_ns / 10);
		answer(uffd, &msg);
	}
	return NULL;
}

static char *register_pages(int *uffd, size_t len, uint64_t mode)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = mode };
	char *p = map_small(len);

	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (*uffd < 0 || ioctl(*uffd, UFFDIO_API, &api))
		skip("userfaultfd is refused: %s", strerror(errno));
	if (mode == UFFDIO_REGISTER_MODE_WP)
		populate(p, len);
	reg.range.start = (uintptr_t)p;
	reg.range.len = len;
	if (ioctl(*uffd, UFFDIO_REGISTER, &reg))
		skip("userfaultfd has no mode %llx here: %s", (unsigned long long)mode,
		     strerror(errno));
	return p;
}

static void wait_for_handler(uint64_t mode)
{
	static int uffd;
	size_t i, len = opt.count * 4096;
	char *p = register_pages(&uffd, len, mode);
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)p, len },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	if (mode == UFFDIO_REGISTER_MODE_WP && ioctl(uffd, UFFDIO_WRITEPROTECT, &wp))
		die("userfaultfd: cannot write-protect");
	start(handler, &uffd);
	for (i = 0; i < len; i += 4096)
		touch_write(p + i);
}

void case_uffd_missing(void)
{
	wait_for_handler(UFFDIO_REGISTER_MODE_MISSING);
}

void case_uffd_wp(void)
{
	wait_for_handler(UFFDIO_REGISTER_MODE_WP);
}

static char *map_hugetlb(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
		       -1, 0);

	if (p == MAP_FAILED)
		skip("%zu MiB of huge pages are not to be had; raise /proc/sys/vm/nr_hugepages",
		     len >> 20);
	return p;
}

/* Sleeps for as long as a few huge pages take, then has the CPU for a slow fault's time. */
static void *realtime(void *arg)
{
	uint64_t end;

	(void)arg;
	for (;;) {
		sleep_ns(opt.slow_ns / 3);
		end = now_ns() + opt.slow_ns + opt.slow_ns / 20;
		while (now_ns() < end)
			;
	}
	return NULL;
}

/*
 * Most of the loop is the clearing of a huge page, so that most wake-ups are within a
 * fault; the kernel looks for who else wants the CPU there, preemptible or not. Of lower
 * priority, real-time as well: else who reads the trace takes the CPU at the end of each
 * fault, has it for nearly as long as the fault, and many wake-ups are in that.
 */
void case_preempt(void)
{
	uint64_t end = now_ns() + PATIENCE * opt.count * opt.slow_ns;

	pin(last_cpu());
	go_real_time(50);
	start(realtime, NULL);
	go_real_time(1);
	while (!enough() && now_ns() < end) {
		char *p = map_hugetlb(HUGE_PAGE);

		touch_write(p);
		munmap(p, HUGE_PAGE);
	}
}

void case_clear(void)
{
	size_t i;
	char *p = map_hugetlb(opt.mib << 20);

	go_real_time(1);
	for (i = 0; i < opt.mib << 20; i += HUGE_PAGE)
		touch_write(p + i);
}
