/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * proc/liveness.h: whether a process or thread has ended.
 */
#ifndef PFSTAT_PROC_LIVENESS_H
#define PFSTAT_PROC_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "procfs.h"

struct liveness {
	int64_t boot_offset_ns; /* of this process' time namespace */
};

void liveness_open(struct liveness *a);

/*
 * id and start_ns are of the task as BPF programs report it; is_thread: of a thread, not a
 * process. false also for id 0, a task of another pid namespace. closely: by /proc, too, which
 * detects ids that are in use again, and zombies; else only by kill(2).
 */
bool liveness_has_ended(const struct liveness *a, uint64_t id, uint64_t start_ns, bool is_thread,
			bool closely);

/* Only by /proc/ID/stat. */
bool liveness_stat_ended(const struct procfs_stat *stat, uint64_t start_ns, bool is_thread);

#endif
