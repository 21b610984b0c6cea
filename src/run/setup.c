// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * run/setup.c: from the options to a session: cgroups, the plan, loading, attaching.
 */
#include "run_setup.h"

#include <errno.h>
#include <string.h>

int run_verdict_status(enum plan_verdict verdict)
{
	return verdict == PLAN_PRIVILEGE ? EXIT_PRIVILEGE : EXIT_KERNEL;
}

static int make_plan(struct run *run)
{
	struct plan_request request = {
		.mode = run->options->attach,
		.per_task = run_is_per_task(run->options),
		.gup = run->options->gup,
		.causes = run->request.causes,
		.stacks = run->request.session.trace_stacks || run->request.session.profile_stacks,
		.windows = run->options->duty.period_ns != 0,
	};

	memcpy(request.method, run->options->method, sizeof(request.method));
	plan_make(&run->plan, &request, &run->caps);
	if (run->plan.verdict)
		return fail_with(run_verdict_status(run->plan.verdict), run->plan.reason);
	if (run->plan.note[0])
		fprintf(stderr, "pfstat: %s\n", run->plan.note);
	if (run->options->verbose && !run->options->dry_run)
		plan_print(&run->plan, stderr);
	return 0;
}

static int find_cgroup(struct run *run, int err)
{
	const char *text = run->options->cgroup;

	if (!err)
		err = cgroups_id_of(run->cgroups, text, &run->only.cgroup);
	if (!err)
		return 0;
	fprintf(stderr, "pfstat: -c %s: %s\n", text,
		err == -ENOENT ? "no such cgroup, by path or by id" : strerror(-err));
	return EXIT_USAGE;
}

/*
 * For -c, --by cgroup and names. Without any hierarchy mounted cgroups have no names, which
 * only -c and --by cgroup cannot do without.
 */
static int open_cgroups(struct run *run)
{
	const char *option = run->options->cgroup   ? "-c" :
			     run->request.by_cgroup ? "--by cgroup" :
						      NULL;
	int err;

	if (!option && !run->request.cgroup_names)
		return 0;
	err = cgroups_open(&run->cgroups, NULL);
	if (!err)
		run->request.session.unified = cgroups_unified(run->cgroups);
	if (err == -ENOENT && option) {
		fprintf(stderr, "pfstat: %s: no cgroup hierarchy is mounted (/sys/fs/cgroup)\n",
			option);
		return EXIT_FAILED;
	}
	if (run->options->cgroup)
		return find_cgroup(run, err);
	return err && option ? fail_errno(EXIT_FAILED, option, err) : 0;
}

int setup_plan(struct run *run)
{
	int code;

	run->only = run->options->only;
	code = open_cgroups(run);
	descriptors_raise();
	if (code)
		return code;
	/* A dry run promises, and an end was asked for, whatever the mode: so all is tried. */
	caps_probe(&run->caps, run->options->attach,
		   run->options->dry_run || run->options->method[STEP_END]);
	if (run->request.causes)
		caps_probe_wait_functions(&run->caps);
	return make_plan(run);
}

/* What cannot be attached is no capability. */
static void forget_hook(struct run *run, enum hook hook, int err)
{
	switch (run->plan.hook[hook].method) {
	case METHOD_FENTRY:
		run->caps.hook_fentry[hook] = err;
		break;
	case METHOD_KPROBE_MULTI:
		run->caps.hook_multi[hook] = false;
		break;
	case METHOD_KPROBE:
		run->caps.hook_kprobe[hook] = err;
		break;
	default:
		run->caps.hook_tracepoint[hook] = err;
	}
}

/* The row of the end that the kernel refuses after all is taken off, too. */
static int attach_end(struct run *run, bool *retry)
{
	const struct method_row *end = plan_end_row(&run->plan);
	int err = session_attach_end(run->session);

	if (!err)
		return 0;
	fprintf(stderr, "pfstat: %s cannot be attached (%s): another end is taken\n", end->text,
		strerror(-err));
	*retry = true;
	if (run->plan.end == END_FEXIT)
		run->caps.fexit = err;
	else
		run->caps.sw_event = err;
	return EXIT_FAILED;
}

/* retry: with another plan it may work. */
static int load_and_attach(struct run *run, const struct session_options *options, bool *retry)
{
	struct error error;
	enum hook failed;
	int err = session_load(&run->session, &run->plan, options, &error);

	*retry = false;
	if (err)
		return fail_with(exit_code_of(err), error.text);
	err = session_attach_probes(run->session, &failed);
	if (!err)
		/* A window attaches its own. */
		return options->windows ? 0 : attach_end(run, retry);
	if (failed == HOOK_NR || run->plan.hook[failed].method <= METHOD_UNNEEDED)
		return fail_errno(exit_code_of(err), "cannot attach", err);
	forget_hook(run, failed, err);
	*retry = true;
	return EXIT_FAILED;
}

/*
 * A hook that loads and then cannot be attached (a function without an ftrace site) is taken
 * off the capabilities, and the plan is made again without it.
 */
int setup_probes(struct run *run)
{
	struct session_options options = run->request.session;
	struct error error;
	bool retry;

	if (pid_namespace_open(&run->pids, &error))
		return fail_with(EXIT_KERNEL, error.text);
	options.pids = run->pids;
	options.per_task = run_is_per_task(run->options);
	options.inherit_threads = !run->options->tid;
	options.inherit_children = !run->options->tid && !run->options->no_inherit;
	options.only = run->only;
	options.windows = run->options->duty.period_ns != 0;
	for (;;) {
		int code = load_and_attach(run, &options, &retry);

		if (!retry)
			return code;
		session_close(run->session);
		run->session = NULL;
		code = make_plan(run);
		if (code)
			return code;
	}
}
