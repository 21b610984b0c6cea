// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run.c: see run.h. One epoll loop: signals, the interval, the duration, the
 * end of what is measured, and CPUs that come online.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "attach.h"
#include "books.h"
#include "check.h"
#include "child.h"
#include "collect.h"
#include "render.h"
#include "render_check.h"
#include "session.h"
#include "tasks.h"

/* include/uapi/linux/pidfd.h of 6.9 */
#define PIDFD_THREAD O_EXCL

enum source { SOURCE_SIGNAL, SOURCE_INTERVAL, SOURCE_DURATION, SOURCE_TARGET, SOURCE_CPUS };

struct run {
	const struct opts *opts;
	struct attachment at;
	struct collector *collector;
	struct child child;
	struct books *books; /* with --check */
	struct check *check;
	FILE *out;
	const struct renderer *renderer;
	struct render_style style;
	struct snapshot *start, *last, *now;
	struct report *report;
	int epoll;
	int signals, interval, duration, cpus;
	int *target_fds; /* pidfds of -p or -t; -1: has ended */
	size_t nr_targets, targets_left;
	bool timed_out;
	int out_error; /* of writing; a reader that has gone is none */
	bool done;
};

static const struct renderer *const renderers[] = {
	[FORMAT_TABLE] = &render_table,
	[FORMAT_JSON] = &render_json,
	[FORMAT_CSV] = &render_csv,
};

static int watch(struct run *run, int fd, enum source source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };

	if (fd < 0)
		return fd;
	return epoll_ctl(run->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int timer(uint64_t ns, bool repeat)
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

/* SIGINT belongs to the command under --: the terminal sends it there as well. */
static int open_signals(const struct run *run)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (run->opts->child)
		signal(SIGINT, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* flags: of pidfd_open(2). */
static int watch_end(struct run *run, int id, unsigned int flags)
{
	int fd = syscall(SYS_pidfd_open, id, flags);

	if (fd < 0)
		return -errno;
	run->target_fds[run->nr_targets++] = fd;
	run->targets_left++;
	return watch(run, fd, SOURCE_TARGET);
}

static int attach_processes(struct run *run)
{
	size_t i;
	int err;

	for (i = 0; i < run->opts->nr_pids; i++) {
		int pid = run->opts->pids[i];
		char what[48];

		snprintf(what, sizeof(what), "process %d", pid);
		err = watch_end(run, pid, 0);
		if (err)
			return fail(exit_code_of(err), what, err);
		err = attach_process(&run->at, run->books, pid);
		if (err)
			return err;
	}
	return 0;
}

static int attach_thread(struct run *run, int tid)
{
	char what[48];
	int err = books_add_task(run->books, run->at.session, tid);

	/* Before 6.9 there are pidfds of processes only: the end of others goes unseen. */
	if (watch_end(run, tid, PIDFD_THREAD))
		watch_end(run, tid, 0);
	snprintf(what, sizeof(what), "thread %d", tid);
	return err ? fail(exit_code_of(err), what, err) : 0;
}

/* --check: opens the kernel's books. One that cannot be had is a failure at the end. */
static int open_books(struct run *run)
{
	int exit_hook = run->at.plan.hook[HOOK_sched_process_exit].method;
	int err;

	if (!run->opts->check)
		return 0;
	run->check = calloc(1, sizeof(*run->check));
	err = run->check ? books_open(&run->books, run->at.session, per_task(run->opts)) : -ENOMEM;
	if (err)
		return fail(EXIT_FAILED, "--check", err);
	if (per_task(run->opts) && exit_hook != METHOD_TRACEPOINT)
		books_fail(run->books, "tasks that end (the tracepoint sched_process_exit)",
			   run->at.plan.hook[HOOK_sched_process_exit].error);
	return 0;
}

/* The second witness, when the command has ended by itself. */
static void read_rusage(struct run *run)
{
	if (!run->opts->child || run->timed_out || !child_reap(&run->child))
		return;
	books_rusage(run->books, &run->child.usage,
		     run->opts->no_inherit ? "counts the children, which --no-inherit leaves out" :
					     NULL);
}

static void make_check(struct run *run)
{
	struct check_input input = {
		.total = run->now,
		.exact = (const enum exactness(*)[ORIGIN_NR])run->at.plan.exact,
		.per_task = per_task(run->opts),
		.gup = run->at.plan.hook[HOOK_handle_mm_fault].method > METHOD_UNNEEDED,
		.perf_end = run->at.plan.end == END_PERF,
		.vma_lock = run->at.caps.vma_lock,
	};

	if (!run->check)
		return;
	read_rusage(run);
	input.books = books_result(run->books);
	check_make(run->check, &input);
}

/* JSON has it in the total; CSV has no place for it. */
static void print_check(struct run *run)
{
	if (!run->check || run->opts->format == FORMAT_JSON)
		return;
	render_check(run->opts->format == FORMAT_CSV ? stderr : run->out, run->check);
}

static int attach_targets(struct run *run)
{
	const struct opts *opts = run->opts;
	int err;

	if (opts->child) {
		err = books_add_task(run->books, run->at.session, run->child.pid);
		if (!err)
			err = watch(run, run->child.pidfd, SOURCE_TARGET);
		return err ? fail(exit_code_of(err), opts->child[0], err) : 0;
	}
	if (opts->nr_pids)
		return attach_processes(run);
	if (opts->tid)
		return attach_thread(run, opts->tid);
	err = attach_machine(&run->at, run->books, &run->cpus);
	if (!err && run->cpus >= 0)
		watch(run, run->cpus, SOURCE_CPUS);
	return err;
}

static void announce(const struct run *run)
{
	const struct opts *opts = run->opts;

	if (opts->child)
		fprintf(stderr, "Measuring %s (%s)\n", opts->child[0], run->at.plan.attach);
	else
		fprintf(stderr, "Measuring %s (%s); Ctrl-C ends\n",
			opts->nr_pids ? "processes" :
			opts->tid     ? "a thread" :
					"the whole machine",
			run->at.plan.attach);
	fflush(stderr);
}

/* Prints from before (NULL: the start) to now; false when nobody reads any more. */
static bool print_report(struct run *run, const struct snapshot *before, bool is_total)
{
	snapshot_report(run->report, before, run->now, run->at.plan.exact, run->at.plan.attach);
	run->report->is_total = is_total;
	run->report->check = is_total ? run->check : NULL;
	errno = 0;
	run->renderer->report(run->out, run->report, &run->style);
	if (!fflush(run->out) && !ferror(run->out))
		return true;
	if (errno != EPIPE && !run->out_error)
		run->out_error = errno ? -errno : -EIO;
	return false;
}

/* A maximum is of its interval; the total's is the largest of them all. */
static void keep_maxima(struct snapshot *all, const struct snapshot *interval)
{
	int path, origin, major;

	for (path = 0; path < PATH_NR; path++)
		for (origin = 0; origin < ORIGIN_NR; origin++)
			for (major = 0; major < 2; major++) {
				uint64_t ns = interval->cells[path][origin][major].max_ns;

				if (ns > all->cells[path][origin][major].max_ns)
					all->cells[path][origin][major].max_ns = ns;
			}
}

static void handle_interval(struct run *run, uint64_t *left)
{
	struct snapshot *swap;
	uint64_t expirations;

	if (read(run->interval, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	collect_read(run->collector, run->now, false);
	if (!print_report(run, run->last, false))
		run->done = true;
	keep_maxima(run->start, run->now);
	swap = run->last;
	run->last = run->now;
	run->now = swap;
	if (run->opts->count && !--*left)
		run->done = run->timed_out = true;
}

static void handle_signal(struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGINT && run->opts->child)
			continue;
		run->done = true;
	}
}

static void handle_target(struct run *run)
{
	size_t i;

	if (run->opts->child) {
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
			run->done = true;
	}
}

static void loop(struct run *run)
{
	uint64_t left = run->opts->count;

	while (!run->done) {
		struct epoll_event event;
		int n = epoll_wait(run->epoll, &event, 1, -1);

		if (n < 0 && errno != EINTR)
			break;
		if (n <= 0)
			continue;
		switch ((enum source)event.data.u32) {
		case SOURCE_SIGNAL:
			handle_signal(run);
			break;
		case SOURCE_INTERVAL:
			handle_interval(run, &left);
			break;
		case SOURCE_DURATION:
			run->done = run->timed_out = true;
			break;
		case SOURCE_TARGET:
			handle_target(run);
			break;
		case SOURCE_CPUS:
			tasks_cpu_event(run->at.session, run->cpus);
			break;
		}
	}
}

static int open_output(struct run *run)
{
	run->out = run->opts->output ? fopen(run->opts->output, "we") : stdout;
	if (!run->out)
		return fail(EXIT_FAILED, run->opts->output, -errno);
	run->renderer = renderers[run->opts->format];
	run->style.histogram = run->opts->histogram;
	run->style.timestamp = run->opts->timestamp;
	run->style.colour = isatty(fileno(run->out)) && !getenv("NO_COLOR");
	run->start = calloc(1, sizeof(*run->start));
	run->last = calloc(1, sizeof(*run->last));
	run->now = calloc(1, sizeof(*run->now));
	run->report = calloc(1, sizeof(*run->report));
	run->target_fds = calloc(run->opts->nr_pids + 1, sizeof(*run->target_fds));
	if (!run->start || !run->last || !run->now || !run->report || !run->target_fds)
		return fail(EXIT_FAILED, "snapshots", -ENOMEM);
	return 0;
}

static int open_events(struct run *run)
{
	int err;

	run->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (run->epoll < 0)
		return fail(EXIT_FAILED, "epoll", -errno);
	run->signals = open_signals(run);
	err = watch(run, run->signals, SOURCE_SIGNAL);
	return err ? fail(EXIT_FAILED, "signals", err) : 0;
}

static int open_timers(struct run *run)
{
	int err = 0;

	if (run->opts->interval_ns) {
		run->interval = timer(run->opts->interval_ns, true);
		err = watch(run, run->interval, SOURCE_INTERVAL);
	}
	if (!err && run->opts->duration_ns) {
		run->duration = timer(run->opts->duration_ns, false);
		err = watch(run, run->duration, SOURCE_DURATION);
	}
	return err ? fail(EXIT_FAILED, "timers", err) : 0;
}

static int start(struct run *run)
{
	int err = attach_start(&run->at);

	if (err)
		return err;
	books_attached(run->books);
	err = collect_open(&run->collector, run->at.session);
	if (err)
		return fail(EXIT_FAILED, "cannot map the counters", err);
	/* The clock of the first interval and of the total starts here, the counters at 0. */
	collect_read(run->collector, run->now, false);
	run->start->mono_ns = run->last->mono_ns = run->now->mono_ns;
	run->start->wall_ns = run->last->wall_ns = run->now->wall_ns;
	announce(run);
	if (!run->opts->child)
		return 0;
	err = child_go(&run->child);
	if (!err)
		return 0;
	fprintf(stderr, "pfstat: %s: %s\n", run->opts->child[0],
		err == -ENOENT ? "command not found" : strerror(-err));
	return err == -ENOENT ? 127 : 126;
}

static void print_total(struct run *run)
{
	books_detaching(run->books);
	session_stop(run->at.session);
	books_detached(run->books);
	collect_read(run->collector, run->now, true);
	make_check(run);
	keep_maxima(run->now, run->start);
	memset(run->start->cells, 0, sizeof(run->start->cells));
	if (print_report(run, run->start, true))
		print_check(run);
}

static void release(struct run *run)
{
	size_t i;

	books_close(run->books);
	free(run->check);
	collect_close(run->collector);
	attach_close(&run->at);
	for (i = 0; i < run->nr_targets; i++)
		if (run->target_fds[i] >= 0)
			close(run->target_fds[i]);
	free(run->target_fds);
	free(run->start);
	free(run->last);
	free(run->now);
	free(run->report);
	if (run->out && run->out != stdout)
		fclose(run->out);
}

static int measure(struct run *run)
{
	int code = open_output(run);

	/* The child first: a small process to fork, and it gets no descriptors. */
	if (!code && run->opts->child && !run->opts->dry_run) {
		int err = child_start(&run->child, run->opts->child);

		if (err)
			code = fail(EXIT_FAILED, run->opts->child[0], err);
	}
	if (code)
		return code;
	code = attach_plan(&run->at, run->opts);
	if (code)
		return code;
	if (run->opts->dry_run) {
		attach_print_plan(&run->at, run->out);
		return 0;
	}
	code = open_events(run);
	if (!code)
		code = attach_marks(&run->at, run->opts);
	if (!code)
		code = open_books(run);
	if (!code)
		code = attach_targets(run);
	if (!code && run->renderer->begin)
		run->renderer->begin(run->out, &run->style);
	if (!code)
		code = start(run);
	/* Now only: attaching takes its time. */
	if (!code)
		code = open_timers(run);
	if (code)
		return code;
	loop(run);
	print_total(run);
	if (run->out_error)
		return fail(EXIT_FAILED, run->opts->output ? run->opts->output : "standard output",
			    run->out_error);
	return run->check && !run->check->ok ? EXIT_FAILED : 0;
}

int run_stat(const struct opts *opts)
{
	struct run run = { .opts = opts, .child = { .go = -1, .failed = -1, .pidfd = -1 } };
	int code = measure(&run);
	int child_code;

	if (code)
		attach_explain_limit();
	child_code = child_finish(&run.child);

	release(&run);
	/* The command's own status, unless pfstat failed, or ended it by -d or COUNT. */
	return code ? code : run.timed_out ? 0 : child_code;
}
