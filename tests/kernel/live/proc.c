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

static int launch(struct test *test, struct proc *launcher, pid_t *pid, const char *const argv[],
		  int in, int out, int err);

static void start(struct test *test, struct proc *launcher, struct proc *proc,
		  const char *const argv[])
{
	int in[2], out[2], err[2], error;

	make_pipe(test, in);
	make_pipe(test, out);
	make_pipe(test, err);
	*proc = (struct proc){ .name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0],
			       .launcher = launcher };
	if (launcher)
		error = launch(test, launcher, &proc->pid, argv, in[0], out[1], err[1]);
	else
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

void proc_start(struct test *test, struct proc *proc, const char *const argv[])
{
	start(test, NULL, proc, argv);
}

void proc_launch(struct test *test, struct proc *launcher, struct proc *proc,
		 const char *const argv[])
{
	start(test, launcher, proc, argv);
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

/*
 * To the launcher: "start PID IN OUT ERR ARG...", with our own descriptors, and
 * "wait PID", with tabs between; each is answered with one number.
 */
static int launch(struct test *test, struct proc *launcher, pid_t *pid, const char *const argv[],
		  int in, int out, int err)
{
	char text[8192];
	const char *line;
	int n = snprintf(text, sizeof(text), "start\t%d\t%d\t%d\t%d", (int)getpid(), in, out, err);

	for (; *argv && n < (int)sizeof(text) - 1; argv++)
		n += snprintf(text + n, sizeof(text) - n, "\t%s", *argv);
	check(test, n < (int)sizeof(text) - 1, "the command is too long");
	strcpy(text + n, "\n");
	proc_write(test, launcher, text);
	line = proc_line(test, launcher, &launcher->out, "");
	check(test, line, "the launcher has ended");
	*pid = atoi(line);
	return *pid < 0 ? -*pid : 0;
}

/* The end of the launcher's children is awaited already: it answers at once. */
static int launched_status(struct proc *proc)
{
	struct proc *launcher = proc->launcher;
	const char *line = NULL;
	char text[32];
	int n = snprintf(text, sizeof(text), "wait\t%d\n", (int)proc->pid);

	if (write(launcher->in, text, n) != n)
		return 0;
	while (launcher->out.fd >= 0 && !(line = next_line(&launcher->out)))
		take(&launcher->out);
	return line ? atoi(line) : 0;
}

static void reap(struct proc *proc)
{
	int status = 0;

	if (proc->launcher)
		status = launched_status(proc);
	while (!proc->launcher && waitpid(proc->pid, &status, 0) < 0 && errno == EINTR)
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

enum { MAX_FIELDS = 5 + MAX_ARGS };

static int launcher_start(char *const fields[])
{
	posix_spawn_file_actions_t actions;
	char path[48];
	pid_t pid;
	int fd, error;

	posix_spawn_file_actions_init(&actions);
	for (fd = 0; fd < 3; fd++) {
		snprintf(path, sizeof(path), "/proc/%s/fd/%s", fields[1], fields[2 + fd]);
		posix_spawn_file_actions_addopen(&actions, fd, path, fd ? O_WRONLY : O_RDONLY, 0);
	}
	error = posix_spawnp(&pid, fields[5], &actions, NULL, fields + 5, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error ? -error : pid;
}

static int launcher_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

int launcher_main(void)
{
	static char line[8192];
	char *fields[MAX_FIELDS + 1], *save;
	ssize_t len;
	size_t n;

	/* One command at a time: each is answered before the next one comes. */
	while ((len = read(STDIN_FILENO, line, sizeof(line) - 1)) > 0) {
		line[len - 1] = '\0';
		for (n = 0; n < MAX_FIELDS; n++) {
			fields[n] = strtok_r(n ? NULL : line, "\t", &save);
			if (!fields[n])
				break;
		}
		fields[n] = NULL;
		dprintf(STDOUT_FILENO, "%d\n",
			strcmp(fields[0], "start") ? launcher_wait(atoi(fields[1])) :
						     launcher_start(fields));
	}
	return 0;
}
