/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Owns the helper thread that changes mappings under a worker's hands. All it
 * does is a system call: it takes no faults of its own.
 */
#include "faultgen.h"

#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>

#define MOVER_STACK (64ul << 10)

/* One for all workers, which take turns: the page table of a process has one lock anyway. */
struct mover {
	pthread_t thread;
	bool started;
	char *stack;
	pthread_mutex_t turn;
	sem_t wanted;
	int (*move)(char *from, char *to, size_t len);
	char *from; /* NULL: end */
	char *to;
	size_t len;
	int err;
	bool done;
	cpu_set_t own;
	cpu_set_t workers;
	cpu_set_t all;
};

static void *mover_main(void *arg)
{
	struct mover *m = arg;

	sched_setaffinity(0, sizeof(m->own), &m->own);
	for (;;) {
		while (sem_wait(&m->wanted))
			;
		if (!m->from)
			return NULL;
		m->err = m->move(m->from, m->to, m->len);
		__atomic_store_n(&m->done, true, __ATOMIC_RELEASE);
	}
}

/* The helper has one CPU, the workers have the others: a worker that waits for the helper's CPU
 * sees no move. */
static int cpus_split(struct job *job, struct mover *m)
{
	int cpu;

	if (sched_getaffinity(0, sizeof(m->all), &m->all))
		return job_fail(job, errno, "cannot read the CPU affinity");
	if (CPU_COUNT(&m->all) < 2)
		return job_skip(job, "there is one CPU, and two threads must run at the same time");
	for (cpu = 0; !CPU_ISSET(cpu, &m->all); cpu++)
		;
	m->workers = m->all;
	CPU_CLR(cpu, &m->workers);
	CPU_ZERO(&m->own);
	CPU_SET(cpu, &m->own);
	return 0;
}

static int thread_start(struct job *job, struct mover *m)
{
	pthread_attr_t attr;
	int err;

	m->stack =
		mmap(NULL, MOVER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->stack == MAP_FAILED) {
		m->stack = NULL;
		return job_fail(job, errno, "cannot map a stack");
	}
	madvise(m->stack, MOVER_STACK, MADV_NOHUGEPAGE);
	pthread_mutex_init(&m->turn, NULL);
	sem_init(&m->wanted, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, m->stack, MOVER_STACK);
	err = pthread_create(&m->thread, &attr, mover_main, m);
	pthread_attr_destroy(&attr);
	m->started = !err;
	return err ? job_fail(job, err, "cannot start a thread") : 0;
}

/* move returns 0 or a negative errno. mover_stop() undoes it, also when it failed. */
int mover_start(struct job *job, int (*move)(char *from, char *to, size_t len))
{
	struct mover *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return job_fail(job, ENOMEM, "cannot have a helper");
	job->mover = m;
	m->move = move;
	err = cpus_split(job, m);
	return err ? err : thread_start(job, m);
}

void mover_stop(struct job *job)
{
	struct mover *m = job->mover;

	if (!m)
		return;
	if (m->started) {
		m->from = NULL;
		sem_post(&m->wanted);
		pthread_join(m->thread, NULL);
		sched_setaffinity(0, sizeof(m->all), &m->all);
	}
	if (m->stack)
		munmap(m->stack, MOVER_STACK);
	free(m);
	job->mover = NULL;
}

/* For the workers, before their first turn. */
void mover_leave_cpu(struct mover *m)
{
	sched_setaffinity(0, sizeof(m->workers), &m->workers);
}

/* A worker's turn: begin, touch memory until it is done, end. */
void mover_begin(struct mover *m, char *from, char *to, size_t len)
{
	pthread_mutex_lock(&m->turn);
	m->from = from;
	m->to = to;
	m->len = len;
	m->done = false;
	sem_post(&m->wanted);
}

bool mover_done(struct mover *m)
{
	return __atomic_load_n(&m->done, __ATOMIC_ACQUIRE);
}

int mover_end(struct mover *m)
{
	int err = m->err;

	pthread_mutex_unlock(&m->turn);
	return err;
}
