/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * proc/kallsyms.h: reads /proc/kallsyms.
 */
#ifndef PFSTAT_PROC_KALLSYMS_H
#define PFSTAT_PROC_KALLSYMS_H

#include <stdint.h>
#include <stdio.h>

struct kallsym {
	uint64_t address; /* 0 where addresses are hidden */
	char type; /* as nm(1) has it: 't' and 'T' are functions */
	const char *name;
	const char *module; /* "[xfs]"; "": of the kernel itself */
};

/* 0 or a negative errno, which ends the reading. The strings live until it returns. */
typedef int (*kallsyms_visit)(void *context, const struct kallsym *symbol);

/*
 * Each symbol of /proc/kallsyms, or in tests of from, else NULL. 0, a negative errno when it
 * cannot be opened, or what visit returned.
 */
int kallsyms_read(FILE *from, kallsyms_visit visit, void *context);

#endif
