/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * end_sw_event.bpf.h: the end of a fault as the call of ___perf_sw_event(), which
 * mm_account_fault() makes for completed faults while any such event is open.
 */
#ifndef PFSTAT_BPF_END_SW_EVENT_BPF_H
#define PFSTAT_BPF_END_SW_EVENT_BPF_H

#include "fault.bpf.h"

/* include/uapi/linux/perf_event.h */
#define SW_PAGE_FAULTS_MIN 5
#define SW_PAGE_FAULTS_MAJ 6

/* Preemption is off (__perf_sw_event(), kernel/events/core.c), so no run is skipped. */
#define SW_EVENT_PROGRAM(suffix, with_find_vma)                                                    \
	SEC("fentry/___perf_sw_event")                                                             \
	int BPF_PROG(end_sw_event##suffix, u32 event, u64 nr, struct pt_regs *regs, u64 address)   \
	{                                                                                          \
		if (event != SW_PAGE_FAULTS_MIN && event != SW_PAGE_FAULTS_MAJ)                    \
			return 0;                                                                  \
		return end_event(ctx, address, event == SW_PAGE_FAULTS_MAJ, with_find_vma);        \
	}

SW_EVENT_PROGRAM(, false)
SW_EVENT_PROGRAM(_vma, true)

#endif
