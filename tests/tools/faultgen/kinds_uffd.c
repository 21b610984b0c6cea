/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Faults that wait for somebody else (userfaultfd): answered, refused,
 * interrupted or never answered.
 *
 * The handler is a thread of this process. It works on memory that was touched
 * before, as the workers do, and the kernel makes the answer's page table entry
 * without a fault.
 */
#include "faultgen.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

#define HANDLER_STACK (64ul << 10)
#define CHILD_STACK   8192

struct uffd {
	struct job *job;
	int fd;
	int quit; /* an eventfd that ends the handler */
	bool started;
	pthread_t thread;
	char *source; /* the page that UFFDIO_COPY copies */
	int (*answer)(struct uffd *u, struct part *p, const struct uffd_msg *msg);
	uint64_t *answers; /* by worker; what was sent to sleep again is not one */
	bool *again; /* by worker: its fault was interrupted before */
};

static struct part *part_of(struct job *job, uint64_t addr)
{
	struct part *p = NULL;

	while ((p = job_next(job, job->kind, p)))
		if (addr >= (uintptr_t)p->base && addr < (uintptr_t)p->base + p->unit * p->slots)
			return p;
	return NULL;
}

static struct uffdio_range page_range(struct uffd *u, const struct uffd_msg *msg)
{
	return (struct uffdio_range){
		.start = msg->arg.pagefault.address & ~(uint64_t)(u->job->page - 1),
		.len = u->job->page,
	};
}

static int answer_copy(struct uffd *u, struct part *p, const struct uffd_msg *msg)
{
	struct uffdio_range at = page_range(u, msg);
	struct uffdio_copy copy = { .dst = at.start, .src = (uintptr_t)u->source, .len = at.len };

	u->answers[p->worker]++;
	return ioctl(u->fd, UFFDIO_COPY, &copy) ? -errno : 0;
}

static int answer_wp(struct uffd *u, struct part *p, const struct uffd_msg *msg)
{
	struct uffdio_writeprotect wp = { .range = page_range(u, msg), .mode = 0 };

	u->answers[p->worker]++;
	return ioctl(u->fd, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

static int answer_continue(struct uffd *u, struct part *p, const struct uffd_msg *msg)
{
	struct uffdio_continue cont = { .range = page_range(u, msg) };

	u->answers[p->worker]++;
	return ioctl(u->fd, UFFDIO_CONTINUE, &cont) ? -errno : 0;
}

/* A signal first; the access that the worker then repeats gets its page. */
static int answer_signal(struct uffd *u, struct part *p, const struct uffd_msg *msg)
{
	bool *again = &u->again[p->worker];

	*again = !*again;
	if (!*again)
		return answer_copy(u, p, msg);
	return syscall(SYS_tgkill, getpid(), msg->arg.pagefault.feat.ptid, SIGUSR1) ? -errno : 0;
}

static int answer_kill(struct uffd *u, struct part *p, const struct uffd_msg *msg)
{
	u->answers[p->worker]++;
	return kill(msg->arg.pagefault.feat.ptid, SIGKILL) ? -errno : 0;
}

static void wait_ns(uint64_t ns)
{
	struct timespec ts = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	while (ns && nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* Nobody may wait for ever: without a registration, the faults go the ordinary way, and the check
 * counts them. */
static void give_up(struct uffd *u)
{
	struct part *p = NULL;

	while ((p = job_next(u->job, u->job->kind, p))) {
		struct uffdio_range range = { .start = (uintptr_t)p->base,
					      .len = p->unit * p->slots };

		p->wrong++;
		ioctl(u->fd, UFFDIO_UNREGISTER, &range);
	}
}

static void *handler_main(void *arg)
{
	struct uffd *u = arg;
	struct pollfd fds[2] = { { .fd = u->fd, .events = POLLIN },
				 { .fd = u->quit, .events = POLLIN } };
	struct uffd_msg msg;
	struct part *p;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			return NULL;
		/* What was interrupted meanwhile is gone again. */
		if (read(u->fd, &msg, sizeof(msg)) != sizeof(msg) ||
		    msg.event != UFFD_EVENT_PAGEFAULT)
			continue;
		p = part_of(u->job, msg.arg.pagefault.address);
		wait_ns(u->job->opts->delay_ns);
		if (!p || u->answer(u, p, &msg))
			break;
	}
	give_up(u);
	return NULL;
}

static int uffd_lacks(struct job *job, const char *what, uint64_t bits)
{
	return job_skip(job, "this kernel's userfaultfd lacks what %s needs (%s 0x%llx)",
			job->kind->name, what, (unsigned long long)bits);
}

/* Without the right to see the kernel's faults we may still see our own (5.11). */
static int uffd_open(struct job *job, struct uffd *u, uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };

	u->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (u->fd < 0 && errno == EPERM)
		u->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
	if (u->fd < 0 && errno == ENOSYS)
		return job_skip(job, "this kernel has no userfaultfd; it needs CONFIG_USERFAULTFD");
	if (u->fd < 0)
		return job_skip(
			job,
			"userfaultfd is not allowed (%s); set /proc/sys/vm/unprivileged_userfaultfd to 1 or be root",
			strerror(errno));
	if (ioctl(u->fd, UFFDIO_API, &api))
		return uffd_lacks(job, "features", features);
	return 0;
}

static int uffd_register(struct job *job, struct uffd *u, uint64_t mode)
{
	struct part *p = NULL;

	while ((p = job_next(job, job->kind, p))) {
		struct uffdio_register reg = {
			.range = { .start = (uintptr_t)p->base, .len = p->unit * p->slots },
			.mode = mode,
		};

		if (ioctl(u->fd, UFFDIO_REGISTER, &reg))
			return uffd_lacks(job, "mode", mode);
	}
	return 0;
}

static struct uffd *uffd_new(struct job *job)
{
	struct uffd *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->job = job;
	u->fd = u->quit = -1;
	u->answers = calloc(job->threads, sizeof(*u->answers));
	u->again = calloc(job->threads, sizeof(*u->again));
	u->source = aligned_alloc(job->page, job->page);
	if (u->source)
		memset(u->source, 0x5a, job->page);
	job->data = u;
	return u->answers && u->again && u->source ? u : NULL;
}

static int handler_start(struct job *job, struct uffd *u)
{
	pthread_attr_t attr;
	int err;

	u->quit = eventfd(0, EFD_CLOEXEC);
	if (u->quit < 0)
		return job_fail(job, errno, "cannot make an eventfd");
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, HANDLER_STACK);
	err = pthread_create(&u->thread, &attr, handler_main, u);
	pthread_attr_destroy(&attr);
	u->started = !err;
	return err ? job_fail(job, err, "cannot start the handler of userfaultfd") : 0;
}

static int uffd_start(struct job *job, uint64_t features, uint64_t mode,
		      int (*answer)(struct uffd *u, struct part *p, const struct uffd_msg *msg))
{
	struct uffd *u = uffd_new(job);
	int err;

	if (!u)
		return job_fail(job, ENOMEM, "cannot handle faults");
	u->answer = answer;
	err = uffd_open(job, u, features);
	if (!err)
		err = uffd_register(job, u, mode);
	return err || !answer ? err : handler_start(job, u);
}

void uffd_disarm(struct job *job)
{
	struct uffd *u = job->data;

	if (!u)
		return;
	if (u->started) {
		eventfd_write(u->quit, 1);
		pthread_join(u->thread, NULL);
	}
	if (u->quit >= 0)
		close(u->quit);
	if (u->fd >= 0)
		close(u->fd);
	free(u->source);
	free(u->again);
	free(u->answers);
	free(u);
	job->data = NULL;
}

/* Every fault must have been answered, once. */
uint64_t uffd_check(struct part *p)
{
	const struct uffd *u = p->job->data;
	uint64_t got = u->answers[p->worker];

	return p->wrong + (got > p->count ? got - p->count : p->count - got);
}

int uffd_missing_arm(struct job *job, const struct kind *kind)
{
	(void)kind;
	return uffd_start(job, 0, UFFDIO_REGISTER_MODE_MISSING, answer_copy);
}

static int protect(struct part *p)
{
	struct uffd *u = p->job->data;
	struct uffdio_writeprotect wp = {
		.range = { .start = (uintptr_t)p->base, .len = p->unit * p->slots },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	return ioctl(u->fd, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

int uffd_wp_setup(struct part *p)
{
	int err = anon_setup(p);
	uint64_t i;

	for (i = 0; !err && i < p->slots; i++)
		*(volatile char *)(p->base + i * p->unit) = 1;
	p->rearm = protect;
	return err;
}

int uffd_wp_arm(struct job *job, const struct kind *kind)
{
	struct part *p = NULL;
	int err =
		uffd_start(job, UFFD_FEATURE_PAGEFAULT_FLAG_WP, UFFDIO_REGISTER_MODE_WP, answer_wp);

	while (!err && (p = job_next(job, kind, p)))
		if (protect(p))
			err = job_fail(job, errno, "userfaultfd: cannot protect the pages");
	return err;
}

static int fill(struct part *p, int fd)
{
	char block[p->job->page];
	uint64_t i;

	memset(block, 0x5a, sizeof(block));
	for (i = 0; i < p->slots; i++)
		if (pwrite(fd, block, sizeof(block), i * p->unit) != (ssize_t)sizeof(block))
			return job_fail(p->job, errno, "cannot fill shared memory");
	return 0;
}

/* Shared memory that has its pages already, but no page table entries: dropping those re-arms. */
int uffd_minor_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, part_chunk(p, 0), p->job->page);
	int fd = memfd_create("faultgen", MFD_CLOEXEC);

	p->rearm = part_rearm_dontneed;
	if (fd < 0)
		return job_fail(p->job, errno, "cannot make shared memory");
	if (!err)
		err = fill(p, fd);
	if (!err && mmap(p->base, p->unit * p->slots, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		err = job_fail(p->job, errno, "cannot map shared memory");
	close(fd);
	return err;
}

int uffd_minor_arm(struct job *job, const struct kind *kind)
{
	(void)kind;
	return uffd_start(job, UFFD_FEATURE_MINOR_SHMEM, UFFDIO_REGISTER_MODE_MINOR,
			  answer_continue);
}

/* Nobody is asked: the fault ends in a signal at once. */
int uffd_sigbus_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, 1, p->job->page);

	p->sig = SIGBUS;
	p->code = BUS_ADRERR;
	return err ? err : part_map_anon(p, MAP_PRIVATE);
}

int uffd_sigbus_arm(struct job *job, const struct kind *kind)
{
	int err = bad_arm(job, kind);

	return err ? err : uffd_start(job, UFFD_FEATURE_SIGBUS, UFFDIO_REGISTER_MODE_MISSING, NULL);
}

void uffd_sigbus_disarm(struct job *job)
{
	uffd_disarm(job);
	bad_disarm(job);
}

/* How often this thread was interrupted: a handler has no argument. */
static __thread uint64_t interruptions;

static void on_interrupt(int sig)
{
	(void)sig;
	interruptions++;
}

int interrupted_arm(struct job *job, const struct kind *kind)
{
	struct sigaction sa = { .sa_handler = on_interrupt };

	(void)kind;
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGUSR1, &sa, NULL))
		return job_fail(job, errno, "cannot handle SIGUSR1");
	return uffd_start(job, UFFD_FEATURE_THREAD_ID, UFFDIO_REGISTER_MODE_MISSING, answer_signal);
}

int interrupted_run(struct part *p, uint64_t n)
{
	uint64_t before = interruptions;
	int err = part_run_write(p, n);

	p->wrong += n - (interruptions - before);
	return err;
}

void interrupted_disarm(struct job *job)
{
	uffd_disarm(job);
	signal(SIGUSR1, SIG_DFL);
}

int killed_setup(struct part *p)
{
	int err = part_reserve(p, p->job->page, 1, p->job->page);

	return err ? err : part_map_anon(p, MAP_PRIVATE);
}

int killed_arm(struct job *job, const struct kind *kind)
{
	(void)kind;
	return uffd_start(job, UFFD_FEATURE_THREAD_ID, UFFDIO_REGISTER_MODE_MISSING, answer_kill);
}

static int touch_and_die(void *at)
{
	(void)*(volatile char *)at;
	return 0;
}

/*
 * The child is a process of its own, so that SIGKILL is for it alone, but shares
 * our memory: neither it nor we take a fault for its birth. Its own fault never
 * ends, so it has none when it is dead.
 */
int killed_run(struct part *p, uint64_t n)
{
	char stack[CHILD_STACK] __attribute__((aligned(16)));
	struct rusage usage;
	int status;
	pid_t pid;

	for (; n; n--) {
		pid = clone(touch_and_die, stack + sizeof(stack),
			    CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, p->base);
		if (pid < 0)
			return -errno;
		while (wait4(pid, &status, 0, &usage) < 0)
			if (errno != EINTR)
				return -errno;
		p->wrong += !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL ||
			    usage.ru_minflt || usage.ru_majflt;
	}
	return 0;
}
