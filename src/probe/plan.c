// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * probe/plan.c: chooses a method for each hook, and derives how exactly each path is seen.
 */
#include "probe_plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probe_classify.h"
#include "util/array.h"

static const char *const attach_mode_names[ATTACH_NR] = {
	[ATTACH_AUTO] = "auto",
	[ATTACH_FENTRY] = "fentry",
	[ATTACH_KPROBE] = "kprobe",
	[ATTACH_TRACEPOINT] = "tracepoint",
};

const char *attach_mode_name(enum attach_mode mode)
{
	return attach_mode_names[mode];
}

const char *method_name(enum method method)
{
	static const char *const names[] = { "none",   "unneeded",     "fentry",
					     "kprobe", "kprobe.multi", "tracepoint" };

	return names[method];
}

static void refuse_plan(struct plan *plan, enum plan_verdict verdict, const char *why, int error)
{
	plan->verdict = verdict;
	snprintf(plan->reason, sizeof(plan->reason), "%s: %s", why, strerror(-error));
}

static enum plan_verdict refusal_verdict(int error)
{
	return error == -EPERM || error == -EACCES ? PLAN_PRIVILEGE : PLAN_KERNEL;
}

const struct method_row *plan_end_row(const struct plan *plan)
{
	return method_row(STEP_END, plan->end);
}

static bool method_needs_no_try(const struct method_row *row, const struct plan_request *request)
{
	return row->is_function &&
	       (request->mode == ATTACH_KPROBE || request->mode == ATTACH_TRACEPOINT);
}

/*
 * The row of a step: the one that was asked for; else the most trusted, and of these the cheapest.
 * -1: each is refused. Notes why the others are not used.
 */
static int choose_method(struct plan *plan, enum step step, const struct plan_request *request,
			 const struct caps *caps)
{
	enum trust best_trust = TRUST_LAST_RESORT;
	const struct method_row *best = NULL, *row;
	int chosen = -1;

	for (unsigned int i = 0; (row = method_row(step, i)); i++) {
		const char *why = NULL;
		int error = row->refused(request, caps);
		enum trust trust = row->trust(request, caps, &why);
		bool asked = request->method[step] == i + 1;

		/* In a mode without functions it is not tried whether they work. */
		plan->unused[step][i].error = method_needs_no_try(row, request) ? 0 : error;
		plan->unused[step][i].why = why;
		if (error || (request->method[step] && !asked))
			continue;
		if (best &&
		    (trust < best_trust || (trust == best_trust && row->price >= best->price)))
			continue;
		best = row;
		best_trust = trust;
		chosen = (int)i;
	}
	return chosen;
}

/* No row of the end works: what would have to be granted. */
static void refuse_ends(struct plan *plan, const struct plan_request *request,
			const struct caps *caps)
{
	const struct method_row *asked = NULL;
	int error = plan->unused[STEP_END][END_PERF].error;
	char why[160];

	if (request->method[STEP_END])
		asked = method_row(STEP_END, request->method[STEP_END] - 1);
	if (!asked) {
		refuse_plan(
			plan, refusal_verdict(error),
			"neither perf events (CAP_PERFMON and kernel.perf_event_paranoid at most 2,"
			" or CAP_SYS_ADMIN) nor fexit on handle_mm_fault can end a fault",
			error);
		return;
	}
	error = asked->refused(request, caps);
	snprintf(why, sizeof(why),
		 "--attach=end=%s: %s is refused; without it the best end is used", asked->name,
		 asked->text);
	refuse_plan(plan, refusal_verdict(error), why, error);
}

/* The rows of begin, end and record: without them nothing can be measured. */
static void plan_methods(struct plan *plan, const struct plan_request *request,
			 const struct caps *caps)
{
	int begin, end;

	plan->atomics = caps->atomics;
	plan->task_btf = caps->task_btf;
	/* Up to 6.1, where tasks have counts of pages, each field is read with a check. */
	plan->tid_by_task = caps->task_btf && !caps->task_rss;
	if (caps->bpf) {
		refuse_plan(
			plan, refusal_verdict(caps->bpf),
			"cannot load BPF programs (run as root, or with CAP_BPF and CAP_PERFMON)",
			caps->bpf);
		return;
	}
	if (caps->btf) {
		refuse_plan(
			plan, PLAN_KERNEL,
			"no /sys/kernel/btf/vmlinux (needs a kernel built with CONFIG_DEBUG_INFO_BTF)",
			caps->btf);
		return;
	}
	begin = choose_method(plan, STEP_BEGIN, request, caps);
	if (begin < 0) {
		refuse_plan(plan, PLAN_KERNEL,
			    "cannot attach to the exceptions:page_fault_user and page_fault_kernel"
			    " tracepoints (needs CONFIG_TRACEPOINTS, and x86)",
			    caps->begin);
		return;
	}
	plan->begin = begin;
	plan->record = choose_method(plan, STEP_RECORD, request, caps);
	end = choose_method(plan, STEP_END, request, caps);
	if (end < 0) {
		refuse_ends(plan, request, caps);
		return;
	}
	plan->end = end;
	if (plan->unused[STEP_END][END_PERF].error && plan->unused[STEP_END][end].why &&
	    !request->method[STEP_END])
		snprintf(plan->note, sizeof(plan->note),
			 "perf events are refused (%s), so the end of a fault is %s; grant"
			 " CAP_SYS_ADMIN or lower kernel.perf_event_paranoid to 2 for an exact end",
			 strerror(-plan->unused[STEP_END][END_PERF].error),
			 plan_end_row(plan)->text);
}

static enum method function_method(const struct caps *caps, enum attach_mode mode, enum hook h,
				   int *error)
{
	int fentry = caps->fentry ? caps->fentry : caps->hook_fentry[h];
	/* The entry of handle_mm_fault is of no use without its return. */
	int trampoline = h == HOOK_handle_mm_fault && !fentry ? caps->fexit : fentry;
	int kprobe = caps->kprobe ? caps->kprobe : caps->hook_kprobe[h];

	*error = 0;
	if (mode == ATTACH_TRACEPOINT)
		return METHOD_UNNEEDED;
	if (mode != ATTACH_KPROBE && !trampoline && hook_rows[h].fentry)
		return METHOD_FENTRY;
	if (mode != ATTACH_FENTRY && !kprobe && hook_rows[h].kprobe)
		return caps->hook_multi[h] ? METHOD_KPROBE_MULTI : METHOD_KPROBE;
	*error = mode == ATTACH_KPROBE || !hook_rows[h].fentry ? kprobe : trampoline;
	return METHOD_NONE;
}

bool plan_attaches(const struct plan *plan, enum hook h)
{
	return plan->hook[h].method > METHOD_UNNEEDED;
}

/* Are there tracepoints of locks that a task has to wait for, and of no others? */
static bool has_contention(const struct caps *caps)
{
	return !caps->hook_tracepoint[HOOK_contention_begin] &&
	       !caps->hook_tracepoint[HOOK_contention_end];
}

/* Hooks that are not needed here, whatever the kernel allows. */
static bool is_hook_needless(const struct plan *plan, const struct plan_request *request,
			     const struct caps *caps, enum hook h)
{
	switch (h) {
	case HOOK_expand_stack:
		return plan_attaches(plan, HOOK_expand_stack_locked);
	case HOOK_lock_mm_and_find_vma:
		/* Without locks per VMA every fault takes mmap_lock. */
		return !caps->vma_lock;
	case HOOK_handle_mm_fault:
		return !request->gup;
	case HOOK___get_user_pages:
	case HOOK_follow_page_mask:
		return plan->hook[HOOK_handle_mm_fault].method < METHOD_KPROBE;
	case HOOK_follow_page_pte:
		return plan->hook[HOOK_handle_mm_fault].method < METHOD_KPROBE ||
		       plan_attaches(plan, HOOK_follow_page_mask);
	default:
		return hook_rows[h].facts && !(hook_rows[h].facts & ~plan->facts);
	}
}

/* The functions: of several rows that set the same fact, the first that works. */
static void plan_functions(struct plan *plan, const struct plan_request *request,
			   const struct caps *caps)
{
	enum attach_mode mode = request->mode;
	int h;

	for (h = 0; h < HOOK_FIRST_TRACEPOINT; h++) {
		uint32_t facts = hook_rows[h].facts;
		int error;

		if (is_hook_needless(plan, request, caps, h)) {
			plan->hook[h].method = METHOD_UNNEEDED;
			continue;
		}
		plan->hook[h].method = function_method(caps, mode, h, &error);
		plan->hook[h].error = error;
		if (plan->hook[h].method > METHOD_UNNEEDED)
			plan->facts |= facts;
	}
}

/*
 * handle_mm_fault itself: the only function where get_user_pages faults are seen and
 * retries counted. By fentry and fexit it costs half as much as all the rest
 * (docs/design.md), so only with --gup. Its arguments include the VMA.
 */
static void plan_handle_mm_fault(struct plan *plan)
{
	if (plan_attaches(plan, HOOK_handle_mm_fault))
		plan->facts |= EV(VMA_ANON) | EV(VMA_FILE) | EV(VMA_SHARED) | EV(HUGETLB);
}

/* The causes that have both a begin and an end here. */
static uint32_t timed_causes(const struct plan *plan)
{
	uint32_t begin = 0, end = 0;

#define ADD_CAUSE(hook, cause, which)                                                              \
	if (plan_attaches(plan, HOOK_##hook))                                                      \
		which |= 1u << CAUSE_##cause;
	CAUSE_HOOKS(ADD_CAUSE)
	ADD_CAUSE(contention_begin, LOCK, begin)
	ADD_CAUSE(contention_end, LOCK, end)
	ADD_CAUSE(mmap_lock_acquire_returned, LOCK, end)
#undef ADD_CAUSE
	return begin & end;
}

/* What a fault's time is spent on, as far as the attached hooks see it. */
static void plan_causes(struct plan *plan, const struct caps *caps)
{
	plan->causes = 1u << CAUSE_ON_CPU | timed_causes(plan);
	if (!plan_attaches(plan, HOOK_sched_switch))
		return;
	plan->causes |= 1u << CAUSE_IO | 1u << CAUSE_OFF_CPU;
	memcpy(plan->wait, caps->wait, sizeof(plan->wait));
	if (caps->wait[WAIT_handle_userfault].begin)
		plan->causes |= 1u << CAUSE_UFFD;
	if (caps->wait[WAIT_rwsem_down_read_slowpath].begin &&
	    caps->wait[WAIT_handle_mm_fault].begin &&
	    (caps->wait[WAIT_exc_page_fault].begin || caps->wait[WAIT_do_page_fault].begin))
		plan->causes |= 1u << CAUSE_LOCK;
}

/* The facts that tracepoints must set because no function does. */
static uint32_t facts_left_for_tracepoints(const struct plan *plan)
{
	uint32_t have = plan->facts;
	uint32_t want = 0;

	if (!(have & EV(ANON_PAGE)) && (!plan->task_rss || !(have & EV(DO_FAULT))))
		want |= EV(ALLOC) | EV(ALLOC_ZERO);
	if (!(have & EV(SWAP)))
		want |= EV(SWAP);
	if (!(have & EV(WP)) || !(have & EV(WP_COPY)))
		want |= EV(ALLOC);
	if (!(have & EV(HUGE_ANON)))
		want |= EV(ALLOC_HUGE) | EV(ALLOC);
	if (!(have & EV(DO_FAULT)))
		want |= EV(RSS_FILE) | EV(FILEMAP_FAULT) | EV(ALLOC) | EV(ALLOC_ZERO);
	if (!(have & EV(MAP_PAGES)))
		want |= EV(RSS_FILE) | EV(MAP_PAGES);
	return want;
}

/* Up to 6.1 the task's own page counts set some of the facts. Returns those that are left. */
static uint32_t plan_task_rss(struct plan *plan, uint32_t want)
{
	uint32_t rss = want & (EV(RSS_FILE) | EV(SWAP));

	if (!plan->task_rss)
		return want;
	/* With functions: in place of do_anonymous_page, which is inlined there. */
	if (plan->facts & EV(DO_FAULT) && !(plan->facts & EV(ANON_PAGE)))
		rss |= EV(RSS_ANON);
	if (rss)
		plan->facts |= rss | EV(RSS_KNOWN);
	plan->task_rss = rss;
	return want & ~(rss | EV(RSS_ANON));
}

/*
 * Which faults take mmap_lock is not seen by a function. The tracepoint is in each place that takes
 * the lock: to patch them all takes 0.75 ms, too long for a window.
 */
static bool needs_lock_tracepoint(const struct plan *plan, const struct plan_request *request,
				  const struct caps *caps)
{
	return caps->vma_lock && !request->windows &&
	       !plan_attaches(plan, HOOK_lock_mm_and_find_vma);
}

/* facts: of the hook, those that are wanted. */
static bool is_tracepoint_needed(const struct plan *plan, const struct plan_request *request,
				 const struct caps *caps, enum hook h, uint32_t facts)
{
	switch (h) {
	case HOOK_task_newtask:
	case HOOK_sched_process_exec:
	case HOOK_task_rename:
		return request->per_task;
	case HOOK_mm_page_alloc:
		return facts || caps->mthp;
	case HOOK_mmap_lock_acquire_returned:
		return (request->causes && !has_contention(caps)) ||
		       needs_lock_tracepoint(plan, request, caps);
	case HOOK_mmap_lock_start_locking:
		return request->causes && !has_contention(caps);
	case HOOK_contention_begin:
	case HOOK_contention_end:
		return request->causes && has_contention(caps);
	default:
		if (h > HOOK_FIRST_CAUSE && h <= HOOK_sched_switch)
			return request->causes;
		return facts || !hook_rows[h].facts;
	}
}

static void plan_tracepoints(struct plan *plan, const struct plan_request *request,
			     const struct caps *caps)
{
	uint32_t want = plan_task_rss(plan, facts_left_for_tracepoints(plan));
	int h;

	for (h = HOOK_FIRST_TRACEPOINT; h < HOOK_NR; h++) {
		uint32_t facts = hook_rows[h].facts & want;

		if (!is_tracepoint_needed(plan, request, caps, h, facts)) {
			plan->hook[h].method = METHOD_UNNEEDED;
		} else if (caps->hook_tracepoint[h]) {
			plan->hook[h].method = METHOD_NONE;
			plan->hook[h].error = caps->hook_tracepoint[h];
		} else {
			plan->hook[h].method = METHOD_TRACEPOINT;
			plan->facts |= facts;
		}
	}
	if (want & EV(FILEMAP_FAULT))
		plan->facts |= EV(MAJOR);
	plan->lock_by_tracepoint = needs_lock_tracepoint(plan, request, caps) &&
				   plan_attaches(plan, HOOK_mmap_lock_acquire_returned);
	plan->orders = caps->mthp && plan_attaches(plan, HOOK_mm_page_alloc);
	plan->numa_by_task = caps->numa && !plan_attaches(plan, HOOK_task_numa_fault);
}

static void plan_vma(struct plan *plan, const struct caps *caps)
{
	if (caps->vmacache)
		plan->vma_source = VMA_CACHE;
	else if (caps->find_vma && caps->task_btf)
		plan->vma_source = VMA_FIND;
	if (plan->vma_source != VMA_UNKNOWN)
		plan->facts |= EV(VMA_ANON) | EV(VMA_FILE) | EV(VMA_SHARED) | EV(HUGETLB);
}

static void plan_index(struct plan *plan)
{
	uint32_t bit = EV(WRITE) << 1;
	int e;

	plan->facts |= EV(PRESENT) | EV(WRITE);
	plan->ev_bit[EV_PRESENT] = EV(PRESENT);
	plan->ev_bit[EV_WRITE] = EV(WRITE);
	for (e = EV_WRITE + 1; e < EV_NR; e++) {
		if (!(plan->facts & (1u << e)))
			continue;
		/* Never more than fit: tests/unit/probe/test_plan.c tries all combinations. */
		if (bit >= 1u << EV_INDEX_BITS) {
			plan->facts &= ~(1u << e);
			continue;
		}
		plan->ev_bit[e] = bit;
		bit <<= 1;
	}
}

static enum exactness completed_exactness(const struct plan *plan, enum fault_path path)
{
	const struct named_path *named = classify_named(path);

	if (named && plan_attaches(plan, named->hook) && !(named->facts & ~plan->facts))
		return named->by_hook;
	if (named && named->source == SOURCE_VMA && plan->vma_source != VMA_UNKNOWN)
		return INFERRED;
	if (named && named->source == SOURCE_TASK && plan->numa_by_task)
		return INFERRED;
	return classify_exactness(plan->facts, path);
}

static bool is_end_seen(const struct plan *plan, int end)
{
	const bool returns = plan->hook[HOOK_handle_mm_fault].method == METHOD_FENTRY;

	switch (end) {
	case END_ALWAYS:
		return true;
	case END_NEVER:
		return false;
	case END_RETURN:
		return returns;
	case END_NO_RETURN:
		return !returns;
	default:
		return plan_attaches(plan, end);
	}
}

static enum exactness path_exactness(const struct plan *plan, enum fault_path path,
				     enum origin origin)
{
	const struct ended_path *ended = classify_ended(path);

	if (origin == ORIGIN_GUP && !plan_attaches(plan, HOOK_handle_mm_fault))
		return NOT_VISIBLE;
	if (!ended)
		return completed_exactness(plan, path);
	if (!is_end_seen(plan, ended->end[origin]))
		return NOT_VISIBLE;
	if (!(ended->facts & ~plan->facts))
		return EXACT;
	return plan->vma_source == VMA_FIND ? INFERRED : NOT_VISIBLE;
}

/*
 * With locks per VMA a fault that waits for the handler of a userfaultfd is minor, and without a
 * hook on handle_userfault the notes on mmap_lock are the sign of it.
 */
static void hide_userfaults(struct plan *plan, const struct plan_request *request,
			    const struct caps *caps)
{
	static const enum fault_path paths[] = { PATH_UFFD_MISSING, PATH_UFFD_WP, PATH_UFFD_MINOR };

	if (!request->windows || !caps->vma_lock || plan_attaches(plan, HOOK_handle_userfault))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		for (int origin = 0; origin < ORIGIN_NR; origin++)
			plan->exact[paths[i]][origin] = NOT_VISIBLE;
}

/* Why no function could be hooked in that mode. */
static int first_error(int mode_error, const int hook_errors[HOOK_NR])
{
	int h;

	for (h = 0; !mode_error && h < HOOK_FIRST_TRACEPOINT; h++)
		if (hook_rows[h].facts)
			mode_error = hook_errors[h];
	return mode_error;
}

/* Names the mode by what is attached; for auto, the reason why it is not a better one. */
static void plan_describe(struct plan *plan, enum attach_mode asked, const struct caps *caps)
{
	int used[METHOD_TRACEPOINT + 1] = { 0 };
	size_t len = strlen(plan->note);
	int h;

	for (h = 0; h < HOOK_FIRST_TRACEPOINT; h++)
		used[plan->hook[h].method]++;
	used[METHOD_KPROBE] += used[METHOD_KPROBE_MULTI];
	if (used[METHOD_FENTRY])
		plan->mode = ATTACH_FENTRY;
	else if (used[METHOD_KPROBE])
		plan->mode = ATTACH_KPROBE;
	else
		plan->mode = ATTACH_TRACEPOINT;
	snprintf(plan->modes, sizeof(plan->modes), "%s%s", attach_mode_name(plan->mode),
		 used[METHOD_FENTRY] && used[METHOD_KPROBE] ? "+kprobe" : "");
	snprintf(plan->attach, sizeof(plan->attach), "%s%s", plan->modes,
		 !plan->unused[STEP_END][END_PERF].error ? "" :
		 plan->end == END_FEXIT                  ? " (end: fexit)" :
							   " (end: sw_event)");

	if (asked != ATTACH_AUTO || plan->mode == ATTACH_FENTRY)
		return;
	len += snprintf(plan->note + len, sizeof(plan->note) - len,
			"%sauto chose %s: the kernel refuses fentry (%s)", len ? "; " : "",
			attach_mode_name(plan->mode),
			strerror(-first_error(caps->fentry, caps->hook_fentry)));
	if (plan->mode == ATTACH_TRACEPOINT)
		snprintf(plan->note + len, sizeof(plan->note) - len,
			 " and kprobes (%s); most paths are inferred",
			 strerror(-first_error(caps->kprobe, caps->hook_kprobe)));
}

/* fentry needs fexit with it; an entry kprobe is enough. */
static int gup_error(const struct plan_request *request, const struct caps *caps)
{
	int fentry = caps->fexit ? caps->fexit : caps->hook_fentry[HOOK_handle_mm_fault];
	int kprobe = caps->kprobe ? caps->kprobe : caps->hook_kprobe[HOOK_handle_mm_fault];

	switch (request->mode) {
	case ATTACH_FENTRY:
		return fentry;
	case ATTACH_KPROBE:
		return kprobe;
	case ATTACH_TRACEPOINT:
		return -EINVAL;
	default:
		return fentry && kprobe ? fentry : 0;
	}
}

/* No function can be hooked in the requested mode. */
static void refuse_mode(struct plan *plan, enum attach_mode mode, const struct caps *caps)
{
	if (mode == ATTACH_FENTRY) {
		refuse_plan(
			plan, PLAN_KERNEL,
			"this kernel refuses fentry; --attach=auto uses the best mode that works",
			first_error(caps->fentry, caps->hook_fentry));
		return;
	}
	/* A kprobe is a perf event; EACCES means that a privilege is missing. */
	if (caps->kprobe == -EACCES)
		refuse_plan(
			plan, PLAN_PRIVILEGE,
			"kprobes are perf events, which need CAP_PERFMON and kernel.perf_event_paranoid"
			" at most 2, or CAP_SYS_ADMIN; --attach=auto uses the best mode that works",
			caps->kprobe);
	else
		refuse_plan(
			plan, PLAN_KERNEL,
			"this kernel refuses kprobes; --attach=auto uses the best mode that works",
			first_error(caps->kprobe, caps->hook_kprobe));
}

void plan_make(struct plan *plan, const struct plan_request *request, const struct caps *caps)
{
	int path, origin;

	memset(plan, 0, sizeof(*plan));
	plan_methods(plan, request, caps);
	if (plan->verdict)
		return;
	if (request->gup && gup_error(request, caps)) {
		refuse_plan(plan, PLAN_KERNEL,
			    "--gup needs fentry and fexit, or a kprobe, on handle_mm_fault, so"
			    " --attach=auto, fentry or kprobe on a kernel that allows it",
			    gup_error(request, caps));
		return;
	}
	plan->task_rss = caps->task_rss;
	plan_functions(plan, request, caps);
	if ((request->mode == ATTACH_FENTRY || request->mode == ATTACH_KPROBE) && !plan->facts) {
		refuse_mode(plan, request->mode, caps);
		return;
	}
	plan_handle_mm_fault(plan);
	plan_tracepoints(plan, request, caps);
	plan_vma(plan, caps);
	if (request->causes)
		plan_causes(plan, caps);
	plan_index(plan);
	for (path = 0; path < PATH_NR; path++)
		for (origin = 0; origin < ORIGIN_NR; origin++)
			plan->exact[path][origin] = path_exactness(plan, path, origin);
	hide_userfaults(plan, request, caps);
	plan_describe(plan, request->mode, caps);
}
