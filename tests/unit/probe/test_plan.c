// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_plan.c: the plan for made-up kernels: some like stock ones, some with
 * one thing missing, and a great many at random.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probe/probe_classify.h"
#include "probe/probe_plan.h"

#define VMA_FACTS (EV(VMA_ANON) | EV(VMA_FILE) | EV(VMA_SHARED))

/* A fixed sequence (xorshift64), so that a failure comes back. */
static uint64_t random_state;

static uint32_t random_bits(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state >> 32;
}

/* A bit of each hook. */
static uint64_t random_hooks(void)
{
	_Static_assert(HOOK_NR <= 64, "a bit of each hook");
	return (uint64_t)random_bits() << 32 | random_bits();
}

/* Everything works, and every function is there. */
static struct caps caps_all(void)
{
	return (struct caps){
		.atomics = true,
		.task_btf = true,
		.find_vma = true,
		.wait[WAIT_handle_userfault] = { 0x1000, 0x2000 },
		.wait[WAIT_rwsem_down_read_slowpath] = { 0x2000, 0x3000 },
		.wait[WAIT_handle_mm_fault] = { 0x3000, 0x4000 },
		.wait[WAIT_exc_page_fault] = { 0x4000, 0x5000 },
	};
}

static void refuse_fentry(struct caps *caps, int error)
{
	caps->fentry = caps->fexit = caps->sw_event = error;
	for (int h = 0; h < HOOK_FIRST_TRACEPOINT; h++)
		caps->hook_fentry[h] = error;
}

static void refuse_kprobes(struct caps *caps, int error)
{
	caps->kprobe = error;
	for (int h = 0; h < HOOK_FIRST_TRACEPOINT; h++)
		caps->hook_kprobe[h] = error;
}

static void refuse_perf(struct caps *caps, int error)
{
	caps->perf_cpu = caps->perf_task = error;
}

static void remove_function(struct caps *caps, enum hook h)
{
	caps->hook_fentry[h] = caps->hook_kprobe[h] = -ENOENT;
}

/* As on a kernel without kprobes where trampolines are refused. */
static struct caps caps_tracepoints_only(void)
{
	struct caps caps = caps_all();

	refuse_fentry(&caps, -EPERM);
	refuse_kprobes(&caps, -EOPNOTSUPP);
	return caps;
}

static struct caps caps_6_12(void)
{
	struct caps caps = caps_all();

	remove_function(&caps, HOOK_wp_page_copy);
	remove_function(&caps, HOOK_page_add_new_anon_rmap);
	remove_function(&caps, HOOK_bad_area);
	remove_function(&caps, HOOK_do_huge_pmd_device_private);
	remove_function(&caps, HOOK_follow_page_mask);
	caps.vma_lock = true;
	caps.hook_fentry[HOOK_ptep_clear_flush] = -EINVAL;
	return caps;
}

static struct caps caps_6_1(void)
{
	struct caps caps = caps_all();

	remove_function(&caps, HOOK_do_anonymous_page);
	remove_function(&caps, HOOK_folio_add_new_anon_rmap);
	remove_function(&caps, HOOK_bad_area);
	remove_function(&caps, HOOK_do_huge_pmd_device_private);
	caps.hook_fentry[HOOK_ptep_clear_flush] = -EINVAL;
	caps.hook_tracepoint[HOOK_mm_filemap_fault] = -ENOENT;
	caps.hook_tracepoint[HOOK_mm_filemap_map_pages] = -ENOENT;
	caps.task_rss = true;
	return caps;
}

static struct caps caps_5_10(void)
{
	struct caps caps = caps_6_1();

	caps.hook_fentry[HOOK_bad_area] = caps.hook_kprobe[HOOK_bad_area] = 0;
	/* It takes a struct by value. */
	caps.hook_fentry[HOOK_do_huge_pmd_wp_page] = -EINVAL;
	caps.hook_fentry[HOOK_ptep_set_access_flags] = -EINVAL;
	remove_function(&caps, HOOK_do_set_pmd);
	remove_function(&caps, HOOK_expand_stack_locked);
	remove_function(&caps, HOOK_lock_mm_and_find_vma);
	caps.atomics = caps.task_btf = caps.find_vma = false;
	caps.vmacache = true;
	caps.hook_tracepoint[HOOK_contention_begin] = -ENOENT;
	caps.hook_tracepoint[HOOK_contention_end] = -ENOENT;
	caps.hook_tracepoint[HOOK_mmap_lock_start_locking] = -ENOENT;
	caps.hook_tracepoint[HOOK_mmap_lock_acquire_returned] = -ENOENT;
	return caps;
}

/* The stock kernels. */
static const struct {
	const char *name;
	struct caps (*caps)(void);
} kernels[] = {
	{ "5.10", caps_5_10 },
	{ "6.1", caps_6_1 },
	{ "6.12", caps_6_12 },
	{ "tracepoints only", caps_tracepoints_only },
};

#define NR_KERNELS (sizeof(kernels) / sizeof(kernels[0]))

static struct plan plan_of_request(const struct caps *caps, struct plan_request request)
{
	struct plan plan;

	memset(&plan, 0xa5, sizeof(plan));
	plan_make(&plan, &request, caps);
	return plan;
}

static struct plan plan_of(const struct caps *caps, enum attach_mode mode, bool per_task)
{
	return plan_of_request(caps, (struct plan_request){ .mode = mode, .per_task = per_task });
}

/* With --gup. */
static struct plan plan_with_gup(const struct caps *caps, enum attach_mode mode)
{
	return plan_of_request(caps, (struct plan_request){ .mode = mode, .gup = true });
}

static void expect_impossible(const struct plan *plan, int code, const char *says)
{
	assert_int_equal(plan->verdict, code);
	if (!strstr(plan->reason, says))
		fail_msg("reason \"%s\", should mention \"%s\"", plan->reason, says);
}

static bool attached(const struct plan *plan, int h)
{
	return plan->hook[h].method >= METHOD_FENTRY;
}

static const char *program_of(const struct plan *plan, int h)
{
	switch (plan->hook[h].method) {
	case METHOD_FENTRY:
		return hook_rows[h].fentry;
	case METHOD_KPROBE:
		return hook_rows[h].kprobe;
	case METHOD_TRACEPOINT:
		return hook_rows[h].tracepoint;
	default:
		return NULL;
	}
}

static int count_method(const struct plan *plan, enum method method)
{
	int n = 0;

	for (int h = 0; h < HOOK_NR; h++)
		n += plan->hook[h].method == method;
	return n;
}

/* The fact of a function, without those about the VMA. */
static uint32_t mark_of(int h)
{
	return h < HOOK_FIRST_TRACEPOINT ? hook_rows[h].facts & ~VMA_FACTS : 0;
}

/* What is sure to be watched, made out from what is attached. */
static uint32_t facts_of(const struct plan *plan)
{
	uint32_t facts = EV(PRESENT) | EV(WRITE);

	for (int h = 0; h < HOOK_FIRST_TRACEPOINT; h++)
		if (attached(plan, h))
			facts |= hook_rows[h].facts;
	if (plan->vma_source != VMA_UNKNOWN || attached(plan, HOOK_handle_mm_fault))
		facts |= VMA_FACTS | EV(HUGETLB);
	return facts;
}

static void check_index(const struct plan *plan)
{
	uint32_t used = 0;
	int facts = __builtin_popcount(plan->facts);

	if (facts > EV_INDEX_BITS)
		fail_msg("%d facts do not fit into %d bits", facts, EV_INDEX_BITS);
	/* Dropped for want of room: the last ones are those about the VMA. */
	assert_int_equal(facts_of(plan) & ~plan->facts, 0);
	for (int e = 0; e < EV_NR; e++) {
		uint32_t bit = plan->ev_bit[e];

		if (!(plan->facts & (1u << e))) {
			assert_int_equal(bit, 0);
			continue;
		}
		assert_int_equal(__builtin_popcount(bit), 1);
		assert_true(bit < 1u << EV_INDEX_BITS);
		assert_int_equal(used & bit, 0);
		used |= bit;
	}
	/* The bits of the error code, which open_fault() copies. */
	assert_int_equal(plan->ev_bit[EV_PRESENT], 1);
	assert_int_equal(plan->ev_bit[EV_WRITE], 2);
}

static void check_hook(const struct plan *plan, const struct caps *caps, enum attach_mode mode,
		       int h)
{
	enum method method = plan->hook[h].method;

	assert_true(method <= METHOD_TRACEPOINT);
	assert_int_equal(attached(plan, h), program_of(plan, h) != NULL);
	/* None has a reason, the others need none. */
	assert_int_equal(method == METHOD_NONE, plan->hook[h].error < 0);
	if (method == METHOD_FENTRY) {
		assert_true(mode == ATTACH_AUTO || mode == ATTACH_FENTRY);
		assert_true(!caps->fentry && !caps->hook_fentry[h]);
	} else if (method == METHOD_KPROBE) {
		assert_true(mode == ATTACH_AUTO || mode == ATTACH_KPROBE);
		assert_true(!caps->kprobe && !caps->hook_kprobe[h]);
		/* Dearer: only where fentry cannot. */
		assert_true(mode == ATTACH_KPROBE || caps->fentry || caps->hook_fentry[h] ||
			    !hook_rows[h].fentry || (h == HOOK_handle_mm_fault && caps->fexit));
	} else if (method == METHOD_TRACEPOINT) {
		assert_true(!caps->hook_tracepoint[h]);
	}
}

static bool usable(const struct caps *caps, enum attach_mode mode, int h)
{
	bool fentry = !caps->fentry && !caps->hook_fentry[h];
	bool kprobe = !caps->kprobe && !caps->hook_kprobe[h];

	return (fentry && (mode == ATTACH_AUTO || mode == ATTACH_FENTRY)) ||
	       (kprobe && (mode == ATTACH_AUTO || mode == ATTACH_KPROBE));
}

/* Of several functions with the same fact exactly one is attached, if any can be. */
static void check_groups(const struct plan *plan, const struct caps *caps, enum attach_mode mode)
{
	for (int e = 0; e < EV_NR; e++) {
		int can = 0, is = 0;

		for (int h = 0; h < HOOK_FIRST_TRACEPOINT; h++) {
			if (mark_of(h) != 1u << e)
				continue;
			can += usable(caps, mode, h);
			is += attached(plan, h);
		}
		assert_int_equal(is, can > 0);
	}
}

static void check_end_events(const struct plan *plan, const struct caps *caps,
			     const struct plan_request *request)
{
	int perf = request->per_task ? caps->perf_task : caps->perf_cpu;

	assert_true(!caps->bpf && !caps->btf && !caps->begin);
	assert_true(plan->end != END_PERF || !perf);
	assert_true(plan->end != END_FEXIT || !caps->fexit);
	assert_true(plan->end != END_SW_EVENT || (!caps->sw_event && !caps->perf_task));
	/* A function that everybody calls only where nobody asked for less. */
	if (!perf && (request->per_task || request->stacks || request->mode == ATTACH_KPROBE ||
		      request->mode == ATTACH_TRACEPOINT))
		assert_int_equal(plan->end, END_PERF);
	/* The last resort is said. */
	if (plan->end == END_FEXIT && (caps->preemptible || !caps->atomics)) {
		assert_true(perf);
		assert_non_null(strstr(plan->note, "fexit"));
	}
	assert_int_equal(plan->atomics, caps->atomics);
	assert_int_equal(plan->task_btf, caps->task_btf);
	/* Compared when somebody needs them, and then it is a fact that they were. */
	assert_true(caps->task_rss || !plan->task_rss);
	assert_int_equal(plan->task_rss, !!(plan->facts & EV(RSS_KNOWN)));
	if (plan->vma_source == VMA_FIND)
		assert_true(caps->find_vma && caps->task_btf);
	if (plan->vma_source == VMA_CACHE)
		assert_true(caps->vmacache);
	assert_int_equal(attached(plan, HOOK_task_newtask),
			 request->per_task && !caps->hook_tracepoint[HOOK_task_newtask]);
	assert_int_equal(attached(plan, HOOK_sched_process_exec),
			 request->per_task && !caps->hook_tracepoint[HOOK_sched_process_exec]);
	assert_int_equal(attached(plan, HOOK_task_rename),
			 request->per_task && !caps->hook_tracepoint[HOOK_task_rename]);
	/*
	 * handle_mm_fault is expensive: with --gup only, and then always. By fentry both its ends.
	 */
	assert_int_equal(attached(plan, HOOK_handle_mm_fault), request->gup);
	if (plan->hook[HOOK_handle_mm_fault].method == METHOD_FENTRY)
		assert_int_equal(caps->fexit, 0);
	/* By kprobe the next look-up is the end. */
	assert_true(
		!(attached(plan, HOOK_follow_page_mask) || attached(plan, HOOK_follow_page_pte)) ||
		plan->hook[HOOK_handle_mm_fault].method == METHOD_KPROBE);
	/* Of what the machine has switched on. */
	assert_true(caps->mthp || !plan->orders);
	assert_true(caps->numa || !plan->numa_by_task);
	assert_true(caps->vma_lock || (!attached(plan, HOOK_lock_mm_and_find_vma) &&
				       !attached(plan, HOOK_mmap_lock_acquire_returned)));
}

static void check_words(const struct plan *plan, enum attach_mode asked)
{
	assert_string_equal(plan->reason, "");
	assert_int_equal(strncmp(plan->attach, attach_mode_name(plan->mode),
				 strlen(attach_mode_name(plan->mode))),
			 0);
	/* Whole sentences, and no made-up reasons. */
	assert_true(strlen(plan->note) < sizeof(plan->note) - 1);
	assert_null(strstr(plan->note, strerror(0)));
	if (asked == ATTACH_AUTO && plan->mode != ATTACH_FENTRY) {
		assert_non_null(strstr(plan->note, "auto chose "));
		assert_non_null(strstr(plan->note, attach_mode_name(plan->mode)));
	}
}

static void check_exactness(const struct plan *plan)
{
	bool mm_fault = attached(plan, HOOK_handle_mm_fault);

	for (int path = 0; path < PATH_NR; path++) {
		for (int origin = 0; origin < ORIGIN_NR; origin++)
			assert_in_range(plan->exact[path][origin], EXACT, NOT_VISIBLE);
		if (!mm_fault)
			assert_int_equal(plan->exact[path][ORIGIN_GUP], NOT_VISIBLE);
	}
	/* What nothing else explains always has a place. */
	assert_int_equal(plan->exact[PATH_UNCLASSIFIED][ORIGIN_USER], EXACT);
	assert_int_equal(plan->exact[PATH_UNRESOLVED][ORIGIN_USER], EXACT);
	assert_int_equal(plan->exact[PATH_FIXUP][ORIGIN_KERNEL], EXACT);
	assert_int_equal(plan->exact[PATH_FIXUP][ORIGIN_USER], NOT_VISIBLE);
}

/* All that holds for every plan. */
static void check_plan(const struct plan *plan, const struct caps *caps,
		       const struct plan_request *request)
{
	enum attach_mode mode = request->mode;

	if (plan->verdict) {
		assert_in_range(plan->verdict, PLAN_KERNEL, PLAN_PRIVILEGE);
		assert_true(strlen(plan->reason) > 0);
		assert_true(strlen(plan->reason) < sizeof(plan->reason) - 1);
		return;
	}
	check_end_events(plan, caps, request);
	check_index(plan);
	for (int h = 0; h < HOOK_NR; h++)
		check_hook(plan, caps, mode, h);
	check_groups(plan, caps, mode);
	check_words(plan, mode);
	check_exactness(plan);
}

/* All ways; auto never impossible when any way works. */
static void check_ways(const struct caps *caps, struct plan_request request)
{
	bool possible[ATTACH_NR];

	for (request.mode = 0; request.mode < ATTACH_NR; request.mode++) {
		struct plan plan = plan_of_request(caps, request);

		possible[request.mode] = !plan.verdict;
		check_plan(&plan, caps, &request);
	}
	if (!possible[ATTACH_AUTO])
		assert_false(possible[ATTACH_FENTRY] || possible[ATTACH_KPROBE] ||
			     possible[ATTACH_TRACEPOINT]);
	/* Hooks on functions are never mandatory, except with --gup. */
	if (request.gup)
		assert_false(possible[ATTACH_TRACEPOINT]);
	else
		assert_int_equal(possible[ATTACH_AUTO], possible[ATTACH_TRACEPOINT]);
}

static void check_caps(const struct caps *caps)
{
	check_ways(caps, (struct plan_request){ .per_task = false });
	check_ways(caps, (struct plan_request){ .per_task = true });
	check_ways(caps, (struct plan_request){ .gup = true });
}

static void test_nothing_but_tracepoints(void **state)
{
	struct caps caps = caps_tracepoints_only();
	struct plan plan = plan_of(&caps, ATTACH_AUTO, false);

	(void)state;
	check_caps(&caps);
	assert_int_equal(plan.verdict, 0);
	assert_int_equal(plan.mode, ATTACH_TRACEPOINT);
	assert_string_equal(plan.attach, "tracepoint");
	assert_int_equal(plan.end, END_PERF);
	assert_int_equal(plan.vma_source, VMA_FIND);
	assert_int_equal(count_method(&plan, METHOD_FENTRY), 0);
	assert_int_equal(count_method(&plan, METHOD_KPROBE), 0);
	assert_true(attached(&plan, HOOK_rss_stat) && attached(&plan, HOOK_mm_page_alloc) &&
		    attached(&plan, HOOK_mm_filemap_fault) &&
		    attached(&plan, HOOK_mm_filemap_map_pages) &&
		    attached(&plan, HOOK_signal_generate) &&
		    attached(&plan, HOOK_sched_process_exit));
	/* The reasons of both, and what it costs. */
	assert_non_null(strstr(plan.note, "auto chose tracepoint"));
	assert_non_null(strstr(plan.note, strerror(EPERM)));
	assert_non_null(strstr(plan.note, strerror(EOPNOTSUPP)));
	assert_non_null(strstr(plan.note, "inferred"));
}

/* Up to 6.1 rss_stat fires every 64 faults: the task's own counts are better. */
static void test_task_rss_replaces_its_tracepoint(void **state)
{
	struct caps caps = caps_6_1();
	struct plan plan = plan_of(&caps, ATTACH_TRACEPOINT, false);

	(void)state;
	assert_true(plan.task_rss);
	assert_false(attached(&plan, HOOK_rss_stat));
	assert_int_equal(plan.facts & EV(RSS_FILE), EV(RSS_FILE));
	assert_int_equal(plan.facts & EV(SWAP), EV(SWAP));
}

static void test_no_btf(void **state)
{
	struct caps caps = caps_all();

	(void)state;
	caps.btf = -ENOENT;
	caps.begin = -EOPNOTSUPP;
	for (enum attach_mode mode = 0; mode < ATTACH_NR; mode++) {
		struct plan plan = plan_of(&caps, mode, false);

		expect_impossible(&plan, PLAN_KERNEL, "CONFIG_DEBUG_INFO_BTF");
		expect_impossible(&plan, PLAN_KERNEL, strerror(ENOENT));
	}
	check_caps(&caps);
}

static void test_no_exceptions_tracepoints(void **state)
{
	struct caps caps = caps_all();
	struct plan plan;

	(void)state;
	caps.begin = -ENOENT;
	plan = plan_of(&caps, ATTACH_AUTO, false);
	expect_impossible(&plan, PLAN_KERNEL, "page_fault_user");
	check_caps(&caps);
}

static void test_no_bpf(void **state)
{
	struct caps caps = caps_all();

	(void)state;
	caps.bpf = -EPERM;
	for (enum attach_mode mode = 0; mode < ATTACH_NR; mode++) {
		struct plan plan = plan_of(&caps, mode, false);

		expect_impossible(&plan, PLAN_PRIVILEGE, "CAP_BPF");
		expect_impossible(&plan, PLAN_PRIVILEGE, "CAP_PERFMON");
		expect_impossible(&plan, PLAN_PRIVILEGE, strerror(EPERM));
	}
	check_caps(&caps);
}

static void test_nothing_at_all(void **state)
{
	struct caps caps = caps_tracepoints_only();
	struct plan plan;

	(void)state;
	caps.bpf = caps.begin = -EPERM;
	caps.btf = -ENOENT;
	refuse_perf(&caps, -EACCES);
	for (int h = HOOK_FIRST_TRACEPOINT; h < HOOK_NR; h++)
		caps.hook_tracepoint[h] = -EPERM;
	caps.atomics = caps.task_btf = caps.find_vma = false;
	plan = plan_of(&caps, ATTACH_AUTO, false);
	expect_impossible(&plan, PLAN_PRIVILEGE, "CAP_BPF");
	check_caps(&caps);
}

static void test_all_functions(void **state)
{
	struct caps caps = caps_6_12();
	struct plan plan = plan_of(&caps, ATTACH_AUTO, false);

	(void)state;
	check_caps(&caps);
	assert_int_equal(plan.mode, ATTACH_FENTRY);
	assert_string_equal(plan.note, "");
	/* The first of the group that can be: a kprobe, which the name does not hide. */
	assert_int_equal(plan.hook[HOOK_wp_page_copy].error, -ENOENT);
	assert_int_equal(plan.hook[HOOK_ptep_clear_flush].method, METHOD_KPROBE);
	assert_int_equal(plan.hook[HOOK_folio_add_new_anon_rmap].method, METHOD_UNNEEDED);
	assert_string_equal(plan.attach, "fentry+kprobe");
	plan = plan_of(&caps, ATTACH_FENTRY, false);
	assert_int_equal(plan.hook[HOOK_folio_add_new_anon_rmap].method, METHOD_FENTRY);
	assert_string_equal(plan.attach, "fentry");
	caps = caps_6_1();
	plan = plan_of(&caps, ATTACH_AUTO, false);
	assert_int_equal(plan.hook[HOOK_wp_page_copy].method, METHOD_FENTRY);
	assert_int_equal(plan.hook[HOOK_ptep_clear_flush].method, METHOD_UNNEEDED);
	assert_string_equal(plan.attach, "fentry");
	assert_string_equal(plan.note, "");
}

/* One of two: the name means another function since 6.1. */
static void test_growth_of_the_stack(void **state)
{
	struct caps caps = caps_6_1();
	struct plan plan = plan_of(&caps, ATTACH_FENTRY, false);

	(void)state;
	assert_int_equal(plan.hook[HOOK_expand_stack_locked].method, METHOD_FENTRY);
	assert_int_equal(plan.hook[HOOK_expand_stack].method, METHOD_UNNEEDED);
	caps = caps_5_10();
	plan = plan_of(&caps, ATTACH_FENTRY, false);
	assert_int_equal(plan.hook[HOOK_expand_stack].method, METHOD_FENTRY);
}

/* With locks per VMA the faults that take mmap_lock are noted; else all take it. */
static void test_locks(void **state)
{
	struct caps caps = caps_6_12();
	struct plan plan = plan_of(&caps, ATTACH_KPROBE, false);

	(void)state;
	assert_int_equal(plan.hook[HOOK_lock_mm_and_find_vma].method, METHOD_KPROBE);
	assert_int_equal(plan.hook[HOOK_mmap_lock_acquire_returned].method, METHOD_UNNEEDED);
	plan = plan_of(&caps, ATTACH_TRACEPOINT, false);
	assert_int_equal(plan.hook[HOOK_mmap_lock_acquire_returned].method, METHOD_TRACEPOINT);
	caps = caps_6_1();
	plan = plan_of(&caps, ATTACH_FENTRY, false);
	assert_int_equal(plan.hook[HOOK_lock_mm_and_find_vma].method, METHOD_UNNEEDED);
	assert_int_equal(plan.hook[HOOK_mmap_lock_acquire_returned].method, METHOD_UNNEEDED);
}

/* The order of folios is asked of the allocator in every way, if there can be any. */
static void test_orders(void **state)
{
	struct caps caps = caps_6_12();
	struct plan plan = plan_of(&caps, ATTACH_FENTRY, false);

	(void)state;
	assert_false(plan.orders);
	assert_int_equal(plan.hook[HOOK_mm_page_alloc].method, METHOD_UNNEEDED);
	caps.mthp = true;
	plan = plan_of(&caps, ATTACH_FENTRY, false);
	assert_true(plan.orders);
	assert_int_equal(plan.hook[HOOK_mm_page_alloc].method, METHOD_TRACEPOINT);
	/* It is no evidence there: the functions say more. */
	assert_int_equal(plan.facts & (EV(ALLOC) | EV(ALLOC_ZERO) | EV(ALLOC_HUGE)), 0);
}

static void test_do_anonymous_page_missing(void **state)
{
	struct caps caps = caps_6_12();
	struct plan plan;

	(void)state;
	remove_function(&caps, HOOK_do_anonymous_page);
	check_caps(&caps);
	/* Another hook has to show a new page. */
	plan = plan_of(&caps, ATTACH_FENTRY, false);
	assert_int_equal(plan.verdict, 0);
	assert_int_equal(plan.hook[HOOK_do_anonymous_page].method, METHOD_NONE);
	assert_int_equal(plan.hook[HOOK_do_anonymous_page].error, -ENOENT);
	assert_true(attached(&plan, HOOK_mm_page_alloc));
	assert_int_not_equal(plan.exact[PATH_ANON][ORIGIN_USER], NOT_VISIBLE);
	assert_int_not_equal(plan.exact[PATH_ANON_ZERO][ORIGIN_USER], NOT_VISIBLE);
	/* Where fentry cannot take it and a kprobe can, auto mixes. */
	caps.hook_kprobe[HOOK_do_anonymous_page] = 0;
	plan = plan_of(&caps, ATTACH_AUTO, false);
	assert_int_equal(plan.hook[HOOK_do_anonymous_page].method, METHOD_KPROBE);
	assert_string_equal(plan.attach, "fentry+kprobe");
	assert_int_equal(plan.exact[PATH_ANON][ORIGIN_USER], EXACT);
}

static void test_kprobes_forbidden(void **state)
{
	struct caps caps = caps_6_12();
	struct plan plan;

	(void)state;
	refuse_kprobes(&caps, -EPERM);
	check_caps(&caps);
	plan = plan_of(&caps, ATTACH_AUTO, false);
	assert_int_equal(plan.mode, ATTACH_FENTRY);
	assert_int_equal(count_method(&plan, METHOD_KPROBE), 0);
	plan = plan_of(&caps, ATTACH_KPROBE, false);
	expect_impossible(&plan, PLAN_KERNEL, "--attach=auto");
	expect_impossible(&plan, PLAN_KERNEL, strerror(EPERM));
	/* As with kernel.perf_event_paranoid=3 and without CAP_SYS_ADMIN. */
	refuse_kprobes(&caps, -EACCES);
	plan = plan_of(&caps, ATTACH_KPROBE, false);
	expect_impossible(&plan, PLAN_PRIVILEGE, "perf_event_paranoid");
	expect_impossible(&plan, PLAN_PRIVILEGE, strerror(EACCES));
}

static void test_fentry_refused(void **state)
{
	struct caps caps = caps_6_12();
	struct plan plan;

	(void)state;
	refuse_fentry(&caps, -EBUSY);
	check_caps(&caps);
	plan = plan_of(&caps, ATTACH_FENTRY, false);
	expect_impossible(&plan, PLAN_KERNEL, "--attach=auto");
	expect_impossible(&plan, PLAN_KERNEL, strerror(EBUSY));
	plan = plan_of(&caps, ATTACH_AUTO, false);
	assert_int_equal(plan.mode, ATTACH_KPROBE);
	assert_string_equal(plan.attach, "kprobe");
	assert_non_null(strstr(plan.note, "auto chose kprobe"));
	assert_non_null(strstr(plan.note, strerror(EBUSY)));
	/* What was asked for needs no excuse. */
	plan = plan_of(&caps, ATTACH_KPROBE, false);
	assert_string_equal(plan.note, "");
	plan = plan_of(&caps, ATTACH_TRACEPOINT, false);
	assert_string_equal(plan.note, "");
}

/* A trial of one function worked, and then none of the real ones did. */
static void test_fentry_fails_everywhere(void **state)
{
	struct caps caps = caps_6_12();
	struct plan plan;

	(void)state;
	for (int h = 0; h < HOOK_FIRST_TRACEPOINT; h++)
		caps.hook_fentry[h] = -EBUSY;
	check_caps(&caps);
	plan = plan_of(&caps, ATTACH_FENTRY, false);
	expect_impossible(&plan, PLAN_KERNEL, "--attach=auto");
	plan = plan_of(&caps, ATTACH_AUTO, false);
	assert_int_equal(plan.mode, ATTACH_KPROBE);
	assert_non_null(strstr(plan.note, strerror(EBUSY)));
}

static void test_perf_events_refused(void **state)
{
	struct caps caps = caps_6_12();
	struct plan plan;

	(void)state;
	refuse_perf(&caps, -EACCES);
	check_caps(&caps);
	for (enum attach_mode mode = 0; mode < ATTACH_NR; mode++) {
		plan = plan_of(&caps, mode, true);
		assert_int_equal(plan.verdict, 0);
		assert_int_equal(plan.end, END_FEXIT);
		assert_non_null(strstr(plan.note, "fexit"));
		assert_non_null(strstr(plan.note, strerror(EACCES)));
		assert_non_null(strstr(plan.note, "kernel.perf_event_paranoid"));
	}
	/* Each scope asks for its own. */
	caps.perf_task = 0;
	plan = plan_of(&caps, ATTACH_AUTO, true);
	assert_int_equal(plan.end, END_PERF);
	assert_string_equal(plan.note, "");
	/* On a preemptible kernel, too, nothing is lost by ___perf_sw_event. */
	caps.preemptible = true;
	plan = plan_of(&caps, ATTACH_AUTO, false);
	assert_int_equal(plan.end, END_SW_EVENT);
	assert_string_equal(plan.attach, "fentry+kprobe (end: sw_event)");
	caps.sw_event = -ENOENT;
	plan = plan_of(&caps, ATTACH_AUTO, false);
	assert_int_equal(plan.end, END_FEXIT);
	assert_string_equal(plan.attach, "fentry+kprobe (end: fexit)");
	assert_non_null(strstr(plan.note, "fexit"));
}

/* The end of each stock kernel: the most trusted, and of these the cheapest. */
static void test_ends(void **state)
{
	struct caps caps = caps_6_12();
	struct plan_request request = { .mode = ATTACH_AUTO };
	struct plan plan = plan_of_request(&caps, request);

	(void)state;
	assert_int_equal(plan.end, END_FEXIT);
	assert_string_equal(plan.note, "");
	assert_string_equal(plan.attach, "fentry+kprobe");
	assert_string_equal(plan_unused_reason(&plan, STEP_END, END_PERF),
			    "another row is cheaper");
	caps.preemptible = true;
	plan = plan_of_request(&caps, request);
	assert_int_equal(plan.end, END_SW_EVENT);
	assert_non_null(strstr(plan_unused_reason(&plan, STEP_END, END_FEXIT), "preemptible"));
	caps.sw_event = -ENOENT;
	plan = plan_of_request(&caps, request);
	assert_int_equal(plan.end, END_PERF);
	assert_string_equal(plan_unused_reason(&plan, STEP_END, END_SW_EVENT), strerror(ENOENT));
	/* Nobody counts what it skips before 5.12. */
	caps = caps_5_10();
	caps.sw_event = -EINVAL;
	plan = plan_of_request(&caps, request);
	assert_int_equal(plan.end, END_PERF);
	/* Not tried there, so nothing is said of what the kernel does. */
	plan = plan_of(&caps, ATTACH_KPROBE, false);
	assert_non_null(strstr(plan_unused_reason(&plan, STEP_END, END_SW_EVENT), "attach mode"));
	/* Others would pay for it; stacks begin at the fault. */
	caps = caps_6_12();
	plan = plan_of_request(&caps, (struct plan_request){ .per_task = true });
	assert_int_equal(plan.end, END_PERF);
	plan = plan_of_request(&caps, (struct plan_request){ .stacks = true });
	assert_int_equal(plan.end, END_PERF);
	/* What is asked for is taken, or is an error that names it. */
	request.method[STEP_END] = 1 + END_SW_EVENT;
	plan = plan_of_request(&caps, request);
	assert_int_equal(plan.end, END_SW_EVENT);
	caps.sw_event = -EINVAL;
	plan = plan_of_request(&caps, request);
	expect_impossible(&plan, PLAN_KERNEL, "--attach=end=sw_event");
}

static void test_perf_events_and_fentry_refused(void **state)
{
	static const struct {
		int error, code;
	} cases[] = {
		{ -EPERM, PLAN_PRIVILEGE },
		{ -EACCES, PLAN_PRIVILEGE },
		{ -ENOSYS, PLAN_KERNEL },
		{ -EOPNOTSUPP, PLAN_KERNEL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct caps caps = caps_tracepoints_only();

		refuse_perf(&caps, cases[i].error);
		check_caps(&caps);
		for (enum attach_mode mode = 0; mode < ATTACH_NR; mode++) {
			struct plan plan = plan_of(&caps, mode, false);

			expect_impossible(&plan, cases[i].code, strerror(-cases[i].error));
			expect_impossible(&plan, cases[i].code, "CAP_PERFMON");
			expect_impossible(&plan, cases[i].code, "perf_event_paranoid");
		}
	}
}

static void test_scope(void **state)
{
	(void)state;
	for (size_t k = 0; k < NR_KERNELS; k++)
		for (enum attach_mode mode = 0; mode < ATTACH_NR; mode++) {
			struct caps caps = kernels[k].caps();
			struct plan task = plan_of(&caps, mode, true);
			struct plan machine = plan_of(&caps, mode, false);

			if (task.verdict)
				continue;
			assert_true(attached(&task, HOOK_task_newtask));
			assert_false(attached(&machine, HOOK_task_newtask));
			/* And nothing else differs. */
			assert_int_equal(task.facts, machine.facts);
			for (int h = 0; h < HOOK_NR; h++)
				if (h != HOOK_task_newtask && h != HOOK_sched_process_exec &&
				    h != HOOK_task_rename)
					assert_int_equal(task.hook[h].method,
							 machine.hook[h].method);
			assert_memory_equal(task.exact, machine.exact, sizeof(task.exact));
		}
}

static void test_strict_ways_do_not_mix(void **state)
{
	(void)state;
	for (size_t k = 0; k < NR_KERNELS; k++) {
		struct caps caps = kernels[k].caps();
		struct plan plan = plan_of(&caps, ATTACH_FENTRY, true);

		if (!plan.verdict) {
			assert_int_equal(count_method(&plan, METHOD_KPROBE), 0);
			assert_true(count_method(&plan, METHOD_FENTRY) > 0);
			assert_string_equal(plan.attach, "fentry");
		}
		plan = plan_of(&caps, ATTACH_KPROBE, true);
		if (!plan.verdict) {
			assert_int_equal(count_method(&plan, METHOD_FENTRY), 0);
			assert_true(count_method(&plan, METHOD_KPROBE) > 0);
			assert_string_equal(plan.attach, "kprobe");
		}
		plan = plan_of(&caps, ATTACH_TRACEPOINT, true);
		assert_int_equal(plan.verdict, 0);
		assert_int_equal(count_method(&plan, METHOD_FENTRY), 0);
		assert_int_equal(count_method(&plan, METHOD_KPROBE), 0);
		assert_string_equal(plan.attach, "tracepoint");
	}
}

/* Each of the group in turn is the only one that is left. */
static void test_copy_marks_in_turn(void **state)
{
	static const enum hook group[] = { HOOK_wp_page_copy, HOOK_ptep_clear_flush,
					   HOOK_folio_add_new_anon_rmap,
					   HOOK_page_add_new_anon_rmap };
	const int nr = sizeof(group) / sizeof(group[0]);

	(void)state;
	for (int first = 0; first < nr; first++) {
		struct caps caps = caps_all();

		for (int i = 0; i < first; i++)
			remove_function(&caps, group[i]);
		for (enum attach_mode mode = ATTACH_AUTO; mode <= ATTACH_KPROBE; mode++) {
			struct plan plan = plan_of(&caps, mode, false);

			for (int i = 0; i < nr; i++)
				assert_int_equal(attached(&plan, group[i]), i == first);
			assert_int_equal(plan.exact[PATH_WP_COPY][ORIGIN_USER], EXACT);
		}
	}
}

/* What is documented of each way on the stock kernels, in the order of the paths. */
static void expect_exactness(const struct plan *plan, enum origin origin, const char *want)
{
	static const char letters[] = { [EXACT] = 'E', [INFERRED] = 'i', [NOT_VISIBLE] = '-' };
	char got[PATH_NR + 1] = "";

	for (int path = 0; path < PATH_NR; path++)
		got[path] = letters[plan->exact[path][origin]];
	assert_string_equal(got, want);
}

/* The order of paths.h: those of memory, file, protected page; the failures behind them. */
#define COMPLETED       "EEEEEEEEiEEEEEEEEEEEEEEEiE"
#define USER_FAILURES   "EEEEEEEEEE-EE"
#define KERNEL_FAILURES "-EE-E-----EEE"

static void expect_no_gup(const struct plan *plan)
{
	for (int path = 0; path < PATH_NR; path++)
		assert_int_equal(plan->exact[path][ORIGIN_GUP], NOT_VISIBLE);
}

static void test_exactness(void **state)
{
	struct caps caps = caps_6_12();
	struct plan plan = plan_of(&caps, ATTACH_FENTRY, false);

	(void)state;
	expect_exactness(&plan, ORIGIN_USER, COMPLETED USER_FAILURES);
	expect_exactness(&plan, ORIGIN_KERNEL, COMPLETED KERNEL_FAILURES);
	expect_no_gup(&plan);
	plan = plan_of(&caps, ATTACH_KPROBE, false);
	expect_exactness(&plan, ORIGIN_USER, COMPLETED USER_FAILURES);
	expect_exactness(&plan, ORIGIN_KERNEL, COMPLETED KERNEL_FAILURES);
	expect_no_gup(&plan);
	plan = plan_with_gup(&caps, ATTACH_AUTO);
	expect_exactness(&plan, ORIGIN_USER, COMPLETED USER_FAILURES);
	expect_exactness(&plan, ORIGIN_GUP, COMPLETED "-E---EEE---EE");
	/* Kprobes see that it failed, not why. */
	plan = plan_with_gup(&caps, ATTACH_KPROBE);
	expect_exactness(&plan, ORIGIN_GUP, COMPLETED "----------EEE");

	/* do_anonymous_page is inlined: a read leaves no trace but its VMA. */
	caps = caps_6_1();
	plan = plan_of(&caps, ATTACH_FENTRY, false);
	expect_exactness(&plan, ORIGIN_USER, "EiEiEEEEiEEEEEEEEEEEEEEEiE" USER_FAILURES);
	plan = plan_of(&caps, ATTACH_KPROBE, false);
	expect_exactness(&plan, ORIGIN_USER, "EiEiEEEEiEEEEEEEEEEEEEEEiE" USER_FAILURES);
	/* Neither do_huge_pmd_wp_page (by fentry) nor do_set_pmd. */
	caps = caps_5_10();
	plan = plan_of(&caps, ATTACH_FENTRY, false);
	expect_exactness(&plan, ORIGIN_USER, "EiEi-EEE-EEEEEEEEEEEEEEEii" USER_FAILURES);
	plan = plan_of(&caps, ATTACH_KPROBE, false);
	expect_exactness(&plan, ORIGIN_USER, "EiEiEEEE-EEEEEEEEEEEEEEEiE" USER_FAILURES);

	/* bad_area*() is not seen; what only functions show is inferred or not visible. */
	caps = caps_tracepoints_only();
	plan = plan_of(&caps, ATTACH_AUTO, false);
	assert_int_equal(plan.exact[PATH_BAD_ADDRESS][ORIGIN_USER], EXACT);
	assert_int_equal(plan.exact[PATH_BAD_ADDRESS][ORIGIN_KERNEL], NOT_VISIBLE);
	assert_int_equal(plan.exact[PATH_SIGBUS][ORIGIN_USER], EXACT);
	assert_int_equal(plan.exact[PATH_THP_ZERO][ORIGIN_USER], NOT_VISIBLE);
	expect_exactness(&plan, ORIGIN_USER, "iii-iEEi-iiii-iiEE---iii-iEEEiEEE-EE-EE");
	expect_exactness(&plan, ORIGIN_KERNEL, "iii-iEEi-iiii-iiEE---iii-i----E-----EEE");
	expect_no_gup(&plan);
	/* On a machine with NUMA balancing the task's own counts show the hints. */
	caps.numa = true;
	plan = plan_of(&caps, ATTACH_AUTO, false);
	assert_int_equal(plan.exact[PATH_NUMA][ORIGIN_USER], INFERRED);
	assert_true(plan.numa_by_task);

	/* Without its tracepoint a signal is not seen. */
	caps.hook_tracepoint[HOOK_signal_generate] = -ENOENT;
	plan = plan_of(&caps, ATTACH_AUTO, false);
	assert_int_equal(plan.exact[PATH_BAD_ADDRESS][ORIGIN_USER], NOT_VISIBLE);
	assert_int_equal(plan.exact[PATH_SIGBUS][ORIGIN_USER], NOT_VISIBLE);
}

static void test_gup(void **state)
{
	struct caps caps = caps_6_12();
	struct plan plan = plan_with_gup(&caps, ATTACH_AUTO);

	(void)state;
	assert_int_equal(plan.verdict, 0);
	assert_int_equal(plan.hook[HOOK_handle_mm_fault].method, METHOD_FENTRY);
	assert_int_equal(plan.hook[HOOK_follow_page_pte].method, METHOD_UNNEEDED);
	plan = plan_with_gup(&caps, ATTACH_KPROBE);
	assert_int_equal(plan.hook[HOOK_handle_mm_fault].method, METHOD_KPROBE);
	assert_int_equal(plan.hook[HOOK_follow_page_pte].method, METHOD_KPROBE);
	plan = plan_with_gup(&caps, ATTACH_TRACEPOINT);
	expect_impossible(&plan, PLAN_KERNEL, "--attach=auto");
	/* By a kprobe, when fentry cannot, or has no end. */
	caps.hook_fentry[HOOK_handle_mm_fault] = -EBUSY;
	plan = plan_with_gup(&caps, ATTACH_AUTO);
	assert_int_equal(plan.hook[HOOK_handle_mm_fault].method, METHOD_KPROBE);
	caps = caps_6_12();
	caps.fexit = -EBUSY;
	plan = plan_with_gup(&caps, ATTACH_AUTO);
	assert_int_equal(plan.hook[HOOK_handle_mm_fault].method, METHOD_KPROBE);
	/* It cannot be had: said, not left out. */
	plan = plan_with_gup(&caps, ATTACH_FENTRY);
	expect_impossible(&plan, PLAN_KERNEL, "--gup");
	caps.hook_kprobe[HOOK_handle_mm_fault] = -EINVAL;
	plan = plan_with_gup(&caps, ATTACH_AUTO);
	expect_impossible(&plan, PLAN_KERNEL, strerror(EBUSY));
	plan = plan_of(&caps, ATTACH_AUTO, false);
	assert_int_equal(plan.verdict, 0);
}

/* What is called visible can come out of the table, what is not cannot. */
static void test_exactness_is_the_tables(void **state)
{
	static uint8_t path_of[1 << EV_INDEX_BITS];

	(void)state;
	for (size_t k = 0; k < NR_KERNELS; k++)
		for (enum attach_mode mode = 0; mode < ATTACH_NR; mode++) {
			struct caps caps = kernels[k].caps();
			struct plan plan = plan_of(&caps, mode, false);
			bool seen[PATH_NR] = { false };

			if (plan.verdict)
				continue;
			classify_fill(path_of, plan.facts, plan.ev_bit, 1);
			for (int i = 0; i < 1 << EV_INDEX_BITS; i++)
				if (path_of[i] < PATH_NR)
					seen[path_of[i]] = true;
			for (int path = PATH_ANON; path <= PATH_SPURIOUS; path++)
				if (!classify_named(path) &&
				    seen[path] != (plan.exact[path][ORIGIN_USER] != NOT_VISIBLE))
					fail_msg("%s on %s by %s: %s", path_name(path),
						 kernels[k].name, attach_mode_name(mode),
						 seen[path] ? "in the table, but not visible" :
							      "visible, but not in the table");
		}
}

static void test_stock_kernels(void **state)
{
	(void)state;
	for (size_t k = 0; k < NR_KERNELS; k++) {
		struct caps caps = kernels[k].caps();

		check_caps(&caps);
		/* And with each single function or tracepoint missing. */
		for (int h = 0; h < HOOK_NR; h++) {
			struct caps less = caps;

			remove_function(&less, h);
			less.hook_tracepoint[h] = -ENOENT;
			check_caps(&less);
		}
	}
}

/* One bit of the number for each answer that is yes or no. */
static void set_answers(struct caps *caps, uint32_t bits)
{
	static const int errors[] = { -EPERM, -EACCES, -ENOENT, -EOPNOTSUPP };
	int error = errors[bits >> 13 & 3];

	caps->bpf = bits & 1 ? error : 0;
	caps->btf = bits & 2 ? error : 0;
	caps->begin = bits & 4 ? error : 0;
	caps->perf_cpu = bits & 8 ? error : 0;
	caps->perf_task = bits & 16 ? error : 0;
	if (bits & 32)
		refuse_fentry(caps, error);
	else if (bits & 64)
		caps->fexit = error;
	if (bits & 128)
		refuse_kprobes(caps, error);
	caps->atomics = bits & 256;
	caps->task_btf = bits & 512;
	caps->find_vma = bits & 1024;
	caps->task_rss = bits & 2048;
	caps->vmacache = bits & 4096;
}

static void test_all_answers(void **state)
{
	(void)state;
	for (uint32_t bits = 0; bits < 1u << 15; bits++) {
		struct caps caps = caps_all();

		set_answers(&caps, bits);
		check_caps(&caps);
	}
}

/* Hooks at random as well, on kernels where measuring can be. */
static void test_random_hooks(void **state)
{
	(void)state;
	random_state = 88172645463325252ull;
	for (int i = 0; i < 1 << 16; i++) {
		struct caps caps = caps_all();
		uint64_t fentry = random_hooks(), kprobe = random_hooks(), tp = random_hooks();

		/* Half of them: most there, half of them: most missing. */
		if (i & 1)
			fentry &= random_hooks();
		if (i & 2)
			kprobe &= random_hooks();
		if (i & 4)
			tp &= random_hooks();
		for (int h = 0; h < HOOK_NR; h++) {
			caps.hook_fentry[h] = fentry >> h & 1 ? -ENOENT : 0;
			caps.hook_kprobe[h] = kprobe >> h & 1 ? -EINVAL : 0;
			caps.hook_tracepoint[h] = tp >> h & 1 ? -ENOENT : 0;
		}
		set_answers(&caps, random_bits() & ~7u & random_bits());
		check_caps(&caps);
	}
}

/* Causes: nothing is hooked for them, and none is measured, unless requested. */
static void test_no_causes(void **state)
{
	struct caps caps = caps_all();
	struct plan plan = plan_of(&caps, ATTACH_AUTO, false);

	(void)state;
	assert_int_equal(plan.causes, 0);
	for (int h = HOOK_FIRST_CAUSE; h <= HOOK_sched_switch; h++)
		assert_int_equal(plan.hook[h].method, METHOD_UNNEEDED);
}

#define ALL_CAUSES ((1u << CAUSE_NR) - 1)

static struct plan plan_of_causes(const struct caps *caps, enum attach_mode mode)
{
	return plan_of_request(caps, (struct plan_request){ .mode = mode, .causes = true });
}

static void test_causes(void **state)
{
	struct caps caps = caps_6_12();
	struct plan plan = plan_of_causes(&caps, ATTACH_TRACEPOINT);

	(void)state;
	assert_int_equal(plan.causes, ALL_CAUSES);
	/* Only locks that are waited for, where the kernel can say so. */
	assert_int_equal(plan.hook[HOOK_contention_begin].method, METHOD_TRACEPOINT);
	assert_int_equal(plan.hook[HOOK_mmap_lock_start_locking].method, METHOD_UNNEEDED);

	caps.hook_tracepoint[HOOK_contention_end] = -ENOENT;
	plan = plan_of_causes(&caps, ATTACH_TRACEPOINT);
	assert_int_equal(plan.causes, ALL_CAUSES);
	assert_int_equal(plan.hook[HOOK_contention_begin].method, METHOD_UNNEEDED);
	assert_int_equal(plan.hook[HOOK_mmap_lock_start_locking].method, METHOD_TRACEPOINT);
	assert_int_equal(plan.hook[HOOK_mmap_lock_acquire_returned].method, METHOD_TRACEPOINT);
	/* That tracepoint says both, then: the wait, and that the VMA's lock did not do. */
	assert_true(plan.lock_by_tracepoint);
}

/* What takes longest to attach is left out, and what depends on it is said not to be visible. */
static void test_windows(void **state)
{
	const struct plan_request request = { .mode = ATTACH_TRACEPOINT, .windows = true };
	struct caps caps = caps_6_12();
	struct plan plan;

	(void)state;
	plan_make(&plan, &request, &caps);
	assert_int_equal(plan.verdict, PLAN_OK);
	assert_int_equal(plan.hook[HOOK_mmap_lock_acquire_returned].method, METHOD_UNNEEDED);
	assert_false(plan.lock_by_tracepoint);
	assert_int_equal(plan.exact[PATH_UFFD_MISSING][ORIGIN_USER], NOT_VISIBLE);
	assert_int_not_equal(plan.exact[PATH_ANON][ORIGIN_USER], NOT_VISIBLE);

	/* Without locks per VMA such a fault is major, and its VMA is looked up. */
	caps.vma_lock = false;
	plan_make(&plan, &request, &caps);
	assert_int_equal(plan.exact[PATH_UFFD_MISSING][ORIGIN_USER], INFERRED);
}

/* Without the addresses of functions a stack says nothing of who is waited for. */
static void test_causes_without_kallsyms(void **state)
{
	struct caps caps = caps_all();
	struct plan plan = plan_of_causes(&caps, ATTACH_AUTO);

	(void)state;
	assert_int_equal(plan.wait[WAIT_handle_userfault].end, 0x2000);
	caps.kallsyms = -EACCES;
	memset(caps.wait, 0, sizeof(caps.wait));
	plan = plan_of_causes(&caps, ATTACH_AUTO);
	assert_int_equal(plan.causes, ALL_CAUSES & ~(1u << CAUSE_UFFD));
}

/* 5.10: only the stack shows a wait for the lock, if all of these functions are known. */
static void test_causes_of_5_10(void **state)
{
	static const enum wait_function needed[] = {
		WAIT_rwsem_down_read_slowpath,
		WAIT_handle_mm_fault,
		WAIT_exc_page_fault,
	};
	struct caps caps = caps_5_10(), other;
	struct plan plan = plan_of_causes(&caps, ATTACH_TRACEPOINT);

	(void)state;
	assert_int_equal(plan.causes, ALL_CAUSES);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		other = caps;
		other.wait[needed[i]] = (struct wait_range){ 0 };
		plan = plan_of_causes(&other, ATTACH_KPROBE);
		assert_int_equal(plan.causes, ALL_CAUSES & ~(1u << CAUSE_LOCK));
	}
	other.wait[WAIT_do_page_fault] = (struct wait_range){ 0x5000, 0x6000 };
	plan = plan_of_causes(&other, ATTACH_KPROBE);
	assert_int_equal(plan.causes, ALL_CAUSES);
	other.hook_tracepoint[HOOK_sched_switch] = -EPERM;
	plan = plan_of_causes(&other, ATTACH_KPROBE);
	assert_false(plan.causes & 1u << CAUSE_LOCK);
}

/* Half a pair measures nothing; without switches there are only the spans. */
static void test_causes_missing(void **state)
{
	struct caps caps = caps_all();
	struct plan plan;

	(void)state;
	caps.hook_tracepoint[HOOK_mm_compaction_end] = -ENOENT;
	plan = plan_of_causes(&caps, ATTACH_AUTO);
	assert_int_equal(plan.causes, ALL_CAUSES & ~(1u << CAUSE_COMPACTION));
	caps.hook_tracepoint[HOOK_sched_switch] = -EPERM;
	plan = plan_of_causes(&caps, ATTACH_AUTO);
	assert_int_equal(plan.causes, 1u << CAUSE_LOCK | 1u << CAUSE_RECLAIM | 1u << CAUSE_MEMCG |
					      1u << CAUSE_ON_CPU);
}

static void test_names(void **state)
{
	static const char *const modes[] = { "auto", "fentry", "kprobe", "tracepoint" };
	static const char *const methods[] = { "none",   "unneeded",     "fentry",
					       "kprobe", "kprobe.multi", "tracepoint" };

	(void)state;
	for (enum attach_mode mode = 0; mode < ATTACH_NR; mode++)
		assert_string_equal(attach_mode_name(mode), modes[mode]);
	for (int m = METHOD_NONE; m <= METHOD_TRACEPOINT; m++)
		assert_string_equal(method_name(m), methods[m]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_but_tracepoints),
		cmocka_unit_test(test_task_rss_replaces_its_tracepoint),
		cmocka_unit_test(test_no_btf),
		cmocka_unit_test(test_no_exceptions_tracepoints),
		cmocka_unit_test(test_no_bpf),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_all_functions),
		cmocka_unit_test(test_growth_of_the_stack),
		cmocka_unit_test(test_locks),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_do_anonymous_page_missing),
		cmocka_unit_test(test_kprobes_forbidden),
		cmocka_unit_test(test_fentry_refused),
		cmocka_unit_test(test_fentry_fails_everywhere),
		cmocka_unit_test(test_perf_events_refused),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_perf_events_and_fentry_refused),
		cmocka_unit_test(test_scope),
		cmocka_unit_test(test_strict_ways_do_not_mix),
		cmocka_unit_test(test_copy_marks_in_turn),
		cmocka_unit_test(test_exactness),
		cmocka_unit_test(test_gup),
		cmocka_unit_test(test_exactness_is_the_tables),
		cmocka_unit_test(test_stock_kernels),
		cmocka_unit_test(test_all_answers),
		cmocka_unit_test(test_random_hooks),
		cmocka_unit_test(test_no_causes),
		cmocka_unit_test(test_causes),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_causes_without_kallsyms),
		cmocka_unit_test(test_causes_of_5_10),
		cmocka_unit_test(test_causes_missing),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
