// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/workload.c: starts the command after --, lets it execute, and reaps it.
 */
#include "run_workload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child, with the signals as pfstat got them: waits for a byte, then becomes the command. */
static void become(char **argv, int parent)
{
	char byte;
	int err;

	/* A parent that ends without a word has closed its side as well. */
	if (read(parent, &byte, 1) != 1)
		_exit(1);
	execvp(argv[0], argv);
	err = errno;
	if (write(parent, &err, sizeof(err)) < 0)
		_exit(1);
	_exit(err == ENOENT ? 127 : 126);
}

int workload_start(struct workload *child, char **argv)
{
	int ends[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -errno;
	child->start = ends[0];
	child->pid = fork();
	if (!child->pid) {
		close(ends[0]);
		become(argv, ends[1]);
	}
	if (child->pid > 0)
		child->pidfd = syscall(SYS_pidfd_open, child->pid, 0);
	err = child->pid < 0 || child->pidfd < 0 ? -errno : 0;
	close(ends[1]);
	return err;
}

int workload_go(struct workload *child)
{
	int err = 0;

	if (write(child->start, "", 1) != 1)
		err = errno;
	/* Nothing to read: exec closed it. Killed before: its status says so. */
	if (!err && read(child->start, &err, sizeof(err)) < 0 && errno != ECONNRESET)
		err = errno;
	close(child->start);
	child->start = -1;
	return -err;
}

static bool reap(struct workload *child, int options)
{
	int status;

	if (child->pid <= 0)
		return true;
	if (wait4(child->pid, &status, options, &child->usage) != child->pid)
		return false;
	close(child->pidfd);
	child->pid = 0;
	child->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

bool workload_reap(struct workload *child)
{
	return reap(child, WNOHANG);
}

int workload_finish(struct workload *child)
{
	if (child->start >= 0)
		close(child->start);
	if (!reap(child, WNOHANG)) {
		kill(child->pid, SIGTERM);
		reap(child, 0);
	}
	return child->code;
}
