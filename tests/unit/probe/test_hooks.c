// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_hooks.c: the hook table, the built BPF object and the shared layouts
 * say the same. Opens the object, loads nothing: no privilege is needed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "shared/config.h"
#include "shared/exit_counters.h"
#include "shared/fault_counters.h"
#include "shared/group_key.h"
#include "shared/hist.h"
#include "shared/inflight.h"
#include "shared/slab_return.h"
#include "shared/tallies.h"
#include "shared/stack_record.h"
#include "probe/probe_hooks.h"

#include "pfstat.skel.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* Programs of no hook: the begin and the end, in all their variants. */
static const struct {
	const char *name;
	const char *section;
} end_events[] = {
	{ "begin_user", "tp_btf/page_fault_user" },
	{ "begin_user_plain", "tp_btf/page_fault_user" },
	{ "begin_kernel", "tp_btf/page_fault_kernel" },
	{ "begin_kernel_plain", "tp_btf/page_fault_kernel" },
	{ "end_minor", "perf_event" },
	{ "scope_return", "raw_tp" },
	{ "group_return", "raw_tp" },
	{ "profile_stack_return", "raw_tp" },
	{ "profile_fault_return", "raw_tp" },
	{ "end_minor_vma", "perf_event" },
	{ "end_major", "perf_event" },
	{ "end_major_vma", "perf_event" },
	{ "fexit_handle_mm_fault", "fexit/handle_mm_fault" },
	{ "fentry_handle_mm_fault_plain", "fentry/handle_mm_fault" },
	{ "kprobe_handle_mm_fault_plain", "kprobe/handle_mm_fault" },
	{ "signal_generate_vma", "tp_btf/signal_generate" },
	{ "fexit_end", "fexit/handle_mm_fault" },
	{ "fexit_end_vma", "fexit/handle_mm_fault" },
	{ "end_sw_event", "fentry/___perf_sw_event" },
	{ "end_sw_event_vma", "fentry/___perf_sw_event" },
};

static int setup(void **state)
{
	*state = pfstat_bpf__open();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	pfstat_bpf__destroy(*state);
	return 0;
}

static void expect_program(const struct pfstat_bpf *skel, const char *name, const char *section)
{
	const struct bpf_program *prog = bpf_object__find_program_by_name(skel->obj, name);

	if (!prog)
		fail_msg("%s: no such program in the BPF object", name);
	assert_string_equal(bpf_program__section_name(prog), section);
}

static void expect_program_on(const struct pfstat_bpf *skel, const char *name, const char *kind,
			      const char *function)
{
	char section[96];

	if (!name)
		return;
	snprintf(section, sizeof(section), "%s/%s", kind, function);
	expect_program(skel, name, section);
}

static void test_every_row_has_its_programs(void **state)
{
	for (int h = 0; h < HOOK_NR; h++) {
		const struct hook_row *row = &hook_rows[h];

		expect_program_on(*state, row->fentry, "fentry", row->name);
		expect_program_on(*state, row->kprobe, "kprobe", row->name);
		expect_program_on(*state, row->tracepoint, "tp_btf", row->name);
	}
}

static void test_spine_has_its_programs(void **state)
{
	for (size_t i = 0; i < NR(end_events); i++)
		expect_program(*state, end_events[i].name, end_events[i].section);
}

static int is_of(const char *name, const char *program)
{
	return program && !strcmp(name, program);
}

static int times_named(const char *name)
{
	int times = 0;

	for (int h = 0; h < HOOK_NR; h++)
		times += is_of(name, hook_rows[h].fentry) + is_of(name, hook_rows[h].kprobe) +
			 is_of(name, hook_rows[h].tracepoint);
	for (size_t i = 0; i < NR(end_events); i++)
		times += is_of(name, end_events[i].name);
	return times;
}

static void test_every_program_is_named_once(void **state)
{
	const struct pfstat_bpf *skel = *state;
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj) {
		const char *name = bpf_program__name(prog);

		if (times_named(name) != 1)
			fail_msg("%s: named by %d hooks", name, times_named(name));
	}
}

/* Functions before HOOK_FIRST_TRACEPOINT, tracepoints from it on, no row forgotten. */
static void test_rows_are_whole(void **state)
{
	(void)state;
	for (int h = 0; h < HOOK_NR; h++) {
		const struct hook_row *row = &hook_rows[h];
		int function = h < HOOK_FIRST_TRACEPOINT;

		assert_non_null(row->name);
		/* Where the return is seen, the look-up that follows it is not needed. */
		assert_int_equal(!!row->fentry, function && h != HOOK___get_user_pages &&
							h != HOOK_follow_page_mask &&
							h != HOOK_follow_page_pte);
		assert_int_equal(!!row->kprobe, function);
		assert_int_equal(!!row->tracepoint, !function);
		assert_int_equal(row->facts & ~((1u << EV_NR) - 1), 0);
		/* Those two are in the error code; no hook sets them. */
		assert_int_equal(row->facts & (EV(PRESENT) | EV(WRITE)), 0);
		for (int other = 0; other < h; other++)
			assert_string_not_equal(row->name, hook_rows[other].name);
	}
}

/* Each fact is set by a hook, except those of the begin and the end. */
static void test_every_fact_has_a_witness(void **state)
{
	uint32_t facts = EV(PRESENT) | EV(WRITE) | EV(MAJOR) | EV(RSS_KNOWN) | EV(RSS_ANON);

	(void)state;
	for (int h = 0; h < HOOK_NR; h++)
		facts |= hook_rows[h].facts;
	assert_int_equal(facts, (1u << EV_NR) - 1);
}

struct field {
	const char *name;
	size_t offset;
};

#define FIELD(type, member)                                                                        \
	{                                                                                          \
#member, offsetof(struct type, member)                                             \
	}

/* The struct as clang laid it out for BPF against this compiler's. */
static void expect_struct(const struct pfstat_bpf *skel, const char *name, size_t size,
			  const struct field *fields, size_t nr_fields)
{
	const struct btf *btf = bpf_object__btf(skel->obj);
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	const struct btf_type *t;
	size_t found = 0;

	if (id < 0)
		fail_msg("struct %s: not in the BPF object's BTF", name);
	t = btf__type_by_id(btf, id);
	assert_int_equal(t->size, size);
	for (int m = 0; m < btf_vlen(t); m++) {
		const char *member = btf__name_by_offset(btf, btf_members(t)[m].name_off);

		for (size_t i = 0; i < nr_fields; i++) {
			if (strcmp(member, fields[i].name))
				continue;
			assert_int_equal(btf_member_bit_offset(t, m), fields[i].offset * 8);
			found++;
		}
	}
	assert_int_equal(found, nr_fields);
}

static void test_shared_structs(void **state)
{
	static const struct field inflight[] = {
		FIELD(inflight, tid),   FIELD(inflight, evidence), FIELD(inflight, start_ns),
		FIELD(inflight, state), FIELD(inflight, rss),      FIELD(inflight, in_overflow),
		FIELD(inflight, vmf),
	};
	static const struct field inflight_state[] = {
		FIELD(inflight_state, origin), FIELD(inflight_state, in_mm_fault),
		FIELD(inflight_state, major),  FIELD(inflight_state, walking),
		FIELD(inflight_state, calls),  FIELD(inflight_state, notes),
	};
	static const struct field task_rss[] = {
		FIELD(task_rss, events), FIELD(task_rss, file),  FIELD(task_rss, anon),
		FIELD(task_rss, swap),   FIELD(task_rss, shmem),
	};
	static const struct field fault_counters[] = {
		FIELD(fault_counters, buckets),    FIELD(fault_counters, sum_ns),
		FIELD(fault_counters, max_ns),     FIELD(fault_counters, untimed),
		FIELD(fault_counters, writes),     FIELD(fault_counters, execs),
		FIELD(fault_counters, retries),    FIELD(fault_counters, stack_growths),
		FIELD(fault_counters, mmap_locks), FIELD(fault_counters, orders),
	};
	static const struct field tallies[] = { FIELD(tallies, n) };
	static const struct field config[] = {
		FIELD(config, nr_cpus),
		FIELD(config, filter),
		FIELD(config, inherit_threads),
		FIELD(config, inherit_children),
		FIELD(config, task_btf),
		FIELD(config, task_rss),
		FIELD(config, vma_source),
		FIELD(config, swap_by_rss),
		FIELD(config, gup),
		FIELD(config, gup_by_lookup),
		FIELD(config, numa_by_task),
		FIELD(config, huge_by_pages),
		FIELD(config, uffd_by_vma),
		FIELD(config, orders),
		FIELD(config, lock_by_tracepoint),
		FIELD(config, lock_cause_here),
		FIELD(config, details),
		FIELD(config, causes),
		FIELD(config, cause_counters),
		FIELD(config, trace),
		FIELD(config, trace_stacks),
		FIELD(config, profile),
		FIELD(config, trace_slower_ns),
		FIELD(config, trace_sample),
		FIELD(config, by),
		FIELD(config, only),
	};
	static const struct field fault_filter[] = {
		FIELD(fault_filter, of_fault), FIELD(fault_filter, major),
		FIELD(fault_filter, origins),  FIELD(fault_filter, paths),
		FIELD(fault_filter, min_ns),   FIELD(fault_filter, of_task),
		FIELD(fault_filter, comm_len), FIELD(fault_filter, comm),
		FIELD(fault_filter, cgroup),
	};
	static const struct field cause_counters[] = {
		FIELD(cause_counters, ns),
	};
	static const struct field fault_mapping[] = {
		FIELD(fault_mapping, start),     FIELD(fault_mapping, end),
		FIELD(fault_mapping, offset),    FIELD(fault_mapping, vm_flags),
		FIELD(fault_mapping, ino),       FIELD(fault_mapping, dev),
		FIELD(fault_mapping, kind),      FIELD(fault_mapping, flags),
		FIELD(fault_mapping, names_len), FIELD(fault_mapping, names),
	};
	static const struct field group_faults[] = {
		FIELD(group_faults, key),     FIELD(group_faults, used),
		FIELD(group_faults, comm),    FIELD(group_faults, buckets),
		FIELD(group_faults, sum_ns),  FIELD(group_faults, max_ns),
		FIELD(group_faults, untimed), FIELD(group_faults, major),
	};
	static const struct field profile_key[] = {
		FIELD(profile_key, kernel), FIELD(profile_key, user),   FIELD(profile_key, pid),
		FIELD(profile_key, path),   FIELD(profile_key, origin),
	};
	static const struct field profile_stack[] = {
		FIELD(profile_stack, hash),
		FIELD(profile_stack, nr),
		FIELD(profile_stack, used),
		FIELD(profile_stack, ip),
	};
	static const struct field profile_fault[] = {
		FIELD(profile_fault, key),    FIELD(profile_fault, count),
		FIELD(profile_fault, sum_ns), FIELD(profile_fault, comm),
		FIELD(profile_fault, used),
	};
	static const struct field slab_return[] = {
		FIELD(slab_return, nr),
		FIELD(slab_return, free),
		FIELD(slab_return, entries),
	};

	expect_struct(*state, "inflight", sizeof(struct inflight), inflight, NR(inflight));
	expect_struct(*state, "inflight_state", sizeof(struct inflight_state), inflight_state,
		      NR(inflight_state));
	expect_struct(*state, "task_rss", sizeof(struct task_rss), task_rss, NR(task_rss));
	expect_struct(*state, "fault_counters", sizeof(struct fault_counters), fault_counters,
		      NR(fault_counters));
	expect_struct(*state, "tallies", sizeof(struct tallies), tallies, NR(tallies));
	expect_struct(*state, "config", sizeof(struct config), config, NR(config));
	expect_struct(*state, "fault_filter", sizeof(struct fault_filter), fault_filter,
		      NR(fault_filter));
	expect_struct(*state, "cause_counters", sizeof(struct cause_counters), cause_counters,
		      NR(cause_counters));
	expect_struct(*state, "fault_mapping", sizeof(struct fault_mapping), fault_mapping,
		      NR(fault_mapping));
	expect_struct(*state, "group_faults", sizeof(struct group_faults), group_faults,
		      NR(group_faults));
	expect_struct(*state, "profile_key", sizeof(struct profile_key), profile_key,
		      NR(profile_key));
	expect_struct(*state, "profile_stack", sizeof(struct profile_stack), profile_stack,
		      NR(profile_stack));
	expect_struct(*state, "profile_fault", sizeof(struct profile_fault), profile_fault,
		      NR(profile_fault));
	expect_struct(*state, "slab_return", sizeof(struct slab_return), slab_return,
		      NR(slab_return));
}

static void test_sizes(void **state)
{
	(void)state;
	/* One cache line: two tasks' faults do not share one. */
	assert_int_equal(sizeof(struct inflight), 64);
	assert_int_equal(sizeof(struct fault_counters), (HIST_SLOTS + 10 + MAX_ORDER_NOTED) * 8);
	assert_int_equal(FAULT_COUNTERS_INDEX(PATH_NR - 1, ORIGIN_NR - 1, 1),
			 FAULT_COUNTERS_PER_CPU - 1);
	/* The kernel's struct, read whole: events and four counts. */
	assert_int_equal(sizeof(struct task_rss), 5 * sizeof(int));
	/* hist_below() masks. */
	assert_int_equal(NR_INFLIGHT & (NR_INFLIGHT - 1), 0);
	/*
	 * PATH_ASK and the paths share a byte; the index, INFLIGHT_EXEC and INFLIGHT_PATH() a word.
	 */
	assert_true(PATH_NR < PATH_ASK && PATH_ASK <= UINT8_MAX);
	assert_true(EV_INDEX_BITS < 32 && INFLIGHT_EXEC >= 1u << EV_INDEX_BITS);
	assert_true(INFLIGHT_EXEC < INFLIGHT_RARE && INFLIGHT_RARE < 1u << INFLIGHT_PATH_SHIFT &&
		    PATH_NR < 255);
}

static void expect_map(const struct bpf_map *map, size_t value_size, int mmapable)
{
	assert_int_equal(bpf_map__key_size(map), 4);
	assert_int_equal(bpf_map__value_size(map), value_size);
	assert_int_equal(!!(bpf_map__map_flags(map) & BPF_F_MMAPABLE), mmapable);
}

static void test_maps(void **state)
{
	const struct pfstat_bpf *skel = *state;

	expect_map(skel->maps.inflight_overflow, sizeof(struct inflight), 0);
	expect_map(skel->maps.targets, sizeof(uint64_t), 1);
	expect_map(skel->maps.fault_counters, sizeof(struct fault_counters), 1);
	expect_map(skel->maps.tally, sizeof(struct tallies), 1);
	assert_int_equal(sizeof(skel->bss->inflight), NR_INFLIGHT * sizeof(struct inflight));
	assert_int_equal(bpf_map__max_entries(skel->maps.inflight_overflow), NR_OVERFLOW);
}

/* What session.c copies into .rodata fits there, byte for byte. */
static void test_configuration_is_copied_whole(void **state)
{
	struct pfstat_bpf *skel = *state;
	const struct config cfg = {
		.nr_cpus = 0x01020304,
		.filter = 5,
		.inherit_threads = 6,
		.inherit_children = 7,
		.task_btf = 8,
		.task_rss = 9,
		.vma_source = 10,
		.swap_by_rss = 11,
	};
	const struct config *copy = (const struct config *)&skel->rodata->cfg;

	assert_int_equal(sizeof(skel->rodata->cfg), sizeof(cfg));
	assert_int_equal(sizeof(skel->rodata->ev_bit), EV_NR * sizeof(uint32_t));
	assert_int_equal(sizeof(skel->rodata->path_of), 1 << EV_INDEX_BITS);
	assert_int_equal(sizeof(skel->rodata->hist), sizeof(struct hist_tables));
	memcpy((void *)&skel->rodata->cfg, &cfg, sizeof(cfg));
	assert_int_equal(copy->nr_cpus, 0x01020304);
	assert_int_equal(copy->filter, 5);
	assert_int_equal(copy->inherit_threads, 6);
	assert_int_equal(copy->inherit_children, 7);
	assert_int_equal(copy->task_btf, 8);
	assert_int_equal(copy->task_rss, 9);
	assert_int_equal(copy->vma_source, 10);
	assert_int_equal(copy->swap_by_rss, 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_has_its_programs),
		cmocka_unit_test(test_spine_has_its_programs),
		cmocka_unit_test(test_every_program_is_named_once),
		cmocka_unit_test(test_rows_are_whole),
		cmocka_unit_test(test_every_fact_has_a_witness),
		cmocka_unit_test(test_shared_structs),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_configuration_is_copied_whole),
	};

	return cmocka_run_group_tests_name("hooks", tests, setup, teardown);
}
