/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The table of kinds: one row adds one. */
#include "faultgen.h"

#include <string.h>

#define REMEDY_SWAP	"set /proc/sys/vm/page-cluster to 0, or swap to zram"
#define REMEDY_FREE	"free some memory"

const struct kind kinds[] = {
	{ .name = "anon", .path = "anon", .origin = "user", .flags = KIND_MIX,
	  .desc = "first write to private anonymous memory",
	  .setup = anon_setup, .run = part_run_write },
	{ .name = "anon_zero", .path = "anon_zero", .origin = "user", .flags = KIND_MIX,
	  .desc = "first read of private anonymous memory: the zero page",
	  .setup = anon_setup, .run = part_run_read },
	{ .name = "thp", .path = "thp", .origin = "user", .flags = KIND_HUGE | KIND_THP,
	  .desc = "first write to a transparent huge page", .remedy = REMEDY_FREE,
	  .setup = thp_setup, .run = part_run_write, .check = thp_check_write },
	{ .name = "thp_zero", .path = "thp_zero", .origin = "user", .flags = KIND_HUGE | KIND_THP,
	  .desc = "first read of a transparent huge page: the huge zero page", .remedy = REMEDY_FREE,
	  .setup = thp_zero_setup, .run = part_run_read, .check = thp_check_read },
	{ .name = "swap_major", .path = "swap", .origin = "user", .severity = SEV_MAJOR, .flags = KIND_UPFRONT,
	  .desc = "read of a page on the swap device", .remedy = REMEDY_SWAP,
	  .setup = swap_setup, .arm = swap_major_arm, .run = part_run_read },
	{ .name = "swap_minor", .path = "swap", .origin = "user", .flags = KIND_UPFRONT,
	  .desc = "read of a page in the swap cache", .remedy = REMEDY_FREE,
	  .setup = swap_setup, .arm = swap_minor_arm, .run = part_run_read, .disarm = child_stop },
	{ .name = "file_major", .path = "file_read", .origin = "user", .severity = SEV_MAJOR, .flags = KIND_UPFRONT,
	  .desc = "read of a file page that is not in the page cache", .remedy = REMEDY_FREE,
	  .setup = file_major_setup, .arm = file_major_arm, .run = part_run_read },
	{ .name = "file_read", .path = "file_read", .origin = "user", .flags = KIND_MIX,
	  .desc = "first read of shared anonymous memory, for which fault-around finds nothing",
	  .setup = file_hole_setup, .run = part_run_read },
	{ .name = "file_around", .path = "file_around", .origin = "user", .flags = KIND_CACHED | KIND_MIX,
	  .desc = "read of cached file pages, one fault for 64 KiB",
	  .remedy = "set /sys/kernel/debug/fault_around_bytes to 65536",
	  .setup = file_around_setup, .run = part_run_read },
	{ .name = "file_cow", .path = "file_cow", .origin = "user", .flags = KIND_CACHED | KIND_MIX,
	  .desc = "first write to a private mapping of cached file pages",
	  .setup = file_cow_setup, .run = part_run_write },
	{ .name = "shared_write", .path = "shared_write", .origin = "user", .severity = SEV_EITHER, .flags = KIND_CACHED,
	  .desc = "first write to a shared mapping of cached file pages",
	  .setup = shared_write_setup, .run = part_run_write },
	{ .name = "shmem_write", .path = "shared_write", .origin = "user", .severity = SEV_EITHER, .flags = KIND_MIX,
	  .desc = "first write to shared anonymous memory",
	  .setup = file_hole_setup, .run = part_run_write },
	{ .name = "wp_shared", .path = "wp_shared", .origin = "user", .severity = SEV_EITHER,
	  .flags = KIND_CACHED | KIND_UPFRONT,
	  .desc = "write to a shared, clean file page that was read before",
	  .setup = wp_shared_setup, .arm = wp_read_arm, .run = part_run_write },
	{ .name = "wp_copy", .path = "wp_copy", .origin = "user", .flags = KIND_UPFRONT | KIND_MIX,
	  .desc = "write to a page that a child shares",
	  .setup = wp_setup, .arm = wp_copy_arm, .run = part_run_write, .check = wp_copy_check, .disarm = child_stop },
	{ .name = "wp_zero", .path = "wp_copy", .origin = "user", .flags = KIND_UPFRONT | KIND_MIX,
	  .desc = "write over the zero page",
	  .setup = wp_setup, .arm = wp_read_arm, .run = part_run_write },
	{ .name = "wp_file", .path = "wp_copy", .origin = "user", .flags = KIND_CACHED | KIND_UPFRONT | KIND_MIX,
	  .desc = "write to a private file page that was read before",
	  .setup = wp_file_setup, .arm = wp_read_arm, .run = part_run_write },
	{ .name = "wp_reuse", .path = "wp_reuse", .origin = "user", .flags = KIND_UPFRONT,
	  .desc = "write to a page that a child shared until it died",
	  .setup = wp_setup, .arm = wp_reuse_arm, .run = part_run_write, .check = wp_reuse_check },
	{ .name = "hugetlb", .path = "hugetlb", .origin = "user", .flags = KIND_HUGE,
	  .desc = "first write to a hugetlb page",
	  .setup = hugetlb_setup, .run = part_run_write },
	{ .name = "hugetlb_read", .path = "hugetlb", .origin = "user", .flags = KIND_HUGE,
	  .desc = "first read of a hugetlb page",
	  .setup = hugetlb_setup, .run = part_run_read },
	{ .name = "bad_address", .path = "bad_address", .origin = "user", .severity = SEV_NONE,
	  .desc = "read where nothing is mapped: SIGSEGV",
	  .setup = bad_address_setup, .arm = bad_arm, .run = bad_run_read, .disarm = bad_disarm },
	{ .name = "bad_access", .path = "bad_address", .origin = "user", .severity = SEV_NONE,
	  .desc = "write to a read-only mapping: SIGSEGV",
	  .setup = bad_access_setup, .arm = bad_arm, .run = bad_run_write, .disarm = bad_disarm },
	{ .name = "sigbus", .path = "sigbus", .origin = "user", .severity = SEV_NONE,
	  .desc = "read past the end of a mapped file: SIGBUS",
	  .setup = sigbus_setup, .arm = bad_arm, .run = bad_run_read, .disarm = bad_disarm },
	{ .name = "kernel", .path = "anon", .origin = "kernel", .flags = KIND_MIX,
	  .desc = "read(2) into fresh anonymous memory",
	  .setup = kernel_setup, .run = kernel_run },
	{ .name = "gup", .path = "anon", .origin = "gup", .flags = KIND_MIX,
	  .desc = "mlock(2) of fresh anonymous memory, no exception",
	  .setup = gup_setup, .run = gup_run },
	{ .name = "mix", .path = "mixed", .origin = "mixed", .severity = SEV_EITHER, .flags = KIND_COMPOUND,
	  .desc = "many kinds by turns in each thread, on private areas" },
};

const unsigned int kinds_nr = ARRAY_SIZE(kinds);

const struct kind *kind_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < kinds_nr; i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}
