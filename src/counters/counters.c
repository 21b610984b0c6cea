// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * counters/counters.c: reads fault counters, causes and slow faults into snapshots.
 */
#include "counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "util/clock.h"

struct counters {
	const struct session *session;
	struct session_maps maps;
	struct fault_counters *fault_counters;
	struct tallies *tallies;
	const volatile struct slow_fault *slow; /* NULL: no threshold */
	const volatile struct cause_counters *causes; /* NULL: without --causes */
	struct {
		void *at;
		size_t len;
	} mapped[4]; /* all of these */
	unsigned int nr_mapped;
	/* The reads of the last snapshot: see settle_read_accesses(). */
	uint64_t reads[PATH_NR][ORIGIN_NR][2];
	uint64_t missed; /* most events without a run so far */
	void (*on_flip)(void *arg, unsigned int epoch); /* NULL: there are no other maxima */
	void *on_flip_arg;
};

/* NULL: there is no such map, or it failed with err. */
static void *map_counters(struct counters *c, int fd, size_t per_cpu, int prot, int *err)
{
	const size_t len = per_cpu * c->maps.nr_cpus;
	void *p = fd < 0 ? NULL : mmap(NULL, len, prot, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		*err = -errno;
	if (!p || p == MAP_FAILED)
		return NULL;
	c->mapped[c->nr_mapped].at = p;
	c->mapped[c->nr_mapped++].len = len;
	return p;
}

int counters_open(struct counters **out, const struct session *session)
{
	struct counters *c = calloc(1, sizeof(*c));
	int err = 0;

	if (!c)
		return -ENOMEM;
	c->session = session;
	session_maps(session, &c->maps);
	c->slow = map_counters(c, c->maps.slow_fd, sizeof(struct slow_fault) * SLOW_PER_CPU,
			       PROT_READ, &err);
	c->causes =
		map_counters(c, c->maps.causes_fd,
			     sizeof(struct cause_counters) * PATH_NR * ORIGIN_NR, PROT_READ, &err);
	c->tallies = map_counters(c, c->maps.tally_fd, sizeof(struct tallies), PROT_READ, &err);
	c->fault_counters = map_counters(c, c->maps.fault_counters_fd,
					 sizeof(struct fault_counters) * FAULT_COUNTERS_PER_CPU,
					 PROT_READ | PROT_WRITE, &err);
	if (err)
		counters_close(c);
	else
		*out = c;
	return err;
}

void counters_on_epoch_flip(struct counters *c, void (*on_flip)(void *arg, unsigned int epoch),
			    void *arg)
{
	c->on_flip = on_flip;
	c->on_flip_arg = arg;
}

/*
 * A maximum cannot be subtracted, so fault counters have two, and the epoch selects the one that
 * programs write: clear the other, flip the epoch, read.
 */
static unsigned int flip_epoch(struct counters *c)
{
	unsigned int epoch = *c->maps.epoch;
	size_t i;

	for (i = 0; i < (size_t)FAULT_COUNTERS_PER_CPU * c->maps.nr_cpus; i++)
		if (c->fault_counters[i].max_ns[(epoch + 1) & 1])
			c->fault_counters[i].max_ns[(epoch + 1) & 1] = 0;
	if (c->on_flip)
		c->on_flip(c->on_flip_arg, epoch + 1);
	__atomic_store_n(c->maps.epoch, epoch + 1, __ATOMIC_SEQ_CST);
	return epoch;
}

static void sum_fault_counters(struct fault_sum *sum, const volatile struct fault_counters *from,
			       unsigned int epoch)
{
	uint64_t count = 0, writes, execs;
	int i;

	for (i = 0; i < HIST_SLOTS; i++) {
		sum->buckets[i] += from->buckets[i];
		count += from->buckets[i];
	}
	count += from->untimed;
	/* The total before its parts, which programs count first: see settle_read_accesses(). */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	writes = from->writes;
	execs = from->execs;
	sum->sum_ns += from->sum_ns;
	if (from->max_ns[epoch & 1] > sum->max_ns)
		sum->max_ns = from->max_ns[epoch & 1];
	sum->untimed += from->untimed;
	sum->access[ACCESS_READ] += count - writes - execs;
	sum->access[ACCESS_WRITE] += writes;
	sum->access[ACCESS_EXEC] += execs;
	sum->retries += from->retries;
	sum->stack_growths += from->stack_growths;
	sum->mmap_locks += from->mmap_locks;
	sum->slow += from->slow;
	for (i = 0; i < MAX_ORDER_NOTED; i++)
		sum->orders[i] += from->orders[i];
}

/*
 * Reads are the count less writes and execs. A write that is counted while the counters are
 * read makes them one too low, even negative, until the next snapshot; never too high. So the
 * last value stays valid, and the counter never decreases.
 */
static void settle_read_accesses(uint64_t *last, struct fault_sum *sum)
{
	int64_t more = sum->access[ACCESS_READ] - *last;

	if (more > 0)
		*last = sum->access[ACCESS_READ];
	sum->access[ACCESS_READ] = *last;
}

static void sum_causes(const struct counters *c, struct snapshot *snap, unsigned int cpu)
{
	unsigned int path, origin, cause;

	for_each_path_origin(path, origin) {
		const volatile struct cause_counters *from =
			&c->causes[(cpu * PATH_NR + path) * ORIGIN_NR + origin];
		struct cause_sum *sum = &snap->causes[path][origin];

		for (cause = 0; cause < CAUSE_NR; cause++)
			sum->ns[cause] += from->ns[cause];
	}
}

static uint64_t count_in_flight(const struct counters *c)
{
	uint64_t n = *c->maps.overflow_live;
	int i;

	for (i = 0; i < NR_INFLIGHT; i++)
		n += c->maps.inflight[i].tid != 0;
	return n;
}

/* Each run of an end program either completed a fault or counted why not. */
static uint64_t count_end_runs(const struct snapshot *snap)
{
	uint64_t n = snap->tallies[TALLY_END_WITHOUT_BEGIN] + snap->tallies[TALLY_END_OF_OTHERS] +
		     snap->tallies[TALLY_FILTERED] + snap->tallies[TALLY_TABLE_FULL];
	int path, origin, major, i;

	for_each_fault_sum(path, origin, major)
		for (i = 0; path_completes(path) && origin != ORIGIN_GUP && i < HIST_SLOTS; i++)
			n += snap->sums[path][origin][major].buckets[i];
	return n;
}

static void read_counters(const struct counters *c, struct snapshot *snap, unsigned int epoch)
{
	const volatile struct fault_counters *from;
	unsigned int cpu, path, origin, major;
	int i;

	for (cpu = 0; cpu < c->maps.nr_cpus; cpu++) {
		const struct fault_counters *counters =
			&c->fault_counters[cpu * FAULT_COUNTERS_PER_CPU];

		for_each_fault_sum(path, origin, major) {
			from = &counters[FAULT_COUNTERS_INDEX(path, origin, major)];
			if (from->sum_ns || from->untimed)
				sum_fault_counters(&snap->sums[path][origin][major], from, epoch);
		}
		if (c->causes)
			sum_causes(c, snap, cpu);
		for (i = 0; i < TALLY_NR; i++)
			snap->tallies[i] += c->tallies[cpu].n[i];
	}
	snap->end_runs = count_end_runs(snap);
}

/*
 * Events first: one that fires in between must not look like a missed run. Returns the number of
 * missed runs.
 */
static uint64_t read_runs(const struct counters *c, struct snapshot *snap, unsigned int epoch)
{
	memset(snap, 0, sizeof(*snap));
	snap->events = session_events(c->session);
	read_counters(c, snap, epoch);
	return snap->events > snap->end_runs ? snap->events - snap->end_runs : 0;
}

/*
 * After an event its program may not have counted yet, as an interrupt or the host of a virtual
 * machine stopped it. So when runs are missing, this waits for the running programs and reads
 * once more.
 */
static void read_settled(struct counters *c, struct snapshot *snap, unsigned int epoch)
{
	uint64_t missed = read_runs(c, snap, epoch);

	if (missed <= c->missed)
		return;
	rcu_wait();
	missed = read_runs(c, snap, epoch);
	if (missed > c->missed)
		c->missed = missed;
}

int counters_read(struct counters *c, struct snapshot *snap, bool final)
{
	unsigned int epoch = flip_epoch(c);
	unsigned int path, origin, major;

	read_settled(c, snap, epoch);
	for_each_fault_sum(path, origin, major)
		settle_read_accesses(&c->reads[path][origin][major],
				     &snap->sums[path][origin][major]);
	snap->probe_misses = session_misses(c->session);
	snap->end_misses = session_end_misses(c->session);
	if (final)
		snap->in_flight = count_in_flight(c);
	snap->mono_ns = clock_ns(CLOCK_MONOTONIC);
	snap->wall_ns = clock_ns(CLOCK_REALTIME);
	return 0;
}

static void add_total(struct fault_total *total, const volatile struct fault_counters *from)
{
	total->count += from->untimed;
	total->sum_ns += from->sum_ns;
	for (unsigned int s = 0; s < HIST_SLOTS; s++)
		total->count += from->buckets[s];
}

void counters_totals(const struct counters *c, struct fault_totals *totals)
{
	unsigned int cpu, path, origin, major;

	memset(totals, 0, sizeof(*totals));
	for (cpu = 0; cpu < c->maps.nr_cpus; cpu++)
		for_each_fault_sum(path, origin, major) {
			const volatile struct fault_counters *from =
				&c->fault_counters[cpu * FAULT_COUNTERS_PER_CPU +
						   FAULT_COUNTERS_INDEX(path, origin, major)];

			if (from->sum_ns || from->untimed)
				add_total(&totals->of[path][origin], from);
		}
}

/* false: none yet, or it is being written. */
static bool read_slow_fault(const volatile struct slow_fault *slow, struct slow_fault *out)
{
	unsigned int seq = __atomic_load_n(&slow->seq, __ATOMIC_ACQUIRE);

	*out = *slow;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return out->tid && !(seq & 1) && seq == slow->seq;
}

size_t counters_slow(const struct counters *c, unsigned int path, unsigned int major,
		     struct slow_fault *faults, size_t nr)
{
	size_t found = 0;
	unsigned int cpu;

	for (cpu = 0; c->slow && cpu < c->maps.nr_cpus && found < nr; cpu++)
		if (read_slow_fault(&c->slow[cpu * SLOW_PER_CPU + SLOW_INDEX(path, major)],
				    &faults[found]))
			found++;
	return found;
}

void counters_close(struct counters *c)
{
	if (!c)
		return;
	while (c->nr_mapped--)
		munmap(c->mapped[c->nr_mapped].at, c->mapped[c->nr_mapped].len);
	free(c);
}
