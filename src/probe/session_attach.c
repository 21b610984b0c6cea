// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/session_attach.c: attaches and detaches: the hooks, the begin, and the ends of each
 * task or CPU.
 */
#include "probe_session_state.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe_perf_event.h"
#include "probe_pid_namespace.h"
/* Its members are of these types. */
#include "shared/config.h"
#include "shared/hist.h"
#include "shared/tallies.h"
#include "pfstat.skel.h"
#include "util/clock.h"

static int attach_kprobe(struct session *s, enum hook h, const struct bpf_program *prog)
{
	int fd = perf_event_open_kprobe(hook_rows[h].name);

	if (fd < 0)
		return fd;
	s->kprobe_fds[h] = fd;
	return perf_event_attach(fd, bpf_program__fd(prog));
}

static int attach_program(struct bpf_program *prog, struct bpf_link **link)
{
	*link = bpf_program__attach(prog);
	return *link ? 0 : -errno;
}

int session_attach_hook(struct session *s, enum hook h)
{
	struct bpf_program *prog = session_hook_program(s, h);
	const char *function = hook_rows[h].name;
	LIBBPF_OPTS(bpf_kprobe_multi_opts, opts, .syms = &function, .cnt = 1);

	if (!prog)
		return 0;
	if (s->plan->hook[h].method == METHOD_KPROBE)
		return attach_kprobe(s, h, prog);
	if (s->plan->hook[h].method != METHOD_KPROBE_MULTI)
		return attach_program(prog, &s->hook_links[h]);
	s->hook_links[h] = bpf_program__attach_kprobe_multi_opts(prog, NULL, &opts);
	return s->hook_links[h] ? 0 : -errno;
}

/* Events of this process, disabled: that they exist is enough. */
static int open_switch_events(struct session *s)
{
	static const unsigned int events[2] = { PERF_COUNT_SW_PAGE_FAULTS_MIN,
						PERF_COUNT_SW_PAGE_FAULTS_MAJ };

	for (int i = 0; i < 2; i++) {
		s->switch_fds[i] = perf_event_open_software(events[i], 0, -1, false);
		if (s->switch_fds[i] < 0)
			return s->switch_fds[i];
	}
	return 0;
}

int session_attach_end(struct session *s)
{
	const struct method_row *end = plan_end_row(s->plan);
	int err = 0;

	if (end->of_targets)
		return 0;
	if (end->needs_event)
		err = open_switch_events(s);
	return err ?: attach_program(session_end_program(s, 0), &s->links[LINK_END]);
}

int session_attach_probes(struct session *s, enum hook *failed)
{
	int h, err = session_open_removed_events(s);

	*failed = HOOK_NR;
	if (err)
		return err;
	for (h = 0; h < HOOK_NR; h++) {
		*failed = h;
		err = session_is_windowed(s, h) ? 0 : session_attach_hook(s, h);
		if (err)
			return err;
	}
	*failed = HOOK_handle_mm_fault;
	err = session_exit_program(s) ?
		      attach_program(session_exit_program(s), &s->links[LINK_EXIT]) :
		      0;
	if (!err)
		*failed = HOOK_NR;
	return err;
}

static int map_targets(struct session *s)
{
	s->targets = mmap(NULL, TARGET_WORDS * sizeof(*s->targets), PROT_READ | PROT_WRITE,
			  MAP_SHARED, s->targets_fd, 0);
	if (s->targets != MAP_FAILED)
		return 0;
	s->targets = NULL;
	return -errno;
}

int session_add_task(struct session *s, int tid)
{
	int kernel_tid = pid_namespace_to_kernel(s->options.pids, tid);
	uint64_t *word;
	int err = s->targets ? 0 : map_targets(s);

	if (kernel_tid < 0)
		return kernel_tid;
	if (!err && plan_end_row(s->plan)->of_targets && !s->options.windows)
		err = end_events_open(&s->end_events, tid);
	if (err)
		return err;
	/* Atomic: a fork may set other bits of the word at the same time. */
	word = &s->targets[((unsigned int)kernel_tid / 64) % TARGET_WORDS];
	__atomic_fetch_or(word, 1ull << (kernel_tid % 64), __ATOMIC_SEQ_CST);
	return 0;
}

bool session_has_task(const struct session *s, int tid)
{
	int kernel_tid;

	if (!s->targets)
		return false;
	kernel_tid = pid_namespace_to_kernel(s->options.pids, tid);
	return kernel_tid > 0 &&
	       (s->targets[((unsigned int)kernel_tid / 64) % TARGET_WORDS] >> (kernel_tid % 64)) &
		       1;
}

int session_local_tid(const struct session *s, int kernel_tid)
{
	return pid_namespace_to_local(s->options.pids, kernel_tid);
}

int session_list_tasks(const struct session *s)
{
	return pid_namespace_read(s->options.pids);
}

int session_add_cpu(struct session *s, int cpu)
{
	return plan_end_row(s->plan)->of_targets ? end_events_open(&s->end_events, cpu) : 0;
}

int session_start(struct session *s)
{
	int link, err;

	s->skel->bss->measuring = 1;
	s->begin_change[0] = clock_ns(CLOCK_MONOTONIC);
	for (link = LINK_BEGIN_USER; link <= LINK_BEGIN_KERNEL; link++) {
		err = attach_program(session_begin_program(s, link), &s->links[link]);
		if (err)
			return err;
		if (link == LINK_BEGIN_USER)
			s->begin_change[1] = clock_ns(CLOCK_MONOTONIC);
	}
	return 0;
}

void session_detach_hook(struct session *s, enum hook h)
{
	bpf_link__destroy(s->hook_links[h]);
	s->hook_links[h] = NULL;
	if (s->kprobe_fds[h] >= 0)
		close(s->kprobe_fds[h]);
	s->kprobe_fds[h] = -1;
}

void session_detach_end(struct session *s)
{
	bpf_link__destroy(s->links[LINK_END]);
	s->links[LINK_END] = NULL;
	for (int i = 0; i < 2; i++) {
		if (s->switch_fds[i] >= 0)
			close(s->switch_fds[i]);
		s->switch_fds[i] = -1;
	}
}

void session_end_window(struct session *s)
{
	s->begin_change[0] = clock_ns(CLOCK_MONOTONIC);
	bpf_link__destroy(s->links[LINK_BEGIN_USER]);
	s->begin_change[1] = clock_ns(CLOCK_MONOTONIC);
	bpf_link__destroy(s->links[LINK_BEGIN_KERNEL]);
	s->links[LINK_BEGIN_USER] = NULL;
	s->links[LINK_BEGIN_KERNEL] = NULL;
}

void session_stop(struct session *s)
{
	session_end_window(s);
	end_events_stop(&s->end_events);
	/*
	 * The begin and the end of get_user_pages faults, or the end without perf
	 * events. Last, as removing a trampoline is slow.
	 */
	session_detach_hook(s, HOOK_handle_mm_fault);
	session_detach_end(s);
	bpf_link__destroy(s->links[LINK_EXIT]);
	s->links[LINK_EXIT] = NULL;
}
