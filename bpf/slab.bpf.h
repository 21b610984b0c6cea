/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * slab.bpf.h: arrays with entries that programs claim by key (shared/slab_return.h).
 */
#ifndef PFSTAT_BPF_SLAB_BPF_H
#define PFSTAT_BPF_SLAB_BPF_H

#include "shared/slab_return.h"
#include "state.bpf.h"

/*
 * The three maps: the array of entries, each of which begins with its key; the index, from
 * a key to its entry; the stack of free entries. User space gives the array one entry more
 * than the limit (entry 0 has no key), and fills the stack before it attaches.
 */
#define SLAB(name, entry_type, key_member)                                                         \
	_Static_assert(__builtin_offsetof(entry_type, key_member) == 0, "the key comes first");    \
	MMAP_ARRAY(name##_slab, entry_type);                                                       \
	MAP(name##_index, HASH, 0, 1, typeof(((entry_type *)0)->key_member), u32);                 \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_STACK);                                                  \
		__uint(max_entries, 1);                                                            \
		__uint(key_size, 0);                                                               \
		__uint(value_size, sizeof(u32));                                                   \
	} name##_free SEC(".maps")

/* Takes a free entry and sets i to its number; NULL: none is free. */
static __always_inline void *slab_take(void *slab, void *free, u32 *i)
{
	return bpf_map_pop_elem(free, i) ? NULL : bpf_map_lookup_elem(slab, i);
}

/*
 * Puts entry i into the index: from here on programs find it by key, so it must be filled.
 * Two CPUs may claim an entry for one key at once: the later one returns its own. Returns
 * the key's entry; 0: the index has no room.
 */
static __always_inline u32 slab_publish(void *index, void *free, const void *key, u32 i)
{
	u32 *other;

	if (!bpf_map_update_elem(index, key, &i, BPF_NOEXIST))
		return i;
	bpf_map_push_elem(free, &i, 0);
	other = bpf_map_lookup_elem(index, key);
	return other ? *other : 0;
}

/* User space writes it before it runs a program that returns entries. */
struct slab_return returned;

static __always_inline int slab_give_back(void *slab, void *index, void *free)
{
	u32 nr = returned.nr, i;

	for (i = 0; i < SLAB_RETURN_MAX && i < nr; i++) {
		u32 entry = returned.entries[i];
		void *key;

		if (returned.free) {
			bpf_map_push_elem(free, &entry, 0);
			continue;
		}
		key = bpf_map_lookup_elem(slab, &entry);
		if (key)
			bpf_map_delete_elem(index, key);
	}
	return 0;
}

#endif
