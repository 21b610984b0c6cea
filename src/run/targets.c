// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/targets.c: see run/run_targets.h.
 */
#include "run_targets.h"

#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/libbpf.h>

/* One pass over /proc/PID/task: how many threads were new. */
static int add_new_threads(struct session *s, struct kernel_counters *kernel_counters, int pid)
{
	char path[32];
	struct dirent *entry;
	int added = 0, err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!err && (entry = readdir(dir))) {
		int tid = atoi(entry->d_name);

		if (tid <= 0 || session_has_task(s, tid))
			continue;
		err = kernel_counters_add_task(kernel_counters, s, tid);
		if (err == -ESRCH)
			err = 0; /* ended meanwhile */
		else if (!err)
			added++;
	}
	closedir(dir);
	return err ? err : added;
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
