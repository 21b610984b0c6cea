/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_caps.h: what this kernel and these privileges allow. Found out by trying (a
 * load, an attach), never by a version number: vendors backport, and feature probes that
 * read verifier messages are wrong on new kernels.
 */
#ifndef PFSTAT_PROBE_PROBE_CAPS_H
#define PFSTAT_PROBE_PROBE_CAPS_H

#include <stdbool.h>

#include "shared/causes.h"
#include "probe_hooks.h"

/* --attach: how probes are attached. */
enum attach_mode { ATTACH_AUTO, ATTACH_FENTRY, ATTACH_KPROBE, ATTACH_TRACEPOINT, ATTACH_NR };

/* 0: works; else a negative errno. */
struct caps {
	int bpf; /* loading any program: CAP_BPF, or CAP_SYS_ADMIN */
	int btf; /* /sys/kernel/btf/vmlinux */
	int begin; /* exceptions:page_fault_user and _kernel as tp_btf */
	int perf_cpu; /* a software event of a CPU, with a program */
	int perf_task; /* the same of one task */
	int fentry; /* attaching to a function of the fault path */
	int fexit; /* handle_mm_fault */
	int sw_event; /* fentry on ___perf_sw_event */
	bool preemptible; /* tasks in kernel mode are preempted */
	int kprobe; /* any kprobe */
	int hook_fentry[HOOK_NR];
	int hook_kprobe[HOOK_NR]; /* tried if each, else: does the function exist? */
	int hook_tracepoint[HOOK_NR];
	/* Works with kprobe.multi (5.18, CONFIG_FPROBE), which is cheaper than a kprobe. */
	bool hook_multi[HOOK_NR];
	bool atomics; /* compare and exchange in BPF (5.12) */
	bool task_btf; /* bpf_get_current_task_btf (5.11) */
	bool find_vma; /* bpf_find_vma (5.17) */
	bool task_rss; /* task_struct.rss_stat (up to 6.1) */
	bool vmacache; /* task_struct.vmacache (up to 6.0) */
	bool vma_lock; /* locks per VMA (6.4, CONFIG_PER_VMA_LOCK) */
	/* Found by caps_probe_wait_functions(). */
	int kallsyms; /* the addresses of the kernel's functions can be read */
	struct wait_range wait[WAIT_NR]; /* where they are */
	/* What is switched on now. */
	bool numa; /* NUMA balancing is on or was; it counts in task_struct.numa_faults_locality */
	bool mthp; /* anonymous folios between a page and PMD size (6.8) */
};

/*
 * Probes the kernel; prints nothing. Kprobes only when the mode may need them. To remove a
 * kprobe takes about 10 ms, so one is tried, and the other functions are only looked up;
 * each: every one is tried (doctor, --dry-run). Whatever then fails to attach is found by
 * the session.
 */
void caps_probe(struct caps *caps, enum attach_mode mode, bool each);

/* For a plan with causes; takes about 40 ms. After caps_probe(). */
void caps_probe_wait_functions(struct caps *caps);

#endif
