// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/hooks.c: the table of hooks, from the rows of bpf/shared/hook_rows.h.
 */
#include "probe_hooks.h"

/* clang-format off */
const struct hook_row hook_rows[HOOK_NR] = {
#define ROW(function, facts, gives)                                                                \
	[HOOK_##function] = { #function, facts, "fentry_" #function, "kprobe_" #function, 0, gives }
#define PROBE_ROW(function, fact) ROW(function, EV(fact), 0),
	PROBE_HOOKS(PROBE_ROW)
	COPY_HOOKS(PROBE_ROW)
#undef PROBE_ROW
#define VMF_ROW(function, fact)                                                                    \
	ROW(function, EV(fact) | EV(VMA_ANON) | EV(VMA_FILE) | EV(VMA_SHARED), 0),
	VMF_HOOKS(VMF_ROW)
#undef VMF_ROW
#define PATH_ROW(function, path) ROW(function, 0, "the path of that name"),
	PATH_HOOKS(PATH_ROW)
#undef PATH_ROW
#define OTHER_ROW(function, facts, gives) ROW(function, facts, gives),
	OTHER_HOOKS(OTHER_ROW)
#undef OTHER_ROW
	ROW(handle_mm_fault, 0, "retries, get_user_pages faults"),
#define LOOKUP_ROW(function, call)                                                                     \
	[HOOK_##function] = { #function, 0, 0, "kprobe_" #function, 0, "end of get_user_pages faults" },
	LOOKUP_HOOKS(LOOKUP_ROW)
#undef LOOKUP_ROW
#undef ROW
#define TRACEPOINT_ROW(name, facts, program, text)                                                 \
	[HOOK_##name] = { #name, facts, 0, 0, program, text },
	PROBE_TRACEPOINTS(TRACEPOINT_ROW)
#define CAUSE_ROW(name, cause, which)                                                              \
	TRACEPOINT_ROW(name, 0, "tp_" #name, "cause: " #which " of " #cause)
	CAUSE_HOOKS(CAUSE_ROW)
#undef CAUSE_ROW
	OTHER_TRACEPOINTS(TRACEPOINT_ROW)
#undef TRACEPOINT_ROW
};
/* clang-format on */
