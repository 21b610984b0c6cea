// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stat/check.c: the rules of --check; see stat/stat_check.h. A rule is a list of terms: what
 * may be missing on pfstat's side, or be too much there, each up to a number. A
 * difference that the terms cannot make up is unexplained.
 */
#include "stat_check.h"

#include <string.h>

#define NO_LIMIT UINT64_MAX

/* Up to max faults that the kernel counts and pfstat does not; less: the reverse. */
struct term {
	const char *name;
	const char *text;
	uint64_t max;
	bool less;
};

#define MAX_TERMS 10

struct terms {
	struct term term[MAX_TERMS];
	unsigned int nr;
};

const char *const check_counter_names[CHECK_COUNTER_NR] = {
#define COUNTER_NAME(name) #name,
	CHECK_COUNTERS(COUNTER_NAME)
#undef COUNTER_NAME
};

const char *check_verdict_name(enum check_verdict verdict)
{
	static const char *const names[] = {
		[CHECK_EQUAL] = "equal",
		[CHECK_EXPLAINED] = "explained",
		[CHECK_INFORMATION] = "information",
		[CHECK_UNEXPLAINED] = "unexplained",
	};

	return names[verdict];
}

static uint64_t over(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void add_reason(struct check_row *row, const char *name, const char *text, uint64_t count)
{
	if (count && row->nr_reasons < CHECK_MAX_REASONS)
		row->reason[row->nr_reasons++] = (struct check_reason){ name, text, count };
}

/* Why the two sides need not be the same: no count. */
static void add_note(struct check_row *row, enum check_verdict verdict, const char *name,
		     const char *text)
{
	row->verdict = verdict;
	row->reason[row->nr_reasons++] = (struct check_reason){ name, text, 0 };
}

static void term(struct terms *terms, const char *name, const char *text, uint64_t max)
{
	if (max && terms->nr < MAX_TERMS)
		terms->term[terms->nr++] = (struct term){ name, text, max, false };
}

static void term_less(struct terms *terms, const char *name, const char *text, uint64_t max)
{
	if (max && terms->nr < MAX_TERMS)
		terms->term[terms->nr++] = (struct term){ name, text, max, true };
}

/*
 * Takes from the terms, in their order, what the difference needs; must, which
 * has happened for certain, is in it already.
 */
static void judge(struct check_row *row, uint64_t must, const struct terms *terms)
{
	uint64_t have = row->pfstat + must;
	bool less = have > row->kernel.high;
	uint64_t rest = less ? have - row->kernel.high : over(row->kernel.low, have);

	for (unsigned int i = 0; i < terms->nr && rest; i++) {
		const struct term *t = &terms->term[i];
		uint64_t part = t->max < rest ? t->max : rest;

		if (t->less != less)
			continue;
		add_reason(row, t->name, t->text, part);
		rest -= part;
	}
	add_reason(row, "bracket", "while attaching or detaching: on either side",
		   row->kernel.high - row->kernel.low);
	row->unexplained = rest;
	row->surplus = less;
	row->verdict = rest ? CHECK_UNEXPLAINED : row->nr_reasons ? CHECK_EXPLAINED : CHECK_EQUAL;
}

static struct check_row *new_row(struct check *out, const char *source, const char *counter,
				 struct check_span kernel, uint64_t pfstat)
{
	struct check_row *row = &out->row[out->nr_rows++];

	row->source = source;
	row->counter = counter;
	row->kernel = kernel;
	row->pfstat = pfstat;
	return row;
}

/* --- pfstat's side */

/* Faults that the kernel accounts, of that severity. */
static uint64_t completed(const struct snapshot *s, unsigned int major)
{
	uint64_t count = 0;

	for (unsigned int path = 0; path < PATH_NR; path++)
		for (unsigned int origin = 0; path_completes(path) && origin < ORIGIN_NR; origin++)
			count += snapshot_count(&s->sums[path][origin][major]);
	return count;
}

/*
 * Faults that failed, and may have done so in handle_mm_fault: there a protection
 * key forbids the access, and the guard pages are. What needs no look at the VMA,
 * or waits for a retry that never comes, is not among them.
 */
static uint64_t failed(const struct snapshot *s)
{
	uint64_t count = 0;

	for (unsigned int path = 0; path < PATH_NR; path++)
		if (path_fails_in_mm_fault(path))
			count += snapshot_count_of_path(s, path);
	return count;
}

static uint64_t retries(const struct snapshot *s)
{
	unsigned int path, origin, major;
	uint64_t count = 0;

	for_each_fault_sum(path, origin, major)
		count += s->sums[path][origin][major].retries;
	return count;
}

static uint64_t missed(const struct check_input *in)
{
	return in->perf_end ? over(in->total->events, in->total->end_runs) : in->total->end_misses;
}

/* --- the terms that rows share */

static void terms_of_ends(struct terms *terms, const struct check_input *in)
{
	const struct snapshot *s = in->total;

	term(terms, "end_without_begin", "begun before pfstat was attached",
	     s->tallies[TALLY_END_WITHOUT_BEGIN]);
	term(terms, "privileged_exec", "not timed: a privileged exec had removed the task's events",
	     s->tallies[TALLY_PRIVILEGED_EXEC]);
	term(terms, "kernel_thread", "not timed: a kernel thread had no events yet",
	     s->tallies[TALLY_KERNEL_THREAD]);
	if (!in->perf_end)
		term(terms, "marker_missed", "program runs that the kernel skipped",
		     s->probe_misses);
	term(terms, "gup_nested", "get_user_pages inside another fault",
	     s->tallies[TALLY_GUP_NESTED]);
}

/*
 * A get_user_pages fault has no begin. So a fault that began, and that the kernel counted,
 * is none: what has no end for no reason that is counted is not explained by them.
 */
static uint64_t unresolved_without_reason(const struct check_input *in)
{
	return over(snapshot_count_of_path(in->total, PATH_UNRESOLVED),
		    missed(in) + in->total->tallies[TALLY_PRIVILEGED_EXEC] +
			    in->total->tallies[TALLY_KERNEL_THREAD]);
}

/* kernel: its count; pfstat: what is accounted for by other terms that are certain. */
static uint64_t most_gup(const struct check_input *in, uint64_t kernel, uint64_t pfstat)
{
	return over(over(kernel, pfstat), unresolved_without_reason(in));
}

static void term_of_gup(struct terms *terms, const struct check_input *in, uint64_t max)
{
	if (!in->gup)
		term(terms, "gup", "get_user_pages, no exception: only --gup sees them", max);
	else
		/* Of kprobes: nothing followed at which the last one of a task would end. */
		term(terms, "in_flight", "get_user_pages faults that had not ended",
		     in->total->in_flight);
}

/* --- tasks */

/* The pages that a task touches behind an early exit hook: its robust list, its thread ID. */
#define LATE_FAULTS 2

/*
 * Faults that the tasks' counters may lack. On preemptible kernels the exit program is
 * skipped while another task is preempted in it; the task is unknown.
 */
static void terms_of_ended(struct terms *terms, const struct check_kernel *kernel_counters)
{
	term_less(terms, "late", "of exiting tasks: no kernel counter has them",
		  kernel_counters->early * LATE_FAULTS);
	term_less(terms, "exit_missed", "of tasks whose exit program the kernel skipped",
		  kernel_counters->exit_missed ? NO_LIMIT : 0);
}

static void check_tasks_row(struct check *out, const struct check_input *in, const char *counter,
			    struct check_span kernel, uint64_t pfstat, bool is_sum)
{
	struct check_row *row = new_row(out, "tasks", counter, kernel, pfstat);
	struct terms terms = { 0 };

	/* The severity of the missed ones is unknown. */
	if (is_sum)
		add_reason(row, "missed", "end programs that the kernel skipped", missed(in));
	else
		term(&terms, "missed", "end programs that the kernel skipped", missed(in));
	terms_of_ends(&terms, in);
	term_of_gup(&terms, in, most_gup(in, kernel.high, pfstat));
	terms_of_ended(&terms, in->kernel_counters);
	judge(row, is_sum ? missed(in) : 0, &terms);
}

/*
 * The second source, wait4(2). It is complete when the last of its tasks is waited
 * for, so it has no late faults; it lacks tasks that nobody waited for.
 */
static void check_rusage_row(struct check *out, const struct check_input *in, const char *counter,
			     uint64_t rusage, struct check_span tasks, uint64_t pfstat, bool is_sum)
{
	struct check_row *row =
		new_row(out, "wait4", counter, (struct check_span){ rusage, rusage }, pfstat);
	uint64_t late = in->kernel_counters->early * LATE_FAULTS, must = is_sum ? missed(in) : 0;
	struct terms terms = { 0 };

	if (in->kernel_counters->rusage_scope) {
		add_note(row, CHECK_INFORMATION, "scope", in->kernel_counters->rusage_scope);
		return;
	}
	add_reason(row, "missed", "end programs that the kernel skipped", must);
	if (!is_sum)
		term(&terms, "missed", "end programs that the kernel skipped", missed(in));
	terms_of_ends(&terms, in);
	/* At most as many as the tasks' counters have, if these are complete. */
	term_of_gup(&terms, in,
		    in->kernel_counters->exit_missed ?
			    NO_LIMIT :
			    most_gup(in, tasks.high + late, pfstat + must));
	/* Their events are inherited all the same, and counted. fexit sees everybody's ends. */
	if (in->perf_end)
		term(&terms, "birth_missed", "of tasks whose birth the kernel kept from pfstat",
		     in->total->tallies[TALLY_END_OF_OTHERS]);
	term_less(&terms, "not_waited", "of tasks that the command did not wait for",
		  over(tasks.high + late, rusage));
	judge(row, must, &terms);
}

/* By severity, and their sum. */
static void check_tasks(struct check *out, const struct check_input *in)
{
	static const char *const names[] = { "minor", "major", "faults" };
	const struct check_kernel *b = in->kernel_counters;
	const uint64_t minor = completed(in->total, 0), major = completed(in->total, 1);
	const uint64_t pfstat[] = { minor, major, minor + major };
	const uint64_t rusage[] = { b->rusage[0], b->rusage[1], b->rusage[0] + b->rusage[1] };
	const struct check_span tasks[] = { b->tasks[0],
					    b->tasks[1],
					    { b->tasks[0].low + b->tasks[1].low,
					      b->tasks[0].high + b->tasks[1].high } };

	for (int i = 0; i < 3; i++)
		check_tasks_row(out, in, names[i], tasks[i], pfstat[i], i == 2);
	for (int i = 0; b->has_rusage && i < 3; i++)
		check_rusage_row(out, in, names[i], rusage[i], tasks[i], pfstat[i], i == 2);
}

/* --- perf events */

static void check_events(struct check *out, const struct check_input *in)
{
	const struct snapshot *s = in->total;
	struct check_row *row;
	struct terms terms = { 0 };

	if (!in->perf_end)
		return;
	row = new_row(out, "perf", "events", (struct check_span){ s->events, s->events },
		      s->end_runs);
	term(&terms, "missed", "end programs that the kernel skipped", NO_LIMIT);
	judge(row, 0, &terms);
}

/* --- /proc/vmstat */

enum relation {
	RELATION_EQUAL, /* but for faults that this run does not see, or not by their path */
	RELATION_AT_MOST, /* pfstat also counts what the kernel does not */
	RELATION_NONE, /* neither */
};

/* How each counter relates to the paths that shared/paths.h names it for. */
static const struct rule {
	enum relation relation;
	const char *why; /* the relation is not equality */
} rules[CHECK_COUNTER_NR] = {
	/* mm_account_fault; see check_pgfault(). */
	[CHECK_pgfault] = { RELATION_EQUAL, NULL },
	[CHECK_pgmajfault] = { RELATION_NONE,
			       "counts reads from a disk or swap, pfstat what the kernel accounts as major" },
	/* do_huge_pmd_anonymous_page; from 6.13 on also a write to the huge zero page. */
	[CHECK_thp_fault_alloc] = { RELATION_AT_MOST,
				    "the kernel leaves out those that another thread had mapped first" },
	[CHECK_thp_zero_page_alloc] = { RELATION_NONE,
					"counts allocations of the one huge zero page, pfstat its mappings" },
	/* Either side has hints that the other leaves out: the page had gone, or changed. */
	[CHECK_numa_hint_faults] = { RELATION_NONE,
				     "counts hints on pages that changed meanwhile, pfstat those that the scheduler took" },
	[CHECK_pswpin] = { RELATION_NONE,
			   "counts pages that were read, with read-ahead, pfstat those that were faulted in" },
	[CHECK_cow_ksm] = { RELATION_EQUAL, NULL },
	/* wp_page_reuse, which runs in other paths as well. */
	[CHECK_pgreuse] = { RELATION_AT_MOST,
			    "the kernel leaves out pages that were kept by another function" },
};

/* The counters of each path, a bit each. */
static const struct {
	unsigned int counted, maybe;
} path_counters[PATH_NR] = {
#define COUNTED(counter) (1u << CHECK_##counter)
#define MAYBE(counter)   (1u << (16 + CHECK_##counter))
#define PATH_COUNTERS(id, name, end, outcome, flag, vmstat, text)                                  \
	[PATH_##id] = { (vmstat)&0xffff, (vmstat) >> 16 },
	PATHS(PATH_COUNTERS)
#undef PATH_COUNTERS
};

_Static_assert(CHECK_COUNTER_NR <= 16, "two bits for each counter");

/*
 * handle_mm_fault's calls: those that did not end in a retry where there are
 * locks per VMA (6.4 brought both), before that each of them.
 */
static void check_pgfault(struct check *out, const struct check_input *in, struct check_span kernel)
{
	const struct snapshot *s = in->total;
	struct check_row *row = new_row(out, "vmstat", check_counter_names[CHECK_pgfault], kernel,
					completed(s, 0) + completed(s, 1));
	struct terms terms = { 0 };

	add_reason(row, "missed", "end programs that the kernel skipped", missed(in));
	terms_of_ends(&terms, in);
	if (!in->vma_lock)
		term(&terms, "retries", "calls that were retried", in->gup ? retries(s) : NO_LIMIT);
	term(&terms, "failed", "faults that failed in handle_mm_fault", failed(s));
	term(&terms, "in_flight", "faults that had not ended", s->in_flight);
	term_of_gup(&terms, in, NO_LIMIT);
	/* Of faults that came to nothing no one knows how often they were tried. */
	if (!in->vma_lock)
		term(&terms, "calls", "this kernel counts calls, not faults", NO_LIMIT);
	judge(row, missed(in), &terms);
}

static bool is_counted(unsigned int path, enum check_counter counter)
{
	return path_counters[path].counted >> counter & 1;
}

/* The weakest exactness of the paths of the counter. */
static enum exactness counter_exactness(const struct check_input *in, enum check_counter counter)
{
	enum exactness worst = EXACT;

	for (unsigned int path = 0; path < PATH_NR; path++)
		for (unsigned int o = 0; is_counted(path, counter) && o < ORIGIN_GUP; o++)
			if (in->exact[path][o] > worst)
				worst = in->exact[path][o];
	return worst;
}

/* pfstat's count of the same faults; of pgmajfault those of all paths. */
static uint64_t counter_count(const struct check_input *in, enum check_counter counter)
{
	uint64_t count = counter == CHECK_pgmajfault ? completed(in->total, 1) : 0;

	for (unsigned int path = 0; path < PATH_NR; path++)
		if (is_counted(path, counter))
			count += snapshot_count_of_path(in->total, path);
	return count;
}

/* Faults that have another path, or none, than their evidence should give them. */
static uint64_t unnamed(const struct check_input *in)
{
	const struct snapshot *s = in->total;

	return missed(in) + s->tallies[TALLY_END_WITHOUT_BEGIN] + s->tallies[TALLY_VMA_BUSY] +
	       s->probe_misses + s->in_flight + snapshot_count_of_path(s, PATH_UNCLASSIFIED) +
	       snapshot_count_of_path(s, PATH_UNRESOLVED);
}

static void check_counter(struct check *out, const struct check_input *in,
			  enum check_counter counter)
{
	const struct rule *rule = &rules[counter];
	struct check_span kernel = in->kernel_counters->counter[counter];
	enum exactness exactness = counter_exactness(in, counter);
	struct check_row *row = new_row(out, "vmstat", check_counter_names[counter], kernel,
					counter_count(in, counter));
	struct terms terms = { 0 };

	if (rule->relation == RELATION_NONE) {
		add_note(row, CHECK_INFORMATION, "relation", rule->why);
		return;
	}
	if (exactness != EXACT) {
		/* Never "equal": that it is so may be a coincidence. */
		add_note(row, CHECK_EXPLAINED, exactness_name(exactness),
			 exactness == INFERRED ? "the path is inferred here" :
						 "this attach mode does not show the path");
		return;
	}
	term(&terms, "unnamed", "faults whose probe or end was lost", unnamed(in));
	for (unsigned int path = 0; path < PATH_NR; path++)
		if (path_counters[path].maybe >> counter & 1)
			term(&terms, path_name(path), "faults of another path that count as well",
			     snapshot_count_of_path(in->total, path));
	term_of_gup(&terms, in, NO_LIMIT);
	term_less(&terms, "unnamed", "faults whose mark was lost", in->total->probe_misses);
	if (rule->relation == RELATION_AT_MOST)
		term_less(&terms, "relation", rule->why, NO_LIMIT);
	judge(row, 0, &terms);
}

static void check_machine(struct check *out, const struct check_input *in)
{
	for (int c = 0; c < CHECK_COUNTER_NR; c++) {
		if (!in->kernel_counters->has_counter[c])
			continue;
		if (c == CHECK_pgfault)
			check_pgfault(out, in, in->kernel_counters->counter[c]);
		else
			check_counter(out, in, c);
	}
}

void check_make(struct check *out, const struct check_input *in)
{
	memset(out, 0, sizeof(*out));
	out->ended = in->kernel_counters->ended;
	out->living = in->kernel_counters->living;
	memcpy(out->error, in->kernel_counters->error, sizeof(out->error));
	check_events(out, in);
	if (out->error[0])
		return;
	if (in->per_task)
		check_tasks(out, in);
	else
		check_machine(out, in);
	out->ok = true;
	for (unsigned int i = 0; i < out->nr_rows; i++)
		if (out->row[i].verdict == CHECK_UNEXPLAINED)
			out->ok = false;
}
