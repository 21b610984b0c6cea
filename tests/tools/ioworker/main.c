// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * ioworker/main.c: page faults that a worker thread of io_uring takes in this process's memory.
 *
 *   ioworker FILE PAGES   reads FILE (not through /proc) into PAGES pages of fresh memory; the
 *                         kernel hands the request to a worker (IOSQE_ASYNC), which takes PAGES
 *                         faults of kernel mode. FILE must be as large.
 *
 * Exit status: 0, 1 with a message, 77 if the kernel has no io_uring or refuses it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096u

static int fail(int status, const char *what)
{
	fprintf(stderr, "ioworker: %s: %s\n", what, strerror(errno));
	return status;
}

static void *ring(int fd, size_t size, off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
}

int main(int argc, char **argv)
{
	struct io_uring_params params = { 0 };
	unsigned int pages = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	char *submissions, *completions;
	const struct io_uring_cqe *done;
	struct io_uring_sqe *request;
	int uring, file;
	void *memory;

	if (!pages) {
		fputs("Usage: ioworker FILE PAGES\n", stderr);
		return 2;
	}
	uring = syscall(SYS_io_uring_setup, 1, &params);
	if (uring < 0)
		return fail(errno == ENOSYS || errno == EPERM ? 77 : 1, "io_uring_setup");
	file = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return fail(1, argv[1]);
	submissions = ring(uring, params.sq_off.array + params.sq_entries * sizeof(unsigned int),
			   IORING_OFF_SQ_RING);
	completions = ring(uring, params.cq_off.cqes + params.cq_entries * sizeof(*done),
			   IORING_OFF_CQ_RING);
	request = ring(uring, params.sq_entries * sizeof(*request), IORING_OFF_SQES);
	memory = mmap(NULL, (size_t)pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (submissions == MAP_FAILED || completions == MAP_FAILED || request == MAP_FAILED ||
	    memory == MAP_FAILED)
		return fail(1, "mmap");
	madvise(memory, (size_t)pages * PAGE, MADV_NOHUGEPAGE);
	*request = (struct io_uring_sqe){
		.opcode = IORING_OP_READ,
		.flags = IOSQE_ASYNC,
		.fd = file,
		.addr = (unsigned long)memory,
		.len = pages * PAGE,
	};
	*(unsigned int *)(submissions + params.sq_off.array) = 0;
	__atomic_store_n((unsigned int *)(submissions + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, uring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return fail(1, "io_uring_enter");
	done = (const void *)(completions + params.cq_off.cqes);
	errno = done->res < 0 ? -done->res : EIO;
	return done->res == (int)(pages * PAGE) ? 0 : fail(1, "the read");
}
