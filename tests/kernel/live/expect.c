// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * expect.c: what each way shows of each kind of fault, written down; and what
 * holds for every entry of every report.
 */
#include "live.h"

#include <string.h>

#define W(way)      (1u << (way))
#define EVERY_WAY   (W(FENTRY) | W(KPROBE) | W(TRACEPOINT))
#define ANY_RELEASE 0, 9999

/* Where pfstat does not show the path that faultgen names. First match wins. */
static const struct exception {
	const char *kind;
	unsigned int ways;
	unsigned int from, before; /* kernels, 6.12 as 612 */
	const char *path;
	const char *reason;
} exceptions[] = {
	{ "thp_zero", W(TRACEPOINT), ANY_RELEASE, "anon_zero",
	  "mapping the huge zero page changes no counter and allocates nothing" },
	{ "thp_wp_copy", W(FENTRY), 0, 511, "wp_copy",
	  "do_huge_pmd_wp_page takes a structure, which fentry cannot" },
	{ "thp_wp_zero", W(FENTRY), 0, 511, "wp_copy", "the same" },
	{ "thp_wp_reuse", W(FENTRY), 0, 511, "spurious", "the same: present, and nothing ran" },
	{ "thp_wp_copy", W(TRACEPOINT), ANY_RELEASE, "wp_copy", "a small page is allocated" },
	{ "thp_wp_zero", W(TRACEPOINT), 0, 613, "wp_copy", "a small page is allocated" },
	{ "thp_wp_reuse", W(TRACEPOINT), ANY_RELEASE, "wp_reuse", "nothing changes" },
	{ "file_huge", W(FENTRY) | W(KPROBE), 0, 511, "file_around", "do_set_pmd is inlined" },
	{ "file_huge_write", W(FENTRY) | W(KPROBE), 0, 511, "shared_write",
	  "do_set_pmd is inlined" },
	{ "file_huge", W(TRACEPOINT), 0, 602, "spurious",
	  "huge pages are not counted in the task, so nothing changes" },
	{ "file_huge", W(TRACEPOINT), ANY_RELEASE, "file_around", "a file's page is mapped" },
	{ "file_huge_write", W(TRACEPOINT), ANY_RELEASE, "shared_write",
	  "a file's page is mapped" },
	{ "ksm", W(TRACEPOINT), ANY_RELEASE, "wp_copy", "nothing tells whose page it was" },
	{ "numa", W(TRACEPOINT), ANY_RELEASE, "anon_zero",
	  "faultgen takes its hints with balancing off, when the kernel counts none" },
	{ "thp_numa", W(TRACEPOINT), ANY_RELEASE, "anon_zero", "the same" },
	{ "spurious", W(FENTRY), 0, 511, "anon", "the same as by tracepoints" },
	{ "spurious_read", W(FENTRY), 0, 511, "anon_zero", "the same as by tracepoints" },
	{ "spurious", W(TRACEPOINT), ANY_RELEASE, "anon",
	  "nothing changes, so the VMA decides, as if a mark had been lost" },
	{ "spurious_read", W(TRACEPOINT), ANY_RELEASE, "anon_zero", "the same" },
	{ "oom", W(TRACEPOINT), ANY_RELEASE, "killed", "pagefault_out_of_memory cannot be hooked" },
	{ "efault", W(TRACEPOINT), ANY_RELEASE, "fixup", "no signal says why it failed" },
	{ "efault_access", W(TRACEPOINT), ANY_RELEASE, "fixup", "no signal says why it failed" },
};

/* What pfstat says of its own certainty. First match wins. */
static const struct certainty {
	unsigned int ways;
	const char *path; /* NULL: every other */
	unsigned int from, before;
	const char *exactness;
	const char *reason;
} certainties[] = {
	{ W(FENTRY) | W(KPROBE), "anon_zero", 0, 602, "inferred",
	  "do_anonymous_page is inlined, and the zero page changes no counter" },
	{ W(FENTRY) | W(KPROBE), "thp_zero", 0, 602, "inferred",
	  "do_anonymous_page is inlined: a fallback to the small zero page would look the same" },
	{ W(FENTRY), "spurious", 0, 511, "inferred", "ptep_set_access_flags: kprobe only" },
	{ W(FENTRY) | W(KPROBE), "file_huge", ANY_RELEASE, "inferred",
	  "do_set_pmd may yet map small pages" },
	{ W(FENTRY) | W(KPROBE), NULL, ANY_RELEASE, "exact", "a function witnesses it" },
	{ W(TRACEPOINT), "bad_address", ANY_RELEASE, "exact", "signal_generate" },
	{ W(TRACEPOINT), "bad_access", ANY_RELEASE, "exact", "signal_generate" },
	{ W(TRACEPOINT), "kern_addr", ANY_RELEASE, "exact", "signal_generate" },
	{ W(TRACEPOINT), "sigbus", ANY_RELEASE, "exact", "signal_generate" },
	{ W(TRACEPOINT), "hwpoison", ANY_RELEASE, "exact", "signal_generate" },
	{ W(TRACEPOINT), "killed", ANY_RELEASE, "exact", "signal_deliver" },
	{ W(TRACEPOINT), "interrupted", ANY_RELEASE, "exact", "signal_deliver" },
	{ W(TRACEPOINT), "vsyscall", ANY_RELEASE, "exact", "the tracepoint of that name" },
	{ W(TRACEPOINT), "fixup", ANY_RELEASE, "exact", "page faults are disabled" },
	{ W(TRACEPOINT), "hugetlb_wp", ANY_RELEASE, "exact", "the VMA says so" },
	{ W(TRACEPOINT), "swap", ANY_RELEASE, "exact",
	  "only a swap-in lowers the count of swap entries" },
	{ W(TRACEPOINT), "hugetlb", ANY_RELEASE, "exact", "the VMA says so" },
	{ W(TRACEPOINT), "file_read", 609, 9999, "exact",
	  "the tracepoint mm_filemap_fault, which came between 6.1 and 6.12" },
	{ W(TRACEPOINT), NULL, ANY_RELEASE, "inferred", "from what it allocated and counted" },
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool applies(unsigned int ways, unsigned int from, unsigned int before, enum way way)
{
	unsigned int release = kernel_release();

	return ways & W(way) && release >= from && release < before;
}

/* The path to expect of the kind's path; NULL when it is not seen. */
static const char *expect_path(const struct test *test, const char *kind, const char *path,
			       const char *origin)
{
	size_t i;

	/* get_user_pages raises no exception. */
	if (!strcmp(origin, "gup") && !test->gup)
		return NULL;
	for (i = 0; i < COUNT_OF(exceptions); i++) {
		const struct exception *e = &exceptions[i];

		if (!strcmp(e->kind, kind) && applies(e->ways, e->from, e->before, test->way))
			return e->path;
	}
	return path;
}

const char *expect_exactness(enum way way, const char *path)
{
	size_t i;

	for (i = 0; i < COUNT_OF(certainties); i++) {
		const struct certainty *c = &certainties[i];

		if ((!c->path || !strcmp(c->path, path)) &&
		    applies(c->ways, c->from, c->before, way))
			return c->exactness;
	}
	return "exact";
}

static size_t add(struct expected *expected, size_t nr, const char *path, const char *origin,
		  uint64_t count)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(expected[i].path, path) && !strcmp(expected[i].origin, origin))
			break;
	if (i == nr)
		expected[nr++] = (struct expected){ .path = path, .origin = origin };
	expected[i].count += count;
	return nr;
}

size_t expect_entries(struct test *test, const json_t *result, struct expected *expected, size_t nr)
{
	const json_t *parts = json_object_get(result, "parts"), *part = result;
	size_t i, n = parts ? json_array_size(parts) : 1;

	for (i = 0; i < n && nr < MAX_ENTRIES; i++) {
		const char *path;

		if (parts)
			part = json_array_get(parts, i);
		path = expect_path(test, word(test, part, "kind"), word(test, part, "path"),
				   word(test, part, "origin"));
		if (path && number(test, part, "count"))
			nr = add(expected, nr, path, word(test, part, "origin"),
				 number(test, part, "count"));
	}
	return nr;
}

uint64_t expect_unseen(struct test *test, const json_t *result)
{
	const json_t *parts = json_object_get(result, "parts"), *part = result;
	size_t i, n = parts ? json_array_size(parts) : 1;
	uint64_t unseen = 0;

	for (i = 0; i < n; i++) {
		if (parts)
			part = json_array_get(parts, i);
		if (!expect_path(test, word(test, part, "kind"), "", word(test, part, "origin")))
			unseen += number(test, part, "count");
	}
	return unseen;
}

/* Neither minor nor major: all whose end the kernel does not account. */
bool is_failure(const char *path)
{
	static const char *const failures[] = {
		"vsyscall", "bad_address", "bad_access", "guard_page",  "kern_addr", "sigbus",
		"hwpoison", "oom",         "killed",     "interrupted", "fixup",     "unresolved",
	};
	size_t i;

	for (i = 0; i < COUNT_OF(failures); i++)
		if (!strcmp(path, failures[i]))
			return true;
	return false;
}

static void check_buckets(struct test *test, const char *path, const json_t *entry)
{
	uint64_t sum = number(test, entry, "untimed");
	int64_t last = -1000;
	const json_t *pair;
	size_t i;

	json_array_foreach(json_object_get(entry, "buckets"), i, pair)
	{
		int64_t index = json_integer_value(json_array_get(pair, 0));
		uint64_t count = json_integer_value(json_array_get(pair, 1));

		check(test, index > last && index >= -192 && index <= 63 && count > 0,
		      "%s: bucket [%lld, %llu] behind %lld", path, (long long)index,
		      (unsigned long long)count, (long long)last);
		last = index;
		sum += count;
	}
	check(test, sum == number(test, entry, "count"),
	      "%s: buckets and untimed are %llu, the count is %llu", path, (unsigned long long)sum,
	      (unsigned long long)number(test, entry, "count"));
}

/* A maximum that falls on the edge of an interval is known by its bucket, 9.05 % wide
 * (docs/json.md). */
static uint64_t highest(const json_t *entry, bool total)
{
	uint64_t max = json_integer_value(json_object_get(entry, "max_ns"));

	return total ? max : max + max * 91 / 1000;
}

static void check_entry(struct test *test, const json_t *entry, bool total)
{
	const char *path = word(test, entry, "path");
	uint64_t count = number(test, entry, "count"), untimed = number(test, entry, "untimed");
	uint64_t timed = count - untimed, sum = number(test, entry, "sum_ns");
	uint64_t max = number(test, entry, "max_ns"), p50 = number(test, entry, "p50_ns");
	uint64_t p90 = number(test, entry, "p90_ns"), p99 = number(test, entry, "p99_ns");
	uint64_t accounted = number(test, entry, "minor") + number(test, entry, "major");

	check(test, count && untimed <= count, "%s: count %llu, untimed %llu", path,
	      (unsigned long long)count, (unsigned long long)untimed);
	check_buckets(test, path, entry);
	check(test, sum <= timed * highest(entry, total),
	      "%s: sum %llu ns of %llu timed faults, max %llu ns", path, (unsigned long long)sum,
	      (unsigned long long)timed, (unsigned long long)max);
	check(test, p50 <= p90 && p90 <= p99 && p99 <= max,
	      "%s: p50 %llu p90 %llu p99 %llu max %llu", path, (unsigned long long)p50,
	      (unsigned long long)p90, (unsigned long long)p99, (unsigned long long)max);
	check(test, accounted == (is_failure(path) ? 0 : count),
	      "%s: minor and major are %llu, the count is %llu", path,
	      (unsigned long long)accounted, (unsigned long long)count);
	/* By kprobe the end of a get_user_pages fault is the next look-up, if there is one. */
	check(test,
	      is_failure(path) || !untimed ||
		      (test->way == KPROBE && !strcmp(word(test, entry, "origin"), "gup")),
	      "%s: %llu untimed", path, (unsigned long long)untimed);
	check(test,
	      number(test, entry, "read") + number(test, entry, "write") +
			      number(test, entry, "exec") ==
		      count,
	      "%s: reads, writes and execs do not add up to the count", path);
}

void check_severities(struct test *test, uint64_t minor, uint64_t major)
{
	uint64_t pfstat_minor = sum_of(test, test->total, "minor");
	uint64_t pfstat_major = sum_of(test, test->total, "major");

	check(test, pfstat_minor == minor && pfstat_major == major,
	      "getrusage says %llu minor and %llu major, pfstat %llu and %llu",
	      (unsigned long long)minor, (unsigned long long)major,
	      (unsigned long long)pfstat_minor, (unsigned long long)pfstat_major);
}

void check_entries(struct test *test, json_t *report)
{
	bool total = !strcmp(word(test, report, "kind"), "total");
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(report, "paths"), i, entry)
		check_entry(test, entry, total);
}
