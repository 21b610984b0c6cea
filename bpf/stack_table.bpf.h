/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * stack_table.bpf.h: faults by stack (pfstat profile): the frames of each stack once, by
 * their hash, and a count and a time per process, path and pair of stacks. Both are entries
 * of slabs (slab.bpf.h), which user space returns, so that a long run does not run out.
 */
#ifndef PFSTAT_BPF_STACK_TABLE_BPF_H
#define PFSTAT_BPF_STACK_TABLE_BPF_H

#include "shared/stack_record.h"
#include "slab.bpf.h"

/* include/uapi/asm-generic/errno-base.h */
#define EINTR 4
#define E2BIG 7

/* By the stack's hash. */
SLAB(profile_stack, struct profile_stack, hash);
SLAB(profile_fault, struct profile_fault, key);

struct profile_claims profile_claims;
struct profile_rest profile_rest[PATH_NR * ORIGIN_NR];

/*
 * Buffer for a stack. Another program may run on this CPU meanwhile (preemption, a nested
 * event) and overwrite it: the changed owner shows that.
 */
struct profile_scratch {
	u64 owner;
	struct profile_stack stack;
};

PERCPU_VALUE(profile_scratch, struct profile_scratch);

/* A multiplication and a shift per frame: with 64 bits collisions are not expected. */
static __noinline u64 hash_stack(const struct profile_stack *stack)
{
	u64 hash = 0x9e3779b97f4a7c15ull ^ stack->nr;
	u32 nr = stack->nr, i;

	for (i = 0; i < TRACE_FRAMES && i < nr; i++) {
		hash = (hash ^ stack->ip[i]) * 0xff51afd7ed558ccdull;
		hash ^= hash >> 32;
	}
	return hash > PROFILE_MAX_ERRNO ? hash : hash + PROFILE_MAX_ERRNO + 1;
}

/* 0, or the errno of why it cannot be stored. */
static __noinline u64 store_stack(struct profile_scratch *scratch, u64 owner)
{
	struct profile_stack *entry;
	u64 hash = scratch->stack.hash;
	u32 i = 0, stored;

	entry = slab_take(&profile_stack_slab, &profile_stack_free, &i);
	if (!entry)
		return E2BIG;
	bpf_probe_read_kernel(entry, sizeof(*entry), &scratch->stack);
	/* Publish only a complete stack. */
	if (scratch->owner != owner) {
		bpf_map_push_elem(&profile_stack_free, &i, 0);
		return EINTR;
	}
	stored = slab_publish(&profile_stack_index, &profile_stack_free, &hash, i);
	if (stored == i) {
		entry->used = 1;
		__sync_fetch_and_add(&profile_claims.stacks, 1);
	}
	return stored ? 0 : E2BIG;
}

/* A stack's hash, PROFILE_NO_STACK, or the errno of why it is not known. */
static __noinline u64 profile_stack(void *ctx, u64 owner, u64 flags)
{
	struct profile_scratch *scratch;
	u64 hash, error = 0;
	u32 zero = 0;
	long bytes;

	scratch = bpf_map_lookup_elem(&profile_scratch, &zero);
	if (!scratch)
		return PROFILE_NO_STACK;
	scratch->owner = owner;
	bytes = bpf_get_stack(ctx, scratch->stack.ip, sizeof(scratch->stack.ip), flags);
	if (bytes <= 0)
		return -bytes;
	scratch->stack.nr = bytes / 8;
	scratch->stack.hash = hash = hash_stack(&scratch->stack);
	if (!bpf_map_lookup_elem(&profile_stack_index, &hash))
		error = store_stack(scratch, owner);
	if (scratch->owner != owner) {
		/* So that the other program sees it, too. */
		scratch->owner = 0;
		count(TALLY_STACK_TORN);
		return EINTR;
	}
	if (error)
		count(TALLY_STACKS_FULL);
	return error ? error : hash;
}

/* Faults without an entry: the table is full, or they are untimed and their stack is gone. */
static __always_inline void profile_add_rest(u64 path, u64 origin, u64 ns)
{
	u64 i = path * ORIGIN_NR + origin;

	asm volatile("" : "+r"(i));
	if (i >= PATH_NR * ORIGIN_NR)
		return;
	__sync_fetch_and_add(&profile_rest[i].count, 1);
	/* clang turns an atomic addition of 0 into an atomic or, which 5.10 lacks. */
	if (ns)
		__sync_fetch_and_add(&profile_rest[i].sum_ns, ns);
}

/* Claims an entry for the key; 0: none is free. */
static __noinline u32 profile_claim(struct profile_key *key)
{
	struct profile_fault *fault;
	u32 i = 0, entry;

	fault = slab_take(&profile_fault_slab, &profile_fault_free, &i);
	if (!fault)
		return 0;
	fault->key = *key;
	bpf_get_current_comm(fault->comm, sizeof(fault->comm));
	entry = slab_publish(&profile_fault_index, &profile_fault_free, key, i);
	if (entry == i) {
		fault->used = 1;
		__sync_fetch_and_add(&profile_claims.faults, 1);
	}
	return entry;
}

static __always_inline void profile_add(struct profile_key *key, u64 ns)
{
	u32 *known = bpf_map_lookup_elem(&profile_fault_index, key);
	u32 i = known ? *known : profile_claim(key);
	struct profile_fault *fault = i ? bpf_map_lookup_elem(&profile_fault_slab, &i) : 0;

	if (fault) {
		__sync_fetch_and_add(&fault->count, 1);
		__sync_fetch_and_add(&fault->sum_ns, ns);
		return;
	}
	count(TALLY_STACKS_FULL);
	profile_add_rest(key->path, key->origin, ns);
}

static __always_inline void profile_fault(void *ctx, struct inflight *s, u32 path, u64 ns)
{
	struct profile_key key = {
		.pid = local_pid_tgid() >> 32,
		.path = path,
		.origin = s->state.origin,
	};
	u64 owner = s->start_ns ^ (u64)s->tid << 40;

	s->state.walking = 1;
	key.kernel = profile_stack(ctx, owner, 0);
	/* A kernel thread has none; with borrowed memory the kernel looks for one all the same. */
	key.user =
		is_kernel_thread() ? PROFILE_NO_STACK : profile_stack(ctx, owner, BPF_F_USER_STACK);
	s->state.walking = 0;
	profile_add(&key, ns);
}

#endif
