// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * blocked.c: many faults open at once. Each child has a page that userfaultfd
 * guards, and sends the descriptor to the parent, which answers only when all
 * children are waiting in their faults.
 */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, ROUNDS = 2, FIRST_TID = 50000, LIMIT_MS = 120000 };

/* Like fork(2), with a choice of the tid (5.5; needs privileges); 0: the kernel's choice. */
static pid_t fork_as(pid_t tid)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	if (tid) {
		args.set_tid = (uintptr_t)&tid;
		args.set_tid_size = 1;
	}
	return syscall(SYS_clone3, &args, sizeof(args));
}

/* The same message both ways: one byte, and the descriptor *fd. */
static struct msghdr message(struct iovec *io, char control[CMSG_SPACE(sizeof(int))])
{
	static char byte;
	struct msghdr msg = { .msg_iov = io,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = CMSG_SPACE(sizeof(int)) };

	*io = (struct iovec){ &byte, 1 };
	return msg;
}

static void send_fd(int to, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec io;
	struct msghdr msg = message(&io, control);
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(to, &msg, 0) != 1)
		_exit(4);
}

static int receive_fd(int from)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec io;
	struct msghdr msg = message(&io, control);
	struct pollfd poll_in = { .fd = from, .events = POLLIN };
	int fd;

	if (poll(&poll_in, 1, LIMIT_MS) != 1 || recvmsg(from, &msg, MSG_CMSG_CLOEXEC) != 1 ||
	    !CMSG_FIRSTHDR(&msg))
		die("a child did not send its descriptor");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void child(int to)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	volatile char *pages = mmap(NULL, ROUNDS * PAGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK), i;

	if (pages == MAP_FAILED || fd < 0 || ioctl(fd, UFFDIO_API, &api))
		_exit(2);
	reg.range.start = (uintptr_t)pages;
	reg.range.len = ROUNDS * PAGE;
	if (ioctl(fd, UFFDIO_REGISTER, &reg))
		_exit(3);
	send_fd(to, fd);
	for (i = 0; i < ROUNDS; i++)
		pages[i * PAGE] = 1;
	_exit(0);
}

/* The page that its task waits for. */
static uint64_t wait_fault(int fd)
{
	struct pollfd poll_in = { .fd = fd, .events = POLLIN };
	struct uffd_msg msg;

	if (poll(&poll_in, 1, LIMIT_MS) != 1 || read(fd, &msg, sizeof(msg)) != sizeof(msg) ||
	    msg.event != UFFD_EVENT_PAGEFAULT)
		die("a child does not wait in a fault");
	return msg.arg.pagefault.address & -PAGE;
}

static void answer(int fd, uint64_t address)
{
	struct uffdio_zeropage zero = { .range = { address, PAGE } };

	if (ioctl(fd, UFFDIO_ZEROPAGE, &zero))
		die("UFFDIO_ZEROPAGE");
}

static void wait_children(uint64_t n)
{
	int status;

	while (n--) {
		if (wait(&status) < 0)
			die("wait");
		if (!status)
			continue;
		errno = ECHILD;
		die("a child ended with status %#x", (unsigned int)status);
	}
}

void run_blocked(uint64_t n, uint64_t step, struct outcome *out)
{
	uint64_t *address = calloc(n, sizeof(*address)), i;
	int *fds = calloc(n, sizeof(*fds)), pair[2], round;

	if (!address || !fds || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	for (i = 0; i < n; i++) {
		pid_t pid = fork_as(step ? FIRST_TID + i * step : 0);

		if (pid < 0)
			die("clone3, child %llu", (unsigned long long)i);
		if (!pid)
			child(pair[1]);
		/* One after the other: so the order of the begins is known. */
		fds[i] = receive_fd(pair[0]);
		address[i] = wait_fault(fds[i]);
	}
	out->open = n;
	for (round = 1; round <= ROUNDS; round++) {
		for (i = 0; i < n; i++)
			answer(fds[i], address[i]);
		for (i = 0; round < ROUNDS && i < n; i++)
			address[i] = wait_fault(fds[i]);
	}
	wait_children(n);
	for (i = 0; i < n; i++)
		close(fds[i]);
	free(fds);
	free(address);
}
