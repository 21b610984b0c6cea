// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/targets.c: the tasks and CPUs that are measured: those there are, and CPUs that come
 * online later.
 */
#include "run_setup.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "proc/procfs.h"

int targets_add_task(struct run *run, int tid)
{
	return run->observer.add_task ?
		       run->observer.add_task(run->observer.arg, run->session, tid) :
		       session_add_task(run->session, tid);
}

int targets_fail(struct run *run, const char *what, int err)
{
	if (err == -EMFILE)
		return descriptors_fail(run);
	if (err == -EINTR)
		return fail_with(EXIT_FAILED, "interrupted before the measurement began");
	return fail_errno(exit_code_of(err), what, err);
}

struct new_threads {
	struct run *run;
	int added;
	bool found; /* any thread that is measured */
};

static int add_thread_if_new(void *context, int tid)
{
	struct new_threads *n = context;
	int err;

	/* There may be tens of thousands. */
	if (run_is_interrupted(n->run))
		return -EINTR;
	if (session_has_task(n->run->session, tid)) {
		n->found = true;
		return 0;
	}
	err = targets_add_task(n->run, tid);
	n->added += !err;
	return err == -ESRCH ? 0 : err; /* ended meanwhile */
}

/*
 * One pass over the threads of pid: the number of new ones, or a negative errno; -ESRCH: it has
 * no thread that can be measured.
 */
static int add_new_threads(struct run *run, int pid)
{
	struct new_threads n = { .run = run };
	int err = procfs_each_thread(pid, add_thread_if_new, &n);

	if (!err && !n.added && !n.found)
		err = -ESRCH;
	return err ? err : n.added;
}

int targets_add_process(struct run *run, int pid)
{
	char what[48];
	int added;

	do {
		added = add_new_threads(run, pid);
	} while (added > 0);
	snprintf(what, sizeof(what), "process %d", pid);
	return added < 0 ? targets_fail(run, what, added) : 0;
}

/* --- kernel threads that work in the memory of a process: vhost's, up to 6.3 */

/* include/linux/sched.h */
#define PF_KTHREAD   0x00200000
#define KTHREADD_PID 2

/* Has thread maker, or a later one with its ID, made the kernel thread? */
static bool is_maker(int maker, int tid)
{
	struct procfs_stat first, second;

	return !procfs_read_stat(&first, "/proc/%d/stat", maker) &&
	       !procfs_read_stat(&second, "/proc/%d/stat", tid) && second.flags & PF_KTHREAD &&
	       first.starttime <= second.starttime;
}

/* vhost_dev_set_owner() gives it the name vhost-TID, of the thread that calls it. */
static int add_if_worker(void *context, int tid)
{
	struct run *run = context;
	char path[32], name[32];
	int maker, err;

	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	if (procfs_read_text(path, name, sizeof(name)) || sscanf(name, "vhost-%d", &maker) != 1 ||
	    !session_has_task(run->session, maker) || session_has_task(run->session, tid) ||
	    !is_maker(maker, tid))
		return 0;
	err = targets_add_task(run, tid);
	return err == -ESRCH ? 0 : err;
}

int targets_add_workers(struct run *run)
{
	int err = procfs_each_child(KTHREADD_PID, add_if_worker, run);

	/* Others are recognised at their first fault: bpf/worker_mm.bpf.h. */
	return err && err != -ESRCH ? targets_fail(run, "kernel threads of the processes", err) : 0;
}

static int add_cpus(struct session *s)
{
	int nr = libbpf_num_possible_cpus();
	int cpu, sum = 0;

	for (cpu = 0; cpu < nr; cpu++) {
		int err = session_add_cpu(s, cpu);

		if (!err)
			sum++;
		else if (err != -ENODEV && err != -ENXIO)
			return err;
	}
	return sum ? 0 : -ENODEV;
}

/* Against the threads of serve, which read at a scrape. */
static void lock_request(struct run *run)
{
	if (run->request.lock)
		pthread_mutex_lock(run->request.lock);
}

static void unlock_request(struct run *run)
{
	if (run->request.lock)
		pthread_mutex_unlock(run->request.lock);
}

/* --- tasks that lost their events by a privileged exec */

static const char *remedy_of(int err)
{
	return err == -EMFILE ? " (ulimit -n)" : "";
}

static void handle_removed_events(void *arg)
{
	struct run *run = arg;
	int tid, err;

	lock_request(run);
	err = session_reopen(run->session, &tid);
	unlock_request(run);
	if (!err || run->told_removed_events)
		return;
	run->told_removed_events = true;
	fprintf(stderr,
		"pfstat: after a privileged exec, faults of task %d (and maybe others) are counted and not timed: %s%s\n",
		tid, strerror(-err), remedy_of(err));
}

int targets_watch_removed_events(struct run *run)
{
	int fd = session_removed_events_fd(run->session);

	return fd < 0 ? 0 : run_watch(run, fd, handle_removed_events, run);
}

/* --- CPUs */

/* A socket that is readable when a CPU came online or went offline, or a negative errno. */
static int open_cpu_events(void)
{
	/* Group 1: the kernel's own messages (not udev's). */
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

void targets_watch_cpus(struct run *run)
{
	if (run->cpus != RUN_CPUS_UNWATCHED)
		return;
	run->cpus = open_cpu_events();
	if (run->cpus < 0)
		fprintf(stderr, "pfstat: CPUs that come online later will be missed: %s\n",
			strerror(-run->cpus));
	else
		run_watch(run, run->cpus, targets_handle_cpus, run);
}

int targets_add_machine(struct run *run)
{
	int err;

	/* A window looks for the CPUs that are online then. */
	if (run->options->duty.period_ns)
		return 0;
	/* First the events, so that no CPU can come online in between. */
	targets_watch_cpus(run);
	run_observe(run, RUN_ATTACHING);
	err = add_cpus(run->session);
	return err ? targets_fail(run, "perf events of the CPUs", err) : 0;
}

/* "online@/devices/system/cpu/cpu1", then the variables: 1. -EAGAIN: of something else. */
static int receive_online_cpu(int fd)
{
	static const char online[] = "online@/devices/system/cpu/cpu";
	char message[2048];
	ssize_t len = recv(fd, message, sizeof(message) - 1, 0);

	if (len < 0)
		return -errno;
	message[len] = '\0';
	return strncmp(message, online, sizeof(online) - 1) ? -EAGAIN :
							      atoi(message + sizeof(online) - 1);
}

void targets_handle_cpus(void *arg)
{
	struct run *run = arg;
	int cpu = receive_online_cpu(run->cpus), err = cpu < 0 ? cpu : 0;

	if (err == -EAGAIN || err == -EINTR)
		return;
	lock_request(run);
	/* Under -p only the names need it. */
	if (cpu >= 0 && !run_is_per_task(run->options))
		err = session_add_cpu(run->session, cpu);
	if (cpu >= 0 && run->symbols && symbols_add_cpu(run->symbols, cpu))
		fprintf(stderr,
			"pfstat: CPU %d came online: programs that start there have no names\n",
			cpu);
	if (run->request.cpu_online)
		run->request.cpu_online(run->request.arg, cpu, err);
	unlock_request(run);
	if (cpu < 0)
		fprintf(stderr, "pfstat: CPUs that came online may be missed: %s\n",
			strerror(-err));
	else if (err)
		fprintf(stderr, "pfstat: CPU %d came online and is not measured: %s%s\n", cpu,
			strerror(-err), remedy_of(err));
}
