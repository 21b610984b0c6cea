/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_kernel.h: the kernel's functions by address, from /proc/kallsyms.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_KERNEL_H
#define PFSTAT_SYMBOLS_SYMBOLS_KERNEL_H

#include <stdint.h>
#include <stdio.h>

struct symbols_kernel;

struct kernel_symbol {
	const char *name; /* lives as long as the symbols */
	uint64_t offset; /* of the address in it */
	const char *module; /* "[kernel.kallsyms]", "[xfs]" */
};

/* Nothing is read before the first find. 0 or a negative errno. */
int symbols_kernel_open(struct symbols_kernel **out);

/*
 * 0, -ENOENT: no function, -EACCES: addresses are hidden (kernel.kptr_restrict, or no
 * CAP_SYSLOG), or another negative errno of reading /proc/kallsyms.
 */
int symbols_kernel_find(struct symbols_kernel *k, uint64_t address, struct kernel_symbol *out);

/* For a message: why there are no symbols, and the remedy; "": there are. */
const char *symbols_kernel_problem(struct symbols_kernel *k);

void symbols_kernel_close(struct symbols_kernel *k);

/* For tests: from f instead of /proc/kallsyms. */
int symbols_kernel_read(struct symbols_kernel **out, FILE *f);

#endif
