// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/targets.c: see run/run_targets.h.
 */
#include "run_targets.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "proc/procfs.h"
#include "util/array.h"

struct new_threads {
	struct session *session;
	struct kernel_counters *kernel_counters;
	int added;
};

static int add_thread_if_new(void *context, int tid)
{
	struct new_threads *n = context;
	int err;

	if (session_has_task(n->session, tid))
		return 0;
	err = kernel_counters_add_task(n->kernel_counters, n->session, tid);
	n->added += !err;
	return err == -ESRCH ? 0 : err; /* ended meanwhile */
}

/* One pass over the threads of pid: how many were new. */
static int add_new_threads(struct session *s, struct kernel_counters *kernel_counters, int pid)
{
	struct new_threads n = { s, kernel_counters, 0 };
	int err = procfs_each_thread(pid, add_thread_if_new, &n);

	return err ? err : n.added;
}

int targets_add_process(struct session *s, struct kernel_counters *kernel_counters, int pid)
{
	int sum = 0, added;

	do {
		added = add_new_threads(s, kernel_counters, pid);
		if (added < 0)
			return added;
		sum += added;
	} while (added);
	return sum ? sum : -ESRCH;
}

static int append_thread(void *context, int tid)
{
	struct target_threads *threads = context;
	int err = array_reserve(threads->tids, threads->cap, threads->nr + 1);

	if (!err)
		threads->tids[threads->nr++] = tid;
	return err;
}

int targets_list_threads(const int *pids, size_t nr_pids, struct target_threads *threads)
{
	int err = 0;

	for (size_t i = 0; i < nr_pids && !err; i++) {
		err = procfs_each_thread(pids[i], append_thread, threads);
		if (err == -ESRCH)
			err = 0;
	}
	return !err && !threads->nr ? -ESRCH : err;
}

int targets_add_cpus(struct session *s)
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
	return sum ? sum : -ENODEV;
}

int targets_open_cpu_events(void)
{
	/* Group 1: what the kernel itself sends (not udev's). */
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

int targets_cpu_event(struct session *s, int fd)
{
	/* "online@/devices/system/cpu/cpu1", then the variables. */
	static const char online[] = "online@/devices/system/cpu/cpu";
	char message[2048];
	ssize_t len = recv(fd, message, sizeof(message) - 1, 0);
	int cpu, err;

	if (len < 0)
		return -errno;
	message[len] = '\0';
	if (strncmp(message, online, sizeof(online) - 1))
		return -EAGAIN;
	cpu = atoi(message + sizeof(online) - 1);
	err = session_add_cpu(s, cpu);
	return err ? err : cpu;
}
