// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * counters/stack_table.c: see counters/counters_stacks.h.
 *
 * Faults name their stacks by hash. An entry of a stack is free when no fault names it:
 * first it is unhooked, so that no program finds it any more; when those that had found it
 * are done, what they claimed is seen, and who names it then still keeps it. It is
 * read there, though other programs may have stored the same stack once more. So one grace
 * period is enough for faults and the stacks that only they name.
 */
#include "counters_stacks.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "proc/liveness.h"
#include "probe/probe.h"
#include "util/array.h"
#include "util/hash.h"
#include "util/rcu.h"

enum { BATCH = 1024 };

/* What is taken out at once, before it is looked at: there is room again at once. */
struct taken {
	struct taken *next;
	struct profile_fault *faults;
	bool *ended;
	unsigned int nr, done;
	struct part {
		uint64_t hash;
		size_t at;
		unsigned int nr;
	} * parts; /* two for each fault: of the kernel and the user stack */
	uint64_t *frames;
	size_t nr_frames, cap_frames;
};

enum fate { STAYS, LEAVES, ENDED };

struct stack_table {
	struct session_maps maps;
	struct profile_fault *faults;
	struct profile_stack *stacks;
	uint64_t freed_stacks, freed_faults; /* so far */
	uint64_t fills_at_stacks, fills_at_faults; /* when so many are taken */
	bool crowded; /* by processes that live */
	struct liveness alive;
	struct hash by_hash; /* of links */
	struct hash_link *links; /* by entry of a stack */
	bool *unhooked; /* by entry of a stack */
	bool *named; /* by a fault that stays; the same */
	unsigned char *fates; /* by entry of a fault */
	unsigned int *list; /* of entries, for what is being done */
	struct taken *oldest, **newest; /* behind the last */
	unsigned int nr_waiting; /* faults in them */
};

static int map_arrays(struct stack_table *t)
{
	const struct slab *faults = &t->maps.profile_faults, *stacks = &t->maps.profile_stacks;

	t->faults = slab_map(faults, faults->slab_fd, sizeof(*t->faults));
	if (t->faults)
		t->stacks = slab_map(stacks, stacks->slab_fd, sizeof(*t->stacks));
	return t->stacks ? 0 : -errno;
}

/*
 * Most of it is left for what comes while room is made: that waits for a grace period of RCU,
 * and for a CPU.
 */
static void reset_marks(struct stack_table *t)
{
	t->fills_at_stacks = (t->maps.profile_stacks.limit + 3ul) / 4;
	t->fills_at_faults = (t->maps.profile_faults.limit + 3ul) / 4;
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
	t->newest = &t->oldest;
	reset_marks(t);
	stacks = t->maps.profile_stacks.limit + 1ul;
	t->links = calloc(stacks, sizeof(*t->links));
	t->unhooked = calloc(stacks, sizeof(*t->unhooked));
	t->named = calloc(stacks, sizeof(*t->named));
	t->fates = calloc(t->maps.profile_faults.limit + 1ul, sizeof(*t->fates));
	t->list = calloc(t->maps.profile_faults.limit + stacks, sizeof(*t->list));
	if (!hash_open(&t->by_hash, 2 * stacks) && t->links && t->unhooked && t->named &&
	    t->fates && t->list)
		err = map_arrays(t);
	if (err) {
		stack_table_close(t);
		return err;
	}
	*out = t;
	return 0;
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

/* When names cannot be found as fast as stacks come, memory has a limit. */
bool stack_table_fills(const struct stack_table *t)
{
	if (t->nr_waiting >= 2 * t->maps.profile_faults.limit)
		return false;
	return used_stacks(t) >= t->fills_at_stacks || used_faults(t) >= t->fills_at_faults;
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

/* 0: there is none of that hash, which may be an errno. */
static uint32_t stack_of(const struct stack_table *t, uint64_t hash)
{
	const struct hash_link *link =
		hash > PROFILE_MAX_ERRNO ? hash_find(&t->by_hash, hash) : NULL;

	return link ? (uint32_t)(link - t->links) : 0;
}

static bool fault_used(const struct stack_table *t, unsigned int i)
{
	return __atomic_load_n(&t->faults[i].used, __ATOMIC_ACQUIRE);
}

static void find_named(struct stack_table *t)
{
	unsigned int i;

	index_stacks(t);
	memset(t->named, 0, t->maps.profile_stacks.limit + 1ul);
	for (i = 1; i <= t->maps.profile_faults.limit; i++) {
		if (t->fates[i] != STAYS || !fault_used(t, i))
			continue;
		t->named[stack_of(t, t->faults[i].key.kernel)] = true;
		t->named[stack_of(t, t->faults[i].key.user)] = true;
	}
}

/* --- taking out */

static void close_taken(struct taken *taken)
{
	if (!taken)
		return;
	free(taken->faults);
	free(taken->ended);
	free(taken->parts);
	free(taken->frames);
	free(taken);
}

static struct taken *open_taken(unsigned int nr)
{
	struct taken *taken = calloc(1, sizeof(*taken));

	if (!taken)
		return NULL;
	taken->faults = calloc(nr + 1ul, sizeof(*taken->faults));
	taken->ended = calloc(nr + 1ul, sizeof(*taken->ended));
	taken->parts = calloc(2ul * nr + 1, sizeof(*taken->parts));
	if (taken->faults && taken->ended && taken->parts)
		return taken;
	close_taken(taken);
	return NULL;
}

static int copy_stack(const struct stack_table *t, struct taken *taken, uint64_t hash,
		      struct part *part)
{
	const struct profile_stack *stack = &t->stacks[stack_of(t, hash)];

	part->hash = hash;
	if (array_reserve(taken->frames, taken->cap_frames, taken->nr_frames + TRACE_FRAMES))
		return -ENOMEM;
	if (stack == t->stacks)
		return 0;
	part->at = taken->nr_frames;
	part->nr = stack->nr <= TRACE_FRAMES ? stack->nr : TRACE_FRAMES;
	memcpy(taken->frames + part->at, stack->ip, part->nr * sizeof(stack->ip[0]));
	taken->nr_frames += part->nr;
	return 0;
}

static int copy_fault(const struct stack_table *t, struct taken *taken, unsigned int entry,
		      bool ended)
{
	const struct profile_fault *fault = &t->faults[entry];
	struct part *parts = &taken->parts[2 * taken->nr];
	int err = copy_stack(t, taken, fault->key.kernel, &parts[0]);

	if (!err)
		err = copy_stack(t, taken, fault->key.user, &parts[1]);
	if (err)
		return err;
	taken->faults[taken->nr] = *fault;
	taken->ended[taken->nr++] = ended;
	return 0;
}

static int error_of(const struct part *part)
{
	return part->hash <= PROFILE_MAX_ERRNO ? -(int)part->hash : part->nr ? 0 : -ENOENT;
}

static int hand_out_one(const struct taken *taken, unsigned int i, profile_take take, void *context)
{
	const struct profile_fault *fault = &taken->faults[i];
	const struct part *kernel = &taken->parts[2ul * i], *user = kernel + 1;
	struct stack_sample sample = {
		.pid = (int)fault->key.pid,
		.ended = taken->ended[i],
		.comm = fault->comm,
		.path = path_name(fault->key.path),
		.count = fault->count,
		.sum_ns = fault->sum_ns,
		.when_ns = UINT64_MAX,
		.kernel = taken->frames + kernel->at,
		.nr_kernel = kernel->nr,
		.kernel_error = error_of(kernel),
		.user = taken->frames + user->at,
		.nr_user = user->nr,
		.user_error = error_of(user),
	};

	/* A fault of user mode was no call of the kernel: there is no stack, and none is lost. */
	if (fault->key.origin == ORIGIN_USER && sample.kernel_error == -EFAULT)
		sample.kernel_error = 0;
	return take(context, &sample);
}

int stack_table_hand_out(struct stack_table *t, unsigned int most, profile_take take, void *context)
{
	int err = 0;

	while (t->oldest && most && !err) {
		struct taken *taken = t->oldest;

		for (; taken->done < taken->nr && most && !err; most--, t->nr_waiting--)
			err = hand_out_one(taken, taken->done++, take, context);
		if (taken->done < taken->nr)
			continue;
		t->oldest = taken->next;
		if (!t->oldest)
			t->newest = &t->oldest;
		close_taken(taken);
	}
	return err;
}

bool stack_table_waits(const struct stack_table *t)
{
	return t->oldest != NULL;
}

static void let_wait(struct stack_table *t, struct taken *taken)
{
	*t->newest = taken;
	t->newest = &taken->next;
	t->nr_waiting += taken->nr;
}

/* --- making room */

/* Into list, how many. */
static unsigned int choose_faults(struct stack_table *t, bool all)
{
	unsigned int nr = 0, i;
	bool has_ended = false;
	uint32_t pid = 0;

	for (i = t->maps.profile_faults.limit; i; i--) {
		if (!fault_used(t, i))
			continue;
		if (t->faults[i].key.pid != pid) {
			pid = t->faults[i].key.pid;
			has_ended = liveness_has_ended(&t->alive, pid, 0, false, false);
		}
		if (!has_ended && !all)
			continue;
		t->fates[i] = has_ended ? ENDED : LEAVES;
		t->list[nr++] = i;
	}
	return nr;
}

/* Nobody finds or counts in them any more. Zero before they are free. */
static int free_faults(struct stack_table *t, struct taken *taken, unsigned int nr)
{
	unsigned int i;
	int err = 0;

	index_stacks(t);
	for (i = 0; i < nr && !err; i++)
		err = copy_fault(t, taken, t->list[i], t->fates[t->list[i]] == ENDED);
	if (err) {
		taken->nr = 0;
		return err;
	}
	for (i = 0; i < nr; i++) {
		memset(&t->faults[t->list[i]], 0, sizeof(t->faults[0]));
		t->fates[t->list[i]] = STAYS;
	}
	t->freed_faults += nr;
	return slab_free(&t->maps.profile_faults, t->list, nr);
}

/* list: room for it. */
static int unhook_stacks(struct stack_table *t, unsigned int *list)
{
	unsigned int nr = 0, i;

	find_named(t);
	for (i = t->maps.profile_stacks.limit; i; i--) {
		if (!t->stacks[i].used || t->named[i] || t->unhooked[i])
			continue;
		t->unhooked[i] = true;
		list[nr++] = i;
	}
	return slab_unhook(&t->maps.profile_stacks, list, nr);
}

static int free_stacks(struct stack_table *t)
{
	unsigned int nr = 0, i;

	find_named(t);
	for (i = t->maps.profile_stacks.limit; i; i--) {
		if (!t->unhooked[i] || t->named[i])
			continue;
		t->unhooked[i] = false;
		memset(&t->stacks[i], 0, sizeof(t->stacks[i]));
		t->list[nr++] = i;
	}
	t->freed_stacks += nr;
	return slab_free(&t->maps.profile_stacks, t->list, nr);
}

/*
 * When those that live hold much, it is not looked again for each few that come. True when
 * they hold nearly all of it: then they have to leave, too.
 */
static bool set_mark(uint64_t *fills_at, uint64_t used, uint64_t limit)
{
	const uint64_t last = limit - limit / 8;

	if (*fills_at < used + limit / 8 + 1)
		*fills_at = used + limit / 8 + 1;
	if (*fills_at <= last)
		return false;
	*fills_at = last;
	return true;
}

static void set_marks(struct stack_table *t)
{
	bool stacks, faults;

	reset_marks(t);
	stacks = set_mark(&t->fills_at_stacks, used_stacks(t), t->maps.profile_stacks.limit);
	faults = set_mark(&t->fills_at_faults, used_faults(t), t->maps.profile_faults.limit);
	t->crowded = stacks || faults;
}

/* The nr of list. */
static int take_out(struct stack_table *t, unsigned int nr)
{
	struct taken *taken = open_taken(nr);
	int err;

	if (!taken)
		return -ENOMEM;
	err = slab_unhook(&t->maps.profile_faults, t->list, nr);
	if (!err)
		err = unhook_stacks(t, t->list + nr);
	if (!err) {
		rcu_wait();
		err = free_faults(t, taken, nr);
	}
	if (!err)
		err = free_stacks(t);
	let_wait(t, taken);
	return err;
}

int stack_table_make_room(struct stack_table *t)
{
	unsigned int nr = choose_faults(t, t->crowded);
	/* With none there is nothing to wait for, and the marks are set for all to leave. */
	int err = nr ? take_out(t, nr) : 0;

	set_marks(t);
	return err;
}

int stack_table_take_all(struct stack_table *t, profile_take take, void *context)
{
	unsigned int i = 1;
	int err;

	rcu_wait();
	index_stacks(t);
	do {
		struct taken *taken = open_taken(BATCH);

		err = taken ? 0 : -ENOMEM;
		for (; !err && i <= t->maps.profile_faults.limit && taken->nr < BATCH; i++)
			if (fault_used(t, i))
				err = copy_fault(t, taken, i, false);
		if (taken)
			let_wait(t, taken);
		if (!err)
			err = stack_table_hand_out(t, UINT_MAX, take, context);
	} while (!err && i <= t->maps.profile_faults.limit);
	return err;
}

void stack_table_close(struct stack_table *t)
{
	if (!t)
		return;
	while (t->oldest) {
		struct taken *next = t->oldest->next;

		close_taken(t->oldest);
		t->oldest = next;
	}
	slab_unmap(&t->maps.profile_stacks, t->stacks, sizeof(*t->stacks));
	slab_unmap(&t->maps.profile_faults, t->faults, sizeof(*t->faults));
	hash_close(&t->by_hash);
	free(t->links);
	free(t->unhooked);
	free(t->named);
	free(t->fates);
	free(t->list);
	free(t);
}
