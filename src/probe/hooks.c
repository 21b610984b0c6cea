// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/hooks.c: the table of hooks. See probe/probe_hooks.h.
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
	TRACEPOINT_ROW(rss_stat, EV(RSS_FILE) | EV(SWAP), "tp_rss_stat", 0)
	TRACEPOINT_ROW(mm_page_alloc, EV(ALLOC) | EV(ALLOC_ZERO) | EV(ALLOC_HUGE),
		       "tp_mm_page_alloc", 0)
	TRACEPOINT_ROW(mm_filemap_fault, EV(FILEMAP_FAULT), "tp_mm_filemap_fault", 0)
	TRACEPOINT_ROW(mm_filemap_map_pages, EV(MAP_PAGES), "tp_mm_filemap_map_pages", 0)
	TRACEPOINT_ROW(mmap_lock_acquire_returned, 0, "tp_mmap_lock_acquire_returned",
		       "faults that fell back to mmap_lock")
#define CAUSE_ROW(name, cause, which)                                                              \
	TRACEPOINT_ROW(name, 0, "tp_" #name, "cause: " #which " of " #cause)
	CAUSE_HOOKS(CAUSE_ROW)
#undef CAUSE_ROW
	TRACEPOINT_ROW(contention_begin, 0, "tp_contention_begin", "cause: begin of LOCK")
	TRACEPOINT_ROW(contention_end, 0, "tp_contention_end", "cause: end of LOCK")
	TRACEPOINT_ROW(sched_switch, 0, "tp_sched_switch", "cause: time off the CPU")
	TRACEPOINT_ROW(signal_generate, 0, "signal_generate", "failed faults of user mode")
	TRACEPOINT_ROW(signal_deliver, 0, "signal_deliver", "faults that a signal ended")
	TRACEPOINT_ROW(emulate_vsyscall, 0, "tp_emulate_vsyscall", "vsyscall emulation")
	TRACEPOINT_ROW(sched_process_fork, 0, "inherit_target", "threads and children of -p and --")
	TRACEPOINT_ROW(sched_process_exit, 0, "task_exit", "faults of tasks that were killed")
#undef TRACEPOINT_ROW
};
/* clang-format on */
