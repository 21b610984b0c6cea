/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe.h: the face of probe/: what this kernel allows, the plan, and the session that
 * loads, attaches and reads the BPF programs.
 */
#ifndef PFSTAT_PROBE_PROBE_H
#define PFSTAT_PROBE_PROBE_H

#include "probe_caps.h"
#include "probe_hooks.h"
#include "probe_perf_event.h"
#include "probe_pid_namespace.h"
#include "probe_plan.h"
#include "probe_preemption.h"
#include "probe_session.h"
#include "probe_slab.h"

#endif
