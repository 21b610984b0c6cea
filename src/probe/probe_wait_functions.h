/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_wait_functions.h: the addresses of WAIT_FUNCTIONS (shared/causes.h) in this
 * kernel.
 */
#ifndef PFSTAT_PROBE_PROBE_WAIT_FUNCTIONS_H
#define PFSTAT_PROBE_PROBE_WAIT_FUNCTIONS_H

#include <stdio.h>

#include "shared/causes.h"

/*
 * From /proc/kallsyms, or from f in tests, else NULL. A function that this kernel does not have
 * stays at 0. Returns 0, or a negative errno, and nothing is found: -EACCES: the addresses are
 * hidden (kernel.kptr_restrict, or no CAP_SYSLOG).
 */
int wait_functions_read(struct wait_range found[WAIT_NR], FILE *f);

#endif
