// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/session.c: see probe/probe.h.
 */
#include "probe_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "probe_classify.h"
#include "report/report.h"
#include "shared/config.h"
#include "shared/hist.h"
#include "shared/tallies.h"
/* Its members are the types above. */
#include "pfstat.skel.h"
#include "probe_end_events.h"
#include "probe_perf_event.h"
#include "util/error.h"

/* The programs of the begin, and of an end that is not perf's, have links of their own. */
enum { LINK_BEGIN_USER, LINK_BEGIN_KERNEL, LINK_EXIT, LINK_NR };

struct session {
	const struct plan *plan;
	struct session_options scope;
	struct pfstat_bpf *skel;
	struct bpf_link *links[LINK_NR];
	struct bpf_link *hook_links[HOOK_NR];
	int kprobe_fds[HOOK_NR];
	struct end_events end_events;
	uint64_t *targets; /* mmapped while tasks are added */
};

static const char *hook_program(const struct plan *plan, enum hook h)
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

static struct bpf_program *program(const struct session *s, const char *name)
{
	return bpf_object__find_program_by_name(s->skel->obj, name);
}

static struct bpf_program *begin_program(const struct session *s, int link)
{
	if (link == LINK_BEGIN_USER)
		return s->plan->atomics ? s->skel->progs.begin_user :
					  s->skel->progs.begin_user_plain;
	return s->plan->atomics ? s->skel->progs.begin_kernel : s->skel->progs.begin_kernel_plain;
}

static struct bpf_program *end_program(const struct session *s, int major)
{
	if (s->plan->vma_source == VMA_FIND)
		return major ? s->skel->progs.end_major_vma : s->skel->progs.end_minor_vma;
	return major ? s->skel->progs.end_major : s->skel->progs.end_minor;
}

/* fexit on handle_mm_fault: the fallback's end, or the end of get_user_pages faults. */
static struct bpf_program *exit_program(const struct session *s)
{
	if (s->plan->end == END_FEXIT)
		return s->plan->vma_source == VMA_FIND ? s->skel->progs.fexit_end_vma :
							 s->skel->progs.fexit_end;
	if (s->plan->hook[HOOK_handle_mm_fault].method == METHOD_FENTRY)
		return s->skel->progs.fexit_handle_mm_fault;
	return NULL;
}

static bool by_mapping(const struct session_options *scope)
{
	int i;

	for (i = 0; i < 2; i++)
		if (scope->by[i] == DIM_MAPPING || scope->by[i] == DIM_FILE)
			return true;
	return false;
}

/* What programs claim entries of (bpf/slab.bpf.h): its maps and its program. */
enum { SLAB_CGROUP, SLAB_GROUP, SLAB_PROFILE_STACK, SLAB_PROFILE_FAULT, SLAB_NR };

struct slab_maps {
	struct bpf_map *slab, *index, *free;
	struct bpf_program *give_back;
	unsigned int limit; /* 0: not wanted */
};

static struct slab_maps slab_maps(const struct session *s, int kind)
{
#define SLAB_MAPS(name, program, max)                                                              \
	{                                                                                          \
		s->skel->maps.name##_slab, s->skel->maps.name##_index, s->skel->maps.name##_free,  \
			s->skel->progs.program, max                                                \
	}
	const struct session_options *scope = &s->scope;
	const struct slab_maps kinds[SLAB_NR] = {
		[SLAB_CGROUP] = SLAB_MAPS(cgroup, scope_return, scope->cgroup_limit),
		[SLAB_GROUP] =
			SLAB_MAPS(group, group_return, scope->by[0] ? scope->group_limit : 0),
		[SLAB_PROFILE_STACK] =
			SLAB_MAPS(profile_stack, profile_stack_return, scope->profile_stacks),
		/* Pairs of stacks, of some more processes than one. */
		[SLAB_PROFILE_FAULT] =
			SLAB_MAPS(profile_fault, profile_fault_return, 2 * scope->profile_stacks),
	};
#undef SLAB_MAPS

	return kinds[kind];
}

static void choose_programs(struct session *s)
{
	struct bpf_program *prog;
	int h, kind;

	bpf_object__for_each_program(prog, s->skel->obj)
		bpf_program__set_autoload(prog, false);
	for (h = 0; h < HOOK_NR; h++) {
		if (!hook_program(s->plan, h))
			continue;
		prog = program(s, hook_program(s->plan, h));
		bpf_program__set_autoload(prog, true);
		if (s->plan->hook[h].method == METHOD_KPROBE_MULTI)
			bpf_program__set_expected_attach_type(prog, BPF_TRACE_KPROBE_MULTI);
	}
	bpf_program__set_autoload(begin_program(s, LINK_BEGIN_USER), true);
	bpf_program__set_autoload(begin_program(s, LINK_BEGIN_KERNEL), true);
	if (s->plan->end == END_PERF) {
		bpf_program__set_autoload(end_program(s, 0), true);
		bpf_program__set_autoload(end_program(s, 1), true);
	}
	if (exit_program(s))
		bpf_program__set_autoload(exit_program(s), true);
	for (kind = 0; kind < SLAB_NR; kind++) {
		const struct slab_maps maps = slab_maps(s, kind);

		bpf_program__set_autoload(maps.give_back, maps.limit);
	}
}

/* What is kept and told of each fault beside its path. */
static void configure_details(const struct session *s, struct config *cfg)
{
	const struct session_options *scope = &s->scope;

	cfg->only = scope->only;
	cfg->causes = s->plan->causes != 0;
	cfg->cause_counters = scope->cause_counters;
	cfg->by[0] = scope->by[0];
	cfg->by[1] = scope->by[1];
	cfg->trace = scope->trace;
	cfg->trace_slower_ns = scope->trace_slower_ns;
	cfg->trace_sample = scope->trace_sample;
	cfg->trace_stacks = scope->trace_stacks;
	cfg->profile = scope->profile_stacks != 0;
	cfg->details = cfg->causes || cfg->by[0] || cfg->trace || cfg->profile;
}

/* Without keys one of each. */
static void size_slabs(const struct session *s)
{
	int kind;

	for (kind = 0; kind < SLAB_NR; kind++) {
		const struct slab_maps maps = slab_maps(s, kind);

		if (!maps.limit)
			continue;
		bpf_map__set_max_entries(maps.slab, maps.limit + 1);
		bpf_map__set_max_entries(maps.index, maps.limit);
		bpf_map__set_max_entries(maps.free, maps.limit);
	}
}

/* Sizes of their maps; without them one entry each. */
static void size_details(struct session *s, const struct config *cfg)
{
	const struct session_options *scope = &s->scope;

	if (cfg->details)
		bpf_map__set_max_entries(s->skel->maps.details, NR_INFLIGHT);
	if (scope->cause_counters)
		bpf_map__set_max_entries(s->skel->maps.cause_counters,
					 cfg->nr_cpus * PATH_NR * ORIGIN_NR);
	if (by_mapping(scope))
		bpf_map__set_max_entries(s->skel->maps.group_mappings, scope->group_limit + 1);
	if (scope->trace)
		bpf_map__set_max_entries(s->skel->maps.trace_ring, scope->trace_ring_bytes);
}

static void configure(struct session *s)
{
	struct config *cfg = (struct config *)&s->skel->rodata->cfg;
	const struct plan *plan = s->plan;

	cfg->nr_cpus = libbpf_num_possible_cpus();
	cfg->slow_ns = s->scope.slow_ns;
	cfg->filter = s->scope.per_task;
	cfg->inherit_threads = s->scope.inherit_threads;
	cfg->inherit_children = s->scope.inherit_children;
	cfg->task_btf = plan->task_btf;
	cfg->task_rss = plan->task_rss;
	cfg->swap_by_rss =
		plan->task_rss && plan->hook[HOOK_do_swap_page].method <= METHOD_UNNEEDED;
	cfg->vma_source = plan->vma_source;
	cfg->gup = plan->hook[HOOK_handle_mm_fault].method > METHOD_UNNEEDED;
	cfg->gup_by_lookup = plan->hook[HOOK_handle_mm_fault].method >= METHOD_KPROBE;
	cfg->numa_by_task = plan->numa_by_task;
	cfg->huge_by_pages = plan->hook[HOOK_do_huge_pmd_numa_page].method <= METHOD_UNNEEDED;
	cfg->uffd_by_vma = plan->hook[HOOK_handle_userfault].method <= METHOD_UNNEEDED;
	cfg->orders = plan->orders;
	cfg->by_cgroup = s->scope.cgroup_limit != 0;
	cfg->cgroup_unified = s->scope.unified;
	cfg->lock_by_tracepoint = plan->lock_by_tracepoint;
	cfg->lock_cause_here = plan->hook[HOOK_mmap_lock_start_locking].method > METHOD_UNNEEDED;
	configure_details(s, cfg);
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
	bpf_map__set_max_entries(s->skel->maps.targets, s->scope.per_task ? TARGET_WORDS : 1);
	size_slabs(s);
	size_details(s, cfg);
}

/* Entries 1 to limit; the lowest on top, so that those in use stay close together. */
static int fill_free(const struct session *s)
{
	unsigned int i;
	int kind;

	for (kind = 0; kind < SLAB_NR; kind++) {
		const struct slab_maps maps = slab_maps(s, kind);

		for (i = maps.limit; i; i--)
			if (bpf_map_update_elem(bpf_map__fd(maps.free), NULL, &i, BPF_ANY))
				return -errno;
	}
	return 0;
}

/* Up to 5.10 maps count as locked memory, and what goes beyond the limit is EPERM. */
static int explain_load(const struct session_options *scope, int err, struct error *error)
{
	struct rlimit limit;

	if (err == -EPERM && !getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur != RLIM_INFINITY)
		return error_set(
			error, err,
			"the kernel refused the BPF programs: %s; locked memory is limited to %llu KiB,"
			" and this kernel may count BPF maps: raise it (ulimit -l unlimited,"
			" LimitMEMLOCK=infinity)",
			strerror(-err), (unsigned long long)limit.rlim_cur / 1024);
	if (err == -ENOMEM && scope->trace)
		return error_set(
			error, err,
			"no memory for the BPF programs and maps; the trace's ring buffer takes %u KiB"
			" (--mmap-pages)",
			scope->trace_ring_bytes / 1024);
	return error_set(error, err,
			 "the kernel refused the BPF programs: %s (pfstat -v prints its reasons)",
			 strerror(-err));
}

/*
 * For a type that the kernel does not have (struct backing_file up to 6.4) libbpf searches
 * all modules, too, and gives up where it may not (CAP_SYS_ADMIN). BTF that is named is
 * searched alone, but is then kept twice: 6 MiB and 25 ms more.
 */
static struct pfstat_bpf *open_object(void)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	__u32 id;

	if (bpf_btf_get_next_id(0, &id) == -EPERM)
		opts.btf_custom_path = "/sys/kernel/btf/vmlinux";
	return pfstat_bpf__open_opts(&opts);
}

int session_load(struct session **out, const struct plan *plan, const struct session_options *scope,
		 struct error *error)
{
	struct session *s = calloc(1, sizeof(*s));
	int err, h;

	if (!s)
		return error_set(error, -ENOMEM, "%s", strerror(ENOMEM));
	s->plan = plan;
	s->scope = *scope;
	for (h = 0; h < HOOK_NR; h++)
		s->kprobe_fds[h] = -1;
	s->skel = open_object();
	if (!s->skel) {
		err = error_set(error, -errno, "cannot open the BPF object: %s", strerror(errno));
		goto fail;
	}
	choose_programs(s);
	configure(s);
	err = pfstat_bpf__load(s->skel);
	if (err) {
		explain_load(scope, err, error);
		goto fail;
	}
	err = fill_free(s);
	if (err) {
		error_set(error, err, "cannot fill a map of free entries: %s", strerror(-err));
		goto fail;
	}
	end_events_init(&s->end_events, bpf_program__fd(end_program(s, 0)),
			bpf_program__fd(end_program(s, 1)), scope->per_task,
			scope->inherit_threads || scope->inherit_children);
	*out = s;
	return 0;
fail:
	session_close(s);
	return err;
}

static int attach_kprobe(struct session *s, enum hook h)
{
	int fd = perf_event_open_kprobe(hook_rows[h].name);
	int err = fd;

	if (fd >= 0) {
		s->kprobe_fds[h] = fd;
		err = perf_event_attach(fd, bpf_program__fd(program(s, hook_program(s->plan, h))));
	}
	return err;
}

static int attach_kprobe_multi(struct session *s, enum hook h)
{
	const char *function = hook_rows[h].name;
	LIBBPF_OPTS(bpf_kprobe_multi_opts, opts, .syms = &function, .cnt = 1);

	s->hook_links[h] = bpf_program__attach_kprobe_multi_opts(
		program(s, hook_program(s->plan, h)), NULL, &opts);
	return s->hook_links[h] ? 0 : -errno;
}

static int attach(struct bpf_program *prog, struct bpf_link **link)
{
	*link = bpf_program__attach(prog);
	return *link ? 0 : -errno;
}

int session_attach_probes(struct session *s, enum hook *failed)
{
	int h, err;

	*failed = HOOK_NR;
	for (h = 0; h < HOOK_NR; h++) {
		const char *name = hook_program(s->plan, h);

		if (!name)
			continue;
		if (s->plan->hook[h].method == METHOD_KPROBE)
			err = attach_kprobe(s, h);
		else if (s->plan->hook[h].method == METHOD_KPROBE_MULTI)
			err = attach_kprobe_multi(s, h);
		else
			err = attach(program(s, name), &s->hook_links[h]);
		if (err) {
			*failed = h;
			return err;
		}
	}
	if (!exit_program(s))
		return 0;
	err = attach(exit_program(s), &s->links[LINK_EXIT]);
	if (err)
		*failed = HOOK_handle_mm_fault;
	return err;
}

static int map_targets(struct session *s)
{
	s->targets = mmap(NULL, TARGET_WORDS * sizeof(*s->targets), PROT_READ | PROT_WRITE,
			  MAP_SHARED, bpf_map__fd(s->skel->maps.targets), 0);
	if (s->targets != MAP_FAILED)
		return 0;
	s->targets = NULL;
	return -errno;
}

int session_add_task(struct session *s, int tid)
{
	uint64_t *word;
	int err = s->targets ? 0 : map_targets(s);

	if (!err && s->plan->end == END_PERF)
		err = end_events_open(&s->end_events, tid);
	if (err)
		return err;
	/* Its neighbours' bits may be set by a fork at this moment: atomic. */
	word = &s->targets[((unsigned int)tid / 64) % TARGET_WORDS];
	__atomic_fetch_or(word, 1ull << (tid % 64), __ATOMIC_SEQ_CST);
	return 0;
}

bool session_has_task(const struct session *s, int tid)
{
	return end_events_has(&s->end_events, tid) ||
	       (s->plan->end != END_PERF && s->targets &&
		(s->targets[((unsigned int)tid / 64) % TARGET_WORDS] >> (tid % 64)) & 1);
}

int session_add_cpu(struct session *s, int cpu)
{
	return s->plan->end == END_PERF ? end_events_open(&s->end_events, cpu) : 0;
}

int session_start(struct session *s)
{
	int link, err;

	if (s->targets) {
		munmap(s->targets, TARGET_WORDS * sizeof(*s->targets));
		s->targets = NULL;
	}
	for (link = LINK_BEGIN_USER; link <= LINK_BEGIN_KERNEL; link++) {
		err = attach(begin_program(s, link), &s->links[link]);
		if (err)
			return err;
	}
	return 0;
}

static void detach_hook(struct session *s, enum hook h)
{
	bpf_link__destroy(s->hook_links[h]);
	s->hook_links[h] = NULL;
	if (s->kprobe_fds[h] >= 0)
		close(s->kprobe_fds[h]);
	s->kprobe_fds[h] = -1;
}

void session_stop(struct session *s)
{
	bpf_link__destroy(s->links[LINK_BEGIN_USER]);
	bpf_link__destroy(s->links[LINK_BEGIN_KERNEL]);
	s->links[LINK_BEGIN_USER] = NULL;
	s->links[LINK_BEGIN_KERNEL] = NULL;
	end_events_stop(&s->end_events);
	/*
	 * The begin and the end of get_user_pages faults, or the end that is not
	 * perf's. Last, as taking off a trampoline takes its time.
	 */
	detach_hook(s, HOOK_handle_mm_fault);
	bpf_link__destroy(s->links[LINK_EXIT]);
	s->links[LINK_EXIT] = NULL;
}

static struct slab session_slab(const struct session *s, int kind)
{
	const struct slab_maps maps = slab_maps(s, kind);

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
	maps->slow_fd = s->scope.slow_ns ? bpf_map__fd(s->skel->maps.slow_faults) : -1;
	maps->slots = s->skel->bss->inflight;
	maps->nr_cpus = s->skel->rodata->cfg.nr_cpus;
	maps->epoch = &s->skel->bss->epoch;
	maps->targets_fd = bpf_map__fd(s->skel->maps.targets);
	maps->exit_counters = (const struct exit_counters *)&s->skel->bss->exit_counters;
	maps->cgroup_counters = session_slab(s, SLAB_CGROUP);
	maps->causes_fd = s->scope.cause_counters ? bpf_map__fd(s->skel->maps.cause_counters) : -1;
	maps->groups = session_slab(s, SLAB_GROUP);
	maps->group_mappings_fd =
		by_mapping(&s->scope) ? bpf_map__fd(s->skel->maps.group_mappings) : -1;
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

/* What the kernel says of a program; all zero of one that is not loaded. */
static struct bpf_prog_info info_of(const struct bpf_program *prog)
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
		sum += info_of(prog).recursion_misses;
	return sum;
}

uint64_t session_exit_misses(const struct session *s)
{
	return info_of(s->skel->progs.task_exit).recursion_misses;
}

int session_program(const struct session *s, unsigned int i, struct session_program *stats)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, s->skel->obj) {
		struct bpf_prog_info info;

		if (bpf_program__fd(prog) < 0 || i--)
			continue;
		info = info_of(prog);
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
	for (i = 0; i < LINK_NR; i++)
		bpf_link__destroy(s->links[i]);
	end_events_close(&s->end_events);
	for (i = 0; i < HOOK_NR; i++)
		detach_hook(s, i);
	pfstat_bpf__destroy(s->skel);
	free(s);
}
