/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * shared/paths.h: the fault paths that pfstat names: identifier, name in the outputs,
 * how such a fault ends (DONE: the kernel accounts it as minor or major; FAILED:
 * it does not; UNTIMED: nor is it known when), what came of it, and a line of help. The rows that
 * decide between them are in src/probe/classify.c, the functions that name one by themselves in
 * bpf/shared/hook_rows.h; docs/paths.md describes them.
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
	X(ANON, "anon", DONE, OK, "first write to anonymous memory (do_anonymous_page)") \
	X(ANON_ZERO, "anon_zero", DONE, OK, "first read of anonymous memory: the zero page") \
	X(THP, "thp", DONE, OK, "anonymous huge page (do_huge_pmd_anonymous_page)") \
	X(THP_ZERO, "thp_zero", DONE, OK, "read of anonymous memory: the huge zero page") \
	X(THP_WP, "thp_wp", DONE, OK, "write to a protected huge page (do_huge_pmd_wp_page)") \
	X(SWAP, "swap", DONE, OK, "page brought back from swap (do_swap_page)") \
	X(FILE_READ, "file_read", DONE, OK, "read of a file page through the fault operation (do_read_fault)") \
	X(FILE_AROUND, "file_around", DONE, OK, "read of cached file pages, mapped around (do_fault_around)") \
	X(FILE_HUGE, "file_huge", DONE, OK, "file or shmem huge page mapped whole (do_set_pmd)") \
	X(FILE_COW, "file_cow", DONE, OK, "first write to a private file page (do_cow_fault)") \
	X(SHARED_WRITE, "shared_write", DONE, OK, "first write to a shared file or shmem page (do_shared_fault)") \
	X(PFN, "pfn", DONE, OK, "device memory or page frames that a driver maps (VM_PFNMAP, VM_MIXEDMAP)") \
	X(WP_COPY, "wp_copy", DONE, OK, "write to a protected page, which was copied (wp_page_copy)") \
	X(KSM_COPY, "ksm_copy", DONE, OK, "write to a page that KSM had merged, which was copied") \
	X(WP_REUSE, "wp_reuse", DONE, OK, "write to a protected page, which was kept (wp_page_reuse)") \
	X(WP_SHARED, "wp_shared", DONE, OK, "write to a clean shared page (wp_page_shared)") \
	X(HUGETLB, "hugetlb", DONE, OK, "new hugetlbfs page (hugetlb_no_page)") \
	X(HUGETLB_WP, "hugetlb_wp", DONE, OK, "write to a protected hugetlbfs page (hugetlb_wp)") \
	X(NUMA, "numa", DONE, OK, "NUMA hint on a page (do_numa_page)") \
	X(THP_NUMA, "thp_numa", DONE, OK, "NUMA hint on a huge page (do_huge_pmd_numa_page)") \
	X(MIGRATION, "migration", DONE, OK, "waited for a page that was being migrated (migration_entry_wait)") \
	X(UFFD_MISSING, "uffd_missing", DONE, OK, "userfaultfd: a handler was asked for a missing page") \
	X(UFFD_WP, "uffd_wp", DONE, OK, "userfaultfd: a handler was told of a write to a protected page") \
	X(UFFD_MINOR, "uffd_minor", DONE, OK, "userfaultfd: a handler was asked to map a page that is cached") \
	X(DEVICE, "device", DONE, OK, "page brought back from device memory (device-private or -exclusive)") \
	X(SPURIOUS, "spurious", DONE, OK, "nothing left to do: another fault had fixed it") \
	X(VSYSCALL, "vsyscall", UNTIMED, OK, "call of the vsyscall page, emulated (emulate_vsyscall)") \
	X(BAD_ADDRESS, "bad_address", FAILED, SIGSEGV, "no mapping there (SEGV_MAPERR)") \
	X(BAD_ACCESS, "bad_access", FAILED, SIGSEGV, "the mapping or a protection key forbids the access (SEGV_ACCERR)") \
	X(GUARD_PAGE, "guard_page", FAILED, SIGSEGV, "guard page (MADV_GUARD_INSTALL)") \
	X(KERN_ADDR, "kern_addr", FAILED, SIGSEGV, "access to a kernel address (do_kern_addr_fault)") \
	X(SIGBUS, "sigbus", FAILED, SIGBUS, "the mapping has no page there (VM_FAULT_SIGBUS)") \
	X(HWPOISON, "hwpoison", FAILED, HWPOISON, "the page's memory is broken (VM_FAULT_HWPOISON)") \
	X(OOM, "oom", FAILED, OOM, "no memory for it (pagefault_out_of_memory)") \
	X(KILLED, "killed", UNTIMED, KILLED, "its task was killed while it waited") \
	X(INTERRUPTED, "interrupted", UNTIMED, INTERRUPTED, "a signal came while it waited; it will be made again") \
	X(FIXUP, "fixup", UNTIMED, FIXUP, "kernel access that failed: faults disabled, or no page to be had") \
	X(UNRESOLVED, "unresolved", UNTIMED, UNKNOWN, "began, and no end was seen") \
	X(UNCLASSIFIED, "unclassified", DONE, OK, "ended, but the evidence names no path")

enum fault_path {
#define PATH_ENUM(id, name, end, outcome, text) PATH_##id,
	PATHS(PATH_ENUM)
#undef PATH_ENUM
	PATH_NR,
	/* In the table only: gather what is dearer to know, then index again. */
	PATH_ASK = 0xff
};
/* clang-format on */

#endif
