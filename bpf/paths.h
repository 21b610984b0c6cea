/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * paths.h: the fault paths that pfstat names: identifier, name in the outputs,
 * how such a fault ends (DONE: the kernel accounts it as minor or major; FAILED:
 * it does not), and a line of help. The rows that decide between them are in
 * src/classify.c; docs/paths.md describes them.
 */
#ifndef PFSTAT_PATHS_H
#define PFSTAT_PATHS_H

#define PATHS(X)                                                                                   \
	X(ANON, "anon", DONE, "first write to anonymous memory (do_anonymous_page)") \
	X(ANON_ZERO, "anon_zero", DONE, "first read of anonymous memory: the zero page") \
	X(THP, "thp", DONE, "anonymous huge page (do_huge_pmd_anonymous_page)") \
	X(THP_ZERO, "thp_zero", DONE, "read of anonymous memory: the huge zero page") \
	X(SWAP, "swap", DONE, "page brought back from swap (do_swap_page)") \
	X(FILE_READ, "file_read", DONE, "read of a file page through the fault operation (do_read_fault)") \
	X(FILE_AROUND, "file_around", DONE, "read of cached file pages, mapped around (do_fault_around)") \
	X(FILE_COW, "file_cow", DONE, "first write to a private file page (do_cow_fault)") \
	X(SHARED_WRITE, "shared_write", DONE, "first write to a shared file or shmem page (do_shared_fault)") \
	X(WP_COPY, "wp_copy", DONE, "write to a protected page, which was copied (wp_page_copy)") \
	X(WP_REUSE, "wp_reuse", DONE, "write to a protected page, which was kept (wp_page_reuse)") \
	X(WP_SHARED, "wp_shared", DONE, "write to a clean shared page (wp_page_shared)") \
	X(HUGETLB, "hugetlb", DONE, "hugetlbfs page (hugetlb_fault)") \
	X(SPURIOUS, "spurious", DONE, "nothing left to do: another fault had fixed it") \
	X(BAD_ADDRESS, "bad_address", FAILED, "no mapping or no permission: SIGSEGV, or EFAULT to the kernel") \
	X(SIGBUS, "sigbus", FAILED, "the mapping has no page there: SIGBUS") \
	X(FIXUP, "fixup", FAILED, "kernel access with page faults disabled (copy_from_user_nofault)") \
	X(UNRESOLVED, "unresolved", FAILED, "began, and no end was seen") \
	X(UNCLASSIFIED, "unclassified", DONE, "ended, but the evidence names no path")

enum fault_path {
#define PATH_ENUM(id, name, end, text) PATH_##id,
	PATHS(PATH_ENUM)
#undef PATH_ENUM
	PATH_NR,
	/* In the table only: gather what is dearer to know, then index again. */
	PATH_ASK = 0xff
};

#endif
