// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * caps.bpf.c: one program for each feature that only the verifier can confirm.
 * src/probe/caps.c loads each separately; none is attached.
 */
#include "../vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Atomic compare and exchange (5.12). */
SEC("perf_event")
int try_atomics(void *ctx)
{
	u64 word = 0;

	return __sync_val_compare_and_swap(&word, 0, 1) != 0;
}

/* 5.11 */
SEC("perf_event")
int try_task_btf(void *ctx)
{
	return !bpf_get_current_task_btf();
}

static long found(struct task_struct *task, struct vm_area_struct *vma, void *data)
{
	return 0;
}

/* 5.17 */
SEC("perf_event")
int try_find_vma(void *ctx)
{
	u64 data = 0;

	return bpf_find_vma(bpf_get_current_task_btf(), 0, found, &data, 0);
}
