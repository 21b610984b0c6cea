// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/perf_event.c: perf_event_open(2) for software events and for kprobes.
 */
#include "probe_perf_event.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_perf_event(struct perf_event_attr *attr, int pid, int cpu)
{
	int fd;

	attr->size = sizeof(*attr);
	fd = syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int perf_event_open_software(unsigned int config, int pid, int cpu, bool inherit)
{
	/*
	 * sample_period 1: the program runs at each event. sample_type 0 keeps
	 * perf_prepare_sample() cheap, which newer kernels call first (6.12).
	 */
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = config,
		.sample_period = 1,
		.inherit = inherit,
		.disabled = 1,
	};

	return open_perf_event(&attr, pid, cpu);
}

/* The type number of the perf PMU for kprobes, or a negative errno. */
static int read_kprobe_type(void)
{
	FILE *f = fopen("/sys/bus/event_source/devices/kprobe/type", "re");
	int type;

	if (!f)
		return -EOPNOTSUPP;
	if (fscanf(f, "%d", &type) != 1)
		type = -EINVAL;
	fclose(f);
	return type;
}

int perf_event_open_kprobe(const char *function)
{
	int type = read_kprobe_type();
	struct perf_event_attr attr = {
		.type = type,
		.config1 = (uintptr_t)function, /* kprobe_func */
		.sample_period = 1,
	};

	return type < 0 ? type : open_perf_event(&attr, -1, 0);
}

int perf_event_attach(int event, int prog)
{
	return ioctl(event, PERF_EVENT_IOC_SET_BPF, prog) ? -errno : 0;
}
