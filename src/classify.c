// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * classify.c: the evidence rows, in order of precedence, and the table made
 * of them. docs/paths.md explains each; function names are those of
 * mm/memory.c and mm/huge_memory.c.
 */
#include "classify.h"

#include <string.h>

#define E(fact) EV(fact)

const struct evidence_row evidence_rows[] = {
	/* Decided before any page-table entry is looked at, or whatever follows. */
	{ PATH_HUGETLB, EXACT, E(HUGETLB), 0 },
	{ PATH_SWAP, EXACT, E(SWAP), 0 },

	/*
	 * do_huge_pmd_anonymous_page may fall back to a small page: then
	 * do_anonymous_page follows. Where that is inlined (up to 6.1) the task's
	 * count of anonymous pages tells, as huge pages go to the mm's directly.
	 */
	{ PATH_THP, EXACT, E(HUGE_ANON) | E(WRITE), E(ANON_PAGE) },
	{ PATH_THP, EXACT, E(HUGE_ANON) | E(WRITE), E(RSS_ANON) },
	{ PATH_THP_ZERO, EXACT, E(HUGE_ANON), E(WRITE) | E(ANON_PAGE) },
	{ PATH_THP_ZERO, INFERRED, E(HUGE_ANON), E(WRITE) | E(RSS_ANON) },

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
	{ PATH_ANON, EXACT, E(RSS_ANON) | E(WRITE), E(PRESENT) | E(WP) | E(DO_FAULT) },
	/* handle_pte_fault found a present entry and did not call do_wp_page. */
	{ PATH_SPURIOUS, INFERRED, E(PRESENT), E(WP) },

	/*
	 * No functions: what the fault allocated and what it changed. A new
	 * anonymous page is allocated zeroed, a copy is not (alloc_zeroed_user_
	 * highpage_movable and its successors against alloc_page_vma).
	 */
	{ PATH_THP, INFERRED, E(ALLOC_HUGE) | E(WRITE), E(PRESENT) | E(ALLOC) },
	{ PATH_SHARED_WRITE, INFERRED, E(RSS_FILE) | E(WRITE), E(PRESENT) | E(RSS_ANON) },
	{ PATH_ANON, INFERRED, E(ALLOC_ZERO) | E(WRITE), E(PRESENT) },
	{ PATH_FILE_COW, INFERRED, E(RSS_ANON) | E(ALLOC) | E(WRITE), E(PRESENT) | E(ALLOC_ZERO) },
	{ PATH_WP_COPY, INFERRED, E(PRESENT) | E(WRITE) | E(ALLOC), 0 },
	{ PATH_WP_COPY, INFERRED, E(PRESENT) | E(WRITE) | E(RSS_ANON), 0 },
	{ PATH_FILE_READ, EXACT, E(FILEMAP_FAULT), E(WRITE) },
	{ PATH_FILE_READ, INFERRED, E(RSS_FILE) | E(MAJOR), E(WRITE) },
	{ PATH_FILE_READ, INFERRED, E(RSS_FILE) | E(ALLOC), E(WRITE) },
	{ PATH_FILE_AROUND, INFERRED, E(RSS_FILE), E(WRITE) | E(PRESENT) },
	{ PATH_FILE_AROUND, INFERRED, E(MAP_PAGES), E(WRITE) | E(PRESENT) },
	{ PATH_SPURIOUS, INFERRED, E(PRESENT), E(WRITE) },

	/*
	 * Nothing changed, or a mark was lost to preemption: the VMA is the only
	 * witness left.
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

const size_t nr_evidence_rows = sizeof(evidence_rows) / sizeof(evidence_rows[0]);

static int speaks(const struct evidence_row *row, uint32_t facts)
{
	return !((row->set | row->clear) & ~facts);
}

static int matches(const struct evidence_row *row, uint32_t evidence)
{
	return (evidence & row->set) == row->set && !(evidence & row->clear);
}

const struct evidence_row *classify_row(uint32_t facts, uint32_t evidence)
{
	size_t i;

	for (i = 0; i < nr_evidence_rows; i++)
		if (speaks(&evidence_rows[i], facts) && matches(&evidence_rows[i], evidence))
			return &evidence_rows[i];
	return NULL;
}

/* The mask in terms of the table's index. */
static uint32_t to_index(uint32_t mask, const uint32_t ev_bit[EV_NR])
{
	uint32_t index = 0;
	int i;

	for (i = 0; i < EV_NR; i++)
		if (mask & (1u << i))
			index |= ev_bit[i];
	return index;
}

void classify_fill(uint8_t path_of[1 << EV_INDEX_BITS], uint32_t facts,
		   const uint32_t ev_bit[EV_NR], int ask_vma)
{
	uint32_t vma = to_index(EV(VMA_ANON) | EV(VMA_FILE), ev_bit);
	uint32_t size = to_index(facts, ev_bit) + 1;
	uint32_t index;
	size_t r;

	memset(path_of, PATH_UNCLASSIFIED, 1 << EV_INDEX_BITS);
	for (index = 0; ask_vma && index < size; index++)
		if (!(index & vma))
			path_of[index] = PATH_ASK_VMA;
	/* Backwards, so that an earlier row has the last word. */
	for (r = nr_evidence_rows; r-- > 0;) {
		struct evidence_row row = evidence_rows[r];

		if (!speaks(&row, facts))
			continue;
		row.set = to_index(row.set, ev_bit);
		row.clear = to_index(row.clear, ev_bit);
		for (index = 0; index < size; index++)
			if (matches(&row, index))
				path_of[index] = row.path;
	}
}

enum exactness classify_exactness(uint32_t facts, enum fault_path path)
{
	enum exactness best = NOT_VISIBLE;
	size_t i;

	for (i = 0; i < nr_evidence_rows; i++) {
		const struct evidence_row *row = &evidence_rows[i];

		if (row->path == path && speaks(row, facts) && row->exactness < best)
			best = row->exactness;
	}
	return best;
}
