// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * live.c: the list of tests, made for the running kernel, and their ends.
 */
#include "live.h"

#include <argp.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

/* With --end also the row of the end, as in --attach. */
static char way_names[WAYS][40] = { "fentry", "kprobe", "tracepoint" };

/* Way by way: so the prefix of a skip that stands for all of them is known. */
struct suite {
	struct options opts;
	struct kind kinds[128];
	size_t nr_kinds;
	char *skips[WAYS];
	struct test *tests;
	size_t nr;
	struct batch batch;
};

unsigned int kernel_release(void)
{
	struct utsname name;
	unsigned int major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	return major * 100 + minor;
}

/* debugfs has the mode in use; else what it was built for. */
bool kernel_preemptible(void)
{
	FILE *f = fopen("/sys/kernel/debug/sched/preempt", "re");
	char line[128] = "";
	struct utsname name;

	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	if (line[0])
		return strstr(line, "(full)") || strstr(line, "(lazy)");
	uname(&name);
	return strstr(name.version, "PREEMPT") != NULL;
}

/* Each line with the test's name: tests/summary knows whose it is. */
static void note_lines(const struct test *test, const char *kind, char *text)
{
	char *save, *line;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		print_message("# %s: %s%s\n", test->name, kind, line);
}

static void note(const struct test *test, const char *kind, const char *fmt, va_list args)
{
	char text[16384];

	vsnprintf(text, sizeof(text), fmt, args);
	note_lines(test, kind, text);
}

void test_note(struct test *test, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	note(test, "", fmt, args);
	va_end(args);
}

void test_skip(struct test *test, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	note(test, "skip: ", fmt, args);
	va_end(args);
	skip();
	abort();
}

/* Without the buckets, which fill the screen. */
static void note_total(struct test *test)
{
	json_t *entry;
	char *text;
	size_t i;

	json_array_foreach(json_object_get(test->total, "paths"), i, entry)
	{
		json_t *copy = json_copy(entry);

		json_object_del(copy, "buckets");
		text = json_dumps(copy, JSON_COMPACT);
		test_note(test, "pfstat: %s", text);
		free(text);
		json_decref(copy);
	}
	text = json_dumps(json_object_get(test->total, "lost"), JSON_COMPACT);
	test_note(test, "pfstat: lost %s", text ? text : "");
	free(text);
}

static void note_result(struct test *test, const json_t *result)
{
	char *text = result ? json_dumps(result, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;

	if (text)
		test_note(test, "faultgen: %s", text);
	free(text);
}

void test_fail(struct test *test, const char *fmt, ...)
{
	va_list args;

	test->failed = true;
	va_start(args, fmt);
	note(test, "FAIL: ", fmt, args);
	va_end(args);
	note_result(test, test->result);
	note_result(test, test->result2);
	if (test->total)
		note_total(test);
	proc_rewind(&test->stat.err);
	if (test->stat.err.text)
		test_note(test, "pfstat's stderr: %.*s", (int)test->stat.err.len,
			  test->stat.err.text);
	fail();
	abort();
}

static void run_one(void **state)
{
	struct test *test = *state;

	if (test->skip)
		test_skip(test, "%s", test->skip);
	test->run(test);
}

static int teardown(void **state)
{
	struct test *test = *state;

	test_release(test);
	if (test->failed && test->batch)
		batch_kill(test->batch);
	fflush(stdout);
	return 0;
}

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "live: %s\n", what);
	exit(1);
}

/* Runs a command outside of all tests; its stdout or, when that is empty, its stderr. */
static int ask(char **text, const char *const argv[])
{
	struct test test = { .name = "start" };
	int status;

	proc_start(&test, &test.gen, argv);
	status = proc_wait(&test, &test.gen);
	if (test.gen.out.len)
		*text = strdup(test.gen.out.text);
	else
		*text = strdup(test.gen.err.text ? test.gen.err.text : "");
	test_release(&test);
	return status;
}

static void read_kinds(struct suite *suite)
{
	const char *const argv[] = { suite->opts.faultgen, "--list", "--json", NULL };
	json_t *list, *row;
	char *text;
	size_t i;

	if (ask(&text, argv))
		die("faultgen --list --json failed");
	list = json_loads(text, 0, NULL);
	free(text);
	json_array_foreach(list, i, row)
	{
		struct kind *kind = &suite->kinds[suite->nr_kinds++];

		if (suite->nr_kinds == sizeof(suite->kinds) / sizeof(suite->kinds[0]))
			die("too many kinds");
		snprintf(kind->name, sizeof(kind->name), "%s",
			 json_string_value(json_object_get(row, "kind")));
		kind->some = !strcmp(json_string_value(json_object_get(row, "nature")), "some");
		kind->any = !strcmp(json_string_value(json_object_get(row, "nature")), "any");
		kind->dear = kind->any ||
			     strcmp(json_string_value(json_object_get(row, "unit")), "page");
	}
	json_decref(list);
	if (!suite->nr_kinds)
		die("faultgen lists no kinds");
}

/* Exit status 3 of a dry run: this kernel does not allow the way. */
static void ask_way(struct suite *suite, enum way way)
{
	char attach[64], *text;
	const char *const argv[] = { suite->opts.pfstat, "--dry-run", attach, NULL };
	int status;

	if (suite->opts.end && !strcmp(suite->opts.end, "fexit") && kernel_preemptible()) {
		suite->skips[way] = strdup("on a preemptible kernel runs of fexit are skipped");
		return;
	}
	snprintf(attach, sizeof(attach), "--attach=%.40s", way_names[way]);
	status = ask(&text, argv);
	text[strcspn(text, "\n")] = '\0';
	if (status == 3) {
		suite->skips[way] = text;
		return;
	}
	if (status)
		fprintf(stderr, "live: pfstat --dry-run %s: %s\n", attach, text);
	free(text);
	if (status)
		die("pfstat cannot measure here");
}

static struct test *add(struct suite *suite, void (*run)(struct test *test), enum way way,
			const char *name)
{
	struct test *test;

	if (suite->opts.filter && !strstr(name, suite->opts.filter))
		return NULL;
	suite->tests = realloc(suite->tests, (suite->nr + 1) * sizeof(*suite->tests));
	if (!suite->tests)
		die("out of memory");
	test = &suite->tests[suite->nr++];
	*test = (struct test){ .run = run,
			       .way = way,
			       .attach = way_names[way],
			       .opts = &suite->opts,
			       .count = suite->opts.count,
			       .threads = 1 };
	snprintf(test->name, sizeof(test->name), "%s", name);
	return test;
}

static const struct kind *find_kind(const struct suite *suite, const char *name)
{
	size_t i;

	for (i = 0; i < suite->nr_kinds; i++)
		if (!strcmp(suite->kinds[i].name, name))
			return &suite->kinds[i];
	die("faultgen lacks a kind that is tested");
}

/*
 * Many under one pfstat, to save the time of slow machines. Not where a fault that is
 * open at the end has to be known (only a total says how many are), nor where pfstat
 * must see a setting that faultgen makes.
 */
static bool can_share(const struct suite *suite, enum way way, bool gup, const struct kind *kind)
{
	return suite->opts.together && !kind_leaves_open(kind->name, way, gup) &&
	       strcmp(kind->name, "mthp");
}

static void add_threads(struct suite *suite, enum way way, bool gup, const struct kind *kind,
			unsigned int threads)
{
	struct test *test;
	char name[64];

	snprintf(name, sizeof(name), "%s%s/%s/%s", way_names[way], gup ? "--gup" : "", kind->name,
		 threads ? threads == 1 ? "1" : "4" : "1+4");
	test = add(suite, test_kind, way, name);
	if (!test)
		return;
	test->gup = gup;
	test->kind = kind;
	test->threads = threads;
	if (kind->dear && test->count > DEAR_COUNT)
		test->count = DEAR_COUNT;
	if (can_share(suite, way, gup, kind))
		test->batch = &suite->batch;
}

static void add_kind(struct suite *suite, enum way way, bool gup, const struct kind *kind)
{
	/* Without /dev/udmabuf pfn can be made by one thread only. */
	if (suite->opts.together && strcmp(kind->name, "pfn")) {
		add_threads(suite, way, gup, kind, 0);
		return;
	}
	add_threads(suite, way, gup, kind, 1);
	add_threads(suite, way, gup, kind, 4);
}

/*
 * Kinds that run the same hooks as another one. On slow machines (--together)
 * they are left to fentry and to the tracepoints: kprobes share the programs.
 */
static bool is_twin(const char *kind)
{
	static const char *const twins[] = {
		"prot_none",     "segv_exec",       "wp_zero",         "wp_file",
		"hugetlb_read",  "swap_minor",      "shmem_write",     "uffd_sigbus",
		"efault_access", "vsyscall_nested", "file_huge_write", "thp_wp_zero",
		"spurious_read", "gup_vm_readv",    "gup_vm_writev",   "gup_mem",
		"gup_uring",     "gup_direct",
	};
	size_t i;

	for (i = 0; i < sizeof(twins) / sizeof(twins[0]); i++)
		if (!strcmp(kind, twins[i]))
			return true;
	return false;
}

/* Of the kinds that are tested this way, those that share a pfstat or the others. */
static void add_some_kinds(struct suite *suite, enum way way, bool gup, bool shared)
{
	bool all = !suite->opts.together || way != KPROBE;
	static const char *const also_gup[] = { "nofault_gup", "anon", "uffd_missing", "mix" };
	size_t i, j;

	for (i = 0; i < suite->nr_kinds; i++) {
		const struct kind *kind = &suite->kinds[i];
		bool is_gup = !strncmp(kind->name, "gup", 3);

		for (j = 0; gup && !is_gup && j < sizeof(also_gup) / sizeof(also_gup[0]); j++)
			is_gup = !strcmp(kind->name, also_gup[j]);
		/* Without --gup none of its faults is seen: one kind says so for all. */
		if (gup ? !is_gup : !strncmp(kind->name, "gup_", 4))
			continue;
		if ((all || !is_twin(kind->name)) && can_share(suite, way, gup, kind) == shared)
			add_kind(suite, way, gup, kind);
	}
}

static bool is_left_out(const struct suite *suite, const struct mode *mode)
{
	return suite->opts.kernel_only && mode->user_space;
}

static void add_modes(struct suite *suite, enum way way, bool shared)
{
	char name[64];
	size_t i;

	for (i = 0; i < nr_modes; i++) {
		struct test *test;

		if (!modes[i].each_way || is_left_out(suite, &modes[i]) ||
		    (suite->opts.together && modes[i].shared) != shared)
			continue;
		snprintf(name, sizeof(name), "%s/%s", way_names[way], modes[i].name);
		test = add(suite, modes[i].run, way, name);
		if (test && shared)
			test->batch = &suite->batch;
	}
}

static void add_oracles(struct suite *suite, enum way way)
{
	char name[64];
	size_t i;

	for (i = 0; i < nr_oracles && !oracle_missing(); i++) {
		struct test *test;

		snprintf(name, sizeof(name), "%s/oracle/%s/%s", way_names[way], oracles[i].function,
			 oracles[i].kind);
		test = add(suite, test_oracle, way, name);
		if (test) {
			test->kind = find_kind(suite, oracles[i].kind);
			test->function = oracles[i].function;
			test->batch = suite->opts.together ? &suite->batch : NULL;
		}
	}
	snprintf(name, sizeof(name), "%s/oracle", way_names[way]);
	if (oracle_missing())
		add(suite, test_oracle_missing, way, name);
}

/* Those that share a pfstat, its end, and the others. */
static void add_way(struct suite *suite, enum way way, bool gup)
{
	size_t nr = suite->nr;
	struct test *end;
	char name[64];

	add_some_kinds(suite, way, gup, true);
	/* What the kernel's tracers say does not depend on ours. */
	if (!gup && (!suite->opts.together || way == FENTRY))
		add_oracles(suite, way);
	if (!gup)
		add_modes(suite, way, true);
	snprintf(name, sizeof(name), "%s%s/batch", way_names[way], gup ? "--gup" : "");
	end = suite->opts.together && suite->nr > nr ? add(suite, test_batch, way, name) : NULL;
	if (end)
		end->batch = &suite->batch;
	add_some_kinds(suite, way, gup, false);
	if (!gup)
		add_modes(suite, way, false);
}

/* What does not depend on the way is run in the one that auto takes. */
static void add_once(struct suite *suite)
{
	char name[64];
	size_t i;

	for (i = 0; i < nr_modes; i++) {
		struct test *test;

		if (modes[i].each_way || is_left_out(suite, &modes[i]))
			continue;
		snprintf(name, sizeof(name), "auto/%s", modes[i].name);
		test = add(suite, modes[i].run, FENTRY, name);
		if (test)
			test->attach = "auto";
	}
}

static void make_suite(struct suite *suite)
{
	enum way way;

	read_kinds(suite);
	for (way = 0; way < WAYS; way++) {
		struct test *test;

		if (!(suite->opts.ways & 1u << way))
			continue;
		ask_way(suite, way);
		if (!suite->skips[way]) {
			add_way(suite, way, false);
			if (way != TRACEPOINT)
				add_way(suite, way, true);
			continue;
		}
		test = add(suite, test_kind, way, way_names[way]);
		if (test)
			test->skip = suite->skips[way];
	}
	if (suite->opts.ways & 1u << WAYS)
		add_once(suite);
}

static int run_suite(struct suite *suite)
{
	struct CMUnitTest *units = calloc(suite->nr, sizeof(*units));
	size_t i;
	int failed;

	if (!units)
		die("out of memory");
	for (i = 0; i < suite->nr; i++) {
		units[i] = (struct CMUnitTest){ .name = suite->tests[i].name,
						.test_func = run_one,
						.teardown_func = teardown,
						.initial_state = &suite->tests[i] };
	}
	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 0);
	failed = _cmocka_run_group_tests("live", units, suite->nr, NULL, NULL);
	free(units);
	return failed ? 1 : 0;
}

static unsigned int parse_ways(struct argp_state *state, const char *arg)
{
	char *copy = strdup(arg), *save, *name;
	unsigned int ways = 0;
	enum way way;

	for (name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		for (way = 0; way < WAYS && strcmp(name, way_names[way]); way++)
			;
		if (way == WAYS && strcmp(name, "auto"))
			argp_error(state, "--ways: '%s' is not fentry, kprobe, tracepoint or auto",
				   name);
		ways |= 1u << way;
	}
	free(copy);
	return ways;
}

enum {
	KEY_PFSTAT = 256,
	KEY_FAULTGEN,
	KEY_DIR,
	KEY_WAYS,
	KEY_END,
	KEY_COUNT,
	KEY_TOGETHER,
	KEY_KERNEL_ONLY,
	KEY_LIST,
	KEY_LAUNCHER
};

static const struct argp_option options[] = {
	{ "pfstat", KEY_PFSTAT, "PATH", 0, "The pfstat to test (build/pfstat)", 0 },
	{ "faultgen", KEY_FAULTGEN, "PATH", 0, "(build/faultgen)", 0 },
	{ "dir", KEY_DIR, "DIR", 0, "faultgen's files go there; a disk filesystem (/var/tmp)", 0 },
	{ "ways", KEY_WAYS, "WAY,...", 0,
	  "fentry, kprobe, tracepoint, auto (what does not depend on the way); default all", 0 },
	{ "end", KEY_END, "NAME", 0,
	  "What ends a fault (pfstat doctor; default: what pfstat takes)", 0 },
	{ "count", KEY_COUNT, "N", 0, "Faults per test (200)", 0 },
	{ "together", KEY_TOGETHER, 0, 0,
	  "One run of pfstat for many kinds, 1 and 4 threads: for slow machines", 0 },
	{ "kernel-only", KEY_KERNEL_ONLY, 0, 0,
	  "Without the tests of what pfstat does in user space alone", 0 },
	{ "list", KEY_LIST, 0, 0, "Print the tests for this kernel", 0 },
	{ "launcher", KEY_LAUNCHER, 0, OPTION_HIDDEN, "Start what standard input says", 0 },
	{ 0 }
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *opts = state->input;
	char *end;

	switch (key) {
	case KEY_PFSTAT:
		opts->pfstat = arg;
		break;
	case KEY_FAULTGEN:
		opts->faultgen = arg;
		break;
	case KEY_DIR:
		opts->dir = arg;
		break;
	case KEY_WAYS:
		opts->ways = parse_ways(state, arg);
		break;
	case KEY_END:
		opts->end = arg;
		break;
	case KEY_COUNT:
		opts->count = strtoull(arg, &end, 10);
		if (*end || opts->count < 4 || opts->count > 10000)
			argp_error(state, "--count: '%s' is not a number of 4 to 10000", arg);
		break;
	case KEY_TOGETHER:
		opts->together = true;
		break;
	case KEY_KERNEL_ONLY:
		opts->kernel_only = true;
		break;
	case KEY_LAUNCHER:
		exit(launcher_main());
	case KEY_LIST:
		opts->list = true;
		break;
	case ARGP_KEY_ARG:
		if (opts->filter)
			argp_error(state, "one FILTER only");
		opts->filter = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		options,
		parse_option,
		"[FILTER]",
		"Tests pfstat on the running kernel, as root; TAP output. FILTER is a part of the"
		" tests' names.",
		NULL,
		NULL,
		NULL
	};
	struct suite suite = { .opts = { .pfstat = "build/pfstat",
					 .faultgen = "build/faultgen",
					 .dir = "/var/tmp",
					 .count = 200,
					 .ways = ~0u } };
	size_t i, len;
	enum way way;
	int status = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &suite.opts);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	for (way = 0; suite.opts.end && way < WAYS; way++) {
		len = strlen(way_names[way]);
		snprintf(way_names[way] + len, sizeof(way_names[way]) - len, ",end=%s",
			 suite.opts.end);
	}
	make_suite(&suite);
	for (way = 0; way < WAYS && !suite.nr; way++)
		if (suite.opts.end && suite.opts.ways & 1u << way && suite.skips[way]) {
			printf("1..0 # SKIP %s: %s\n", way_names[way], suite.skips[way]);
			return 0;
		}
	if (!suite.nr) {
		printf("1..0 # SKIP no test has %s in its name\n", suite.opts.filter);
		return 1;
	}
	for (i = 0; suite.opts.list && i < suite.nr; i++)
		puts(suite.tests[i].name);
	if (!suite.opts.list)
		status = run_suite(&suite);
	batch_kill(&suite.batch);
	free(suite.tests);
	for (way = 0; way < WAYS; way++)
		free(suite.skips[way]);
	return status;
}
