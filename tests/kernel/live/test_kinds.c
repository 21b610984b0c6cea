// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_kinds.c: one kind of fault in one way of attaching: what faultgen made
 * is what pfstat shows, under the path that it took, and nothing else.
 */
#include "live.h"

#include <stdio.h>
#include <string.h>

enum { TRIES = 3 };

/* Two processes under one pfstat, one after the other. */
static void watch_both(struct test *test)
{
	char pids[40];
	const char *const args[] = { "-p", pids, NULL };

	snprintf(pids, sizeof(pids), "%d,%d", (int)test->gen.pid, (int)test->gen2.pid);
	stat_start(test, args);
}

static void measure(struct test *test)
{
	const char *kind = test->kind->name;
	bool both = !test->threads;

	gen_start(test, &test->gen, kind, test->count, both ? 1 : test->threads, NULL);
	if (both)
		gen_start(test, &test->gen2, kind, test->count, 4, NULL);
	if (both && !test->batch)
		watch_both(test);
	else
		stat_watch(test);
	test->result = gen_go(test, &test->gen);
	if (both)
		test->result2 = gen_go(test, &test->gen2);
	stat_take(test);
	gen_end(test, &test->gen);
	if (both)
		gen_end(test, &test->gen2);
	check(test, test->total, "pfstat printed no total");
}

static uint64_t rusage_of(struct test *test, const char *key)
{
	return number(test, test->result, key) +
	       (test->result2 ? number(test, test->result2, key) : 0);
}

/*
 * An access of kernel mode that fails where no function says so is over when
 * its task faults again, and so is by kprobes a get_user_pages fault that no
 * look-up follows: the last one of each thread is still open.
 */
bool kind_leaves_open(const char *kind, enum way way, bool gup)
{
	return !strcmp(kind, "efault_sigbus") ||
	       (way == TRACEPOINT && !strncmp(kind, "efault", 6)) ||
	       (way == KPROBE && gup && !strcmp(kind, "nofault_gup"));
}

static uint64_t allowed_open(struct test *test)
{
	uint64_t open = lost_of(test, "in_flight");

	if (!kind_leaves_open(test->kind->name, test->way, test->gup))
		return 0;
	return open <= (test->threads ? test->threads : 5) ? open : 0;
}

/*
 * By fentry a get_user_pages fault ends in an fexit program, which preemptible
 * kernels can skip (see allowed_marks()): such a fault is unresolved, or still
 * open (which an interval does not tell, so what is missing of minor counts), and
 * the kernel's count of skipped runs says so.
 */
static uint64_t lost_ends(struct test *test, uint64_t minor)
{
	uint64_t lost, got = sum_of(test, test->total, "minor");

	if (test->way != FENTRY || !test->gup || !kernel_preemptible())
		return 0;
	if (test->batch)
		lost = minor > got ? minor - got : 0;
	else
		lost = count_of(test, test->total, "unresolved", "gup") +
		       lost_of(test, "in_flight");
	check(test, lost <= lost_of(test, "marker_missed"),
	      "%llu have no end, and %llu were skipped", (unsigned long long)lost,
	      (unsigned long long)lost_of(test, "marker_missed"));
	return lost;
}

/* All faults are there, whatever their paths. */
static void check_sums(struct test *test)
{
	uint64_t unseen = expect_unseen(test, test->result) +
			  (test->result2 ? expect_unseen(test, test->result2) : 0);
	uint64_t open = test->gup ? allowed_open(test) : 0;
	uint64_t minor = rusage_of(test, "minflt") - unseen - open;
	uint64_t major = rusage_of(test, "majflt");

	minor -= lost_ends(test, minor);
	/* Of some the others are faults of children, which getrusage tells of those that ended. */
	if (!test->kind->some)
		check_severities(test, minor, major);
	check_entries(test, test->total);
}

/*
 * The tracepoint way asks for the VMA where nothing else decides, and while
 * another thread maps or unmaps, the kernel refuses: such a fault has no path.
 */
static uint64_t allowed_unclassified(struct test *test)
{
	return test->way == TRACEPOINT && test->threads != 1 ? lost_of(test, "vma_busy") : 0;
}

/* For the paths: what is wrong, or NULL. */
static const char *path_error(struct test *test, const struct expected *e, uint64_t *missing,
			      char text[200])
{
	json_t *entry = entry_of(test, test->total, e->path, e->origin);
	uint64_t count = entry ? number(test, entry, "count") : 0;
	const char *exactness = expect_exactness(test->way, e->path);

	if (count > e->count || e->count - count > allowed_unclassified(test) + allowed_open(test))
		snprintf(text, 200, "%s (%s): %llu expected, pfstat has %llu", e->path, e->origin,
			 (unsigned long long)e->count, (unsigned long long)count);
	else if (entry && strcmp(word(test, entry, "exactness"), exactness))
		snprintf(text, 200, "%s (%s) is %s, not %s", e->path, e->origin,
			 word(test, entry, "exactness"), exactness);
	else
		text = NULL;
	*missing += e->count - count;
	return text;
}

/* Of a kind that makes other faults as well: those on its path are there, and all have one. */
static const char *some_error(struct test *test, const struct expected *e, char text[200])
{
	uint64_t count = count_of(test, test->total, e->path, e->origin);
	uint64_t unclassified = count_of(test, test->total, "unclassified", "user");

	if (unclassified > allowed_unclassified(test))
		snprintf(text, 200, "%llu without a path", (unsigned long long)unclassified);
	else if (test->kind->any ? test->way != TRACEPOINT && !count : count != e->count)
		snprintf(text, 200, "%s (%s): %llu, %s %llu expected", e->path, e->origin,
			 (unsigned long long)count, test->kind->any ? "at least one of" : "",
			 (unsigned long long)e->count);
	else
		return NULL;
	return text;
}

static const char *paths_error(struct test *test, char text[200])
{
	struct expected expected[MAX_ENTRIES];
	size_t i, nr = expect_entries(test, test->result, expected, 0);
	uint64_t sum = 0, missing = 0, unclassified, got = sum_of(test, test->total, "count");

	if (test->result2)
		nr = expect_entries(test, test->result2, expected, nr);
	if (test->kind->some || test->kind->any)
		return some_error(test, &expected[0], text);
	for (i = 0; i < nr; i++) {
		if (path_error(test, &expected[i], &missing, text))
			return text;
		sum += expected[i].count;
	}
	unclassified = count_of(test, test->total, "unclassified", "user") +
		       count_of(test, test->total, "unclassified", "kernel");
	if (missing == unclassified + allowed_open(test) && got == sum - allowed_open(test))
		return NULL;
	snprintf(text, 200,
		 "%llu faults, %llu expected; %llu without a path, %llu missing in theirs",
		 (unsigned long long)got, (unsigned long long)sum, (unsigned long long)unclassified,
		 (unsigned long long)missing);
	return text;
}

/* By kprobes, too, the end of a task that was killed is seen by a tracepoint program. */
static bool ends_with_its_task(const char *kind)
{
	return !strcmp(kind, "killed") || !strcmp(kind, "oom");
}

/*
 * Preemptible kernels run fentry and tracepoint programs with preemption on,
 * and one that is preempted keeps others on its CPU from running (recursion).
 */
static bool allowed_marks(const struct test *test)
{
	return kernel_preemptible() &&
	       (test->way != KPROBE || ends_with_its_task(test->kind->name));
}

static void check_lost(struct test *test)
{
	const char *reason;
	json_t *count;

	json_object_foreach(json_object_get(test->total, "lost"), reason, count)
	{
		bool vma = !strcmp(reason, "vma_busy") || !strcmp(reason, "unclassified");
		bool mark = !strcmp(reason, "marker_missed");
		bool open = !strcmp(reason, "in_flight");
		/* A begin is a tracepoint program, which can be skipped, too. */
		bool begin = !strcmp(reason, "end_without_begin") &&
			     (uint64_t)json_integer_value(count) <= lost_of(test, "marker_missed");

		check(test,
		      (vma && allowed_unclassified(test)) ||
			      ((mark || begin) && allowed_marks(test)) ||
			      (open && allowed_open(test)),
		      "lost: %s", reason);
		test_note(test, "%s %lld", reason, (long long)json_integer_value(count));
	}
}

/* Not pfstat's doing, or documented: worth another try. */
static bool spoiled(struct test *test, const char *error)
{
	if (!json_is_true(json_object_get(test->result, "exact")) ||
	    (test->result2 && !json_is_true(json_object_get(test->result2, "exact")))) {
		test_note(test, "faultgen itself was not exact: %s%s",
			  test->gen.err.text ? test->gen.err.text : "",
			  test->gen2.err.text ? test->gen2.err.text : "");
		return true;
	}
	if (error && allowed_marks(test) && lost_of(test, "marker_missed")) {
		test_note(test, "marker_missed %llu: %s",
			  (unsigned long long)lost_of(test, "marker_missed"), error);
		return true;
	}
	return false;
}

/* What is counted beside the path: of all faults of these kinds, on its entry. */
static const struct beside {
	const char *kind;
	const char *key;
	unsigned int ways;
	unsigned int from; /* kernel */
	bool gup; /* only with --gup */
} besides[] = {
	{ "stack", "stack", 1u << FENTRY | 1u << KPROBE, 0, false },
	/* From 6.4 on; kernel mode never takes the lock of a VMA. */
	{ "kernel", "mmap_lock", 1u << FENTRY | 1u << KPROBE | 1u << TRACEPOINT, 604, false },
	/* The handler is waited for without it, so it is gone. */
	{ "uffd_missing", "mmap_lock", 1u << FENTRY | 1u << KPROBE | 1u << TRACEPOINT, 604, false },
	/* After the wait the fault is tried once more (FAULT_FLAG_TRIED). */
	{ "uffd_missing", "retries", 1u << FENTRY | 1u << KPROBE, 0, true },
	{ "mthp", "orders", 1u << FENTRY | 1u << KPROBE | 1u << TRACEPOINT, 608, false },
};

static uint64_t count_beside(struct test *test, const json_t *entry, const char *key)
{
	const json_t *orders = json_object_get(entry, "orders");

	if (strcmp(key, "orders"))
		return number(test, entry, key);
	/* 64 KiB are of order 4. */
	check(test,
	      json_array_size(orders) == 1 &&
		      json_integer_value(json_array_get(json_array_get(orders, 0), 0)) == 4,
	      "not all folios are of order 4");
	return json_integer_value(json_array_get(json_array_get(orders, 0), 1));
}

/* Marks that were lost to preemption may be among them. */
static void check_beside(struct test *test)
{
	size_t i;

	for (i = 0; i < sizeof(besides) / sizeof(besides[0]); i++) {
		const struct beside *b = &besides[i];
		uint64_t count = test->count * (test->threads ? 1 : 2), got;
		json_t *entry;

		if (strcmp(b->kind, test->kind->name) || !(b->ways & 1u << test->way) ||
		    kernel_release() < b->from || (b->gup && !test->gup))
			continue;
		entry = entry_of(test, test->total, word(test, test->result, "path"),
				 word(test, test->result, "origin"));
		check(test, entry, "no entry of its path");
		got = count_beside(test, entry, b->key);
		check(test, got <= count && got + lost_of(test, "marker_missed") >= count,
		      "%s: %llu of %llu", b->key, (unsigned long long)got,
		      (unsigned long long)count);
	}
}

void test_kind(struct test *test)
{
	char text[200];
	const char *error;
	int tries;

	for (tries = 1;; tries++) {
		measure(test);
		check_sums(test);
		error = paths_error(test, text);
		if (!spoiled(test, error))
			break;
		check(test, tries < TRIES, "spoiled %d times", tries);
		test_release(test);
	}
	check(test, !error, "%s", error);
	check_beside(test);
	check_lost(test);
}
