/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * hooks.h: the kernel functions that mark a fault, one row each: the function
 * and the fact (evidence.h) that its entry witnesses. The BPF side makes an
 * fentry and a kprobe program of each row, user space a row of its hook table.
 *
 * All take a struct vm_fault * unless they are in MARK_HOOKS. Which kernel has
 * which is not known here: they are tried (src/caps.c). A fact with several rows
 * needs one of them; the plan takes the first that the kernel allows.
 */
#ifndef PFSTAT_HOOKS_H
#define PFSTAT_HOOKS_H

/* The arguments are not looked at. */
#define MARK_HOOKS(X)                                                                              \
	X(hugetlb_fault, HUGETLB)                                                                  \
	X(do_huge_pmd_anonymous_page, HUGE_ANON)                                                   \
	X(do_anonymous_page, ANON_PAGE)                                                            \
	X(do_swap_page, SWAP)                                                                      \
	X(filemap_map_pages, MAP_PAGES)                                                            \
	/* Up to 6.1; inlined later. */                                                            \
	X(wp_page_copy, WP_COPY)                                                                   \
	/* Of the fault path only wp_page_copy calls it; returns a struct: kprobe only. */         \
	X(ptep_clear_flush, WP_COPY)                                                               \
	/* Runs for every new anonymous page as well: dearer, so the last choice. */               \
	X(folio_add_new_anon_rmap, WP_COPY)                                                        \
	X(page_add_new_anon_rmap, WP_COPY)

/* The first argument is the struct vm_fault: the VMA is a fact, too. */
#define VMF_HOOKS(X)                                                                               \
	X(do_wp_page, WP)                                                                          \
	X(__do_fault, DO_FAULT)

#endif
