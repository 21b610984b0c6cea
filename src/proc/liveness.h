/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * proc/liveness.h: has a process or thread, as BPF programs name it, ended?
 */
#ifndef PFSTAT_PROC_LIVENESS_H
#define PFSTAT_PROC_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "procfs.h"

struct liveness {
	bool known; /* the ids here are those that BPF programs see */
	int64_t boot_offset_ns; /* of this process' time namespace */
};

void liveness_open(struct liveness *a);

/*
 * id with its start time, as BPF programs see them; is_thread: it is a thread, not a process. false
 * also when it cannot be told. closely: by /proc, which finds ids that are in use again, and
 * zombies; else by a mere kill(2).
 */
bool liveness_has_ended(const struct liveness *a, uint64_t id, uint64_t start_ns, bool is_thread,
			bool closely);

/* The same of what /proc/ID/stat says. */
bool liveness_stat_ended(const struct procfs_stat *stat, uint64_t start_ns, bool is_thread);

#endif
