// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/hooks.c: the table of hooks, from the rows of bpf/shared/hook_rows.h.
 */
#include "probe_hooks.h"

#include <stddef.h>

/* clang-format off */
const struct hook_row hook_rows[HOOK_NR] = {
#define FUNCTION_ROW(function, facts)                                                              \
	[HOOK_##function] = { #function, facts, "fentry_" #function, "kprobe_" #function, NULL },
#define FACT_ROW(function, fact) FUNCTION_ROW(function, EV(fact))
	PROBE_HOOKS(FACT_ROW)
	COPY_HOOKS(FACT_ROW)
#define VMF_ROW(function, fact)                                                                    \
	FUNCTION_ROW(function, EV(fact) | EV(VMA_ANON) | EV(VMA_FILE) | EV(VMA_SHARED))
	VMF_HOOKS(VMF_ROW)
#define PATH_ROW(function, path) FUNCTION_ROW(function, 0)
	PATH_HOOKS(PATH_ROW)
	OTHER_HOOKS(FUNCTION_ROW)
	FUNCTION_ROW(handle_mm_fault, 0)
#define LOOKUP_ROW(function, call)                                                                 \
	[HOOK_##function] = { #function, 0, NULL, "kprobe_" #function, NULL },
	LOOKUP_HOOKS(LOOKUP_ROW)
#define TRACEPOINT_ROW(name, facts, program) [HOOK_##name] = { #name, facts, NULL, NULL, #program },
	PROBE_TRACEPOINTS(TRACEPOINT_ROW)
#define CAUSE_ROW(name, cause, which) TRACEPOINT_ROW(name, 0, tp_##name)
	CAUSE_HOOKS(CAUSE_ROW)
	OTHER_TRACEPOINTS(TRACEPOINT_ROW)
};
/* clang-format on */
