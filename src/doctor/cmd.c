// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * doctor/cmd.c: pfstat doctor: prints the capabilities and the plan made of them.
 */
#include "doctor.h"

#include <errno.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/utsname.h>

#include "probe/probe.h"
#include "util/error.h"

static const char *answer(int err)
{
	return err ? strerror(-err) : "yes";
}

static void print_answer(FILE *f, const char *what, int err, const char *remedy)
{
	fprintf(f, "  %-34s %s\n", what, answer(err));
	if (err && remedy)
		fprintf(f, "  %-34s -> %s\n", "", remedy);
}

static void print_sysctl(FILE *f, const char *name, const char *path)
{
	FILE *sysctl = fopen(path, "re");
	int value;

	if (sysctl && fscanf(sysctl, "%d", &value) == 1)
		fprintf(f, "  %-34s %d\n", name, value);
	if (sysctl)
		fclose(sysctl);
}

static void print_capability(FILE *f, cap_t caps, cap_value_t cap, const char *what)
{
	cap_flag_value_t set = CAP_CLEAR;
	char *name;

	if (!CAP_IS_SUPPORTED(cap)) {
		fprintf(f, "  %-34s not supported by this kernel\n", what);
		return;
	}
	cap_get_flag(caps, cap, CAP_EFFECTIVE, &set);
	name = cap_to_name(cap);
	fprintf(f, "  %-34s %s\n", name ? name : what, set == CAP_SET ? "yes" : "no");
	cap_free(name);
}

static void print_privileges(FILE *f)
{
	cap_t caps = cap_get_proc();

	fputs("Privileges\n", f);
	if (caps) {
		print_capability(f, caps, CAP_SYS_ADMIN, "cap_sys_admin");
		print_capability(f, caps, CAP_BPF, "cap_bpf");
		print_capability(f, caps, CAP_PERFMON, "cap_perfmon");
		cap_free(caps);
	}
	print_sysctl(f, "kernel.perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid");
	print_sysctl(f, "kernel.unprivileged_bpf_disabled",
		     "/proc/sys/kernel/unprivileged_bpf_disabled");
	print_sysctl(f, "kernel.ftrace_enabled", "/proc/sys/kernel/ftrace_enabled");
}

/* Needed for -p, -t, -- and names; see probe/probe_pid_namespace.h. */
static void print_pid_namespace(FILE *f)
{
	struct pid_namespace *ns;
	struct error error;

	if (pid_namespace_open(&ns, &error))
		fprintf(f, "  %-34s no: %s\n", "pid namespace", error.text);
	else
		fprintf(f, "  %-34s %s\n", "pid namespace",
			ns ? "nested: only its own tasks have IDs and names" : "the initial one");
	pid_namespace_close(ns);
}

static void print_caps(FILE *f, const struct caps *caps)
{
	const char *perf = "CAP_SYS_ADMIN, or CAP_PERFMON and kernel.perf_event_paranoid=2:"
			   " otherwise the end is fexit, which can miss faults";

	fputs("\nThis kernel\n", f);
	print_answer(f, "BPF programs", caps->bpf, "run as root, or with CAP_BPF and CAP_PERFMON");
	print_answer(f, "BTF (/sys/kernel/btf/vmlinux)", caps->btf,
		     "a kernel built with CONFIG_DEBUG_INFO_BTF=y");
	print_answer(f, "exceptions:page_fault_* tracepoints", caps->begin,
		     "x86 with CONFIG_TRACEPOINTS=y");
	print_answer(f, "perf events of a CPU", caps->perf_cpu, perf);
	print_answer(f, "perf events of a task", caps->perf_task, perf);
	print_answer(f, "fentry", caps->fentry,
		     "CONFIG_FUNCTION_TRACER and CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y,"
		     " kernel.ftrace_enabled=1, no lockdown");
	print_answer(f, "kprobes", caps->kprobe, "CONFIG_KPROBE_EVENTS=y, no lockdown");
	print_answer(f, "addresses of kernel functions", caps->kallsyms,
		     "root, or CAP_SYSLOG and kernel.kptr_restrict at most 1: without them causes"
		     " are less precise, and profile shows no kernel functions");
	print_pid_namespace(f);
	print_answer(f, "VMA look-up", caps->find_vma || caps->vmacache ? 0 : -EOPNOTSUPP,
		     "bpf_find_vma (5.17 and later): without it rare paths stay unclassified");
}

/* scope: which faults; the rows of its plan, and why not the others. */
static void print_methods(FILE *f, const struct caps *caps, const char *scope, bool per_task)
{
	const struct plan_request request = { .mode = ATTACH_AUTO, .per_task = per_task };
	const struct method_row *row;
	struct plan plan;

	plan_make(&plan, &request, caps);
	if (plan.verdict)
		return;
	fprintf(f, "\nMethods, %s (--attach=STEP=NAME)\n", scope);
	for (int step = 0; step < STEP_NR; step++)
		for (unsigned int i = 0; (row = method_row(step, i)); i++)
			fprintf(f, "  %-6s %-11s %s: %s\n", step_name(step), row->name, row->text,
				i == plan_method(&plan, step) ? "used" :
								plan_unused_reason(&plan, step, i));
}

static void print_paths(FILE *f, const struct plan *plan)
{
	unsigned int path, origin;

	fprintf(f, "\nPaths with --attach=auto (%s)\n  %-16s", plan->attach, "");
	for (origin = 0; origin < ORIGIN_NR; origin++)
		fprintf(f, "%-13s", origin_name(origin));
	fputc('\n', f);
	for (path = 0; path < PATH_NR; path++) {
		fprintf(f, "  %-16s", path_name(path));
		for (origin = 0; origin < ORIGIN_NR; origin++)
			fprintf(f, "%-13s", exactness_name(plan->exact[path][origin]));
		fprintf(f, "%s\n", path_help(path));
	}
}

static void print_causes(FILE *f, const struct plan *plan)
{
	unsigned int cause;

	fputs("\nCauses (pfstat trace, --causes)\n", f);
	for (cause = 0; cause < CAUSE_NR; cause++)
		fprintf(f, "  %-16s%-13s%s\n", cause_name(cause),
			plan->causes & 1u << cause ? "available" : "unavailable",
			cause_help(cause));
}

static void print_hooks(FILE *f, const struct caps *caps, const struct plan *plan)
{
	int h;

	fprintf(f, "\nHooks\n  %-30s %-12s%s\n", "", "plan", "fentry / kprobe / tracepoint");
	for (h = 0; h < HOOK_NR; h++) {
		fprintf(f, "  %-30s %-12s", hook_rows[h].name, method_name(plan->hook[h].method));
		if (h < HOOK_FIRST_TRACEPOINT)
			fprintf(f, "%s / %s\n", answer(caps->hook_fentry[h]),
				answer(caps->hook_kprobe[h]));
		else
			fprintf(f, "%s\n", answer(caps->hook_tracepoint[h]));
	}
}

static int doctor_run(const void *options)
{
	const struct run_options *o = options;
	const struct plan_request request = { .mode = ATTACH_AUTO, .causes = true };
	struct utsname name;
	FILE *f = stdout;
	struct caps caps;
	struct plan plan;

	if (!uname(&name))
		fprintf(f, "Linux %s %s\n\n", name.release, name.machine);
	caps_probe(&caps, ATTACH_KPROBE, true);
	caps_probe_wait_functions(&caps);
	plan_make(&plan, &request, &caps);
	print_privileges(f);
	print_caps(f, &caps);
	if (plan.verdict) {
		fprintf(f, "\nMeasuring is not possible: %s\n", plan.reason);
		return run_verdict_status(plan.verdict);
	}
	print_methods(f, &caps, "the whole machine", false);
	print_methods(f, &caps, "-p, -t and --", true);
	print_paths(f, &plan);
	print_causes(f, &plan);
	if (o->verbose)
		print_hooks(f, &caps, &plan);
	fprintf(f, "\nMeasuring is possible.\n");
	if (plan.note[0])
		fprintf(f, "%s\n", plan.note);
	return 0;
}

const struct command doctor_command = {
	.name = "doctor",
	.help = "what this kernel and these privileges allow",
	.options = &doctor_option_table,
	.run = doctor_run,
};
