// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/session_load.c: loads the programs that the plan names, with their configuration and
 * maps of the sizes that the options ask for.
 */
#include "probe_session_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "probe_classify.h"
#include "probe_pid_namespace.h"
#include "report/report.h"
#include "shared/config.h"
#include "shared/hist.h"
#include "shared/tallies.h"
/* Its members are of these types. */
#include "pfstat.skel.h"
#include "util/error.h"

static void choose_programs(struct session *s)
{
	struct bpf_program *prog;
	int h, i, kind;

	bpf_object__for_each_program(prog, s->skel->obj)
		bpf_program__set_autoload(prog, false);
	for (h = 0; h < HOOK_NR; h++) {
		prog = session_hook_program(s, h);
		if (!prog)
			continue;
		bpf_program__set_autoload(prog, true);
		if (s->plan->hook[h].method == METHOD_KPROBE_MULTI)
			bpf_program__set_expected_attach_type(prog, BPF_TRACE_KPROBE_MULTI);
	}
	bpf_program__set_autoload(session_begin_program(s, LINK_BEGIN_USER), true);
	bpf_program__set_autoload(session_begin_program(s, LINK_BEGIN_KERNEL), true);
	for (i = 0; i < 2; i++)
		if (session_end_program(s, i))
			bpf_program__set_autoload(session_end_program(s, i), true);
	if (session_exit_program(s))
		bpf_program__set_autoload(session_exit_program(s), true);
	for (kind = 0; kind < SLAB_NR; kind++) {
		const struct slab_maps maps = session_slab_maps(s, kind);

		bpf_program__set_autoload(maps.give_back, maps.limit);
	}
}

/* What is kept of each fault in addition to its path. */
static void configure_details(const struct session *s, struct config *cfg)
{
	const struct session_options *options = &s->options;

	cfg->only = options->only;
	cfg->causes = s->plan->causes != 0;
	cfg->cause_counters = options->cause_counters;
	cfg->by[0] = options->by[0];
	cfg->by[1] = options->by[1];
	cfg->trace = options->trace;
	cfg->trace_slower_ns = options->trace_slower_ns;
	cfg->trace_sample = options->trace_sample;
	cfg->trace_stacks = options->trace_stacks;
	cfg->profile = options->profile_stacks != 0;
	/* By other dimensions no address is needed. */
	cfg->details = cfg->causes || session_by_mapping(options) || cfg->trace || cfg->profile;
}

/* The sizes of the slabs' maps; one entry each where they are not used. */
static void size_slabs(const struct session *s)
{
	int kind;

	for (kind = 0; kind < SLAB_NR; kind++) {
		const struct slab_maps maps = session_slab_maps(s, kind);

		if (!maps.limit)
			continue;
		bpf_map__set_max_entries(maps.slab, maps.limit + 1);
		bpf_map__set_max_entries(maps.index, maps.limit);
		bpf_map__set_max_entries(maps.free, maps.limit);
	}
}

/* The sizes of the other maps; one entry each where they are not used. */
static void size_details(struct session *s, const struct config *cfg)
{
	const struct session_options *options = &s->options;

	if (cfg->details)
		bpf_map__set_max_entries(s->skel->maps.details, NR_INFLIGHT);
	if (options->cause_counters)
		bpf_map__set_max_entries(s->skel->maps.cause_counters,
					 cfg->nr_cpus * PATH_NR * ORIGIN_NR);
	if (session_by_mapping(options))
		bpf_map__set_max_entries(s->skel->maps.group_mappings, options->group_limit + 1);
	if (options->trace)
		bpf_map__set_max_entries(s->skel->maps.trace_ring, options->trace_ring_bytes);
}

#define RSS_FACTS (EV(RSS_ANON) | EV(RSS_FILE))

/* What depends on which hooks are attached. */
static void configure_hooks(struct config *cfg, const struct plan *plan)
{
	const enum method mm_fault = plan->hook[HOOK_handle_mm_fault].method;

	cfg->task_btf = plan->task_btf;
	cfg->tid_by_task = plan->tid_by_task;
	cfg->task_rss = plan->task_rss;
	cfg->anon_by_rss = plan->task_btf && (plan->facts & RSS_FACTS) == EV(RSS_ANON) &&
			   plan_attaches(plan, HOOK_do_swap_page);
	cfg->swap_by_rss = plan->task_rss && !plan_attaches(plan, HOOK_do_swap_page);
	cfg->vma_source = plan->vma_source;
	cfg->gup = plan_attaches(plan, HOOK_handle_mm_fault);
	cfg->gup_by_lookup = mm_fault >= METHOD_KPROBE;
	cfg->numa_by_task = plan->numa_by_task;
	cfg->huge_by_pages = !plan_attaches(plan, HOOK_do_huge_pmd_numa_page);
	cfg->uffd_by_vma = !plan_attaches(plan, HOOK_handle_userfault);
	cfg->orders = plan->orders;
	cfg->lock_by_tracepoint = plan->lock_by_tracepoint;
	cfg->lock_cause_here = plan_attaches(plan, HOOK_mmap_lock_start_locking);
}

/* The short ways of faults of which only path and latency are wanted (bpf/fault.bpf.h). */
static void configure_plain(struct config *cfg, const struct plan *plan)
{
	if (!cfg->details && !cfg->numa_by_task && !cfg->only.of_task)
		cfg->plain |= PLAIN_BEGIN;
	if (!cfg->details && !cfg->slow_ns && !cfg->gup && !cfg->by_cgroup && !cfg->only.of_fault)
		cfg->plain |= PLAIN_END;
	cfg->plain |= (cfg->filter ? PLAIN_FILTER : 0) | (cfg->tid_by_task ? PLAIN_TID : 0) |
		      (cfg->anon_by_rss ? PLAIN_RSS_ANON :
		       cfg->task_rss    ? PLAIN_RSS :
					  0) |
		      (cfg->by[0] ? PLAIN_GROUPS : 0);
	cfg->plain_rss_evidence = plan->ev_bit[EV_RSS_KNOWN] | plan->ev_bit[EV_RSS_ANON];
}

static void configure_session(struct session *s)
{
	struct config *cfg = (struct config *)&s->skel->rodata->cfg;
	const struct plan *plan = s->plan;

	cfg->nr_cpus = libbpf_num_possible_cpus();
	cfg->pid_level = pid_namespace_level(s->options.pids);
	cfg->pid_inum = pid_namespace_inum(s->options.pids);
	cfg->slow_ns = s->options.slow_ns;
	cfg->filter = s->options.per_task;
	cfg->end_by_task =
		s->options.per_task && plan_end_row(plan)->of_targets && !s->options.windows;
	cfg->end_by_function = !plan_end_row(plan)->of_targets;
	cfg->inherit_threads = s->options.inherit_threads;
	cfg->inherit_children = s->options.inherit_children;
	cfg->by_cgroup = s->options.cgroup_limit != 0;
	cfg->cgroup_unified = s->options.unified;
	configure_hooks(cfg, plan);
	configure_details(s, cfg);
	configure_plain(cfg, plan);
	memcpy((void *)s->skel->rodata->ev_bit, plan->ev_bit, sizeof(plan->ev_bit));
	classify_fill((uint8_t *)s->skel->rodata->path_of, plan->facts, plan->ev_bit,
		      plan->vma_source != VMA_UNKNOWN);
	memcpy((void *)s->skel->rodata->wait_ranges, plan->wait, sizeof(plan->wait));
	histogram_fill_tables((struct hist_tables *)&s->skel->rodata->hist);

	bpf_map__set_max_entries(s->skel->maps.fault_counters,
				 cfg->nr_cpus * FAULT_COUNTERS_PER_CPU);
	bpf_map__set_max_entries(s->skel->maps.tally, cfg->nr_cpus);
	bpf_map__set_max_entries(s->skel->maps.slow_faults,
				 cfg->slow_ns ? cfg->nr_cpus * SLOW_PER_CPU : 1);
	bpf_map__set_max_entries(s->skel->maps.targets, s->options.per_task ? TARGET_WORDS : 1);
	bpf_map__set_max_entries(s->skel->maps.exec_gaps, cfg->end_by_task ? GAP_WORDS : 1);
	size_slabs(s);
	size_details(s, cfg);
}

/* Entries 1 to limit; the lowest on top, so that the used ones stay close together. */
static int fill_free_entries(const struct session *s)
{
	unsigned int i;
	int kind;

	for (kind = 0; kind < SLAB_NR; kind++) {
		const struct slab_maps maps = session_slab_maps(s, kind);

		for (i = maps.limit; i; i--)
			if (bpf_map_update_elem(bpf_map__fd(maps.free), NULL, &i, BPF_ANY))
				return -errno;
	}
	return 0;
}

/* Up to 5.10 maps count as locked memory; over the limit the error is EPERM. */
static int explain_load(const struct session_options *options, int err, struct error *error)
{
	struct rlimit limit;

	if (err == -EPERM && !getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur != RLIM_INFINITY)
		return error_set(
			error, err,
			"the kernel refused the BPF programs: %s; locked memory is limited to %llu KiB,"
			" and this kernel may count BPF maps: raise it (ulimit -l unlimited,"
			" LimitMEMLOCK=infinity)",
			strerror(-err), (unsigned long long)limit.rlim_cur / 1024);
	if (err == -ENOMEM && options->trace)
		return error_set(
			error, err,
			"no memory for the BPF programs and maps; the trace's ring buffer takes %u KiB"
			" (--mmap-pages)",
			options->trace_ring_bytes / 1024);
	return error_set(error, err,
			 "the kernel refused the BPF programs: %s (pfstat -v prints its reasons)",
			 strerror(-err));
}

/*
 * For a type that the kernel lacks (struct backing_file up to 6.4) libbpf searches the BTF of
 * all modules, too, and fails without CAP_SYS_ADMIN. With btf_custom_path it searches only
 * that file, but keeps it twice: 6 MiB and 25 ms more.
 */
static struct pfstat_bpf *open_object(void)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	__u32 id;

	if (bpf_btf_get_next_id(0, &id) == -EPERM)
		opts.btf_custom_path = "/sys/kernel/btf/vmlinux";
	return pfstat_bpf__open_opts(&opts);
}

int session_load(struct session **out, const struct plan *plan,
		 const struct session_options *options, struct error *error)
{
	struct session *s = calloc(1, sizeof(*s));
	int err, h;

	if (!s)
		return error_set(error, -ENOMEM, "%s", strerror(ENOMEM));
	s->plan = plan;
	s->options = *options;
	for (h = 0; h < HOOK_NR; h++)
		s->kprobe_fds[h] = -1;
	s->switch_fds[0] = s->switch_fds[1] = -1;
	s->skel = open_object();
	if (!s->skel) {
		err = error_set(error, -errno, "cannot open the BPF object: %s", strerror(errno));
		goto fail;
	}
	choose_programs(s);
	configure_session(s);
	err = pfstat_bpf__load(s->skel);
	if (err) {
		explain_load(options, err, error);
		goto fail;
	}
	err = fill_free_entries(s);
	if (err) {
		error_set(error, err, "cannot fill a map of free entries: %s", strerror(-err));
		goto fail;
	}
	s->targets_fd = bpf_map__fd(s->skel->maps.targets);
	if (plan_end_row(plan)->of_targets)
		end_events_init(&s->end_events, bpf_program__fd(session_end_program(s, 0)),
				bpf_program__fd(session_end_program(s, 1)),
				options->per_task && !options->windows,
				options->inherit_threads || options->inherit_children);
	*out = s;
	return 0;
fail:
	session_close(s);
	return err;
}
