/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/paths.h: the fault paths, one row each; docs/paths.md describes them. The columns:
 *
 * - the identifier, and the name in the outputs
 * - how such a fault ends: DONE, the kernel accounts it as minor or major; FAILED, it does
 *   not; UNTIMED, it does not, and nobody sees when it ends
 * - its outcome for an access of user mode
 * - DISK: it may read from a disk, so its series of major faults begins at 0 (pfstat serve);
 *   IN_MM: it may fail within handle_mm_fault(), which has counted it in pgfault by then
 * - the counters of /proc/vmstat that count such a fault (--check): COUNTED each time, MAYBE
 *   for some
 * - a line of help
 *
 * The rows that decide between them are in src/probe/classify.c.
 */
#ifndef PFSTAT_BPF_SHARED_PATHS_H
#define PFSTAT_BPF_SHARED_PATHS_H

/* What a fault came to; the name in the outputs. */
#define OUTCOMES(X)                                                                                \
	X(OK, "ok")                                                                                \
	X(SIGSEGV, "sigsegv")                                                                      \
	X(SIGBUS, "sigbus")                                                                        \
	X(HWPOISON, "hwpoison")                                                                    \
	X(OOM, "oom")                                                                              \
	X(KILLED, "killed")                                                                        \
	/* A signal came while it waited; the access is made again after the handler. */           \
	X(INTERRUPTED, "interrupted")                                                              \
	/* The kernel's own access failed and was fixed up: EFAULT, or a nofault copy. */          \
	X(FIXUP, "fixup")                                                                          \
	X(UNKNOWN, "unknown")

/* clang-format off */
enum outcome {
#define OUTCOME_ENUM(id, name) OUTCOME_##id,
	OUTCOMES(OUTCOME_ENUM)
#undef OUTCOME_ENUM
	OUTCOME_NR
};

#define PATHS(X)                                                                                   \
	X(ANON, "anon", DONE, OK, NONE, 0, "first write to anonymous memory (do_anonymous_page)") \
	X(ANON_ZERO, "anon_zero", DONE, OK, NONE, 0, "first read of anonymous memory: the zero page") \
	X(THP, "thp", DONE, OK, NONE, COUNTED(thp_fault_alloc), "anonymous huge page (do_huge_pmd_anonymous_page)") \
	X(THP_ZERO, "thp_zero", DONE, OK, NONE, COUNTED(thp_zero_page_alloc), "read of anonymous memory: the huge zero page") \
	X(THP_WP, "thp_wp", DONE, OK, NONE, MAYBE(thp_fault_alloc) | MAYBE(pgreuse), "write to a protected huge page (do_huge_pmd_wp_page)") \
	X(SWAP, "swap", DONE, OK, DISK, COUNTED(pswpin) | MAYBE(pgreuse), "page brought back from swap (do_swap_page)") \
	X(FILE_READ, "file_read", DONE, OK, DISK, 0, "read of a file page through the fault operation (do_read_fault)") \
	X(FILE_AROUND, "file_around", DONE, OK, NONE, 0, "read of cached file pages, mapped around (do_fault_around)") \
	X(FILE_HUGE, "file_huge", DONE, OK, NONE, 0, "file or shmem huge page mapped by a PMD (do_set_pmd)") \
	X(FILE_COW, "file_cow", DONE, OK, DISK, 0, "first write to a private file page (do_cow_fault)") \
	X(SHARED_WRITE, "shared_write", DONE, OK, DISK, 0, "first write to a shared file or shmem page (do_shared_fault)") \
	X(PFN, "pfn", DONE, OK, NONE, MAYBE(pgreuse), "device memory or page frames that a driver maps (VM_PFNMAP, VM_MIXEDMAP)") \
	X(WP_COPY, "wp_copy", DONE, OK, NONE, 0, "write to a protected page, which was copied (wp_page_copy)") \
	X(KSM_COPY, "ksm_copy", DONE, OK, NONE, COUNTED(cow_ksm), "write to a page that KSM had merged, which was copied") \
	X(WP_REUSE, "wp_reuse", DONE, OK, NONE, COUNTED(pgreuse), "write to a protected page, which was kept (wp_page_reuse)") \
	X(WP_SHARED, "wp_shared", DONE, OK, NONE, COUNTED(pgreuse), "write to a clean shared page (wp_page_shared)") \
	X(HUGETLB, "hugetlb", DONE, OK, NONE, 0, "new hugetlbfs page (hugetlb_no_page)") \
	X(HUGETLB_WP, "hugetlb_wp", DONE, OK, NONE, 0, "write to a protected hugetlbfs page (hugetlb_wp)") \
	X(NUMA, "numa", DONE, OK, NONE, COUNTED(numa_hint_faults), "NUMA hint on a page (do_numa_page)") \
	X(THP_NUMA, "thp_numa", DONE, OK, NONE, COUNTED(numa_hint_faults), "NUMA hint on a huge page (do_huge_pmd_numa_page)") \
	X(MIGRATION, "migration", DONE, OK, NONE, 0, "waited for a page that was being migrated (migration_entry_wait)") \
	X(UFFD_MISSING, "uffd_missing", DONE, OK, NONE, 0, "userfaultfd: a handler was asked for a missing page") \
	X(UFFD_WP, "uffd_wp", DONE, OK, NONE, MAYBE(pgreuse), "userfaultfd: a handler was notified of a write to a protected page") \
	X(UFFD_MINOR, "uffd_minor", DONE, OK, NONE, 0, "userfaultfd: a handler was asked to map a page that is cached") \
	X(DEVICE, "device", DONE, OK, NONE, 0, "page brought back from device memory (device-private or -exclusive)") \
	X(SPURIOUS, "spurious", DONE, OK, NONE, 0, "nothing left to do: another fault had already mapped the page") \
	X(VSYSCALL, "vsyscall", UNTIMED, OK, NONE, 0, "call of the vsyscall page, emulated (emulate_vsyscall)") \
	X(BAD_ADDRESS, "bad_address", FAILED, SIGSEGV, NONE, 0, "no mapping there (SEGV_MAPERR)") \
	X(BAD_ACCESS, "bad_access", FAILED, SIGSEGV, IN_MM, 0, "the mapping or a protection key forbids the access (SEGV_ACCERR)") \
	X(GUARD_PAGE, "guard_page", FAILED, SIGSEGV, IN_MM, 0, "guard page (MADV_GUARD_INSTALL)") \
	X(KERN_ADDR, "kern_addr", FAILED, SIGSEGV, NONE, 0, "access to a kernel address (do_kern_addr_fault)") \
	X(SIGBUS, "sigbus", FAILED, SIGBUS, IN_MM, 0, "the mapping has no page there (VM_FAULT_SIGBUS)") \
	X(HWPOISON, "hwpoison", FAILED, HWPOISON, IN_MM, 0, "the page's memory is broken (VM_FAULT_HWPOISON)") \
	X(OOM, "oom", FAILED, OOM, IN_MM, 0, "no memory for it (pagefault_out_of_memory)") \
	X(KILLED, "killed", UNTIMED, KILLED, NONE, 0, "its task was killed while it waited") \
	X(INTERRUPTED, "interrupted", UNTIMED, INTERRUPTED, NONE, 0, "a signal came while it waited; the access will be repeated") \
	X(FIXUP, "fixup", UNTIMED, FIXUP, IN_MM, 0, "kernel access that failed: page faults disabled, or no page available") \
	X(UNRESOLVED, "unresolved", UNTIMED, UNKNOWN, IN_MM, 0, "began, and no end was seen") \
	X(UNCLASSIFIED, "unclassified", DONE, OK, NONE, 0, "ended, but the evidence names no path")

enum fault_path {
#define PATH_ENUM(id, ...) PATH_##id,
	PATHS(PATH_ENUM)
#undef PATH_ENUM
	PATH_NR,
	/* In the table only: gather the evidence that is more expensive, then look up again. */
	PATH_ASK = 0xff
};
/* clang-format on */

#endif
