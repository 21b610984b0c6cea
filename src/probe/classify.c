// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/classify.c: how each path is recognised: the evidence rows, in order of
 * precedence, the paths that a hook names, and those that are known by their end. Also
 * makes the look-up table of the BPF programs. docs/paths.md explains each row; function
 * names are those of mm/memory.c and mm/huge_memory.c.
 */
#include "probe_classify.h"

#include <string.h>

#include "util/array.h"

#define E(fact) EV(fact)

const struct evidence_row evidence_rows[] = {
	/*
	 * A write, no page before, and a zeroed page was allocated: only
	 * do_anonymous_page does that (alloc_zeroed_user_highpage_movable and its
	 * successors; a copy is not zeroed). First, so that it needs no other evidence.
	 */
	{ PATH_ANON, INFERRED, E(ALLOC_ZERO) | E(WRITE), E(PRESENT) },

	/* Decided before any page-table entry is read, or whatever follows. */
	{ PATH_HUGETLB_WP, EXACT, E(HUGETLB) | E(PRESENT) | E(WRITE), 0 },
	{ PATH_HUGETLB, EXACT, E(HUGETLB), 0 },
	{ PATH_SWAP, EXACT, E(SWAP), 0 },

	/*
	 * do_huge_pmd_anonymous_page may fall back to a small page: then
	 * do_anonymous_page follows. Where that is inlined (up to 6.1) the task's count
	 * of anonymous pages decides, as huge pages are added to the mm's count directly.
	 */
	{ PATH_THP, EXACT, E(HUGE_ANON) | E(WRITE), E(ANON_PAGE) },
	{ PATH_THP, EXACT, E(HUGE_ANON) | E(WRITE), E(RSS_ANON) },
	{ PATH_THP, INFERRED, E(HUGE_ANON) | E(WRITE), E(ALLOC_ZERO) },
	{ PATH_THP_ZERO, EXACT, E(HUGE_ANON), E(WRITE) | E(ANON_PAGE) },
	{ PATH_THP_ZERO, INFERRED, E(HUGE_ANON), E(WRITE) | E(RSS_ANON) },
	{ PATH_THP_ZERO, INFERRED, E(HUGE_ANON), E(WRITE) | E(ALLOC_ZERO) },

	/* Functions of the path itself. */
	{ PATH_ANON, EXACT, E(ANON_PAGE) | E(WRITE), 0 },
	{ PATH_ANON_ZERO, EXACT, E(ANON_PAGE), E(WRITE) },
	{ PATH_WP_SHARED, EXACT, E(WP) | E(VMA_SHARED), 0 },
	{ PATH_WP_COPY, EXACT, E(WP) | E(WP_COPY), 0 },
	{ PATH_WP_REUSE, EXACT, E(WP), E(WP_COPY) | E(VMA_SHARED) },
	{ PATH_SHARED_WRITE, EXACT, E(DO_FAULT) | E(WRITE) | E(VMA_SHARED), 0 },
	{ PATH_FILE_COW, EXACT, E(DO_FAULT) | E(WRITE), E(VMA_SHARED) },
	{ PATH_FILE_READ, EXACT, E(DO_FAULT), E(WRITE) },
	{ PATH_FILE_AROUND, EXACT, E(MAP_PAGES), E(WRITE) | E(DO_FAULT) },
	/* Up to 6.1 do_anonymous_page is inlined: a new page, and none of the others ran. */
	{ PATH_ANON, EXACT, E(RSS_ANON) | E(WRITE),
	  E(PRESENT) | E(WP) | E(DO_FAULT) | E(VMA_FILE) },
	/* An entry that is not of swap and led to none of the paths above. */
	{ PATH_DEVICE, INFERRED, E(SPECIAL), E(PRESENT) },
	/* The last thing in handle_pte_fault, when nothing else was to be done. */
	{ PATH_SPURIOUS, EXACT, E(ACCESS_FLAGS), E(WP) },
	/* It found a present entry and did not call do_wp_page. */
	{ PATH_SPURIOUS, INFERRED, E(PRESENT), E(WP) },

	/* No functions: what the fault allocated and what it changed. */
	{ PATH_SHARED_WRITE, INFERRED, E(RSS_FILE) | E(WRITE), E(PRESENT) },
	{ PATH_THP, INFERRED, E(ALLOC_HUGE) | E(WRITE), E(PRESENT) | E(ALLOC) },
	{ PATH_FILE_COW, INFERRED, E(ALLOC) | E(WRITE), E(PRESENT) | E(RSS_FILE) | E(VMA_SHARED) },
	/* 7.x puts a new huge page in the place of the huge zero page. */
	{ PATH_THP_WP, INFERRED, E(PRESENT) | E(WRITE) | E(ALLOC_HUGE), E(ALLOC) },
	{ PATH_WP_COPY, INFERRED, E(PRESENT) | E(WRITE) | E(ALLOC), 0 },
	{ PATH_FILE_READ, EXACT, E(FILEMAP_FAULT), E(WRITE) },
	{ PATH_FILE_READ, INFERRED, E(RSS_FILE) | E(MAJOR), E(WRITE) },
	{ PATH_FILE_READ, INFERRED, E(RSS_FILE) | E(ALLOC), E(WRITE) },
	{ PATH_FILE_AROUND, INFERRED, E(RSS_FILE), E(WRITE) | E(PRESENT) },
	{ PATH_FILE_AROUND, INFERRED, E(MAP_PAGES), E(WRITE) | E(PRESENT) },
	{ PATH_SPURIOUS, INFERRED, E(PRESENT), E(WRITE) },

	/*
	 * Nothing changed, or a probe was lost to preemption: only the VMA is left as
	 * evidence.
	 */
	{ PATH_WP_SHARED, INFERRED, E(PRESENT) | E(WRITE) | E(VMA_SHARED), 0 },
	{ PATH_WP_REUSE, INFERRED, E(PRESENT) | E(WRITE) | E(VMA_ANON), 0 },
	{ PATH_WP_REUSE, INFERRED, E(PRESENT) | E(WRITE) | E(VMA_FILE), E(VMA_SHARED) },
	{ PATH_ANON_ZERO, INFERRED, E(VMA_ANON), E(PRESENT) | E(WRITE) },
	{ PATH_ANON, INFERRED, E(VMA_ANON) | E(WRITE), E(PRESENT) },
	{ PATH_SHARED_WRITE, INFERRED, E(VMA_SHARED) | E(WRITE), E(PRESENT) },
	{ PATH_FILE_COW, INFERRED, E(VMA_FILE) | E(WRITE), E(PRESENT) | E(VMA_SHARED) },
	{ PATH_FILE_READ, INFERRED, E(VMA_FILE) | E(MAJOR), E(PRESENT) | E(WRITE) },
	{ PATH_SPURIOUS, INFERRED, E(VMA_FILE), E(PRESENT) | E(WRITE) },
};

const size_t nr_evidence_rows = ARRAY_SIZE(evidence_rows);

static const struct named_path named_paths[] = {
	/* Up to 5.10 a kprobe only: the function takes a struct by value. */
	{ PATH_THP_WP, HOOK_do_huge_pmd_wp_page, 0, SOURCE_NONE, EXACT },
	/* It may yet map small pages of it. */
	{ PATH_FILE_HUGE, HOOK_do_set_pmd, 0, SOURCE_NONE, INFERRED },
	{ PATH_PFN, HOOK___do_fault, 0, SOURCE_VMA, EXACT },
	{ PATH_KSM_COPY, HOOK_do_wp_page, E(WP_COPY), SOURCE_NONE, EXACT },
	{ PATH_NUMA, HOOK_task_numa_fault, 0, SOURCE_TASK, EXACT },
	{ PATH_THP_NUMA, HOOK_task_numa_fault, 0, SOURCE_TASK, EXACT },
	{ PATH_MIGRATION, HOOK_migration_entry_wait, 0, SOURCE_NONE, EXACT },
	{ PATH_UFFD_MISSING, HOOK_handle_userfault, 0, SOURCE_VMA, EXACT },
	{ PATH_UFFD_WP, HOOK_handle_userfault, 0, SOURCE_VMA, EXACT },
	{ PATH_UFFD_MINOR, HOOK_handle_userfault, 0, SOURCE_VMA, EXACT },
	{ PATH_DEVICE, HOOK_do_huge_pmd_device_private, 0, SOURCE_NONE, EXACT },
};

const struct named_path *classify_named(enum fault_path path)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(named_paths); i++)
		if (named_paths[i].path == path)
			return &named_paths[i];
	return NULL;
}

/*
 * A failed fault of user mode ends in a signal. One of kernel mode sends none: the functions
 * name it, else it is a fixup. One of get_user_pages fails by the return value, which kprobes
 * do not see.
 */
static const struct ended_path ended_paths[] = {
	/* path, { user, kernel, gup }, facts */
	{ PATH_BAD_ADDRESS, { HOOK_signal_generate, HOOK_bad_area_nosemaphore, END_RETURN }, 0 },
	{ PATH_BAD_ACCESS, { HOOK_signal_generate, HOOK_bad_area_access_error, END_NEVER }, 0 },
	{ PATH_GUARD_PAGE, { HOOK_signal_generate, END_NEVER, END_NEVER }, E(SPECIAL) },
	{ PATH_KERN_ADDR, { HOOK_signal_generate, END_ALWAYS, END_NEVER }, 0 },
	{ PATH_SIGBUS, { HOOK_signal_generate, END_NEVER, END_RETURN }, 0 },
	{ PATH_HWPOISON, { HOOK_signal_generate, END_NEVER, END_RETURN }, 0 },
	{ PATH_OOM, { HOOK_pagefault_out_of_memory, END_NEVER, END_RETURN }, 0 },
	{ PATH_KILLED, { HOOK_signal_deliver, END_NEVER, END_NEVER }, 0 },
	{ PATH_INTERRUPTED, { HOOK_signal_deliver, END_NEVER, END_NEVER }, 0 },
	{ PATH_VSYSCALL, { HOOK_emulate_vsyscall, END_NEVER, END_NEVER }, 0 },
	{ PATH_FIXUP, { END_NEVER, END_ALWAYS, END_NO_RETURN }, 0 },
	{ PATH_UNRESOLVED, { END_ALWAYS, END_ALWAYS, END_ALWAYS }, 0 },
	{ PATH_UNCLASSIFIED, { END_ALWAYS, END_ALWAYS, END_ALWAYS }, 0 },
};

const struct ended_path *classify_ended(enum fault_path path)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ended_paths); i++)
		if (ended_paths[i].path == path)
			return &ended_paths[i];
	return NULL;
}

static int is_row_watched(const struct evidence_row *row, uint32_t facts)
{
	return !((row->set | row->clear) & ~facts);
}

static int is_row_matched(const struct evidence_row *row, uint32_t evidence)
{
	return (evidence & row->set) == row->set && !(evidence & row->clear);
}

const struct evidence_row *classify_row(uint32_t facts, uint32_t evidence)
{
	size_t i;

	for (i = 0; i < nr_evidence_rows; i++)
		if (is_row_watched(&evidence_rows[i], facts) &&
		    is_row_matched(&evidence_rows[i], evidence))
			return &evidence_rows[i];
	return NULL;
}

/* As classify_row(), but PATH_ASK where the VMA is unknown and can be looked up. */
static uint8_t path_of_evidence(uint32_t facts, uint32_t evidence, int ask_vma)
{
	const struct evidence_row *row = classify_row(facts, evidence);

	if (row)
		return row->path;
	return ask_vma && !(evidence & (EV(VMA_ANON) | EV(VMA_FILE))) ? PATH_ASK :
									PATH_UNCLASSIFIED;
}

/*
 * The task's page counts are expensive to compare: the path, if it is the same with any
 * of them, else PATH_ASK.
 */
static uint8_t path_without_rss(uint32_t facts, uint32_t evidence, int ask_vma)
{
	const uint32_t rss = (EV(RSS_ANON) | EV(RSS_FILE) | EV(SWAP)) & facts & ~evidence;
	uint32_t subset = rss;
	uint8_t path = path_of_evidence(facts, evidence, ask_vma);

	while (path != PATH_ASK && subset) {
		if (path_of_evidence(facts, evidence | subset, ask_vma) != path)
			return PATH_ASK;
		subset = (subset - 1) & rss;
	}
	return path;
}

/* The facts of an index of the table. */
static uint32_t evidence_of_index(uint32_t index, const uint32_t ev_bit[EV_NR])
{
	uint32_t evidence = 0;
	int i;

	for (i = 0; i < EV_NR; i++)
		if (index & ev_bit[i])
			evidence |= 1u << i;
	return evidence;
}

void classify_fill(uint8_t path_of[1 << EV_INDEX_BITS], uint32_t facts,
		   const uint32_t ev_bit[EV_NR], int ask_vma)
{
	uint32_t index, size = 1;
	int i;

	memset(path_of, PATH_UNCLASSIFIED, 1 << EV_INDEX_BITS);
	for (i = 0; i < EV_NR; i++)
		if (ev_bit[i])
			size <<= 1;
	for (index = 0; index < size; index++) {
		uint32_t evidence = evidence_of_index(index, ev_bit);

		path_of[index] = facts & EV(RSS_KNOWN) & ~evidence ?
					 path_without_rss(facts, evidence, ask_vma) :
					 path_of_evidence(facts, evidence, ask_vma);
	}
}

enum exactness classify_exactness(uint32_t facts, enum fault_path path)
{
	enum exactness best = NOT_VISIBLE;
	size_t i;

	for (i = 0; i < nr_evidence_rows; i++) {
		const struct evidence_row *row = &evidence_rows[i];

		if (row->path == path && is_row_watched(row, facts) && row->exactness < best)
			best = row->exactness;
	}
	return best;
}
