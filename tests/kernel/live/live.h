/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * live.h: tests of pfstat on the running kernel. faultgen makes faults, pfstat
 * measures them, and the two must agree; so must getrusage and, where there is
 * one, the kernel's function profiler.
 */
#ifndef PFSTAT_TESTS_LIVE_H
#define PFSTAT_TESTS_LIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum way { FENTRY, KPROBE, TRACEPOINT, WAYS };
enum { MAX_ENTRIES = 32, DEAR_COUNT = 12, MAX_ARGS = 32 };

struct options {
	const char *end; /* NULL: what pfstat takes */
	const char *pfstat;
	const char *faultgen;
	const char *dir;
	const char *filter;
	uint64_t count;
	unsigned int ways; /* 1 << enum way */
	bool together;
	bool kernel_only; /* without what is of user space */
	bool list;
};

/* What a child prints on one of its streams; lines are taken from pos on. */
struct stream {
	int fd;
	char *text;
	size_t len, size, pos;
};

/* A child process with all three streams as pipes. */
struct proc {
	const char *name;
	struct proc *launcher; /* whose child it is; NULL: ours */
	pid_t pid;
	int pidfd;
	int in;
	struct stream out, err;
	int status; /* as a shell's $?: valid once pid is 0 again */
};

/* A kind of faultgen, as it lists it. */
struct kind {
	char name[24];
	bool some; /* other faults come with those on its path */
	bool any; /* at least one is on its path, the others may be */
	bool dear; /* a fault takes a huge page or a process */
};

/* One pfstat for many tests, which starts with the first of them: see batch.c. */
struct batch {
	struct proc launcher, stat;
	json_t *sum; /* of all intervals so far */
	const char *attach;
	bool gup;
};

/* One test: what it is, and what it has running and read, which its teardown frees. */
struct test {
	char name[64];
	void (*run)(struct test *test);
	const struct options *opts;
	const char *attach;
	enum way way;
	bool gup; /* with --gup */
	const struct kind *kind;
	uint64_t count;
	unsigned int threads; /* 0: two processes, of 1 and of 4 */
	const char *function; /* of the oracle */
	const char *skip; /* the reason, when it cannot be run here */
	struct batch *batch; /* NULL: it starts a pfstat of its own */
	bool failed;

	struct proc gen, gen2, stat;
	json_t *result, *result2; /* faultgen's */
	json_t *reports; /* pfstat's lines */
	json_t *total; /* borrowed: the last of them */
	json_t *intervals; /* the sum of those of a batch, total then */
	uint64_t start_ns; /* from start to Measuring */
	long peak_kib; /* pfstat's VmHWM */
};

/* live.c: the end of a test, with its reason on a line of its own. */
void __attribute__((format(printf, 2, 3))) test_note(struct test *test, const char *fmt, ...);
void __attribute__((format(printf, 2, 3), noreturn))
test_skip(struct test *test, const char *fmt, ...);
void __attribute__((format(printf, 2, 3), noreturn))
test_fail(struct test *test, const char *fmt, ...);
#define check(test, condition, ...)                                                                \
	do {                                                                                       \
		if (!(condition))                                                                  \
			test_fail(test, __VA_ARGS__);                                              \
	} while (0)
/* The kernel's version as 6.12 -> 612. */
unsigned int kernel_release(void);
/* Does it preempt tasks in the kernel? */
bool kernel_preemptible(void);

/* proc.c */
uint64_t now_ns(void);
void proc_start(struct test *test, struct proc *proc, const char *const argv[]);
/* The same as a child of the launcher. */
void proc_launch(struct test *test, struct proc *launcher, struct proc *proc,
		 const char *const argv[]);
/* The launcher: starts and waits for what standard input says, until it ends. */
int launcher_main(void);
/* The next line of the stream that starts with prefix, those before it skipped; NULL at its end. */
char *proc_line(struct test *test, struct proc *proc, struct stream *stream, const char *prefix);
/* All lines once more. */
void proc_rewind(struct stream *stream);
void proc_write(struct test *test, struct proc *proc, const char *text);
/* Waits for its end, and returns its status. */
int proc_wait(struct test *test, struct proc *proc);
void proc_kill(struct proc *proc);
void proc_close_out(struct proc *proc);

/* drive.c: faultgen and pfstat. */
void gen_start(struct test *test, struct proc *gen, const char *kind, uint64_t count,
	       unsigned int threads, const char *option);
json_t *gen_go(struct test *test, struct proc *gen);
void gen_end(struct test *test, struct proc *gen);
/* args: behind --json and --attach, up to NULL. Returns when it measures. */
void stat_start(struct test *test, const char *const args[]);
void stat_start_pid(struct test *test, pid_t pid);
/* Sends the signal (0: none), waits for the end with this status, reads what it printed. */
void stat_end(struct test *test, int signal, int status);
/* Has faultgen measured from here on: by the pfstat of the test's batch, or its own. */
void stat_watch(struct test *test);
/* Up to here, into the test's total. */
void stat_take(struct test *test);
/* A line of pfstat's. */
json_t *report_of(struct test *test, const char *line);
/* Frees what a test holds, so that it can start again or be left. */
void test_release(struct test *test);
uint64_t number(struct test *test, const json_t *object, const char *key);
const char *word(struct test *test, const json_t *object, const char *key);
json_t *entry_of(struct test *test, json_t *report, const char *path, const char *origin);
uint64_t count_of(struct test *test, json_t *report, const char *path, const char *origin);
uint64_t lost_of(struct test *test, const char *reason);
/* The sum of that field over all entries of the report. */
uint64_t sum_of(struct test *test, json_t *report, const char *key);

/* batch.c */
/* The launcher whose children are measured. */
struct proc *batch_launcher(struct test *test);
/* Returns when all faults so far are in the reports so far. */
void batch_mark(struct test *test);
/* The sum of what was reported since batch_mark() is the test's total; all faults so far are in. */
void batch_take(struct test *test);
void batch_kill(struct batch *batch);
/* The end of a batch, as a test. */
void test_batch(struct test *test);

/* expect.c */
struct expected {
	const char *path;
	const char *origin;
	uint64_t count;
	bool seen;
};
/* Adds to the nr entries what pfstat has to show for faultgen's result; returns their number. */
size_t expect_entries(struct test *test, const json_t *result, struct expected *expected,
		      size_t nr);
/* The faults of the result that this way does not see. */
uint64_t expect_unseen(struct test *test, const json_t *result);
const char *expect_exactness(enum way way, const char *path);
bool is_failure(const char *path);
/* The total's minor and major faults are what getrusage says. */
void check_severities(struct test *test, uint64_t minor, uint64_t major);
/* Every entry by itself: buckets, percentiles, maximum. */
void check_entries(struct test *test, json_t *report);

/* May a fault of it still be open when all are made? */
bool kind_leaves_open(const char *kind, enum way way, bool gup);

/* The tests. */
void test_kind(struct test *test);
void test_oracle(struct test *test);
/* test_by.c */
void test_by_process(struct test *test);
void test_by_mapping(struct test *test);
void test_by_file(struct test *test);
void test_by_cgroup(struct test *test);
void test_filters(struct test *test);
/* test_check.c */
void test_check_kinds(struct test *test);
void test_check_command(struct test *test);
void test_check_no_inherit(struct test *test);
void test_check_machine(struct test *test);
void test_check_false_books(struct test *test);
/* NULL, or why there is no oracle here. */
const char *oracle_missing(void);
void test_oracle_missing(struct test *test);

struct mode {
	const char *name;
	void (*run)(struct test *test);
	bool each_way; /* else with --attach=auto, once */
	bool shared; /* can share a pfstat */
	/* Of what user space does alone; the BPF code that it loads has other tests. */
	bool user_space;
};
extern const struct mode modes[];
extern const size_t nr_modes;

struct oracle {
	const char *function;
	const char *kind;
	/* TIMED: its time is all but the whole fault's; SHOWN: it is part of it. */
	enum { HITS, SHOWN, TIMED } time;
};
extern const struct oracle oracles[];
extern const size_t nr_oracles;

#endif
