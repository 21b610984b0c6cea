/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * entries.bpf.h: see entries.h.
 */
#ifndef PFSTAT_ENTRIES_BPF_H
#define PFSTAT_ENTRIES_BPF_H

#include "entries.h"
#include "state.bpf.h"

/* Of an array, where in its entries the keys are, its index, and its stack of free entries. */
static __always_inline int return_entries(const struct entry_return *request, void *array,
					  u32 key_at, void *index, void *free)
{
	u32 nr = request->nr, i;

	for (i = 0; i < ENTRY_RETURN_MAX && i < nr; i++) {
		u32 entry = request->entries[i];
		char *at;

		if (request->free) {
			bpf_map_push_elem(free, &entry, 0);
			continue;
		}
		at = bpf_map_lookup_elem(array, &entry);
		if (at)
			bpf_map_delete_elem(index, at + key_at);
	}
	return 0;
}

#endif
