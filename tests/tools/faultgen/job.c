/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Owns one run of one kind: splitting, setup, the workers, the measured phase and the verdict. */
#include "faultgen.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define STACK_SIZE (64ul << 10)
#define MIX_TURN   32 /* faults of one kind before mix goes on to the next */
#define REHEARSALS 5

int job_skip(struct job *job, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(job->reason, sizeof(job->reason), fmt, ap);
	va_end(ap);
	return JOB_SKIP;
}

int job_fail(struct job *job, int err, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(job->reason, sizeof(job->reason), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(job->reason))
		snprintf(job->reason + n, sizeof(job->reason) - n, " (%s)", strerror(err));
	return err ? -err : -EIO;
}

struct part *job_next(struct job *job, const struct kind *kind, struct part *prev)
{
	struct part *p = prev ? prev + 1 : job->parts;
	struct part *end = job->parts + job->threads * job->nkinds;

	for (; p < end; p++)
		if (p->count && p->kind == kind)
			return p;
	return NULL;
}

static uint64_t share(uint64_t total, unsigned int among, unsigned int index)
{
	return total / among + (index < total % among);
}

static void job_split(struct job *job)
{
	unsigned int w, k;

	for (w = 0; w < job->threads; w++) {
		job->workers[w] = (struct worker){ .job = job, .index = w };
		for (k = 0; k < job->nkinds; k++) {
			struct part *p = &job->parts[w * job->nkinds + k];

			p->kind = job->kinds[k];
			p->job = job;
			p->worker = w;
			p->count = share(share(job->count, job->threads, w), job->nkinds, k);
			job->kind_count[k] += p->count;
		}
	}
}

struct job *job_new(const struct options *opts, const struct kind *kind, uint64_t count)
{
	struct job *job = calloc(1, sizeof(*job));
	unsigned int i;

	if (!job)
		return NULL;
	job->opts = opts;
	job->kind = kind;
	job->count = count;
	job->threads = opts->threads;
	job->page = sysconf(_SC_PAGESIZE);
	job->file = job->zero = -1;
	job->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (!(kind->flags & KIND_COMPOUND))
		job->kinds[job->nkinds++] = kind;
	for (i = 0; (kind->flags & KIND_COMPOUND) && i < kinds_nr; i++)
		if ((kinds[i].flags & KIND_MIX) && job->nkinds < MAX_PARTS)
			job->kinds[job->nkinds++] = &kinds[i];
	job->workers = calloc(job->threads, sizeof(*job->workers));
	job->parts = calloc((size_t)job->threads * job->nkinds, sizeof(*job->parts));
	if (!job->workers || !job->parts) {
		job_free(job);
		return NULL;
	}
	job_split(job);
	return job;
}

void job_free(struct job *job)
{
	unsigned int i;

	for (i = job->armed; i-- > 0;)
		if (job->kinds[i]->disarm)
			job->kinds[i]->disarm(job);
	for (i = 0; job->parts && i < job->threads * job->nkinds; i++) {
		if (job->parts[i].map)
			munmap(job->parts[i].map, job->parts[i].map_len);
		free(job->parts[i].pfns);
	}
	if (job->held)
		munmap(job->held, job->held_len);
	if (job->stacks)
		munmap(job->stacks, job->stacks_len);
	if (job->file >= 0)
		close(job->file);
	if (job->zero >= 0)
		close(job->zero);
	if (job->pagemap >= 0)
		close(job->pagemap);
	free(job->workers);
	free(job->parts);
	free(job);
}

/* Every setup before the first arm: an arm may fork, and what is populated later is not shared with
 * the child. */
static int job_setup(struct job *job)
{
	bool cached = false;
	unsigned int i;
	int err;

	/* Stacks and heap must not become huge, nor be rebuilt by khugepaged, in the phase. */
	prctl(PR_SET_THP_DISABLE, !(job->kind->flags & KIND_THP), 0, 0, 0);
	for (i = 0; i < job->threads * job->nkinds; i++) {
		struct part *p = &job->parts[i];

		err = p->count ? p->kind->setup(p) : 0;
		if (err)
			return err;
		cached |= p->count && (p->kind->flags & KIND_CACHED);
	}
	if (cached)
		file_hold(job);
	for (i = 0; i < job->nkinds; i++) {
		const struct kind *kind = job->kinds[i];

		job->armed = i + 1;
		err = kind->arm && job_next(job, kind, NULL) ? kind->arm(job, kind) : 0;
		if (err)
			return err;
	}
	return 0;
}

/* A worker's share; by turns when it has several kinds. Zero faults in a rehearsal. */
static int worker_share(struct worker *w)
{
	struct job *job = w->job;
	struct part *parts = &job->parts[w->index * job->nkinds];
	uint64_t done, n;
	unsigned int k;
	bool more = true;
	int err = 0;

	if (job->nkinds == 1)
		return parts->kind->run(parts, job->live ? parts->count : 0);
	for (done = 0; more && !err; done += MIX_TURN) {
		more = false;
		for (k = 0; k < job->nkinds && !err; k++) {
			n = parts[k].count > done && job->live ? parts[k].count - done : 0;
			if (n > MIX_TURN)
				n = MIX_TURN;
			more |= n;
			err = n ? parts[k].kind->run(&parts[k], n) : 0;
		}
	}
	return err;
}

static void worker_round(struct worker *w)
{
	w->begin_ns = now_ns();
	w->err = worker_share(w);
	w->end_ns = now_ns();
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct job *job = w->job;

	for (;;) {
		pthread_barrier_wait(&job->barrier);
		if (job->quit)
			return NULL;
		worker_round(w);
		pthread_barrier_wait(&job->barrier);
	}
}

/* One thread's work is done by the main thread itself, unless the thread's birth is part of the
 * test. */
static bool inline_worker(const struct job *job)
{
	return job->threads == 1 && !job->opts->spawn;
}

/* Our own stacks, so that pretouch() finds them and their size is bounded; TLS is on them too. */
static int stacks_map(struct job *job)
{
	unsigned int i;

	if (inline_worker(job))
		return 0;
	job->stacks_len = (size_t)job->threads * STACK_SIZE;
	job->stacks = mmap(NULL, job->stacks_len, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (job->stacks == MAP_FAILED) {
		job->stacks = NULL;
		return job_fail(job, errno, "cannot map %u stacks; use fewer THREADS",
				job->threads);
	}
	madvise(job->stacks, job->stacks_len, MADV_NOHUGEPAGE);
	for (i = 0; i < job->threads; i++)
		mprotect(job->stacks + i * STACK_SIZE, job->page, PROT_NONE);
	pthread_barrier_init(&job->barrier, NULL, job->threads + 1);
	return 0;
}

static int workers_start(struct job *job)
{
	pthread_attr_t attr;
	unsigned int i;
	int err = 0;

	if (inline_worker(job))
		return 0;
	pthread_attr_init(&attr);
	for (i = 0; i < job->threads && !err; i++) {
		pthread_attr_setstack(&attr, job->stacks + i * STACK_SIZE + job->page,
				      STACK_SIZE - job->page);
		err = pthread_create(&job->workers[i].thread, &attr, worker_main, &job->workers[i]);
		job->workers[i].started = !err;
	}
	pthread_attr_destroy(&attr);
	if (!err)
		return 0;
	/*
	 * Those that did start wait in a barrier that will never be full: only leaving ends them.
	 */
	job_fail(job, err, "cannot start thread %u of %u; use fewer THREADS", i, job->threads);
	fprintf(stderr, "faultgen: %s: %s\n", job->kind->name, job->reason);
	_exit(EXIT_INEXACT);
}

static void workers_stop(struct job *job)
{
	unsigned int i;

	if (inline_worker(job) || !job->workers[0].started)
		return;
	job->quit = true;
	pthread_barrier_wait(&job->barrier);
	for (i = 0; i < job->threads; i++)
		pthread_join(job->workers[i].thread, NULL);
	pthread_barrier_destroy(&job->barrier);
}

static void job_round(struct job *job)
{
	if (inline_worker(job)) {
		worker_round(&job->workers[0]);
		return;
	}
	pthread_barrier_wait(&job->barrier);
	pthread_barrier_wait(&job->barrier);
}

/* Touch everything, go through the motions, and see that it took no fault. */
static int job_rehearse(struct job *job)
{
	struct rusage before, after;
	int i, err;

	for (i = 0; i < REHEARSALS; i++) {
		err = pretouch(job);
		if (err)
			return err;
		getrusage(RUSAGE_SELF, &before);
		if (!job->opts->spawn)
			job_round(job);
		getrusage(RUSAGE_SELF, &after);
		if (i && before.ru_minflt == after.ru_minflt && before.ru_majflt == after.ru_majflt)
			break;
	}
	return 0;
}

static int job_phase(struct job *job)
{
	struct rusage before, after;
	uint64_t begin = UINT64_MAX, end = 0;
	unsigned int i;
	int err = 0;

	getrusage(RUSAGE_SELF, &before);
	if (job->pause) {
		report_ready();
		wait_line();
	}
	if (job->opts->spawn)
		err = workers_start(job);
	job->live = true;
	if (!err)
		job_round(job);
	getrusage(RUSAGE_SELF, &after);
	job->res.minflt = after.ru_minflt - before.ru_minflt;
	job->res.majflt = after.ru_majflt - before.ru_majflt;
	for (i = 0; i < job->threads && !err; i++) {
		const struct worker *w = &job->workers[i];

		begin = w->begin_ns < begin ? w->begin_ns : begin;
		end = w->end_ns > end ? w->end_ns : end;
		if (w->err)
			err = job_fail(job, -w->err, "thread %u could not go on", i);
	}
	job->res.elapsed_ns = end - begin;
	return err;
}

static void job_judge(struct job *job)
{
	struct result *r = &job->res;
	unsigned int i;

	for (i = 0; i < job->threads * job->nkinds; i++)
		if (job->parts[i].count && job->parts[i].kind->check)
			r->wrong += job->parts[i].kind->check(&job->parts[i]);
	r->want_min = r->want_maj = 0;
	if (job->kind->severity == SEV_MINOR)
		r->want_min = job->count;
	else if (job->kind->severity == SEV_MAJOR)
		r->want_maj = job->count;
	else if (job->kind->severity == SEV_EITHER) {
		r->want_maj = r->majflt < job->count ? r->majflt : job->count;
		r->want_min = job->count - r->want_maj;
	}
	if (job->kind->flags & KIND_ANY) {
		job->count = r->minflt + r->majflt;
		r->want_min = r->minflt;
		r->want_maj = r->majflt;
	}
	if (job->kind->flags & KIND_SOME)
		r->exact = r->minflt + r->majflt >= r->want_min + r->want_maj && !r->wrong;
	else
		r->exact = r->minflt == r->want_min && r->majflt == r->want_maj && !r->wrong;
}

static int job_measure(struct job *job)
{
	int err = stacks_map(job);

	if (!err && !job->opts->spawn)
		err = workers_start(job);
	if (!err)
		err = job_rehearse(job);
	if (!err)
		err = job_phase(job);
	if (!err)
		job_judge(job);
	if (!err)
		report_result(job);
	if (job->pause && !err)
		wait_line();
	workers_stop(job);
	return err;
}

/* The exit code of one job, which has been reported when this returns. */
int job_run(struct job *job)
{
	int err = job_setup(job);

	if (!err)
		err = job_measure(job);
	if (err == JOB_SKIP) {
		report_skip(job);
		return EXIT_SKIP;
	}
	if (err) {
		fprintf(stderr, "faultgen: %s: %s\n", job->kind->name, job->reason);
		return EXIT_INEXACT;
	}
	return job->res.exact ? EXIT_EXACT : EXIT_INEXACT;
}
