/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * symbols/symbols_mmap_records.h: records of mmap, exec, fork and exit, from perf events that count
 * nothing.
 */
#ifndef PFSTAT_SYMBOLS_SYMBOLS_MMAP_RECORDS_H
#define PFSTAT_SYMBOLS_SYMBOLS_MMAP_RECORDS_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mmap_records;

/* tids NULL: the complete machine. 0, or the negative errno with which the kernel refuses. */
int mmap_records_open(struct mmap_records **out, const int *tids, unsigned int nr_tids);

/*
 * A CPU that came online, for the complete machine. The event of a CPU that goes offline is dead:
 * a ring that is there is replaced, and mmap_records_read() must have emptied it.
 */
int mmap_records_add_cpu(struct mmap_records *r, int cpu);

/* A thread, and what it creates, on a CPU. */
int mmap_records_add_thread(struct mmap_records *r, int tid, int cpu);

/* Threads have been added on this CPU; their events survive when it goes offline. */
bool mmap_records_has_cpu(const struct mmap_records *r, int cpu);

int mmap_records_fd(const struct mmap_records *r);

/*
 * Visits the records of all CPUs in the order of their times. Their number or a negative errno,
 * also the first of visit, which does not end it.
 */
int mmap_records_read(struct mmap_records *r,
		      int (*visit)(void *context, const void *record, size_t len), void *context);

void mmap_records_close(struct mmap_records *r);

/* Each record ends with this: sample_id_all with PERF_SAMPLE_TID and _TIME. */
struct perf_record_id {
	uint32_t pid, tid;
	uint64_t time; /* CLOCK_MONOTONIC */
};

#endif
