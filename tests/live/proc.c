// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * proc.c: child processes and their streams. Every wait is a poll with a limit:
 * a test that hangs fails.
 */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { LIMIT_MS = 120000 };

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void make_pipe(struct test *test, int fds[2])
{
	if (pipe2(fds, O_CLOEXEC))
		test_fail(test, "pipe: %s", strerror(errno));
}

/*
 * posix_spawn does not copy the page tables (vfork): a fork would write-protect
 * our own pages, and the oracle would count our faults on them.
 */
static int spawn(pid_t *pid, const char *const argv[], int in, int out, int err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t pipe_only;
	int error;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &pipe_only);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, err, 2);
	error = posix_spawnp(pid, argv[0], &actions, &attr, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return error;
}

void proc_start(struct test *test, struct proc *proc, const char *const argv[])
{
	int in[2], out[2], err[2], error;

	make_pipe(test, in);
	make_pipe(test, out);
	make_pipe(test, err);
	*proc = (struct proc){ .name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0] };
	error = spawn(&proc->pid, argv, in[0], out[1], err[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	proc->in = in[1];
	proc->out.fd = out[0];
	proc->err.fd = err[0];
	if (error) {
		proc->pid = 0;
		test_fail(test, "%s: cannot be started: %s", argv[0], strerror(error));
	}
	proc->pidfd = syscall(SYS_pidfd_open, proc->pid, 0);
	if (proc->pidfd < 0)
		test_fail(test, "pidfd_open: %s", strerror(errno));
}

/* Reads what is there; closes the stream at its end. */
static void take(struct stream *s)
{
	ssize_t n;

	if (s->size - s->len < 4096) {
		s->size = s->size ? s->size * 2 : 65536;
		s->text = realloc(s->text, s->size);
		if (!s->text)
			abort();
	}
	n = read(s->fd, s->text + s->len, s->size - s->len - 1);
	if (n > 0) {
		s->len += n;
	} else if (!n || (errno != EINTR && errno != EAGAIN)) {
		close(s->fd);
		s->fd = -1;
	}
	s->text[s->len] = '\0';
}

/* Waits for output or for the end; true at the end of the process. */
static bool pump(struct test *test, struct proc *p, uint64_t deadline)
{
	struct pollfd fds[3] = {
		{ .fd = p->out.fd, .events = POLLIN },
		{ .fd = p->err.fd, .events = POLLIN },
		{ .fd = p->pidfd, .events = POLLIN },
	};
	int64_t left = (int64_t)(deadline - now_ns()) / 1000000;
	int n = left > 0 ? poll(fds, 3, left) : 0;

	if (n < 0 && errno != EINTR)
		test_fail(test, "poll: %s", strerror(errno));
	if (!n)
		test_fail(test, "%s: no answer within %d s", p->name, LIMIT_MS / 1000);
	if (n > 0 && fds[0].revents)
		take(&p->out);
	if (n > 0 && fds[1].revents)
		take(&p->err);
	return n > 0 && fds[2].revents && !fds[0].revents && !fds[1].revents;
}

static uint64_t limit(void)
{
	return now_ns() + LIMIT_MS * 1000000ull;
}

/* The next whole line, its end overwritten; NULL when there is none yet. */
static char *next_line(struct stream *s)
{
	char *line, *end;

	if (s->pos >= s->len)
		return NULL;
	line = s->text + s->pos;
	end = strchr(line, '\n');
	if (!end)
		return NULL;
	*end = '\0';
	s->pos = end + 1 - s->text;
	return line;
}

char *proc_line(struct test *test, struct proc *proc, struct stream *stream, const char *prefix)
{
	uint64_t deadline = limit();

	for (;;) {
		char *line = next_line(stream);

		if (line && !strncmp(line, prefix, strlen(prefix)))
			return line;
		if (line)
			continue;
		if (stream->fd < 0)
			return NULL;
		if (pump(test, proc, deadline))
			return NULL;
	}
}

void proc_rewind(struct stream *stream)
{
	size_t i;

	for (i = 0; i < stream->len; i++)
		if (!stream->text[i])
			stream->text[i] = '\n';
	stream->pos = 0;
}

void proc_write(struct test *test, struct proc *proc, const char *text)
{
	if (write(proc->in, text, strlen(text)) != (ssize_t)strlen(text))
		test_fail(test, "%s: cannot be written to: %s", proc->name, strerror(errno));
}

static void reap(struct proc *proc)
{
	int status = 0;

	while (waitpid(proc->pid, &status, 0) < 0 && errno == EINTR)
		;
	proc->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	proc->pid = 0;
}

int proc_wait(struct test *test, struct proc *proc)
{
	uint64_t deadline = limit();

	while (!pump(test, proc, deadline))
		;
	reap(proc);
	return proc->status;
}

static void close_fd(int *fd)
{
	if (*fd > 0)
		close(*fd);
	*fd = -1;
}

void proc_close_out(struct proc *proc)
{
	close_fd(&proc->out.fd);
}

void proc_kill(struct proc *proc)
{
	if (proc->pid) {
		kill(proc->pid, SIGKILL);
		reap(proc);
	}
	close_fd(&proc->pidfd);
	close_fd(&proc->in);
	close_fd(&proc->out.fd);
	close_fd(&proc->err.fd);
	free(proc->out.text);
	free(proc->err.text);
	*proc = (struct proc){ .pidfd = -1, .in = -1, .out.fd = -1, .err.fd = -1 };
}
