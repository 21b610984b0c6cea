/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Faults that find no memory: a child over the limit of its memory control
 * group, which the OOM killer ends.
 *
 * The child is a new program, for a fork would write-protect our own pages. It
 * faults page after page; only its last fault is the kind's.
 */
#include "faultgen.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define CGROUP      "/sys/fs/cgroup"
#define LIMIT       "4194304"
#define CHILD_BYTES (64ul << 20)
#define CHILD_STACK 8192
#define NOTES_FD    9 /* the child's, and nobody closes it */
#define TRIES       8 /* children for one fault */

/* Shared with the child. */
struct notes {
	uint64_t before; /* its faults when it began */
	uint64_t touched; /* pages that it got since */
};

struct group {
	char path[64];
	int procs;
};

struct oom {
	struct group *groups; /* by worker */
	struct notes **notes;
	int *fds;
	int exe;
	cpu_set_t cpu;
};

struct birth {
	const struct oom *oom;
	unsigned int worker;
};

static int write_file(const char *dir, const char *name, const char *text)
{
	char path[128];
	int fd, err;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = print_all(fd, text, strlen(text));
	close(fd);
	return err;
}

static uint64_t my_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* The program that is the child. What the loop needs is in memory after its first pages. */
int oom_child(void)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	struct notes *notes = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, NOTES_FD, 0);
	char *map =
		mmap(NULL, CHILD_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (notes == MAP_FAILED || map == MAP_FAILED)
		return EXIT_INEXACT;
	madvise(map, CHILD_BYTES, MADV_NOHUGEPAGE);
	for (i = 0; i < CHILD_BYTES / page; i++) {
		if (i <= 4) {
			notes->touched = 0;
			notes->before = my_faults() + 1;
		}
		*(volatile char *)(map + i * page) = 1;
		__atomic_fetch_add(&notes->touched, 1, __ATOMIC_RELAXED);
	}
	return EXIT_INEXACT;
}

/*
 * One CPU for all children of a group: what another CPU holds in stock for the
 * group comes back late, and may save the last fault of one that is killed.
 */
static int be_born(void *arg)
{
	static char name[] = OOM_CHILD;
	const struct birth *b = arg;
	char *argv[] = { name, NULL }, *envp[] = { NULL };

	sched_setaffinity(0, sizeof(b->oom->cpu), &b->oom->cpu);
	if (write(b->oom->groups[b->worker].procs, "0", 1) != 1 ||
	    dup2(b->oom->fds[b->worker], NOTES_FD) < 0)
		_exit(EXIT_USAGE);
	fexecve(b->oom->exe, argv, envp);
	_exit(EXIT_USAGE);
}

/* One child's life. 0 when its last fault was the kind's, 1 when it ended otherwise. */
static int one_child(const struct oom *oom, unsigned int worker)
{
	char stack[CHILD_STACK] __attribute__((aligned(16)));
	struct birth birth = { .oom = oom, .worker = worker };
	struct notes *notes = oom->notes[worker];
	struct rusage usage;
	int status;
	pid_t pid;

	*notes = (struct notes){ 0 };
	/* The memory is ours until the child is another program, and so we wait for that. */
	pid = clone(be_born, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &birth);
	if (pid < 0)
		return -errno;
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL || !notes->before)
		return -ECHILD;
	/* A fault that failed is not in its usage; one that was let over the limit is, and the
	 * access still missing. */
	return (uint64_t)(usage.ru_minflt + usage.ru_majflt) != notes->before - 1 + notes->touched;
}

/* Children until one ended by the kind's fault. 1 when none did. */
static int one_fault(const struct oom *oom, unsigned int worker)
{
	int tries, got = 1;

	for (tries = 0; got == 1 && tries < TRIES; tries++)
		got = one_child(oom, worker);
	return got;
}

static int group_make(struct job *job, struct group *g, unsigned int worker)
{
	char procs[sizeof(g->path) + 16];

	snprintf(g->path, sizeof(g->path), CGROUP "/faultgen.%d.%u", (int)getpid(), worker);
	if (mkdir(g->path, 0755)) {
		g->path[0] = '\0';
		return job_skip(job,
				"cannot make a group in " CGROUP
				" (%s); mount cgroup2 there and be root",
				strerror(errno));
	}
	if (write_file(g->path, "memory.max", LIMIT))
		return job_skip(job, CGROUP " has no memory controller; echo +memory > " CGROUP
					    "/cgroup.subtree_control");
	write_file(g->path, "memory.swap.max",
		   "0"); /* not there without swap support, and then not needed */
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", g->path);
	g->procs = open(procs, O_WRONLY | O_CLOEXEC);
	return g->procs < 0 ? job_fail(job, errno, "%s: cannot put processes there", g->path) : 0;
}

static int notes_make(struct job *job, struct oom *oom, unsigned int worker)
{
	void *at = MAP_FAILED;

	oom->fds[worker] = memfd_create("faultgen", MFD_CLOEXEC);
	if (oom->fds[worker] >= 0 && !ftruncate(oom->fds[worker], job->page))
		at = mmap(NULL, job->page, PROT_READ | PROT_WRITE, MAP_SHARED, oom->fds[worker], 0);
	if (at == MAP_FAILED)
		return job_fail(job, errno, "cannot share memory with a child");
	oom->notes[worker] = at;
	*oom->notes[worker] = (struct notes){ 0 };
	return 0;
}

int oom_setup(struct part *p)
{
	struct statfs fs;

	if (!statfs(CGROUP, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC)
		return 0;
	return job_skip(p->job, CGROUP " is not version 2 of cgroups; mount cgroup2 there");
}

static struct oom *oom_new(struct job *job)
{
	struct oom *oom = calloc(1, sizeof(*oom));

	if (!oom)
		return NULL;
	job->data = oom;
	oom->groups = calloc(job->threads, sizeof(*oom->groups));
	oom->notes = calloc(job->threads, sizeof(*oom->notes));
	oom->fds = calloc(job->threads, sizeof(*oom->fds));
	CPU_SET(sched_getcpu(), &oom->cpu);
	oom->exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	return oom->groups && oom->notes && oom->fds && oom->exe >= 0 ? oom : NULL;
}

/* One dies for the trial. */
int oom_arm(struct job *job, const struct kind *kind)
{
	struct oom *oom = oom_new(job);
	struct part *p = NULL;
	int err = 0;

	if (!oom)
		return job_fail(job, errno, "cannot prepare for children");
	while (!err && (p = job_next(job, kind, p))) {
		err = group_make(job, &oom->groups[p->worker], p->worker);
		if (!err)
			err = notes_make(job, oom, p->worker);
	}
	if (err)
		return err;
	err = one_fault(oom, job_next(job, kind, NULL)->worker);
	if (err < 0)
		return job_fail(job, -err, "the OOM killer did not end the child");
	if (err)
		return job_skip(
			job,
			"this kernel lets a task that it kills go over its limit, so that its last fault succeeds; "
			"Linux 5.16 and the stable kernels since then do not");
	return 0;
}

int oom_run(struct part *p, uint64_t n)
{
	const struct oom *oom = p->job->data;
	int got;

	for (; n; n--) {
		got = one_fault(oom, p->worker);
		if (got < 0)
			return got;
		p->wrong += got;
	}
	return 0;
}

/* A group stays busy for a moment after its last process was reaped. */
static void group_remove(const struct group *g)
{
	int tries;

	if (g->procs > 0)
		close(g->procs);
	for (tries = 0; g->path[0] && rmdir(g->path) && errno == EBUSY && tries < 100; tries++)
		usleep(10000);
}

void oom_disarm(struct job *job)
{
	struct oom *oom = job->data;
	unsigned int i;

	if (!oom)
		return;
	for (i = 0; i < job->threads; i++) {
		if (oom->groups)
			group_remove(&oom->groups[i]);
		if (oom->notes && oom->notes[i])
			munmap(oom->notes[i], job->page);
		if (oom->fds && oom->fds[i] > 0)
			close(oom->fds[i]);
	}
	if (oom->exe >= 0)
		close(oom->exe);
	free(oom->groups);
	free(oom->notes);
	free(oom->fds);
	free(oom);
	job->data = NULL;
}
