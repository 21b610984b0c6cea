// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/run.c: the run's life and its event loop.
 */
#include "run.h"

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

#include "proc/procfs.h"
#include "run_setup.h"
#include "util/clock.h"

/* include/uapi/linux/pidfd.h of 6.9 */
#define PIDFD_THREAD O_EXCL

/* From the end of a thread's ID to the end of its exec, at most; and between two looks. */
#define EXEC_NS      1000000000
#define EXEC_LOOK_NS 10000000

static int add_source(struct run *run, int fd, struct run_source new)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct run_source *source;

	if (fd < 0)
		return fd;
	/* Several descriptors may have the same answer, as the targets have. */
	for (source = run->sources; source < run->sources + run->nr_sources; source++)
		if (source->ready == new.ready && source->arg == new.arg)
			break;
	if (source == run->sources + RUN_SOURCES)
		return -ENOSPC;
	if (source == run->sources + run->nr_sources)
		run->nr_sources++;
	*source = new;
	event.data.ptr = source;
	return epoll_ctl(run->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int run_watch(struct run *run, int fd, void (*ready)(void *arg), void *arg)
{
	return add_source(run, fd, (struct run_source){ ready, arg, -1 });
}

int run_watch_timer(struct run *run, uint64_t ns, bool repeat, void (*ready)(void *arg), void *arg)
{
	struct timespec time = { ns / 1000000000, ns % 1000000000 };
	struct itimerspec spec = { .it_value = time };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), err;

	if (repeat)
		spec.it_interval = time;
	if (fd < 0 || timerfd_settime(fd, 0, &spec, NULL))
		return -errno;
	err = add_source(run, fd, (struct run_source){ ready, arg, fd });
	return err ? err : fd;
}

/* --- what ends a run */

/*
 * SIGINT belongs to the workload under --: the terminal sends it there as well. A run of a
 * daemon writes to sockets, where EPIPE is enough.
 */
static int open_signals(const struct run *run)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, run->request.hangup ? SIGHUP : SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (run->request.hangup)
		signal(SIGPIPE, SIG_IGN);
	if (run->options->workload)
		signal(SIGINT, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void handle_signal(void *arg)
{
	struct run *run = arg;
	struct signalfd_siginfo info;

	while (read(run->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			run->request.hangup(run->request.arg);
		else if (info.ssi_signo != SIGINT || !run->options->workload)
			run->done = true;
	}
}

bool run_is_interrupted(struct run *run)
{
	handle_signal(run);
	return run->done;
}

static void wait_for_exec(struct run *run);

static void handle_target(void *arg)
{
	struct run *run = arg;
	size_t i;

	if (run->options->workload) {
		run->done = true;
		return;
	}
	/* Level-triggered: forget those that have ended. */
	for (i = 0; i < run->nr_targets; i++) {
		struct pollfd ended = { .fd = run->target_fds[i], .events = POLLIN };

		if (ended.fd < 0 || poll(&ended, 1, 0) <= 0)
			continue;
		epoll_ctl(run->epoll, EPOLL_CTL_DEL, ended.fd, NULL);
		close(run->target_fds[i]);
		run->target_fds[i] = -1;
		if (!--run->targets_left)
			wait_for_exec(run);
	}
}

static void handle_duration(void *arg)
{
	struct run *run = arg;

	run->done = run->timed_out = true;
}

/* flags: of pidfd_open(2). */
static int watch_end(struct run *run, int id, unsigned int flags)
{
	int fd;

	if (run->request.hangup)
		return 0;
	fd = syscall(SYS_pidfd_open, id, flags);
	if (fd < 0)
		return -errno;
	run->target_fds[run->nr_targets++] = fd;
	run->targets_left++;
	return run_watch(run, fd, handle_target, run);
}

/* --- -t: a thread that executes a program */

/* One that does is the only thread of its process. */
static bool may_be_executing(int pid)
{
	struct procfs_stat stat;

	return !procfs_read_stat(&stat, "/proc/%d/stat", pid) && stat.num_threads == 1 &&
	       stat.state != 'Z' && stat.state != 'X';
}

static void handle_exec_timer(void *arg)
{
	struct run *run = arg;
	const int pid = run->thread_process;

	if (session_has_task(run->session, pid)) {
		epoll_ctl(run->epoll, EPOLL_CTL_DEL, run->exec_timer, NULL);
		run->thread_process = 0;
		run->done = watch_end(run, pid, PIDFD_THREAD);
	} else if (clock_ns(CLOCK_MONOTONIC) > run->exec_until_ns || !may_be_executing(pid)) {
		run->done = true;
	}
}

/*
 * All targets have ended. But the ID of a thread that executes a program ends as well: the
 * thread then has its process's (de_thread() in fs/exec.c). When the exec is complete,
 * sched_process_exec makes that ID a target (bpf/exec.bpf.h).
 */
static void wait_for_exec(struct run *run)
{
	if (!run->thread_process) {
		run->done = true;
		return;
	}
	run->exec_until_ns = clock_ns(CLOCK_MONOTONIC) + EXEC_NS;
	run->exec_timer = run_watch_timer(run, EXEC_LOOK_NS, true, handle_exec_timer, run);
	if (run->exec_timer < 0)
		run->done = true;
}

/* --- the targets */

static int attach_processes(struct run *run)
{
	size_t i;
	int err;

	for (i = 0; i < run->options->nr_pids; i++) {
		int pid = run->options->pids[i];
		char what[48];

		snprintf(what, sizeof(what), "process %d", pid);
		err = watch_end(run, pid, 0);
		if (err)
			return targets_fail(run, what, err);
		err = targets_add_process(run, pid);
		if (err)
			return err;
	}
	return targets_add_workers(run);
}

static int attach_thread(struct run *run, int tid)
{
	const int pid = procfs_tgid(tid);
	char what[48];
	int err = targets_add_task(run, tid);

	run->thread_process = pid == tid ? 0 : pid;
	/* Before 6.9 there are pidfds of processes only: the end of other threads is not seen. */
	if (watch_end(run, tid, PIDFD_THREAD))
		watch_end(run, tid, 0);
	snprintf(what, sizeof(what), "thread %d", tid);
	return err ? targets_fail(run, what, err) : 0;
}

int run_attach_targets(struct run *run)
{
	const struct run_options *options = run->options;
	int err = targets_watch_removed_events(run);

	if (err)
		return fail_errno(EXIT_FAILED, "tasks after a privileged exec", err);
	if (options->workload) {
		err = targets_add_task(run, run->workload.pid);
		if (!err)
			err = run_watch(run, run->workload.pidfd, handle_target, run);
		return err ? targets_fail(run, options->workload[0], err) : 0;
	}
	if (options->nr_pids)
		return attach_processes(run);
	if (options->tid)
		return attach_thread(run, (int)options->tid);
	return targets_add_machine(run);
}

/* --- the run */

static int open_events(struct run *run)
{
	int err;

	run->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (run->epoll < 0)
		return fail_errno(EXIT_FAILED, "epoll", -errno);
	run->signals = open_signals(run);
	err = run_watch(run, run->signals, handle_signal, run);
	return err ? fail_errno(EXIT_FAILED, "signals", err) : 0;
}

int run_open(struct run *run, const struct run_options *options, const struct run_request *request)
{
	int code, err;

	memset(run, 0, sizeof(*run));
	run->options = options;
	run->request = *request;
	run->cpus = RUN_CPUS_UNWATCHED;
	run->workload = (struct workload){ .start = -1, .pidfd = -1 };
	/* -t: twice, see wait_for_exec(). */
	run->target_fds = calloc(options->nr_pids + 2, sizeof(*run->target_fds));
	if (!run->target_fds)
		return fail_errno(EXIT_FAILED, "targets", -ENOMEM);
	/* The workload first: a small process to fork, and it gets no descriptors. */
	if (options->workload && !options->dry_run) {
		err = workload_start(&run->workload, options->workload);
		if (err)
			return fail_errno(EXIT_FAILED, options->workload[0], err);
	}
	/* SIGHUP must not end a daemon that still plans; others can be interrupted then. */
	code = request->hangup ? open_events(run) : 0;
	if (!code)
		code = setup_plan(run);
	if (!code && !options->dry_run && !request->hangup)
		code = open_events(run);
	if (code || options->dry_run)
		return code;
	code = setup_probes(run);
	return code ? code : descriptors_check(run);
}

void run_observe(const struct run *run, enum run_moment moment)
{
	if (run->observer.at)
		run->observer.at(run->observer.arg, moment);
}

int run_start(struct run *run)
{
	int err;

	if (run->options->duty.period_ns)
		return duty_try(run);
	err = session_start(run->session);
	if (err)
		return fail_errno(exit_code_of(err), "cannot attach to the page_fault tracepoints",
				  err);
	run_observe(run, RUN_ATTACHED);
	return 0;
}

void run_check_preemption(struct run *run)
{
	if (run->told_preemption || run->plan.end != END_FEXIT || run->caps.preemptible ||
	    !preemption_read())
		return;
	run->told_preemption = true;
	fputs("pfstat: the kernel preempts tasks now, so the end (fexit) can miss faults, which are"
	      " counted as missed; another run takes another end\n",
	      stderr);
}

static void announce(const struct run *run)
{
	const struct run_options *options = run->options;
	char target[RUN_TARGETS_LEN];

	fprintf(stderr, "Measuring %s (%s)%s\n", run_targets_text(options, target),
		run->plan.attach, options->workload || run->request.hangup ? "" : "; Ctrl-C ends");
	fflush(stderr);
}

int run_go(struct run *run)
{
	int err = 0;

	announce(run);
	if (run->options->workload)
		err = workload_go(&run->workload);
	if (err) {
		fprintf(stderr, "pfstat: %s: %s\n", run->options->workload[0],
			err == -ENOENT ? "command not found" : strerror(-err));
		return err == -ENOENT ? 127 : 126;
	}
	/* Only now: attaching takes time. */
	if (run->options->duration_ns)
		err = run_watch_timer(run, run->options->duration_ns, false, handle_duration, run);
	if (err >= 0 && run->options->duty.period_ns)
		err = duty_start(run);
	return err < 0 ? fail_errno(EXIT_FAILED, "timers", err) : 0;
}

void run_loop(struct run *run)
{
	while (!run->done) {
		const struct run_source *source;
		struct epoll_event event;
		uint64_t ticks;
		int n = epoll_wait(run->epoll, &event, 1, -1);

		if (n < 0 && errno != EINTR)
			break;
		if (n <= 0)
			continue;
		source = event.data.ptr;
		if (source->timer >= 0 && read(source->timer, &ticks, sizeof(ticks)) < 0)
			continue;
		source->ready(source->arg);
	}
}

void run_stop(struct run *run)
{
	if (run->duty) {
		duty_stop(run);
		return;
	}
	run_observe(run, RUN_DETACHING);
	session_stop(run->session);
	run_observe(run, RUN_DETACHED);
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

int run_release(struct run *run, int code)
{
	int workload_code;
	size_t i;

	if (code && !run->told_limit)
		run_explain_limit();
	workload_code = workload_finish(&run->workload);
	duty_close(run->duty);
	session_close(run->session);
	run->session = NULL;
	pid_namespace_close(run->pids);
	cgroups_close(run->cgroups);
	for (i = 0; i < run->nr_targets; i++)
		if (run->target_fds[i] >= 0)
			close(run->target_fds[i]);
	free(run->target_fds);
	for (i = 0; i < run->nr_sources; i++)
		if (run->sources[i].timer >= 0)
			close(run->sources[i].timer);
	/* The workload's own status, unless pfstat failed, or ended it by -d or COUNT. */
	return code ? code : run->timed_out ? 0 : workload_code;
}
