// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * attach.c: see attach.h.
 */
#include "attach.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tasks.h"

int fail(int code, const char *what, int err)
{
	fprintf(stderr, "pfstat: %s: %s\n", what, strerror(-err));
	return code;
}

int exit_code_of(int err)
{
	return err == -EPERM || err == -EACCES ? EXIT_PRIVILEGE : EXIT_FAILED;
}

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
void attach_explain_limit(void)
{
	const unsigned int enough = 4 * HOOK_NR + 64 + 2 * sysconf(_SC_NPROCESSORS_CONF);
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < enough)
		fprintf(stderr, "pfstat: the limit of open files is %llu, which may be why;"
			" %u are enough (ulimit -n)\n",
			(unsigned long long)limit.rlim_cur, enough);
}

void attach_print_plan(const struct attachment *a, FILE *f)
{
	const struct plan *plan = &a->plan;
	unsigned int path, origin;
	int h;

	fprintf(f, "attach: %s\n", plan->attach);
	fprintf(f, "end: %s\n", plan->end == END_PERF ?
				       "perf software events page-faults-min and -maj" :
				       "fexit on handle_mm_fault");
	for (h = 0; h < HOOK_NR; h++) {
		fprintf(f, "%-28s %s", hook_rows[h].name, method_name(plan->hook[h].method));
		if (plan->hook[h].error)
			fprintf(f, " (%s)", strerror(-plan->hook[h].error));
		fputc('\n', f);
	}
	for (path = 0; path < PATH_NR; path++) {
		fprintf(f, "path %-23s", path_name(path));
		for (origin = 0; origin < ORIGIN_NR; origin++)
			fprintf(f, " %s: %s", origin_name(origin),
				exactness_name(plan->exact[path][origin]));
		fputc('\n', f);
	}
}

static int make_plan(struct attachment *a, const struct opts *opts)
{
	const struct plan_request request = {
		.way = opts->attach,
		.per_task = per_task(opts),
		.gup = opts->gup,
	};

	plan_make(&a->plan, &request, &a->caps);
	if (a->plan.impossible) {
		fprintf(stderr, "pfstat: %s\n", a->plan.reason);
		return a->plan.impossible;
	}
	if (a->plan.note[0])
		fprintf(stderr, "pfstat: %s\n", a->plan.note);
	if (opts->verbose && !opts->dry_run)
		attach_print_plan(a, stderr);
	return 0;
}

int attach_plan(struct attachment *a, const struct opts *opts)
{
	raise_limit();
	/* A dry run promises, so it tries. */
	caps_probe(&a->caps, opts->attach, opts->dry_run);
	return make_plan(a, opts);
}

/*
 * A hook that loads and then cannot be attached
 * (a function without an ftrace site) is taken off the capabilities, and the
 * plan is made again without it.
 */
int attach_marks(struct attachment *a, const struct opts *opts)
{
	const struct session_scope scope = {
		.per_task = per_task(opts),
		.inherit_threads = !opts->tid,
		.inherit_children = !opts->tid && !opts->no_inherit,
		.slow_ns = opts->slow_ns,
		.cgroup_limit = opts->by == SCOPE_CGROUP ? opts->cgroup_limit : 0,
		.unified = a->cgroups_unified,
	};
	char error[256];
	enum hook failed;
	int err;

	for (;;) {
		err = session_load(&a->session, &a->plan, &scope, error, sizeof(error));
		if (err) {
			fprintf(stderr, "pfstat: %s\n", error);
			return exit_code_of(err);
		}
		err = session_attach_marks(a->session, &failed);
		if (!err)
			return 0;
		if (failed == HOOK_NR || a->plan.hook[failed].method <= METHOD_UNNEEDED)
			return fail(exit_code_of(err), "cannot attach", err);
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

int attach_machine(struct attachment *a, struct books *books, int *cpus)
{
	int err;

	/* First the news, so that no CPU can come online in between. */
	*cpus = tasks_open_cpu_events();
	if (*cpus < 0)
		fprintf(stderr, "pfstat: CPUs that come online later will be missed: %s\n",
			strerror(-*cpus));
	books_attaching(books);
	err = tasks_add_cpus(a->session);
	return err < 0 ? fail(exit_code_of(err), "perf events of the CPUs", err) : 0;
}

int attach_process(struct attachment *a, struct books *books, int pid)
{
	int err = tasks_add_process(a->session, books, pid);
	char what[48];

	snprintf(what, sizeof(what), "process %d", pid);
	return err < 0 ? fail(exit_code_of(err), what, err) : 0;
}

int attach_start(struct attachment *a)
{
	int err = session_start(a->session);

	return err ? fail(exit_code_of(err), "cannot attach to the page_fault tracepoints", err) : 0;
}

void attach_close(struct attachment *a)
{
	session_close(a->session);
	a->session = NULL;
}
