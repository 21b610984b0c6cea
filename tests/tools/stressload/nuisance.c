// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * nuisance.c: programs that get in pfstat's way: one keeps the kernel in bpf(2)
 * map calls, the other makes perf_event_open(2) fail for one CPU.
 */
#include "load.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int map_fd;
static volatile bool stop;
static uint64_t updates;

static void *updater(void *arg)
{
	uint64_t key = (uintptr_t)arg, value = 0;
	union bpf_attr attr = { .map_fd = map_fd,
				.key = (uintptr_t)&key,
				.value = (uintptr_t)&value };

	while (!stop) {
		key = (key + 2) % 1024;
		if (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)))
			die("BPF_MAP_UPDATE_ELEM");
		__atomic_fetch_add(&updates, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

int run_updater(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_HASH, .key_size = 8, .value_size = 8, .max_entries = 1024
	};
	pthread_t threads[2];
	char c;

	map_fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (map_fd < 0)
		die("BPF_MAP_CREATE");
	if (pthread_create(&threads[0], NULL, updater, (void *)0) ||
	    pthread_create(&threads[1], NULL, updater, (void *)1))
		die("pthread_create");
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	stop = true;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	printf("{\"updates\":%llu}\n", (unsigned long long)updates);
	return 0;
}

int run_deny(char **argv)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 3),
		/* perf_event_open(attr, pid, cpu, ...): the lower half */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)atoi(argv[0]), 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
			 SECCOMP_RET_ERRNO | ((unsigned int)atoi(argv[1]) & SECCOMP_RET_DATA)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("seccomp");
	execvp(argv[2], argv + 2);
	die("%s", argv[2]);
}
