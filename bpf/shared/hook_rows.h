/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/hook_rows.h: the kernel functions and tracepoints that pfstat can attach to, one row
 * each. bpf/pfstat.bpf.c makes an fentry and a kprobe program of each function's row, user
 * space a row of its hook table.
 *
 * Which kernel has which function is found out by trying (src/probe/caps.c).
 */
#ifndef PFSTAT_BPF_SHARED_HOOK_ROWS_H
#define PFSTAT_BPF_SHARED_HOOK_ROWS_H

/*
 * The function and the fact (shared/evidence.h) that its entry sets. A fact with several
 * rows needs one of them: the plan takes the first that the kernel allows. The arguments
 * are not read.
 */
#define PROBE_HOOKS(X)                                                                             \
	X(hugetlb_fault, HUGETLB)                                                                  \
	X(do_huge_pmd_anonymous_page, HUGE_ANON)                                                   \
	X(do_anonymous_page, ANON_PAGE)                                                            \
	X(filemap_map_pages, MAP_PAGES)                                                            \
	/* Of wp_page_reuse as well; not where a page was missing. 5.10: kprobe only. */           \
	X(ptep_set_access_flags, ACCESS_FLAGS)

/* The same; the copied page may be one of KSM (see probe_copy()). */
#define COPY_HOOKS(X)                                                                              \
	/* Up to 6.1; inlined later. */                                                            \
	X(wp_page_copy, WP_COPY)                                                                   \
	/* Of the fault path only wp_page_copy calls it; returns a struct: kprobe only. */         \
	X(ptep_clear_flush, WP_COPY)                                                               \
	/* Runs for every new anonymous page as well, so the last choice. */                       \
	X(folio_add_new_anon_rmap, WP_COPY)                                                        \
	X(page_add_new_anon_rmap, WP_COPY)

/* The first argument is the struct vm_fault: the VMA is a fact, too. */
#define VMF_HOOKS(X)                                                                               \
	X(do_wp_page, WP)                                                                          \
	X(__do_fault, DO_FAULT)

/*
 * Functions that are a path by themselves, whatever else the fault does: the first of
 * them that runs names the path.
 */
#define PATH_HOOKS(X)                                                                              \
	X(do_huge_pmd_wp_page, THP_WP)                                                             \
	X(huge_pmd_set_accessed, SPURIOUS)                                                         \
	X(do_huge_pmd_numa_page, THP_NUMA)                                                         \
	X(migration_entry_wait, MIGRATION)                                                         \
	X(pmd_migration_entry_wait, MIGRATION)                                                     \
	X(migration_entry_wait_huge, MIGRATION)                                                    \
	/* 7.x */                                                                                  \
	X(do_huge_pmd_device_private, DEVICE)

/* get_user_pages, which looks pages up: kprobes only, with --gup. */
#define LOOKUP_HOOKS(X)                                                                            \
	X(__get_user_pages, gup_call)                                                              \
	X(follow_page_mask, gup_lookup)                                                            \
	/* follow_page_mask is inlined since 6.12. */                                              \
	X(follow_page_pte, gup_lookup)

/*
 * Functions with a separate program, which reads their arguments or counts something in
 * addition to the path: function, facts.
 */
/* clang-format off */
#define OTHER_HOOKS(X)                                                                             \
	X(do_swap_page, EV(SWAP) | EV(SPECIAL))                                                    \
	X(handle_userfault, 0)                                                                     \
	X(task_numa_fault, 0)                                                                      \
	/* Huge pages of files; inlined in 5.10. */                                                \
	X(do_set_pmd, 0)                                                                           \
	/* The stack grows. */                                                                     \
	X(expand_stack_locked, 0)                                                                  \
	/* 5.10 */                                                                                 \
	X(expand_stack, 0)                                                                         \
	/* The fault takes mmap_lock. */                                                           \
	X(lock_mm_and_find_vma, 0)                                                                 \
	X(pagefault_out_of_memory, 0)                                                              \
	/* Failed faults of kernel mode. */                                                        \
	X(bad_area_nosemaphore, 0)                                                                 \
	X(bad_area_access_error, 0)                                                                \
	/* 5.10 */                                                                                 \
	X(bad_area, 0)

/*
 * Tracepoints: name, facts, program in pfstat.bpf.c. Those that set facts or notes, and, after the
 * causes, the others.
 */
#define PROBE_TRACEPOINTS(X)                                                                       \
	X(rss_stat, EV(RSS_FILE) | EV(SWAP), tp_rss_stat)                                          \
	X(mm_page_alloc, EV(ALLOC) | EV(ALLOC_ZERO) | EV(ALLOC_HUGE), tp_mm_page_alloc)            \
	X(mm_filemap_fault, EV(FILEMAP_FAULT), tp_mm_filemap_fault)                                \
	X(mm_filemap_map_pages, EV(MAP_PAGES), tp_mm_filemap_map_pages)                            \
	/* The fault takes mmap_lock; the end of the wait for it. */                               \
	X(mmap_lock_acquire_returned, 0, tp_mmap_lock_acquire_returned)

#define OTHER_TRACEPOINTS(X)                                                                       \
	/* Begin and end of the wait for any lock. */                                              \
	X(contention_begin, 0, tp_contention_begin)                                                \
	X(contention_end, 0, tp_contention_end)                                                    \
	/* Time off the CPU. */                                                                    \
	X(sched_switch, 0, tp_sched_switch)                                                        \
	/* Failed faults of user mode; faults that a signal ended. */                              \
	X(signal_generate, 0, signal_generate)                                                     \
	X(signal_deliver, 0, signal_deliver)                                                       \
	X(emulate_vsyscall, 0, tp_emulate_vsyscall)                                                \
	/* Threads, children, io workers of -p and --; faults of tasks that were killed. */        \
	X(task_newtask, 0, inherit_target)                                                         \
	X(sched_process_exec, 0, task_exec)                                                        \
	X(sched_process_exit, 0, task_exit)                                                        \
	/* Workers of vhost that are kernel threads. */                                            \
	X(task_rename, 0, tp_task_rename)
/* clang-format on */

/*
 * Tracepoints where a cause begins or ends: the cause, and which of the two
 * (begin_cause(), end_cause()).
 */
/* clang-format off */
#define CAUSE_HOOKS(X)                                                                             \
	/* Where there is no contention_begin (5.19): of each lock, waited for or not. */           \
	X(mmap_lock_start_locking, LOCK, begin)                                                    \
	X(mm_vmscan_direct_reclaim_begin, RECLAIM, begin)                                          \
	X(mm_vmscan_direct_reclaim_end, RECLAIM, end)                                              \
	/* With vm.zone_reclaim_mode, of a node before another node is asked. */                   \
	X(mm_vmscan_node_reclaim_begin, RECLAIM, begin)                                            \
	X(mm_vmscan_node_reclaim_end, RECLAIM, end)                                                \
	X(mm_vmscan_memcg_reclaim_begin, MEMCG, begin)                                             \
	X(mm_vmscan_memcg_reclaim_end, MEMCG, end)                                                 \
	X(mm_compaction_begin, COMPACTION, begin)                                                  \
	X(mm_compaction_end, COMPACTION, end)
/* clang-format on */

#endif
