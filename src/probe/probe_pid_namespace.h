/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_pid_namespace.h: translates thread IDs between the pid namespace of this process
 * and the kernel's own (the initial one), which the BPF programs use.
 */
#ifndef PFSTAT_PROBE_PROBE_PID_NAMESPACE_H
#define PFSTAT_PROBE_PROBE_PID_NAMESPACE_H

#include <stdbool.h>

struct error;
struct pid_namespace;

/*
 * Sets *out to NULL in the initial pid namespace, where both IDs are the same; the functions
 * below then take NULL. Returns 0, or a negative errno and fills error: the kernel refuses
 * to list tasks, or /proc belongs to another pid namespace.
 */
int pid_namespace_open(struct pid_namespace **out, struct error *error);

/* Of the namespace: its depth (initial: 0) and number (/proc/self/ns/pid). */
unsigned int pid_namespace_level(const struct pid_namespace *ns);
unsigned int pid_namespace_inum(const struct pid_namespace *ns);

/* Lists the tasks again. 0, or a negative errno. */
int pid_namespace_read(struct pid_namespace *ns);

/* The kernel's ID of task tid; tasks are listed again if it is new. -ESRCH: no such task. */
int pid_namespace_to_kernel(struct pid_namespace *ns, int tid);

/* The ID here of the kernel's tid, as of the last list. 0: not a task of this namespace. */
int pid_namespace_to_local(const struct pid_namespace *ns, int tid);

void pid_namespace_close(struct pid_namespace *ns);

#endif
