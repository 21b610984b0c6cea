/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * serve/serve_sandbox.h: drops the privileges that serving does not need, once all programs are
 * attached and all sockets bound. It applies to the process, so it must be called before there
 * are threads.
 */
#ifndef PFSTAT_SERVE_SERVE_SANDBOX_H
#define PFSTAT_SERVE_SERVE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct sandbox_needs {
	/* perf events are opened later, for CPUs that come online. */
	bool perf;
	/*
	 * bpf(2) is called later, for the run time of the programs: the fd of one; -1: it is not.
	 */
	int prog_fd;
};

/*
 * Drops every capability that needs does not ask for on this kernel, sets
 * no_new_privs and installs a filter of system calls (seccomp) that answers EPERM.
 * The needs of this kernel are found by trying: CAP_BPF is kept where bpf(2) is
 * refused without it (up to 5.18), CAP_PERFMON where perf events need it and it is
 * enough (with kernel.perf_event_paranoid=3 it is not; CAP_SYS_ADMIN is never kept).
 * kept gets the names of the remaining capabilities, or "no capability". 0, or a
 * negative errno with the reason in error.
 */
int sandbox_enter(const struct sandbox_needs *needs, char *kept, size_t kept_len,
		  struct error *error);

#endif
