// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/workload.c: see run/run_workload.h.
 */
#include "run_workload.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child, with the signals as pfstat got them: waits for go, then becomes the command. */
static void become(char **argv, int go, int failed)
{
	char byte;
	int err;

	/* A parent that ends without a word has closed its side as well. */
	if (read(go, &byte, 1) != 1)
		_exit(1);
	execvp(argv[0], argv);
	err = errno;
	if (write(failed, &err, sizeof(err)) < 0)
		_exit(1);
	_exit(err == ENOENT ? 127 : 126);
}

int workload_start(struct workload *child, char **argv)
{
	int go[2], failed[2], err;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(failed, O_CLOEXEC)) {
		err = -errno;
		goto close_go;
	}
	child->pid = fork();
	if (child->pid < 0) {
		err = -errno;
		goto close_failed;
	}
	if (!child->pid) {
		close(go[1]);
		close(failed[0]);
		become(argv, go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	child->go = go[1];
	child->failed = failed[0];
	child->pidfd = syscall(SYS_pidfd_open, child->pid, 0);
	return child->pidfd < 0 ? -errno : 0;

close_failed:
	close(failed[0]);
	close(failed[1]);
close_go:
	close(go[0]);
	close(go[1]);
	return err;
}

int workload_go(struct workload *child)
{
	int err = 0;

	if (write(child->go, "", 1) != 1)
		err = errno;
	close(child->go);
	child->go = -1;
	/* Nothing to read: exec closed it. */
	if (!err && read(child->failed, &err, sizeof(err)) < 0)
		err = errno;
	close(child->failed);
	child->failed = -1;
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
	if (child->pid > 0 && child->go >= 0)
		close(child->go);
	if (!reap(child, WNOHANG)) {
		kill(child->pid, SIGTERM);
		reap(child, 0);
	}
	return child->code;
}
