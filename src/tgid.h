/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * tgid.h: which process a task belongs to.
 */
#ifndef PFSTAT_TGID_H
#define PFSTAT_TGID_H

/* The process that task id belongs to; 0 when there is no such task. */
int tgid_of(int id);

#endif
