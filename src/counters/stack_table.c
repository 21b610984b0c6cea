// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * counters/stack_table.c: reads faults by stack, and makes room while programs add others.
 *
 * Faults refer to their stacks by hash. An entry of a stack can be freed when no fault refers to
 * it. First it is unhooked, so that no program finds it any more. After an RCU grace period the
 * programs that had found it have stored their faults; if one of these refers to the stack, it
 * stays, although other programs may have stored the same stack once more. So one grace period
 * is enough for faults and the stacks that only they refer to.
 */
#include "counters_stacks.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "proc/liveness.h"
#include "util/array.h"
#include "util/hash.h"

enum { BATCH = 1024 };

/* Copies of faults that left the table together, so that there is room before they get names. */
struct batch {
	STAILQ_ENTRY(batch) link;
	uint64_t *frames;
	size_t nr_frames, cap_frames;
	unsigned int nr, done;
	struct batch_fault {
		struct profile_fault fault;
		bool ended;
		struct part {
			uint64_t hash;
			size_t at;
			unsigned int nr;
		} kernel, user; /* stacks */
	} faults[];
};

enum fate { STAYS, LEAVES, ENDED };

struct stack_table {
	struct session_maps maps;
	struct profile_fault *faults;
	struct profile_stack *stacks;
	uint64_t freed_stacks, freed_faults; /* so far */
	uint64_t stacks_threshold, faults_threshold; /* number of used entries */
	bool crowded; /* by living processes */
	struct liveness alive;
	struct hash by_hash; /* of links */
	struct hash_link *links; /* by entry of a stack */
	bool *unhooked; /* by entry of a stack */
	bool *referenced; /* by a fault that stays; the same */
	unsigned char *fates; /* by entry of a fault */
	unsigned int *list; /* of entries; scratch space */
	STAILQ_HEAD(, batch) batches; /* the oldest first */
	unsigned int nr_waiting; /* faults in them */
};

static int map_stack_arrays(struct stack_table *t)
{
	const struct slab *faults = &t->maps.profile_faults, *stacks = &t->maps.profile_stacks;

	t->faults = slab_map(faults, faults->slab_fd, sizeof(*t->faults));
	if (t->faults)
		t->stacks = slab_map(stacks, stacks->slab_fd, sizeof(*t->stacks));
	return t->stacks ? 0 : -errno;
}

/*
 * Three quarters are left for faults that come while room is made, which waits for an RCU grace
 * period and for a CPU.
 */
static void reset_thresholds(struct stack_table *t)
{
	t->stacks_threshold = (t->maps.profile_stacks.limit + 3ul) / 4;
	t->faults_threshold = (t->maps.profile_faults.limit + 3ul) / 4;
	t->crowded = false;
}

int stack_table_open(struct stack_table **out, const struct session *session)
{
	struct stack_table *t = calloc(1, sizeof(*t));
	int err = -ENOMEM;
	size_t stacks;

	if (!t)
		return err;
	session_maps(session, &t->maps);
	liveness_open(&t->alive);
	STAILQ_INIT(&t->batches);
	reset_thresholds(t);
	stacks = t->maps.profile_stacks.limit + 1ul;
	t->links = calloc(stacks, sizeof(*t->links));
	t->unhooked = calloc(stacks, sizeof(*t->unhooked));
	t->referenced = calloc(stacks, sizeof(*t->referenced));
	t->fates = calloc(t->maps.profile_faults.limit + 1ul, sizeof(*t->fates));
	t->list = calloc(t->maps.profile_faults.limit + stacks, sizeof(*t->list));
	if (!hash_open(&t->by_hash, 2 * stacks) && t->links && t->unhooked && t->referenced &&
	    t->fates && t->list)
		err = map_stack_arrays(t);
	if (err)
		stack_table_close(t);
	else
		*out = t;
	return err;
}

static uint64_t used_stacks(const struct stack_table *t)
{
	return *(const volatile unsigned long long *)&t->maps.profile_claims->stacks -
	       t->freed_stacks;
}

static uint64_t used_faults(const struct stack_table *t)
{
	return *(const volatile unsigned long long *)&t->maps.profile_claims->faults -
	       t->freed_faults;
}

/* Memory is limited when stacks come faster than their names are found. */
bool stack_table_fills(const struct stack_table *t)
{
	if (t->nr_waiting >= 2 * t->maps.profile_faults.limit)
		return false;
	return used_stacks(t) >= t->stacks_threshold || used_faults(t) >= t->faults_threshold;
}

/* --- stacks by hash */

static void index_stacks(struct stack_table *t)
{
	unsigned int i;

	hash_clear(&t->by_hash);
	for (i = 1; i <= t->maps.profile_stacks.limit; i++)
		if (__atomic_load_n(&t->stacks[i].used, __ATOMIC_ACQUIRE))
			hash_add(&t->by_hash, &t->links[i], t->stacks[i].hash);
}

/* 0: there is none with this hash, which may be an errno. */
static uint32_t find_stack(const struct stack_table *t, uint64_t hash)
{
	const struct hash_link *link =
		hash > PROFILE_MAX_ERRNO ? hash_find(&t->by_hash, hash) : NULL;

	return link ? (uint32_t)(link - t->links) : 0;
}

static bool fault_used(const struct stack_table *t, unsigned int i)
{
	return __atomic_load_n(&t->faults[i].used, __ATOMIC_ACQUIRE);
}

static void find_referenced_stacks(struct stack_table *t)
{
	unsigned int i;

	index_stacks(t);
	memset(t->referenced, 0, t->maps.profile_stacks.limit + 1ul);
	for (i = 1; i <= t->maps.profile_faults.limit; i++) {
		if (t->fates[i] != STAYS || !fault_used(t, i))
			continue;
		t->referenced[find_stack(t, t->faults[i].key.kernel)] = true;
		t->referenced[find_stack(t, t->faults[i].key.user)] = true;
	}
}

/* --- copying faults */

static void free_first_batch(struct stack_table *t)
{
	struct batch *batch = STAILQ_FIRST(&t->batches);

	STAILQ_REMOVE_HEAD(&t->batches, link);
	free(batch->frames);
	free(batch);
}

static struct batch *alloc_batch(unsigned int nr)
{
	return calloc(1, sizeof(struct batch) + nr * sizeof(struct batch_fault));
}

static int copy_stack_frames(const struct stack_table *t, struct batch *batch, uint64_t hash,
			     struct part *part)
{
	const struct profile_stack *stack = &t->stacks[find_stack(t, hash)];

	part->hash = hash;
	if (array_reserve(batch->frames, batch->cap_frames, batch->nr_frames + TRACE_FRAMES))
		return -ENOMEM;
	if (stack == t->stacks)
		return 0;
	part->at = batch->nr_frames;
	part->nr = stack->nr <= TRACE_FRAMES ? stack->nr : TRACE_FRAMES;
	memcpy(batch->frames + part->at, stack->ip, part->nr * sizeof(stack->ip[0]));
	batch->nr_frames += part->nr;
	return 0;
}

static int copy_fault(const struct stack_table *t, struct batch *batch, unsigned int entry,
		      bool ended)
{
	const struct profile_fault *fault = &t->faults[entry];
	struct batch_fault *copy = &batch->faults[batch->nr];
	int err = copy_stack_frames(t, batch, fault->key.kernel, &copy->kernel);

	err = err ?: copy_stack_frames(t, batch, fault->key.user, &copy->user);
	if (err)
		return err;
	copy->fault = *fault;
	copy->ended = ended;
	batch->nr++;
	return 0;
}

static int stack_error(const struct part *part)
{
	return part->hash <= PROFILE_MAX_ERRNO ? -(int)part->hash : part->nr ? 0 : -ENOENT;
}

static int visit_batch(const struct batch *batch, unsigned int i, stack_sample_visit visit,
		       void *context)
{
	const struct profile_fault *fault = &batch->faults[i].fault;
	const struct part *kernel = &batch->faults[i].kernel, *user = &batch->faults[i].user;
	struct stack_sample sample = {
		.pid = (int)fault->key.pid,
		.ended = batch->faults[i].ended,
		.comm = fault->comm,
		.path = path_name(fault->key.path),
		.count = fault->count,
		.sum_ns = fault->sum_ns,
		.when_ns = UINT64_MAX,
		.kernel = batch->frames + kernel->at,
		.nr_kernel = kernel->nr,
		.kernel_error = stack_error(kernel),
		.user = batch->frames + user->at,
		.nr_user = user->nr,
		.user_error = stack_error(user),
	};

	/* In user mode there is no kernel stack, so none is lost. */
	if (fault->key.origin == ORIGIN_USER && sample.kernel_error == -EFAULT)
		sample.kernel_error = 0;
	return visit(context, &sample);
}

int stack_table_hand_out(struct stack_table *t, unsigned int most, stack_sample_visit visit,
			 void *context)
{
	int err = 0;

	while (stack_table_waits(t) && most && !err) {
		struct batch *batch = STAILQ_FIRST(&t->batches);

		for (; batch->done < batch->nr && most && !err; most--, t->nr_waiting--)
			err = visit_batch(batch, batch->done++, visit, context);
		if (batch->done < batch->nr)
			continue;
		free_first_batch(t);
	}
	return err;
}

bool stack_table_waits(const struct stack_table *t)
{
	return !STAILQ_EMPTY(&t->batches);
}

static void append_batch(struct stack_table *t, struct batch *batch)
{
	STAILQ_INSERT_TAIL(&t->batches, batch, link);
	t->nr_waiting += batch->nr;
}

/* --- making room */

/* Fills list; returns the number. */
static unsigned int choose_faults_to_move(struct stack_table *t, bool all)
{
	unsigned int nr = 0, i;
	bool ended = false;
	uint32_t pid = 0;

	for (i = t->maps.profile_faults.limit; i; i--) {
		if (!fault_used(t, i))
			continue;
		if (t->faults[i].key.pid != pid) {
			pid = t->faults[i].key.pid;
			ended = liveness_has_ended(&t->alive, pid, 0, false, false);
		}
		if (!ended && !all)
			continue;
		t->fates[i] = ended ? ENDED : LEAVES;
		t->list[nr++] = i;
	}
	return nr;
}

/* No program uses these any more. They must be zero before they are free. */
static int free_faults(struct stack_table *t, struct batch *batch, unsigned int nr)
{
	unsigned int i;
	int err = 0;

	index_stacks(t);
	for (i = 0; i < nr && !err; i++)
		err = copy_fault(t, batch, t->list[i], t->fates[t->list[i]] == ENDED);
	if (err) {
		batch->nr = 0;
		return err;
	}
	for (i = 0; i < nr; i++) {
		memset(&t->faults[t->list[i]], 0, sizeof(t->faults[0]));
		t->fates[t->list[i]] = STAYS;
	}
	t->freed_faults += nr;
	return slab_free(&t->maps.profile_faults, t->list, nr);
}

/* Fills list. */
static int unhook_stacks(struct stack_table *t, unsigned int *list)
{
	unsigned int nr = 0, i;

	find_referenced_stacks(t);
	for (i = t->maps.profile_stacks.limit; i; i--) {
		if (!t->stacks[i].used || t->referenced[i] || t->unhooked[i])
			continue;
		t->unhooked[i] = true;
		list[nr++] = i;
	}
	return slab_unhook(&t->maps.profile_stacks, list, nr);
}

static int free_stacks(struct stack_table *t)
{
	unsigned int nr = 0, i;

	find_referenced_stacks(t);
	for (i = t->maps.profile_stacks.limit; i; i--) {
		if (!t->unhooked[i] || t->referenced[i])
			continue;
		t->unhooked[i] = false;
		memset(&t->stacks[i], 0, sizeof(t->stacks[i]));
		t->list[nr++] = i;
	}
	t->freed_stacks += nr;
	return slab_free(&t->maps.profile_stacks, t->list, nr);
}

/*
 * The next time is an eighth of the limit away, so that living processes that use much of the
 * table do not cause a pass for each few new faults. True: they use nearly all of it.
 */
static bool raise_threshold(uint64_t *threshold, uint64_t used, uint64_t limit)
{
	const uint64_t last = limit - limit / 8;

	if (*threshold < used + limit / 8 + 1)
		*threshold = used + limit / 8 + 1;
	if (*threshold <= last)
		return false;
	*threshold = last;
	return true;
}

static void raise_thresholds(struct stack_table *t)
{
	bool stacks, faults;

	reset_thresholds(t);
	stacks =
		raise_threshold(&t->stacks_threshold, used_stacks(t), t->maps.profile_stacks.limit);
	faults =
		raise_threshold(&t->faults_threshold, used_faults(t), t->maps.profile_faults.limit);
	t->crowded = stacks || faults;
}

/* Moves the first nr of list. */
static int move_out(struct stack_table *t, unsigned int nr)
{
	struct batch *batch = alloc_batch(nr);
	int err;

	if (!batch)
		return -ENOMEM;
	err = slab_unhook(&t->maps.profile_faults, t->list, nr);
	err = err ?: unhook_stacks(t, t->list + nr);
	if (!err) {
		rcu_wait();
		err = free_faults(t, batch, nr);
	}
	err = err ?: free_stacks(t);
	append_batch(t, batch);
	return err;
}

int stack_table_make_room(struct stack_table *t)
{
	unsigned int nr = choose_faults_to_move(t, t->crowded);
	/* Without any, the next call may move those of living processes. */
	int err = nr ? move_out(t, nr) : 0;

	raise_thresholds(t);
	return err;
}

int stack_table_take_all(struct stack_table *t, stack_sample_visit visit, void *context)
{
	unsigned int i = 1;
	int err;

	rcu_wait();
	index_stacks(t);
	do {
		struct batch *batch = alloc_batch(BATCH);

		err = batch ? 0 : -ENOMEM;
		for (; !err && i <= t->maps.profile_faults.limit && batch->nr < BATCH; i++)
			if (fault_used(t, i))
				err = copy_fault(t, batch, i, false);
		if (batch)
			append_batch(t, batch);
		err = err ?: stack_table_hand_out(t, UINT_MAX, visit, context);
	} while (!err && i <= t->maps.profile_faults.limit);
	return err;
}

void stack_table_close(struct stack_table *t)
{
	if (!t)
		return;
	while (stack_table_waits(t))
		free_first_batch(t);
	slab_unmap(&t->maps.profile_stacks, t->stacks, sizeof(*t->stacks));
	slab_unmap(&t->maps.profile_faults, t->faults, sizeof(*t->faults));
	hash_close(&t->by_hash);
	free(t->links);
	free(t->unhooked);
	free(t->referenced);
	free(t->fates);
	free(t->list);
	free(t);
}
