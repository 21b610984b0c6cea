/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_classify.h: from evidence to path. The rows are the whole knowledge; the
 * kernel side only looks the result up.
 */
#ifndef PFSTAT_PROBE_PROBE_CLASSIFY_H
#define PFSTAT_PROBE_PROBE_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/evidence.h"
#include "shared/paths.h"
#include "probe_hooks.h"
#include "report/report.h"

/*
 * A fault whose evidence has all of set and none of clear took this path,
 * unless an earlier row says otherwise. A row speaks only in a run that watches
 * every fact that it names.
 */
struct evidence_row {
	enum fault_path path;
	enum exactness exactness;
	uint32_t set;
	uint32_t clear;
};

extern const struct evidence_row evidence_rows[];
extern const size_t nr_evidence_rows;

/*
 * A path that a hook names by itself (INFLIGHT_PATH in its slot), before any row:
 * as certain as by_hook says where the hook is attached and the run watches
 * facts; inferred from the VMA where vma is set; else it goes by its rows, if it has any.
 */
struct named_path {
	enum fault_path path;
	enum hook hook;
	uint32_t facts;
	bool vma;
	enum exactness by_hook;
};

extern const struct named_path named_paths[];
extern const size_t nr_named_paths;

/* Of that path; NULL when only rows name it. */
const struct named_path *classify_named(enum fault_path path);

/* The row that decides, of a run that watches facts; NULL when none does. */
const struct evidence_row *classify_row(uint32_t facts, uint32_t evidence);

/*
 * The table for the kernel: index by the ev_bit[] of the facts. It says PATH_ASK
 * where the task's page counts would make a difference and were not compared
 * (RSS_KNOWN), or where no row speaks and nothing is known about the VMA
 * (ask_vma); else a path, PATH_UNCLASSIFIED if there is none.
 */
void classify_fill(uint8_t path_of[1 << EV_INDEX_BITS], uint32_t facts,
		   const uint32_t ev_bit[EV_NR], int ask_vma);

/* How a run that watches facts sees the path: the best of its rows. */
enum exactness classify_exactness(uint32_t facts, enum fault_path path);

#endif
