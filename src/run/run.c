// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/run.c: see run/run_loop.h.
 */
#include "run_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "run_targets.h"

/* include/uapi/linux/pidfd.h of 6.9 */
#define PIDFD_THREAD O_EXCL

int run_watch(struct run *m, int fd, void (*ready)(void *arg), void *arg)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct run_source *source;

	if (fd < 0)
		return fd;
	/* One of several descriptors with the same answer, as the targets have. */
	for (source = m->sources; source < m->sources + m->nr_sources; source++)
		if (source->ready == ready && source->arg == arg)
			break;
	if (source == m->sources + RUN_SOURCES)
		return -ENOSPC;
	if (source == m->sources + m->nr_sources)
		m->nr_sources++;
	*source = (struct run_source){ ready, arg };
	event.data.ptr = source;
	return epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int run_timer(uint64_t ns, bool repeat)
{
	struct timespec time = { ns / 1000000000, ns % 1000000000 };
	struct itimerspec spec = { .it_value = time };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (repeat)
		spec.it_interval = time;
	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL))
		return -errno;
	return fd;
}

/* --- what ends a run */

/* SIGINT belongs to the command under --: the terminal sends it there as well. */
static int open_signals(const struct run *m)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (m->opts->child)
		signal(SIGINT, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void handle_signal(void *arg)
{
	struct run *m = arg;
	struct signalfd_siginfo info;

	while (read(m->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGINT && m->opts->child)
			continue;
		m->done = true;
	}
}

static void handle_target(void *arg)
{
	struct run *m = arg;
	size_t i;

	if (m->opts->child) {
		m->done = true;
		return;
	}
	/* Level-triggered: forget those that have ended. */
	for (i = 0; i < m->nr_targets; i++) {
		struct pollfd ended = { .fd = m->target_fds[i], .events = POLLIN };

		if (ended.fd < 0 || poll(&ended, 1, 0) <= 0)
			continue;
		epoll_ctl(m->epoll, EPOLL_CTL_DEL, ended.fd, NULL);
		close(m->target_fds[i]);
		m->target_fds[i] = -1;
		if (!--m->targets_left)
			m->done = true;
	}
}

static void handle_duration(void *arg)
{
	struct run *m = arg;

	m->done = m->timed_out = true;
}

static void handle_cpus(void *arg)
{
	struct run *m = arg;

	targets_cpu_event(m->at.session, m->cpus);
}

/* flags: of pidfd_open(2). */
static int watch_end(struct run *m, int id, unsigned int flags)
{
	int fd = syscall(SYS_pidfd_open, id, flags);

	if (fd < 0)
		return -errno;
	m->target_fds[m->nr_targets++] = fd;
	m->targets_left++;
	return run_watch(m, fd, handle_target, m);
}

/* --- what is measured */

static int attach_processes(struct run *m)
{
	size_t i;
	int err;

	for (i = 0; i < m->opts->nr_pids; i++) {
		int pid = m->opts->pids[i];
		char what[48];

		snprintf(what, sizeof(what), "process %d", pid);
		err = watch_end(m, pid, 0);
		if (err)
			return fail_errno(exit_code_of(err), what, err);
		err = setup_process(&m->at, m->kernel_counters, pid);
		if (err)
			return err;
	}
	return 0;
}

static int attach_thread(struct run *m, int tid)
{
	char what[48];
	int err = kernel_counters_add_task(m->kernel_counters, m->at.session, tid);

	/* Before 6.9 there are pidfds of processes only: the end of others goes unseen. */
	if (watch_end(m, tid, PIDFD_THREAD))
		watch_end(m, tid, 0);
	snprintf(what, sizeof(what), "thread %d", tid);
	return err ? fail_errno(exit_code_of(err), what, err) : 0;
}

int run_attach_targets(struct run *m)
{
	const struct opts *opts = m->opts;
	int err;

	if (opts->child) {
		err = kernel_counters_add_task(m->kernel_counters, m->at.session, m->child.pid);
		if (!err)
			err = run_watch(m, m->child.pidfd, handle_target, m);
		return err ? fail_errno(exit_code_of(err), opts->child[0], err) : 0;
	}
	if (opts->nr_pids)
		return attach_processes(m);
	if (opts->tid)
		return attach_thread(m, opts->tid);
	err = setup_machine(&m->at, m->kernel_counters, &m->cpus);
	if (!err && m->cpus >= 0)
		run_watch(m, m->cpus, handle_cpus, m);
	return err;
}

/* --- the run */

static int open_events(struct run *m)
{
	int err;

	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (m->epoll < 0)
		return fail_errno(EXIT_FAILED, "epoll", -errno);
	m->signals = open_signals(m);
	err = run_watch(m, m->signals, handle_signal, m);
	return err ? fail_errno(EXIT_FAILED, "signals", err) : 0;
}

int run_open(struct run *m, const struct opts *opts)
{
	int code, err;

	memset(m, 0, sizeof(*m));
	m->opts = opts;
	m->child = (struct workload){ .go = -1, .failed = -1, .pidfd = -1 };
	m->target_fds = calloc(opts->nr_pids + 1, sizeof(*m->target_fds));
	if (!m->target_fds)
		return fail_errno(EXIT_FAILED, "targets", -ENOMEM);
	/* The child first: a small process to fork, and it gets no descriptors. */
	if (opts->child && !opts->dry_run) {
		err = workload_start(&m->child, opts->child);
		if (err)
			return fail_errno(EXIT_FAILED, opts->child[0], err);
	}
	code = setup_plan(&m->at, opts);
	if (code || opts->dry_run)
		return code;
	code = open_events(m);
	return code ? code : setup_attach_probes(&m->at, opts);
}

int run_start(struct run *m)
{
	int err = setup_start(&m->at);

	if (!err)
		kernel_counters_attached(m->kernel_counters);
	return err;
}

static void announce(const struct run *m)
{
	const struct opts *opts = m->opts;

	if (opts->child)
		fprintf(stderr, "Measuring %s (%s)\n", opts->child[0], m->at.plan.attach);
	else
		fprintf(stderr, "Measuring %s (%s); Ctrl-C ends\n",
			opts->nr_pids ? "processes" :
			opts->tid     ? "a thread" :
					"the whole machine",
			m->at.plan.attach);
	fflush(stderr);
}

int run_go(struct run *m)
{
	int err = 0;

	announce(m);
	if (m->opts->child)
		err = workload_go(&m->child);
	if (err) {
		fprintf(stderr, "pfstat: %s: %s\n", m->opts->child[0],
			err == -ENOENT ? "command not found" : strerror(-err));
		return err == -ENOENT ? 127 : 126;
	}
	/* Now only: attaching takes its time. */
	if (m->opts->duration_ns) {
		m->duration = run_timer(m->opts->duration_ns, false);
		err = run_watch(m, m->duration, handle_duration, m);
	}
	return err ? fail_errno(EXIT_FAILED, "timers", err) : 0;
}

void run_loop(struct run *m)
{
	while (!m->done) {
		const struct run_source *source;
		struct epoll_event event;
		int n = epoll_wait(m->epoll, &event, 1, -1);

		if (n < 0 && errno != EINTR)
			break;
		if (n <= 0)
			continue;
		source = event.data.ptr;
		source->ready(source->arg);
	}
}

void run_print_losses(const struct snapshot *snap)
{
	struct report_loss losses[REPORT_MAX_LOST];
	unsigned int nr = snapshot_losses(losses, NULL, snap), i;

	for (i = 0; i < nr; i++)
		if (losses[i].count)
			fprintf(stderr, "pfstat: %s %llu: %s\n", losses[i].reason,
				(unsigned long long)losses[i].count, losses[i].text);
}

int run_release(struct run *m, int code)
{
	int child_code;
	size_t i;

	if (code)
		setup_explain_limit();
	child_code = workload_finish(&m->child);
	setup_close(&m->at);
	for (i = 0; i < m->nr_targets; i++)
		if (m->target_fds[i] >= 0)
			close(m->target_fds[i]);
	free(m->target_fds);
	/* The command's own status, unless pfstat failed, or ended it by -d or COUNT. */
	return code ? code : m->timed_out ? 0 : child_code;
}
