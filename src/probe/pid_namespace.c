// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/pid_namespace.c: reads the IDs of all tasks from bpf/pid_namespace.bpf.c.
 */
#include "probe_pid_namespace.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "shared/task_ids.h"
#include "util/error.h"
#include "pid_namespace.skel.h"

/* PROC_PID_INIT_INO (include/linux/proc_ns.h), the same in all versions. */
#define INITIAL_INUM 0xeffffffcu
/* PID_MAX_LIMIT (include/linux/threads.h) of 64-bit kernels. */
#define MAX_TASKS (1u << 22)

/* By tid; 0: none. Mapped, so that only the pages that are used take memory. */
struct id_tables {
	uint32_t kernel_of[MAX_TASKS]; /* by the ID here */
	uint32_t local_of[MAX_TASKS];
};

struct pid_namespace {
	struct pid_namespace_bpf *skel;
	struct bpf_link *link;
	struct id_tables *ids;
};

static bool is_nested(void)
{
	struct stat own;

	return !stat("/proc/self/ns/pid", &own) && own.st_ino != INITIAL_INUM;
}

/* Does /proc show the IDs of this namespace? */
static bool is_own_procfs(void)
{
	char text[16] = "";

	return readlink("/proc/self", text, sizeof(text) - 1) > 0 && atoi(text) == getpid();
}

static int load_iterator(struct pid_namespace *ns)
{
	ns->skel = pid_namespace_bpf__open_and_load();
	if (!ns->skel)
		return -errno;
	ns->link = bpf_program__attach_iter(ns->skel->progs.list_tasks, NULL);
	return ns->link ? 0 : -errno;
}

static void store_ids(struct pid_namespace *ns, const struct task_ids *ids)
{
	if (ids->kernel >= MAX_TASKS || ids->local >= MAX_TASKS || !ids->local)
		return;
	ns->ids->kernel_of[ids->local] = ids->kernel;
	ns->ids->local_of[ids->kernel] = ids->local;
}

static int read_ids(struct pid_namespace *ns, int fd)
{
	struct task_ids ids[512];
	ssize_t bytes;

	do {
		bytes = read(fd, ids, sizeof(ids));
		for (ssize_t i = 0; i < bytes / (ssize_t)sizeof(*ids); i++)
			store_ids(ns, &ids[i]);
	} while (bytes > 0 || (bytes < 0 && errno == EINTR));
	return bytes < 0 ? -errno : 0;
}

int pid_namespace_read(struct pid_namespace *ns)
{
	int fd, err;

	if (!ns)
		return 0;
	fd = bpf_iter_create(bpf_link__fd(ns->link));
	if (fd < 0)
		return -errno;
	/* Forgets the tasks that have ended: zeroes all. */
	madvise(ns->ids, sizeof(*ns->ids), MADV_DONTNEED);
	err = read_ids(ns, fd);
	close(fd);
	return err;
}

int pid_namespace_open(struct pid_namespace **out, struct error *error)
{
	struct pid_namespace *ns;
	int err;

	*out = NULL;
	if (!is_nested())
		return 0;
	if (!is_own_procfs())
		return error_set(
			error, -EINVAL,
			"/proc belongs to another pid namespace: mount it anew here"
			" (unshare --mount-proc), or run pfstat in the host's (--pid=host)");
	ns = calloc(1, sizeof(*ns));
	if (!ns)
		return error_set(error, -ENOMEM, "%s", strerror(ENOMEM));
	ns->ids = mmap(NULL, sizeof(*ns->ids), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	err = ns->ids == MAP_FAILED ? -errno : load_iterator(ns);
	if (!err)
		err = pid_namespace_read(ns);
	if (err) {
		pid_namespace_close(ns);
		return error_set(error, err,
				 "the kernel does not list the tasks of this pid namespace: %s;"
				 " run pfstat in the host's pid namespace (--pid=host)",
				 strerror(-err));
	}
	*out = ns;
	return 0;
}

unsigned int pid_namespace_level(const struct pid_namespace *ns)
{
	return ns ? ns->skel->bss->level : 0;
}

unsigned int pid_namespace_inum(const struct pid_namespace *ns)
{
	return ns ? ns->skel->bss->inum : INITIAL_INUM;
}

static int look_up(const uint32_t ids[MAX_TASKS], int tid)
{
	return tid > 0 && (uint32_t)tid < MAX_TASKS ? (int)ids[tid] : 0;
}

int pid_namespace_to_kernel(struct pid_namespace *ns, int tid)
{
	int err = 0;

	if (!ns)
		return tid;
	if (!look_up(ns->ids->kernel_of, tid))
		err = pid_namespace_read(ns);
	return err ?: look_up(ns->ids->kernel_of, tid) ?: -ESRCH;
}

int pid_namespace_to_local(const struct pid_namespace *ns, int tid)
{
	return ns ? look_up(ns->ids->local_of, tid) : tid;
}

void pid_namespace_close(struct pid_namespace *ns)
{
	if (!ns)
		return;
	bpf_link__destroy(ns->link);
	pid_namespace_bpf__destroy(ns->skel);
	if (ns->ids != MAP_FAILED)
		munmap(ns->ids, sizeof(*ns->ids));
	free(ns);
}
