// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/setup.c: see run/run_setup.h.
 */
#include "run_setup.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "run_targets.h"
#include "util/error.h"

bool per_task(const struct opts *opts)
{
	return opts->nr_pids || opts->tid || opts->child;
}

/* Each task or CPU needs two descriptors: as many as are allowed. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * Want of descriptors shows in many ways, not all of which say EMFILE: libbpf
 * takes it for features that the kernel lacks. So after a failure a low limit
 * is always worth a line.
 */
void setup_explain_limit(void)
{
	const unsigned int enough = 4 * HOOK_NR + 64 + 2 * sysconf(_SC_NPROCESSORS_CONF);
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < enough)
		fprintf(stderr,
			"pfstat: the limit of open files is %llu, which may be why;"
			" %u are enough (ulimit -n)\n",
			(unsigned long long)limit.rlim_cur, enough);
}

static bool wants_causes(const struct opts *opts)
{
	return opts->causes || opts->command == COMMAND_TRACE;
}

static int make_plan(struct setup *a, const struct opts *opts)
{
	const struct plan_request request = {
		.mode = opts->attach,
		.per_task = per_task(opts),
		.gup = opts->gup,
		.causes = wants_causes(opts),
	};

	plan_make(&a->plan, &request, &a->caps);
	if (a->plan.verdict) {
		fprintf(stderr, "pfstat: %s\n", a->plan.reason);
		return a->plan.verdict == PLAN_PRIVILEGE ? EXIT_PRIVILEGE : EXIT_KERNEL;
	}
	if (a->plan.note[0])
		fprintf(stderr, "pfstat: %s\n", a->plan.note);
	if (opts->verbose && !opts->dry_run)
		plan_print(&a->plan, stderr);
	return 0;
}

/*
 * Where cgroups are looked up: for -c, --by cgroup and the trace. Without any mounted they
 * are not known, which only -c cannot do without.
 */
static int setup_cgroups(struct setup *a)
{
	int err = a->cgroups ? 0 : cgroups_open(&a->cgroups, NULL);

	if (!err)
		a->cgroups_unified = cgroups_unified(a->cgroups);
	return err;
}

static int find_cgroup(struct setup *a, const char *text)
{
	int err = setup_cgroups(a);

	if (err == -ENOENT) {
		fprintf(stderr, "pfstat: -c %s: no cgroup hierarchy is mounted (/sys/fs/cgroup)\n",
			text);
		return EXIT_FAILED;
	}
	if (!err)
		err = cgroups_id_of(a->cgroups, text, &a->only.cgroup);
	if (!err)
		return 0;
	fprintf(stderr, "pfstat: -c %s: %s\n", text,
		err == -ENOENT ? "no such cgroup, by path or by id" : strerror(-err));
	return EXIT_USAGE;
}

static int open_cgroups(struct setup *a, const struct opts *opts)
{
	const bool by = opts->by[0] == DIM_CGROUP || opts->by[1] == DIM_CGROUP;
	int err = 0;

	a->only = opts->only;
	if (opts->cgroup)
		return find_cgroup(a, opts->cgroup);
	if (by || opts->command == COMMAND_TRACE)
		err = setup_cgroups(a);
	if (!err || !by)
		return 0;
	if (err != -ENOENT)
		return fail_errno(EXIT_FAILED, "--by cgroup", err);
	fputs("pfstat: --by cgroup: no cgroup hierarchy is mounted (/sys/fs/cgroup)\n", stderr);
	return EXIT_FAILED;
}

int setup_plan(struct setup *a, const struct opts *opts)
{
	int code = open_cgroups(a, opts);

	raise_limit();
	if (code)
		return code;
	/* A dry run promises, so it tries. */
	caps_probe(&a->caps, opts->attach, opts->dry_run);
	if (wants_causes(opts))
		caps_probe_wait_functions(&a->caps);
	return make_plan(a, opts);
}

static void fill_scope(struct session_options *scope, const struct setup *a,
		       const struct opts *opts)
{
	*scope = (struct session_options){
		.per_task = per_task(opts),
		.inherit_threads = !opts->tid,
		.inherit_children = !opts->tid && !opts->no_inherit,
		.unified = a->cgroups_unified,
		.only = a->only,
		.cause_counters = opts->causes,
	};
	switch (opts->command) {
	case COMMAND_SERVE:
		scope->slow_ns = opts->slow_ns;
		scope->cgroup_limit = opts->by[0] ? opts->cgroup_limit : 0;
		break;
	case COMMAND_TRACE:
		scope->trace = true;
		scope->trace_slower_ns = opts->slow_ns;
		scope->trace_sample = opts->sample;
		scope->trace_stacks = opts->stacks;
		scope->trace_ring_bytes = opts->ring_bytes;
		break;
	case COMMAND_PROFILE:
		scope->profile_stacks = opts->stack_limit;
		break;
	default:
		memcpy(scope->by, opts->by, sizeof(scope->by));
		scope->group_limit = opts->by_limit;
	}
}

/*
 * A hook that loads and then cannot be attached
 * (a function without an ftrace site) is taken off the capabilities, and the
 * plan is made again without it.
 */
int setup_attach_probes(struct setup *a, const struct opts *opts)
{
	struct session_options scope;
	struct error error;
	enum hook failed;
	int err;

	fill_scope(&scope, a, opts);
	for (;;) {
		err = session_load(&a->session, &a->plan, &scope, &error);
		if (err) {
			fprintf(stderr, "pfstat: %s\n", error.text);
			return exit_code_of(err);
		}
		err = session_attach_probes(a->session, &failed);
		if (!err)
			return 0;
		if (failed == HOOK_NR || a->plan.hook[failed].method <= METHOD_UNNEEDED)
			return fail_errno(exit_code_of(err), "cannot attach", err);
		switch (a->plan.hook[failed].method) {
		case METHOD_FENTRY:
			a->caps.hook_fentry[failed] = err;
			break;
		case METHOD_KPROBE_MULTI:
			a->caps.hook_multi[failed] = false;
			break;
		case METHOD_KPROBE:
			a->caps.hook_kprobe[failed] = err;
			break;
		default:
			a->caps.hook_tracepoint[failed] = err;
		}
		session_close(a->session);
		a->session = NULL;
		err = make_plan(a, opts);
		if (err)
			return err;
	}
}

int setup_machine(struct setup *a, struct kernel_counters *kernel_counters, int *cpus)
{
	int err;

	/* First the news, so that no CPU can come online in between. */
	*cpus = targets_open_cpu_events();
	if (*cpus < 0)
		fprintf(stderr, "pfstat: CPUs that come online later will be missed: %s\n",
			strerror(-*cpus));
	kernel_counters_attaching(kernel_counters);
	err = targets_add_cpus(a->session);
	return err < 0 ? fail_errno(exit_code_of(err), "perf events of the CPUs", err) : 0;
}

int setup_process(struct setup *a, struct kernel_counters *kernel_counters, int pid)
{
	int err = targets_add_process(a->session, kernel_counters, pid);
	char what[48];

	snprintf(what, sizeof(what), "process %d", pid);
	return err < 0 ? fail_errno(exit_code_of(err), what, err) : 0;
}

int setup_start(struct setup *a)
{
	int err = session_start(a->session);

	return err ? fail_errno(exit_code_of(err), "cannot attach to the page_fault tracepoints",
				err) :
		     0;
}

void setup_close(struct setup *a)
{
	session_close(a->session);
	a->session = NULL;
	cgroups_close(a->cgroups);
	a->cgroups = NULL;
}
