/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * profile.bpf.h: faults by stack (pfstat profile): the frames once per stack, found by
 * a hash of them, and a count and a time per process, path and pair of stacks.
 */
#ifndef PFSTAT_PROFILE_BPF_H
#define PFSTAT_PROFILE_BPF_H

#include "profile.h"
#include "trace.bpf.h"

/* include/uapi/asm-generic/errno-base.h */
#define EINTR 4
#define E2BIG 7

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u64);
	__type(value, struct profile_stack);
} profile_stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct profile_key);
	__type(value, struct profile_value);
} profile_faults SEC(".maps");

struct profile_rest profile_rest[PATH_NR * ORIGIN_NR];

/*
 * Where a stack is walked to. Another program may run on this CPU in the middle of it
 * (preemption, a nested event): it writes its own owner, and so one is found out.
 */
struct profile_scratch {
	u64 owner;
	struct profile_stack stack;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct profile_scratch);
} profile_scratch SEC(".maps");

/* Two rounds of multiply and shift per frame: 64 bits, so that no two stacks ever meet. */
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

/* A stack's hash, PROFILE_NO_STACK, or the errno of why it is not known. */
static __noinline u64 profile_stack(void *ctx, u64 owner, u64 flags)
{
	struct profile_scratch *scratch;
	u64 hash;
	u32 zero = 0;
	long bytes;

	scratch = bpf_map_lookup_elem(&profile_scratch, &zero);
	if (!scratch)
		return PROFILE_NO_STACK;
	scratch->owner = owner;
	bytes = bpf_get_stack(ctx, scratch->stack.ip, sizeof(scratch->stack.ip), flags);
	if (bytes <= 0)
		return -bytes;
	/* All of the value is stored: what is behind the frames must not differ. */
	scratch->stack.nr = bytes / 8;
	hash = hash_stack(&scratch->stack);
	if (!bpf_map_lookup_elem(&profile_stacks, &hash) &&
	    bpf_map_update_elem(&profile_stacks, &hash, &scratch->stack, BPF_NOEXIST) &&
	    !bpf_map_lookup_elem(&profile_stacks, &hash)) {
		count(TALLY_STACKS_FULL);
		return E2BIG;
	}
	if (scratch->owner != owner) {
		/* So that the other one sees it, too. */
		scratch->owner = 0;
		count(TALLY_STACK_TORN);
		return EINTR;
	}
	return hash;
}

/* Faults without a stack of their own: no room, or untimed ones, whose stack has gone. */
static __always_inline void profile_add_rest(u64 path, u64 origin, u64 ns)
{
	u64 i = path * ORIGIN_NR + origin;

	asm volatile("" : "+r"(i));
	if (i >= PATH_NR * ORIGIN_NR)
		return;
	__sync_fetch_and_add(&profile_rest[i].count, 1);
	/* clang makes an atomic or of an addition of 0, which 5.10 does not know. */
	if (ns)
		__sync_fetch_and_add(&profile_rest[i].sum_ns, ns);
}

static __always_inline void profile_add(struct profile_key *key, u64 ns)
{
	struct profile_value *value = bpf_map_lookup_elem(&profile_faults, key), zero = {};

	if (!value) {
		bpf_get_current_comm(zero.comm, sizeof(zero.comm));
		bpf_map_update_elem(&profile_faults, key, &zero, BPF_NOEXIST);
		value = bpf_map_lookup_elem(&profile_faults, key);
	}
	if (value) {
		__sync_fetch_and_add(&value->count, 1);
		__sync_fetch_and_add(&value->sum_ns, ns);
		return;
	}
	count(TALLY_STACKS_FULL);
	profile_add_rest(key->path, key->origin, ns);
}

static __always_inline void profile_fault(void *ctx, struct slot *s, u32 path, u64 ns)
{
	struct profile_key key = {
		.pid = bpf_get_current_pid_tgid() >> 32,
		.path = path,
		.origin = s->state.origin,
	};
	u64 owner = s->start_ns ^ (u64)s->tid << 40;

	s->state.walking = 1;
	key.kernel = profile_stack(ctx, owner, 0);
	key.user = profile_stack(ctx, owner, BPF_F_USER_STACK);
	s->state.walking = 0;
	profile_add(&key, ns);
}

#endif
