// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/session.c: the programs and maps of a session, what is read of them, and its end.
 */
#include "probe_session_state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "shared/config.h"
#include "shared/hist.h"
#include "shared/tallies.h"
/* Its members are of these types. */
#include "pfstat.skel.h"

static const char *hook_program_name(const struct plan *plan, enum hook h)
{
	switch (plan->hook[h].method) {
	case METHOD_FENTRY:
		if (h == HOOK_handle_mm_fault && !plan->atomics)
			return "fentry_handle_mm_fault_plain";
		return hook_rows[h].fentry;
	case METHOD_KPROBE:
	case METHOD_KPROBE_MULTI:
		if (h == HOOK_handle_mm_fault && !plan->atomics)
			return "kprobe_handle_mm_fault_plain";
		return hook_rows[h].kprobe;
	case METHOD_TRACEPOINT:
		if (h == HOOK_signal_generate && plan->vma_source == VMA_FIND)
			return "signal_generate_vma";
		return hook_rows[h].tracepoint;
	default:
		return NULL;
	}
}

struct bpf_program *session_hook_program(const struct session *s, enum hook h)
{
	const char *name = hook_program_name(s->plan, h);

	return name ? bpf_object__find_program_by_name(s->skel->obj, name) : NULL;
}

struct bpf_program *session_begin_program(const struct session *s, int link)
{
	if (link == LINK_BEGIN_USER)
		return s->plan->atomics ? s->skel->progs.begin_user :
					  s->skel->progs.begin_user_plain;
	return s->plan->atomics ? s->skel->progs.begin_kernel : s->skel->progs.begin_kernel_plain;
}

struct bpf_program *session_end_program(const struct session *s, int i)
{
	const struct method_row *end = plan_end_row(s->plan);
	const char *name = end->programs[s->plan->vma_source == VMA_FIND][i];

	return name ? bpf_object__find_program_by_name(s->skel->obj, name) : NULL;
}

/* fexit on handle_mm_fault as the end of get_user_pages faults; END_FEXIT ends these, too. */
struct bpf_program *session_exit_program(const struct session *s)
{
	if (s->plan->end == END_FEXIT ||
	    s->plan->hook[HOOK_handle_mm_fault].method != METHOD_FENTRY)
		return NULL;
	return s->skel->progs.fexit_handle_mm_fault;
}

bool session_by_mapping(const struct session_options *options)
{
	int i;

	for (i = 0; i < 2; i++)
		if (options->by[i] == DIM_MAPPING || options->by[i] == DIM_FILE)
			return true;
	return false;
}

struct slab_maps session_slab_maps(const struct session *s, int kind)
{
#define SLAB_MAPS(name, program, max)                                                              \
	{                                                                                          \
		s->skel->maps.name##_slab, s->skel->maps.name##_index, s->skel->maps.name##_free,  \
			s->skel->progs.program, max                                                \
	}
	const struct session_options *options = &s->options;
	const struct slab_maps kinds[SLAB_NR] = {
		[SLAB_CGROUP] = SLAB_MAPS(cgroup, scope_return, options->cgroup_limit),
		[SLAB_GROUP] =
			SLAB_MAPS(group, group_return, options->by[0] ? options->group_limit : 0),
		[SLAB_PROFILE_STACK] =
			SLAB_MAPS(profile_stack, profile_stack_return, options->profile_stacks),
		/* Pairs of stacks, of more than one process. */
		[SLAB_PROFILE_FAULT] =
			SLAB_MAPS(profile_fault, profile_fault_return, 2 * options->profile_stacks),
	};
#undef SLAB_MAPS

	return kinds[kind];
}

static struct slab session_slab(const struct session *s, int kind)
{
	const struct slab_maps maps = session_slab_maps(s, kind);

	return (struct slab){
		.limit = maps.limit,
		.slab_fd = bpf_map__fd(maps.slab),
		.return_fd = bpf_program__fd(maps.give_back),
		.returned = &s->skel->bss->returned,
	};
}

void session_maps(const struct session *s, struct session_maps *maps)
{
	maps->fault_counters_fd = bpf_map__fd(s->skel->maps.fault_counters);
	maps->tally_fd = bpf_map__fd(s->skel->maps.tally);
	maps->slow_fd = s->options.slow_ns ? bpf_map__fd(s->skel->maps.slow_faults) : -1;
	maps->inflight = s->skel->bss->inflight;
	maps->overflow_live = (const uint64_t *)&s->skel->bss->overflow_live;
	maps->nr_cpus = s->skel->rodata->cfg.nr_cpus;
	maps->epoch = &s->skel->bss->epoch;
	maps->targets_fd = bpf_map__fd(s->skel->maps.targets);
	maps->exit_counters = (const struct exit_counters *)&s->skel->bss->exit_counters;
	maps->cgroup_counters = session_slab(s, SLAB_CGROUP);
	maps->causes_fd =
		s->options.cause_counters ? bpf_map__fd(s->skel->maps.cause_counters) : -1;
	maps->groups = session_slab(s, SLAB_GROUP);
	maps->group_mappings_fd =
		session_by_mapping(&s->options) ? bpf_map__fd(s->skel->maps.group_mappings) : -1;
	maps->trace_ring_fd = bpf_map__fd(s->skel->maps.trace_ring);
	maps->profile_stacks = session_slab(s, SLAB_PROFILE_STACK);
	maps->profile_faults = session_slab(s, SLAB_PROFILE_FAULT);
	maps->profile_claims = &s->skel->bss->profile_claims;
	maps->profile_rest = s->skel->bss->profile_rest;
}

uint64_t session_events(const struct session *s)
{
	return end_events_count(&s->end_events);
}

/* The kernel's information about a program; all 0: it is not loaded. */
static struct bpf_prog_info program_info(const struct bpf_program *prog)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_program__fd(prog) >= 0)
		bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len);
	return info;
}

uint64_t session_misses(const struct session *s)
{
	struct bpf_program *prog;
	uint64_t sum = 0;

	bpf_object__for_each_program(prog, s->skel->obj)
		sum += program_info(prog).recursion_misses;
	return sum - session_end_misses(s);
}

uint64_t session_end_misses(const struct session *s)
{
	const struct bpf_program *prog = session_end_program(s, 0);

	return plan_end_row(s->plan)->of_targets ? 0 : program_info(prog).recursion_misses;
}

uint64_t session_exit_misses(const struct session *s)
{
	return program_info(s->skel->progs.task_exit).recursion_misses;
}

int session_program(const struct session *s, unsigned int i, struct session_program *stats)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, s->skel->obj) {
		struct bpf_prog_info info;

		if (bpf_program__fd(prog) < 0 || i--)
			continue;
		info = program_info(prog);
		*stats = (struct session_program){
			.name = bpf_program__name(prog),
			.fd = bpf_program__fd(prog),
			.runs = info.run_cnt,
			.run_ns = info.run_time_ns,
		};
		return 0;
	}
	return -ENOENT;
}

void session_close(struct session *s)
{
	int i;

	if (!s)
		return;
	session_detach_end(s);
	for (i = 0; i < LINK_NR; i++)
		bpf_link__destroy(s->links[i]);
	end_events_close(&s->end_events);
	ring_buffer__free(s->removed_events);
	if (s->targets)
		munmap(s->targets, TARGET_WORDS * sizeof(*s->targets));
	if (s->gaps)
		munmap(s->gaps, GAP_WORDS * sizeof(*s->gaps));
	for (i = 0; i < HOOK_NR; i++)
		session_detach_hook(s, i);
	pfstat_bpf__destroy(s->skel);
	free(s);
}
