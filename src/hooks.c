// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * hooks.c: the table of hooks. See hooks.h.
 */
#include "hooks.h"

const struct hook_row hook_rows[HOOK_NR] = {
#define MARK_ROW(function, fact)                                                                   \
	[HOOK_##function] = { #function, EV(fact), "fentry_" #function, "kprobe_" #function, 0, 0 },
	MARK_HOOKS(MARK_ROW)
#undef MARK_ROW
#define VMF_ROW(function, fact)                                                                    \
	[HOOK_##function] = { #function,                                                           \
			      EV(fact) | EV(VMA_ANON) | EV(VMA_FILE) | EV(VMA_SHARED),             \
			      "fentry_" #function,                                                 \
			      "kprobe_" #function,                                                 \
			      0,                                                                   \
			      0 },
	VMF_HOOKS(VMF_ROW)
#undef VMF_ROW
#define FUNCTION_ROW(function, text)                                                               \
	[HOOK_##function] = { #function, 0, "fentry_" #function, "kprobe_" #function, 0, text },
	/* A kprobe would see no end. */
	[HOOK_handle_mm_fault] = { "handle_mm_fault", 0, "fentry_handle_mm_fault", 0, 0,
				   "retries, get_user_pages faults" },
	FUNCTION_ROW(bad_area_nosemaphore, "failed faults of kernel mode")
	FUNCTION_ROW(bad_area_access_error, "failed faults of kernel mode")
	FUNCTION_ROW(bad_area, "failed faults of kernel mode (5.10)")
#undef FUNCTION_ROW
#define TRACEPOINT_ROW(name, facts, program, text)                                                 \
	[HOOK_##name] = { #name, facts, 0, 0, program, text },
	TRACEPOINT_ROW(rss_stat, EV(RSS_FILE) | EV(SWAP), "tp_rss_stat", 0)
	TRACEPOINT_ROW(mm_page_alloc, EV(ALLOC) | EV(ALLOC_ZERO) | EV(ALLOC_HUGE),
		       "tp_mm_page_alloc", 0)
	TRACEPOINT_ROW(mm_filemap_fault, EV(FILEMAP_FAULT), "tp_mm_filemap_fault", 0)
	TRACEPOINT_ROW(mm_filemap_map_pages, EV(MAP_PAGES), "tp_mm_filemap_map_pages", 0)
	TRACEPOINT_ROW(signal_generate, 0, "signal_generate", "failed faults of user mode")
	TRACEPOINT_ROW(sched_process_fork, 0, "inherit_target", "threads and children of -p and --")
	TRACEPOINT_ROW(sched_process_exit, 0, "task_exit", "faults of tasks that were killed")
#undef TRACEPOINT_ROW
};
