// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * sleepers: N threads that sleep in a page fault, each on a page of a userfaultfd that nobody
 * serves. No privilege is needed. "ready" on stdout when all of them sleep; it ends with its
 * standard input. Status 77: no userfaultfd here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE  4096
#define STACK 16384

static char *pages;

static int fail(const char *what, int status)
{
	fprintf(stderr, "sleepers: %s: %s\n", what, strerror(errno));
	return status;
}

static void *map(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
}

static void *touch(void *page)
{
	*(volatile char *)page = 1;
	return NULL;
}

static int open_userfaultfd(size_t len)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .range = { (unsigned long)pages, len },
					 .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
		return -1;
	return fd;
}

static int start_threads(long n)
{
	char *stacks = map(n * STACK);
	pthread_attr_t attr;
	pthread_t thread;

	if (stacks == MAP_FAILED)
		return fail("stacks", 1);
	pthread_attr_init(&attr);
	for (long i = 0; i < n; i++) {
		pthread_attr_setstack(&attr, stacks + i * STACK, STACK);
		errno = pthread_create(&thread, &attr, touch, pages + i * PAGE);
		if (errno)
			return fail("a thread", 1);
	}
	return 0;
}

/* Each fault that sleeps is a message. */
static int wait_for_faults(int fd, long n)
{
	struct uffd_msg message;

	for (long i = 0; i < n; i++)
		if (read(fd, &message, sizeof(message)) != sizeof(message))
			return fail("a message of the userfaultfd", 1);
	return 0;
}

int main(int argc, char **argv)
{
	long n = argc == 2 ? atol(argv[1]) : 0;
	int fd, status;
	char c;

	if (n <= 0) {
		fputs("usage: sleepers THREADS\n", stderr);
		return 2;
	}
	pages = map(n * PAGE);
	fd = pages == MAP_FAILED ? -1 : open_userfaultfd(n * PAGE);
	if (fd < 0)
		return fail("userfaultfd", 77);
	status = start_threads(n) ?: wait_for_faults(fd, n);
	if (status)
		return status;
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
