/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_hooks.h: the functions and tracepoints that pfstat can attach to, as a table
 * made of the same rows as the programs (bpf/shared/hook_rows.h).
 */
#ifndef PFSTAT_PROBE_PROBE_HOOKS_H
#define PFSTAT_PROBE_PROBE_HOOKS_H

#include <stdint.h>

#include "shared/evidence.h"
#include "shared/hook_rows.h"

/* clang-format off */
enum hook {
#define HOOK_ENUM(function, ...) HOOK_##function,
	PROBE_HOOKS(HOOK_ENUM)
	COPY_HOOKS(HOOK_ENUM)
	VMF_HOOKS(HOOK_ENUM)
	PATH_HOOKS(HOOK_ENUM)
	OTHER_HOOKS(HOOK_ENUM)
	HOOK_handle_mm_fault,
	LOOKUP_HOOKS(HOOK_ENUM)
	/* Tracepoints from here on. */
	PROBE_TRACEPOINTS(HOOK_ENUM)
	CAUSE_HOOKS(HOOK_ENUM)
	OTHER_TRACEPOINTS(HOOK_ENUM)
#undef HOOK_ENUM
	HOOK_NR
};
/* clang-format on */

#define HOOK_FIRST_TRACEPOINT HOOK_rss_stat
#define HOOK_FIRST_CAUSE      HOOK_mmap_lock_start_locking

struct hook_row {
	const char *name; /* of the kernel function or tracepoint */
	uint32_t facts; /* EV() of all that it may set; 0: it sets none */
	/* Programs by method; NULL: not possible. */
	const char *fentry;
	const char *kprobe;
	const char *tracepoint;
};

extern const struct hook_row hook_rows[HOOK_NR];

#endif
