// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_symbols.c: kallsyms, maps of JIT compilers, and address spaces from records
 * that are made up: order, fork, exec, reuse of pids, and limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>

#include "symbols/symbols_address_space.h"
#include "symbols/symbols_perf_map.h"
#include "symbols/symbols_mmap_records.h"
#include "probe/probe_wait_functions.h"
#include "symbols/symbols_kernel.h"

/* --- kallsyms */

static struct symbols_kernel *kernel_of(const char *text)
{
	FILE *f = fmemopen((char *)text, strlen(text), "r");
	struct symbols_kernel *k;

	assert_int_equal(symbols_kernel_read(&k, f), 0);
	fclose(f);
	return k;
}

static void expect_symbol(struct symbols_kernel *k, uint64_t address, const char *name,
			  uint64_t offset, const char *module)
{
	struct kernel_symbol s;

	assert_int_equal(symbols_kernel_find(k, address, &s), 0);
	assert_string_equal(s.name, name);
	assert_int_equal(s.offset, offset);
	assert_string_equal(s.module, module);
}

static void kallsyms(void **state)
{
	struct symbols_kernel *k = kernel_of("ffffffff81000100 T second\n"
					     "ffffffff81000000 T first\n"
					     "ffffffff81000000 t alias\n"
					     "0000000000000000 A zero\n"
					     "ffffffff81000180 D data\n"
					     "not a line\n"
					     "ffffffffc0000000 t xfs_init\t[xfs]\n"
					     "ffffffffc0000040 t xfs_exit\t[xfs]\n"
					     "ffffffffc1000000 w weak\t[zfs]\n");
	struct kernel_symbol s;

	(void)state;
	assert_string_equal(symbols_kernel_problem(k), "");
	expect_symbol(k, 0xffffffff81000000, "first", 0, "[kernel.kallsyms]");
	expect_symbol(k, 0xffffffff810000ff, "first", 0xff, "[kernel.kallsyms]");
	expect_symbol(k, 0xffffffff81000190, "second", 0x90, "[kernel.kallsyms]");
	expect_symbol(k, 0xffffffffc0000041, "xfs_exit", 1, "[xfs]");
	expect_symbol(k, 0xffffffffc1000001, "weak", 1, "[zfs]");
	assert_int_equal(symbols_kernel_find(k, 0xffffffff80ffffff, &s), -ENOENT);
	assert_int_equal(symbols_kernel_find(k, 0xffffffff90000000, &s), -ENOENT);
	assert_int_equal(symbols_kernel_find(k, 0x401000, &s), -ENOENT);
	symbols_kernel_close(k);
}

static void kallsyms_hidden(void **state)
{
	struct symbols_kernel *k =
		kernel_of("0000000000000000 T first\n0000000000000000 T second\n");
	struct kernel_symbol s;

	(void)state;
	assert_int_equal(symbols_kernel_find(k, 0xffffffff81000000, &s), -EACCES);
	assert_non_null(strstr(symbols_kernel_problem(k), "kptr_restrict"));
	symbols_kernel_close(k);
}

/* --- functions that a fault sleeps in */

static int sleeps_of(struct wait_range found[WAIT_NR], const char *text)
{
	FILE *f = fmemopen((char *)text, strlen(text), "r");
	int err;

	assert_non_null(f);
	err = wait_functions_read(found, f);
	fclose(f);
	return err;
}

/* Up to the next function that begins elsewhere; of similar names, only the one. */
static void sleeps(void **state)
{
	struct wait_range found[WAIT_NR];

	(void)state;
	assert_int_equal(sleeps_of(found, "0000000000000000 A fixed_percpu_data\n"
					  "ffffffff81000000 t do_try_to_free_pages\n"
					  "ffffffff81000100 T try_to_free_pages\n"
					  "ffffffff81000100 T an_alias\n"
					  "ffffffff81000180 T __pfx_handle_userfault\n"
					  "ffffffff81000190 T handle_userfault\n"
					  "ffffffffc0000000 t xfs_init\t[xfs]\n"),
			 0);
	assert_int_equal(found[WAIT_try_to_free_pages].begin, 0xffffffff81000100);
	assert_int_equal(found[WAIT_try_to_free_pages].end, 0xffffffff81000180);
	assert_int_equal(found[WAIT_handle_userfault].begin, 0xffffffff81000190);
	assert_int_equal(found[WAIT_handle_userfault].end, 0xffffffffc0000000);
	assert_int_equal(found[WAIT_drain_all_pages].begin, 0);
	assert_int_equal(found[WAIT_drain_all_pages].end, 0);
}

static void wait_functions_hidden(void **state)
{
	struct wait_range found[WAIT_NR];

	(void)state;
	assert_int_equal(sleeps_of(found, "0000000000000000 T try_to_free_pages\n"
					  "0000000000000000 T handle_userfault\n"),
			 -EACCES);
	assert_int_equal(found[WAIT_handle_userfault].end, 0);
	assert_int_equal(sleeps_of(found, "\n"), 0);
	assert_int_equal(found[WAIT_handle_userfault].end, 0);
}

/* --- maps of JIT compilers */

static void perf_maps(void **state)
{
	static char text[] = "1000 20 first\n"
			     "0x2000 0x10 with spaces (in) it\r\n"
			     "1010 8 inner\n"
			     "1000 20 replaced\n"
			     "zz 10 bad\n\n1 2\n3000 0 empty\n"
			     "ffffffffffffffff 10 wraps\n"
			     "11111111111111111 1 long\n"
			     "4000 10 no newline";
	static const struct {
		uint64_t address;
		const char *name;
	} cases[] = { { 0x1000, "replaced" },   { 0x101f, "replaced" },
		      { 0x1020, NULL },         { 0x2005, "with spaces (in) it" },
		      { 0x3000, NULL },         { 0xfff, NULL },
		      { 0x400f, "no newline" }, { UINT64_MAX, NULL } };
	struct perf_map map;

	(void)state;
	assert_int_equal(perf_map_parse(&map, text, sizeof(text) - 1), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct perf_map_entry *e = perf_map_find(&map, cases[i].address);
		const char *name = e ? map.names.data + e->name : NULL;

		if (!!name != !!cases[i].name || (name && strcmp(name, cases[i].name)))
			fail_msg("%lx is %s", cases[i].address, name ? name : "nothing");
	}
	perf_map_free(&map);
}

/* --- address spaces */

static struct address_spaces *spaces;

/* None of this machine's processes: what is asked for has pids that do not exist. */
static int no_spaces(void **state)
{
	int tid = 0, events;
	struct address_spaces_options options = { .tids = &tid,
						  .max_exited = 8,
						  .no_events = true };

	(void)state;
	return address_spaces_open(&spaces, &options, &events);
}

static int close_spaces(void **state)
{
	(void)state;
	address_spaces_close(spaces);
	return 0;
}

enum { A = 5000001, B, C };

static int record(uint32_t type, uint16_t misc, const void *body, size_t len, uint64_t time)
{
	char bytes[512] = { 0 };
	struct perf_event_header header = { .type = type, .misc = misc };
	struct perf_record_id id = { .time = time };

	len = (len + 7) / 8 * 8;
	header.size = sizeof(header) + len + sizeof(id);
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), body, len);
	memcpy(bytes + sizeof(header) + len, &id, sizeof(id));
	return address_spaces_record(spaces, bytes, header.size);
}

static void maps(uint32_t pid, uint64_t start, const char *path, uint64_t time)
{
	struct {
		uint32_t pid, tid;
		uint64_t addr, len, pgoff;
		uint32_t maj, min;
		uint64_t ino, generation;
		uint32_t prot, flags;
		char path[64];
	} body = { pid, pid, start, 0x1000, 0x3000, 8, 1, 77, 5, 5, 2, "" };

	strcpy(body.path, path);
	assert_int_equal(record(PERF_RECORD_MMAP2, 0, &body, sizeof(body), time), 0);
}

static void forks(uint32_t parent, uint32_t pid, uint64_t time)
{
	uint32_t body[6] = { pid, parent, pid, parent };

	assert_int_equal(record(PERF_RECORD_FORK, 0, body, sizeof(body), time), 0);
}

static void exits(uint32_t pid, uint32_t tid, uint64_t time)
{
	uint32_t body[6] = { pid, 1, tid, 1 };

	assert_int_equal(record(PERF_RECORD_EXIT, 0, body, sizeof(body), time), 0);
}

static void executes(uint32_t pid, uint64_t time)
{
	uint32_t body[4] = { pid, pid, 0x61 };

	assert_int_equal(
		record(PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC, body, sizeof(body), time), 0);
}

static void expect(int pid, uint64_t address, uint64_t when, const char *path)
{
	struct mapping m;
	int err = address_spaces_find(spaces, pid, address, when, &m);

	if (path ? err || strcmp(m.file->path, path) : err != -ENOENT)
		fail_msg("%lx of %d at %lu is %s, %d", address, pid, when,
			 err ? "nothing" : m.file->path, err);
}

static void mapping_over_time(void **state)
{
	struct mapping m;

	(void)state;
	executes(A, 10);
	maps(A, 0x400000, "/bin/a", 11);
	maps(A, 0x400000, "/lib/later", 20);
	expect(A, 0x400fff, 15, "/bin/a");
	expect(A, 0x400000, 20, "/lib/later");
	expect(A, 0x400000, UINT64_MAX, "/lib/later");
	/* With VMA locks a fault can be first. */
	expect(A, 0x400000, 10, "/bin/a");
	expect(A, 0x401000, 15, NULL);
	assert_int_equal(address_spaces_find(spaces, A, 0x400010, 15, &m), 0);
	assert_int_equal(m.offset, 0x3000);
	assert_int_equal(m.file->inode, 77);
	assert_int_equal(m.file->generation, 5);
	assert_int_equal(m.file->dev, 8 << 8 | 1);
	assert_int_equal(address_spaces_find(spaces, B, 0x400010, 15, &m), -ESRCH);
}

static void exec_begins_anew(void **state)
{
	struct mapping m;

	(void)state;
	executes(A, 10);
	maps(A, 0x400000, "/bin/a", 11);
	executes(A, 30);
	maps(A, 0x500000, "/bin/b", 31);
	expect(A, 0x400000, 20, "/bin/a");
	expect(A, 0x400000, 40, NULL);
	expect(A, 0x500000, 40, "/bin/b");
	/* Without a time both may be meant; the old one is not what /proc shows. */
	expect(A, 0x400000, UINT64_MAX, "/bin/a");
	assert_int_equal(address_spaces_find(spaces, A, 0x400000, UINT64_MAX, &m), 0);
	assert_true(m.exited);
	assert_int_equal(address_spaces_find(spaces, A, 0x500000, UINT64_MAX, &m), 0);
	assert_false(m.exited);
}

static void fork_sees_the_past_only(void **state)
{
	(void)state;
	executes(A, 10);
	maps(A, 0x400000, "/bin/a", 11);
	forks(A, B, 20);
	maps(A, 0x600000, "/lib/of-parent", 30);
	maps(B, 0x700000, "/lib/of-child", 30);
	expect(B, 0x400000, 40, "/bin/a");
	expect(B, 0x600000, 40, NULL);
	expect(B, 0x700000, 40, "/lib/of-child");
	expect(A, 0x700000, 40, NULL);
	exits(A, A, 50);
	executes(A, 60);
	expect(B, 0x400000, 70, "/bin/a");
}

static void threads_are_no_processes(void **state)
{
	(void)state;
	executes(A, 10);
	maps(A, 0x400000, "/bin/a", 11);
	forks(A, A, 20);
	exits(A, A + 1000, 30);
	expect(A, 0x400000, 40, "/bin/a");
}

/* Rings are read one after the other: a record may come late. */
static void records_out_of_order(void **state)
{
	(void)state;
	executes(A, 10);
	maps(A, 0x400000, "/bin/a", 11);
	executes(B, 30);
	maps(B, 0x500000, "/bin/b", 31);
	forks(A, B, 20);
	expect(B, 0x400000, 25, "/bin/a");
	expect(B, 0x500000, 35, "/bin/b");
	expect(B, 0x400000, 35, NULL);
}

static void pids_are_used_again(void **state)
{
	(void)state;
	executes(A, 10);
	maps(A, 0x400000, "/bin/old", 11);
	exits(A, A, 20);
	forks(C, A, 30);
	executes(A, 31);
	maps(A, 0x400000, "/bin/new", 32);
	expect(A, 0x400000, 15, "/bin/old");
	expect(A, 0x400000, 40, "/bin/new");
}

/* A daemon that forks and ends, again and again, never executing anything. */
static void chain_of_forks_is_bounded(void **state)
{
	struct address_spaces_totals totals;
	unsigned int i;

	(void)state;
	executes(A, 10);
	maps(A, 0x400000, "/bin/daemon", 11);
	for (i = 0; i < 5000; i++) {
		forks(A + i, A + i + 1, 20 + 2 * i);
		exits(A + i, A + i, 21 + 2 * i);
	}
	expect(A + 5000, 0x400000, UINT64_MAX, "/bin/daemon");
	address_spaces_totals(spaces, &totals);
	assert_int_equal(totals.spaces, 9);
	assert_int_equal(totals.spaces_dropped, 5001 - 9);
}

static void many_mappings_are_bounded(void **state)
{
	struct address_spaces_totals totals;
	uint64_t i;

	(void)state;
	executes(A, 10);
	for (i = 0; i < 17000; i++)
		maps(A, 0x400000 + i * 0x1000, "//anon", 20 + i);
	/* The same again is nothing new. */
	maps(A, 0x400000 + 16999 * 0x1000, "//anon", 50000);
	address_spaces_totals(spaces, &totals);
	assert_int_equal(totals.mappings_dropped, 17000 - 16384);
	expect(A, 0x400000 + 16999 * 0x1000, UINT64_MAX, "//anon");
	expect(A, 0x400000, UINT64_MAX, NULL);
}

static void build_id_instead_of_inode(void **state)
{
	struct {
		uint32_t pid, tid;
		uint64_t addr, len, pgoff;
		uint8_t size, reserved[3], build_id[20];
		uint32_t prot, flags;
		char path[16];
	} body = { A, A, 0x400000, 0x1000, 0, 20, { 0 }, { 1, 2, 3 }, 5, 2, "/bin/a" };
	struct mapping m;

	(void)state;
	executes(A, 10);
	assert_int_equal(
		record(PERF_RECORD_MMAP2, PERF_RECORD_MISC_MMAP_BUILD_ID, &body, sizeof(body), 11),
		0);
	assert_int_equal(address_spaces_find(spaces, A, 0x400000, 12, &m), 0);
	assert_int_equal(m.file->build_id_len, 20);
	assert_memory_equal(m.file->build_id, body.build_id, 20);
	assert_int_equal(m.file->inode, 0);
}

/* Faults of processes that nobody told of, and that are gone. */
static void unknown_processes_are_bounded(void **state)
{
	struct address_spaces_totals totals;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		address_spaces_add_process(spaces, A + i % 100);
	address_spaces_totals(spaces, &totals);
	assert_int_equal(totals.spaces, 8);
}

static void lost_records_are_counted(void **state)
{
	uint64_t body[2] = { 1, 42 };
	struct address_spaces_totals totals;

	(void)state;
	assert_int_equal(record(PERF_RECORD_LOST, 0, body, sizeof(body), 1), 0);
	address_spaces_totals(spaces, &totals);
	assert_int_equal(totals.lost, 42);
}

static void broken_records(void **state)
{
	char bytes[256];
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(bytes); len++) {
		struct perf_event_header header = { .type = PERF_RECORD_MMAP2, .size = len };

		memset(bytes, 'x', sizeof(bytes));
		memcpy(bytes, &header, sizeof(header));
		assert_int_equal(address_spaces_record(spaces, bytes, len), -EINVAL);
	}
}

#define SPACES(function) cmocka_unit_test_setup_teardown(function, no_spaces, close_spaces)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kallsyms),
		cmocka_unit_test(kallsyms_hidden),
		cmocka_unit_test(sleeps),
		cmocka_unit_test(wait_functions_hidden),
		cmocka_unit_test(perf_maps),
		SPACES(mapping_over_time),
		SPACES(exec_begins_anew),
		SPACES(fork_sees_the_past_only),
		SPACES(threads_are_no_processes),
		SPACES(records_out_of_order),
		SPACES(pids_are_used_again),
		SPACES(chain_of_forks_is_bounded),
		SPACES(many_mappings_are_bounded),
		SPACES(build_id_instead_of_inode),
		SPACES(unknown_processes_are_bounded),
		SPACES(lost_records_are_counted),
		SPACES(broken_records),
	};

	return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
