// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/caps.c: tries what the kernel allows, with programs of a few instructions that do
 * nothing.
 */
#include "probe_caps.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "shared/fault_counters.h"
#include "caps.skel.h"
#include "probe_perf_event.h"
#include "probe_preemption.h"
#include "probe_wait_functions.h"
#include "proc/procfs.h"

/* Loads a program that returns 0. Its fd, or a negative errno. */
static int load_empty_program(enum bpf_prog_type type, enum bpf_attach_type attach, int btf_id)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach,
		    .attach_btf_id = btf_id > 0 ? btf_id : 0);
	int fd = bpf_prog_load(type, "pfstat_try", "Dual BSD/GPL", insns,
			       sizeof(insns) / sizeof(insns[0]), &opts);

	return fd < 0 ? -errno : fd;
}

/* Closes fd and returns 0; a negative errno in fd is returned. */
static int close_fd(int fd)
{
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Loads, and attaches when attach_too is true. */
static int try_btf_program(const struct btf *btf, const char *type_name, unsigned int kind,
			   enum bpf_attach_type attach, bool attach_too)
{
	int id = btf__find_by_name_kind(btf, type_name, kind);
	int prog, link = 0;

	if (id < 0)
		return -ENOENT;
	prog = load_empty_program(BPF_PROG_TYPE_TRACING, attach, id);
	if (prog < 0)
		return prog;
	if (attach_too) {
		link = bpf_raw_tracepoint_open(NULL, prog);
		link = link < 0 ? -errno : close_fd(link);
	}
	close(prog);
	return link;
}

static int try_tracepoint(const struct btf *btf, const char *name, bool attach_too)
{
	char type_name[96];

	snprintf(type_name, sizeof(type_name), "btf_trace_%s", name);
	return try_btf_program(btf, type_name, BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP, attach_too);
}

static int try_sw_event(int pid, int cpu)
{
	int event = perf_event_open_software(PERF_COUNT_SW_PAGE_FAULTS_MAJ, pid, cpu, false);
	int prog, err;

	if (event < 0)
		return event;
	prog = load_empty_program(BPF_PROG_TYPE_PERF_EVENT, 0, 0);
	err = prog < 0 ? prog : perf_event_attach(event, prog);
	close_fd(prog);
	close(event);
	return err;
}

/* Does this kernel's verifier accept the program of that name in caps.bpf.c? */
static bool try_program(const char *name)
{
	struct caps_bpf *skel = caps_bpf__open();
	struct bpf_program *prog;
	bool ok;

	if (!skel)
		return false;
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, !strcmp(bpf_program__name(prog), name));
	ok = !caps_bpf__load(skel);
	caps_bpf__destroy(skel);
	return ok;
}

static bool has_member(const struct btf *btf, const char *type_name, const char *member)
{
	int id = btf__find_by_name_kind(btf, type_name, BTF_KIND_STRUCT);
	const struct btf_type *t;
	const struct btf_member *m;
	int i;

	if (id < 0)
		return false;
	t = btf__type_by_id(btf, id);
	m = btf_members(t);
	for (i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, m[i].name_off), member))
			return true;
	return false;
}

/*
 * Can there be page-table entries that NUMA balancing made inaccessible? They remain when
 * it is switched off.
 */
static bool has_numa_hints(void)
{
	unsigned long long count = 0;
	char name[64];
	bool has = false;
	FILE *f;

	if (!procfs_read_text("/proc/sys/kernel/numa_balancing", name, sizeof(name)) &&
	    name[0] > '0')
		return true;
	f = fopen("/proc/vmstat", "re");
	while (f && !has && fscanf(f, "%63s %llu", name, &count) == 2)
		has = !strcmp(name, "numa_pte_updates") && count;
	if (f)
		fclose(f);
	return has;
}

/* Is any size of /sys/kernel/mm/transparent_hugepage/hugepages-*kB below PMD_ORDER on? */
static bool has_mthp(void)
{
	long kib = sysconf(_SC_PAGESIZE) >> 10;
	int order;

	for (order = 1; order <= MAX_ORDER_NOTED; order++) {
		char path[96], setting[96];

		snprintf(path, sizeof(path),
			 "/sys/kernel/mm/transparent_hugepage/hugepages-%ldkB/enabled",
			 kib << order);
		if (!procfs_read_text(path, setting, sizeof(setting)) &&
		    !strstr(setting, "[never]"))
			return true;
	}
	return false;
}

static void fill_errors(int *errors, int error)
{
	int h;

	for (h = 0; h < HOOK_NR; h++)
		errors[h] = error;
}

/*
 * Tries one function that every kernel from 5.10 to 7.x has: some kernels have BTF and
 * ftrace and still refuse the trampoline.
 */
static void probe_trampolines(struct caps *caps, const struct btf *btf, bool each)
{
	caps->fentry = try_btf_program(btf, "do_wp_page", BTF_KIND_FUNC, BPF_TRACE_FENTRY, true);
	caps->fexit = caps->fentry ? caps->fentry :
				     try_btf_program(btf, "handle_mm_fault", BTF_KIND_FUNC,
						     BPF_TRACE_FEXIT, true);
	caps->sw_event = caps->fentry ? caps->fentry :
					try_btf_program(btf, "___perf_sw_event", BTF_KIND_FUNC,
							BPF_TRACE_FENTRY, each);
}

static void probe_hooks(struct caps *caps, const struct btf *btf)
{
	int h;

	for (h = 0; h < HOOK_NR; h++) {
		const struct hook_row *row = &hook_rows[h];

		if (row->fentry)
			caps->hook_fentry[h] =
				caps->fentry ? caps->fentry :
					       try_btf_program(btf, row->name, BTF_KIND_FUNC,
							       BPF_TRACE_FENTRY, false);
		if (row->tracepoint)
			caps->hook_tracepoint[h] = try_tracepoint(btf, row->name, false);
	}
}

static bool try_kprobe_multi(const char *function)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .kprobe_multi.syms = &function,
		    .kprobe_multi.cnt = 1);
	int prog = load_empty_program(BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 0);
	int link;

	if (prog < 0)
		return false;
	link = bpf_link_create(prog, 0, BPF_TRACE_KPROBE_MULTI, &opts);
	close(prog);
	return link >= 0 && !close_fd(link);
}

/* Does the kernel have that function? Found in BTF, without a probe. */
static int find_function(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0 ? 0 : -ENOENT;
}

static void probe_kprobes(struct caps *caps, const struct btf *btf, bool each)
{
	bool multi = try_kprobe_multi("do_wp_page");
	int h;

	/* As for fentry: one function that all kernels have. */
	caps->kprobe = close_fd(perf_event_open_kprobe("do_wp_page"));
	if (caps->kprobe < 0) {
		fill_errors(caps->hook_kprobe, caps->kprobe);
		return;
	}
	for (h = 0; h < HOOK_FIRST_TRACEPOINT; h++) {
		const char *name = hook_rows[h].name;

		if (!hook_rows[h].kprobe)
			continue;
		caps->hook_kprobe[h] =
			each ? close_fd(perf_event_open_kprobe(name)) : find_function(btf, name);
		caps->hook_multi[h] = multi && !caps->hook_kprobe[h];
	}
}

void caps_probe(struct caps *caps, enum attach_mode mode, bool each)
{
	struct btf *btf;

	memset(caps, 0, sizeof(*caps));
	fill_errors(caps->hook_fentry, -EOPNOTSUPP);
	fill_errors(caps->hook_kprobe, -EOPNOTSUPP);
	fill_errors(caps->hook_tracepoint, -EOPNOTSUPP);
	caps->begin = caps->fentry = caps->fexit = caps->sw_event = -EOPNOTSUPP;
	caps->kprobe = -EOPNOTSUPP;

	caps->bpf = close_fd(load_empty_program(BPF_PROG_TYPE_PERF_EVENT, 0, 0));
	caps->perf_cpu = try_sw_event(-1, 0);
	caps->perf_task = try_sw_event(0, -1);
	btf = btf__load_vmlinux_btf();
	if (!btf) {
		caps->btf = -errno;
		return;
	}
	caps->begin = try_tracepoint(btf, "page_fault_user", true);
	if (!caps->begin)
		caps->begin = try_tracepoint(btf, "page_fault_kernel", true);
	caps->atomics = try_program("try_atomics");
	caps->task_btf = try_program("try_task_btf");
	caps->find_vma = try_program("try_find_vma");
	caps->task_rss = has_member(btf, "task_struct", "rss_stat");
	caps->vmacache = has_member(btf, "task_struct", "vmacache");
	caps->vma_lock = !find_function(btf, "lock_vma_under_rcu");
	caps->numa = has_numa_hints() && has_member(btf, "task_struct", "numa_faults_locality");
	caps->mthp = has_mthp();
	caps->preemptible = preemption_read();
	if (!caps->bpf) {
		/* On 6.1 each takes two grace periods: only for attach modes that use it. */
		if (each || mode == ATTACH_AUTO || mode == ATTACH_FENTRY || caps->perf_cpu ||
		    caps->perf_task)
			probe_trampolines(caps, btf, each);
		probe_hooks(caps, btf);
		if (mode == ATTACH_AUTO || mode == ATTACH_KPROBE)
			probe_kprobes(caps, btf, each);
	}
	btf__free(btf);
}

void caps_probe_wait_functions(struct caps *caps)
{
	caps->kallsyms = wait_functions_read(caps->wait, NULL);
}
