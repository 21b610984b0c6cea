/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_classify.h: from evidence to path. The rows decide; the BPF programs only look
 * up the result.
 */
#ifndef PFSTAT_PROBE_PROBE_CLASSIFY_H
#define PFSTAT_PROBE_PROBE_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/evidence.h"
#include "shared/fault_counters.h"
#include "shared/paths.h"
#include "probe_hooks.h"
#include "report/report.h"

/*
 * A fault took this path if its evidence has all bits of set and none of clear, and no
 * earlier row matches. A row is used only in a run that watches all its facts.
 */
struct evidence_row {
	enum fault_path path;
	enum exactness exactness;
	uint32_t set;
	uint32_t clear;
};

extern const struct evidence_row evidence_rows[];
extern const size_t nr_evidence_rows;

/* Where else the name of a path can be inferred from, without its hook. */
enum name_source { SOURCE_NONE, SOURCE_VMA, SOURCE_TASK };

/*
 * A path that a hook names by itself (INFLIGHT_PATH of the fault), before any row is tried:
 * as exact as by_hook where the hook is attached and the run watches facts; else inferred,
 * where source is available; else by its evidence rows, if it has any.
 */
struct named_path {
	enum fault_path path;
	enum hook hook;
	uint32_t facts;
	enum name_source source;
	enum exactness by_hook;
};

/* Of that path; NULL when only rows name it. */
const struct named_path *classify_named(enum fault_path path);

/* In place of the hook that sees the end of a fault. */
enum {
	END_ALWAYS = -1,
	END_NEVER = -2,
	END_RETURN = -3, /* the return of handle_mm_fault, where it is seen */
	END_NO_RETURN = -4, /* where it is not */
};

/*
 * A path that is known by how the fault ends: the hook that sees the end, or END_, by origin.
 * Exact in a run that watches facts, else inferred from the VMA.
 */
struct ended_path {
	enum fault_path path;
	int end[ORIGIN_NR];
	uint32_t facts;
};

/* Of that path; NULL for the others. */
const struct ended_path *classify_ended(enum fault_path path);

/* The first row that matches, in a run that watches facts; NULL: none. */
const struct evidence_row *classify_row(uint32_t facts, uint32_t evidence);

/*
 * The table for the BPF programs, indexed by the ev_bit[] of the facts: PATH_ASK where
 * the task's page counts would make a difference and were not compared (RSS_KNOWN), or
 * where no row matches and nothing is known about the VMA (ask_vma); else a path,
 * PATH_UNCLASSIFIED if there is none.
 */
void classify_fill(uint8_t path_of[1 << EV_INDEX_BITS], uint32_t facts,
		   const uint32_t ev_bit[EV_NR], int ask_vma);

/* How exactly a run that watches facts sees the path: by the best of its rows. */
enum exactness classify_exactness(uint32_t facts, enum fault_path path);

#endif
