/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * probe/probe_session_state.h: a session's insides, for session.c, session_load.c and
 * session_attach.c.
 */
#ifndef PFSTAT_PROBE_PROBE_SESSION_STATE_H
#define PFSTAT_PROBE_PROBE_SESSION_STATE_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "probe_end_events.h"
#include "probe_session.h"

/*
 * The programs of the begin, of an end that is not of perf events, and of the return of
 * get_user_pages faults have links of their own.
 */
enum { LINK_BEGIN_USER, LINK_BEGIN_KERNEL, LINK_END, LINK_EXIT, LINK_NR };

struct pfstat_bpf;

/* The tasks that get events again; err, tid: of the last one that does not. */
struct reopening {
	struct session *s;
	int err, tid;
};

struct session {
	const struct plan *plan;
	struct session_options options;
	struct pfstat_bpf *skel;
	struct bpf_link *links[LINK_NR];
	struct bpf_link *hook_links[HOOK_NR];
	int kprobe_fds[HOOK_NR];
	uint64_t begin_change[2]; /* see session_begin_change() */
	struct end_events end_events;
	int switch_fds[2]; /* events that make the kernel call ___perf_sw_event; -1: none */
	int targets_fd;
	uint64_t *targets; /* mmapped with the first task */
	uint64_t *gaps; /* exec_gaps; NULL: not needed, as the next */
	struct ring_buffer *removed_events;
	struct reopening reopening;
};

/* What programs claim entries of (bpf/slab.bpf.h): its maps and its program. */
enum { SLAB_CGROUP, SLAB_GROUP, SLAB_PROFILE_STACK, SLAB_PROFILE_FAULT, SLAB_NR };

struct slab_maps {
	struct bpf_map *slab, *index, *free;
	struct bpf_program *give_back;
	unsigned int limit; /* 0: not wanted */
};

/* The maps and the program of one kind, and how many entries the options ask for. */
struct slab_maps session_slab_maps(const struct session *s, int kind);

/* Are faults counted by mapping or by file? */
bool session_by_mapping(const struct session_options *options);

/* The program of hook h, of the begin (LINK_BEGIN_), the end (0, 1), the exit; NULL: none is
 * needed. */
struct bpf_program *session_hook_program(const struct session *s, enum hook h);
struct bpf_program *session_begin_program(const struct session *s, int link);
struct bpf_program *session_end_program(const struct session *s, int i);
struct bpf_program *session_exit_program(const struct session *s);

/* Before the hooks are attached. 0, also if nothing can remove events, or a negative errno. */
int session_open_removed_events(struct session *s);

/* A hook that the plan does not want needs nothing. 0 or a negative errno. */
int session_attach_hook(struct session *s, enum hook h);
void session_detach_hook(struct session *s, enum hook h);

/* Is the hook attached in windows only? */
bool session_is_windowed(const struct session *s, enum hook h);

/* An end that is a link, with the events that it needs. */
void session_detach_end(struct session *s);

#endif
