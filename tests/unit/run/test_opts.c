// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_opts.c: the command line. command_parse() exits on bad input, so it runs in a child,
 * which sends back what it printed and the options.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "doctor/doctor.h"
#include "profile/profile.h"
#include "profile/profile_options.h"
#include "run/run.h"
#include "serve/serve.h"
#include "serve/serve_options.h"
#include "stat/stat.h"
#include "stat/stat_formats.h"
#include "stat/stat_options.h"
#include "trace/trace.h"
#include "trace/trace_options.h"

#define NR(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_ARGS  16

/* Larger than any pid: the kernel's limit is this, exclusive. */
#define NO_SUCH_PID "4194304"

static char self[16];

static const struct command *const commands[] = {
	&stat_command, &trace_command, &profile_command, &serve_command, &doctor_command, NULL,
};

/* Each command's struct begins with struct run_options. */
union any_options {
	struct run_options run;
	struct stat_options stat;
	struct trace_options trace;
	struct profile_options profile;
	struct serve_options serve;
};

struct parsed {
	int status; /* exit status, or -1 */
	char text[8192]; /* what was printed, stdout and stderr */
	bool parsed; /* command_parse() came back with this: */
	const struct command *command;
	union any_options opts;
	int pids[4];
	char child[4][32];
	size_t nr_child;
};

/* In the child: all that the parent wants to know, without pointers. */
static void send_options(int fd, const struct command *command, const void *options)
{
	struct parsed out = { .parsed = true, .command = command };
	const struct run_options *run = options;

	memcpy(&out.opts, options, command->options->size);
	for (size_t i = 0; i < run->nr_pids && i < NR(out.pids); i++)
		out.pids[i] = run->pids[i];
	for (; run->workload && run->workload[out.nr_child]; out.nr_child++)
		snprintf(out.child[out.nr_child], sizeof(out.child[0]), "%s",
			 run->workload[out.nr_child]);
	if (write(fd, &out, sizeof(out)) != sizeof(out))
		_exit(99);
}

static size_t read_all(int fd, void *buffer, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size && (n = read(fd, (char *)buffer + len, size - len)) > 0)
		len += n;
	close(fd);
	return len;
}

/* Runs command_parse() on the arguments, which end with NULL. */
static struct parsed *parse(const char *const *args)
{
	static struct parsed out;
	char *argv[MAX_ARGS + 2] = { (char *)"pfstat" };
	int argc = 1, said[2], told[2], status;
	char text[sizeof(out.text)] = "";
	pid_t pid;

	for (; args[argc - 1]; argc++) {
		assert_true(argc <= MAX_ARGS);
		argv[argc] = (char *)args[argc - 1];
	}
	assert_int_equal(pipe(said) | pipe(told), 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		const struct command *command;
		void *options;

		dup2(said[1], STDOUT_FILENO);
		dup2(said[1], STDERR_FILENO);
		close(said[0]);
		close(told[0]);
		/* argp and getopt print these: pfstat, not the test program. */
		program_invocation_name = program_invocation_short_name = argv[0];
		command = command_parse(commands, argc, argv, &options);
		send_options(told[1], command, options);
		command_release(command, options);
		_exit(0);
	}
	close(said[1]);
	close(told[1]);
	/* Either fits into its pipe, so the child never waits for the other. */
	memset(&out, 0, sizeof(out));
	read_all(told[0], &out, sizeof(out));
	read_all(said[0], text, sizeof(text) - 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	memcpy(out.text, text, sizeof(out.text));
	return &out;
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

struct refusal {
	const char *args[6];
	const char *says; /* part of the message */
};

static const struct refusal refusals[] = {
	{ { "serve", "1" }, "serve takes no argument" },
	{ { "serve", "--slower=fast" }, "--slower fast: not a time" },
	{ { "serve", "--by=comm" }, "--by comm: not cgroup" },
	{ { "serve", "--cgroup-limit=5" }, "--cgroup-limit needs --by cgroup" },
	{ { "serve", "--by=cgroup", "--cgroup-limit=0" }, "--cgroup-limit 0: not a number" },
	{ { "serve", "--gup", "--attach=tracepoint" }, "--gup needs" },
	{ { "serve", "--web.systemd-socket", "--web.listen-address=:1" }, "exclude each other" },
	{ { "serve", "-H" }, "invalid option" },
	{ { "trace", "-m", "" }, "-m : not a number of pages" },
	{ { "trace", "-m", "0" }, "-m 0: not a number of pages" },
	{ { "trace", "-m", "M" }, "-m M: not a number of pages" },
	{ { "trace", "-m", "-1" }, "-m -1: not a number of pages" },
	{ { "trace", "-m", "1.5M" }, "-m 1.5M: not a number of pages" },
	{ { "trace", "-m", "16MB" }, "-m 16MB: not a number of pages" },
	{ { "trace", "-m", "16m" }, "-m 16m: not a number of pages" },
	{ { "trace", "-m", "0x10" }, "-m 0x10: not a number of pages" },
	{ { "trace", "-m", " 16" }, "-m  16: not a number of pages" },
	{ { "trace", "-m", "99999999999999999999" },
	  "-m 99999999999999999999: not a number of pages" },
	{ { "trace", "-m", "1073741824G" }, "-m 1073741824G: not from one page (4K) to 1024M" },
	{ { "trace", "-m", "2K" }, "-m 2K: not from one page (4K) to 1024M" },
	{ { "trace", "-m", "262145" }, "-m 262145: not from one page (4K) to 1024M" },
	{ { "trace", "-m", "3" }, "-m 3: not a power of two" },
	{ { "trace", "--mmap-pages=4097B" }, "-m 4097B: not a power of two" },
	{ { "-m", "16M" }, "invalid option" },
	{ { "profile", "-m", "16M" }, "invalid option" },
	{ { "--no-such-option" }, "no-such-option" },
	{ { "-x" }, "'x'" },
	{ { "-p" }, "'p'" },
	{ { "-p", "abc" }, "-p abc: " },
	{ { "-p", "0" }, "-p 0: " },
	{ { "-p", "1,," }, "-p 1,,: " },
	{ { "--pid=-5" }, "-p -5: " },
	{ { "-p", NO_SUCH_PID }, "no such process: " NO_SUCH_PID "\n" },
	{ { "-p", self, "-p", NO_SUCH_PID }, "no such process: " NO_SUCH_PID "\n" },
	{ { "-t", "abc" }, "-t abc: " },
	{ { "-t", "0" }, "-t 0: " },
	{ { "-t", "1,2" }, "-t 1,2: " },
	{ { "-t", NO_SUCH_PID }, "no such thread: " NO_SUCH_PID "\n" },
	{ { "-d", "0" }, "-d 0: " },
	{ { "-d", "1x" }, "-d 1x: " },
	{ { "-d", "-1" }, "-d -1: " },
	{ { "0" }, "interval 0: " },
	{ { "1x" }, "interval 1x: " },
	{ { "-1" }, "'1'" },
	{ { "nan" }, "interval nan: " },
	{ { "inf" }, "interval inf: " },
	{ { "ls" }, "after --" },
	{ { "1", "0" }, "count 0: " },
	{ { "1", "1.5" }, "count 1.5: " },
	{ { "1", "x" }, "count x: " },
	{ { "1", "99999999999999999999" }, "count 99999999999999999999: " },
	{ { "1", "2", "3" }, "3: too many arguments" },
	{ { "--attach=magic" }, "--attach magic: " },
	{ { "--attach=" }, "--attach : " },
	{ { "--attach=fentr" }, "--attach fentr: " },
	{ { "--attach=autox" }, "--attach autox: not auto, fentry, kprobe or tracepoint" },
	{ { "--attach=Fentry" }, "--attach Fentry: " },
	{ { "--attach=fentry," }, "--attach fentry,: not auto" },
	{ { "--attach=end=" }, "--attach end=: end not perf_event, fexit or sw_event" },
	{ { "--attach=fentry,end=fexi" }, "--attach fentry,end=fexi: end not perf_event" },
	{ { "--attach=begin=perf_event" }, "--attach begin=perf_event: begin not exceptions" },
	{ { "--attach=record=hash" }, "--attach record=hash: record not array" },
	{ { "--attach=start=fexit" }, "--attach start=fexit: not auto" },
	{ { "--" }, "no COMMAND" },
	{ { "-v", "--" }, "no COMMAND" },
	{ { "-p", self, "--", "true" }, "exclude each other" },
	{ { "-t", self, "--", "true" }, "exclude each other" },
	{ { "-p", self, "-t", self }, "exclude each other" },
	{ { "--json", "--csv" }, "exclude each other" },
	{ { "--csv", "--json" }, "exclude each other" },
	{ { "--attach=tracepoint", "--gup" },
	  "--gup needs --attach=auto, fentry or kprobe, not tracepoint" },
	{ { "-H", "--json" }, "-H works only with the table" },
	{ { "--csv", "-H" }, "-H works only with the table" },
	{ { "--by=user" }, "--by user: not process, thread, " },
	{ { "--by=" }, "--by : one or two dimensions" },
	{ { "--by=process," }, "--by process,: one or two dimensions" },
	{ { "--by=,process" }, "--by ,process: not process" },
	{ { "--by=cpu,node,path" }, "--by cpu,node,path: one or two dimensions" },
	{ { "--by=cpu,cpu" }, "--by cpu,cpu: the two dimensions are the same" },
	{ { "--by=proc" }, "--by proc: not process" },
	{ { "--by=cpu", "-H" }, "-H cannot be combined with --by" },
	{ { "--by=cpu", "--sort=name" }, "--sort name: not total" },
	{ { "--by=cpu", "--sort=" }, "--sort : not total" },
	{ { "--by=cpu", "-n-1" }, "-n -1: not a number" },
	{ { "--by=cpu", "-n", "3x" }, "-n 3x: not a number" },
	{ { "--by=cpu", "--by-limit=0" }, "--by-limit 0: not a number" },
	{ { "--by=cpu", "--by-limit=1048577" },
	  "--by-limit 1048577: not a number of 1 to 1048576" },
	{ { "--sort=max" }, "need --by" },
	{ { "-n", "5" }, "need --by" },
	{ { "--by-limit=5" }, "need --by" },
	{ { "-c", "" }, "-c : an empty path" },
	{ { "-C", "" }, "-C : an empty name" },
	{ { "--path=anon,anom" }, "--path anon,anom: there is no anom" },
	{ { "--path=" }, "--path : there is no empty name" },
	{ { "--path=anon," }, "--path anon,: there is no empty name" },
	{ { "--path=ano" }, "--path ano: there is no ano" },
	{ { "--origin=users" }, "--origin users: there is no users" },
	{ { "--min-latency=10" }, "--min-latency 10: not a time" },
	{ { "--min-latency=0ms" }, "--min-latency 0ms: not a time" },
	{ { "--major=1" }, "--major" },
	{ { "--check", "--major" }, "cannot be combined with filters" },
	{ { "--check", "-c", "/" }, "cannot be combined with filters" },
	{ { "--check", "-C", "sh" }, "cannot be combined with filters" },
	{ { "doctor", "me" }, "no argument: me" },
	{ { "doctor", "--json" }, "json" },
	{ { "doctor", "--", "true" }, "no COMMAND is taken: -- true" },
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(refusals); i++) {
		const struct refusal *r = &refusals[i];
		const struct parsed *out = parse(r->args);

		if (out->parsed || out->status != EXIT_USAGE)
			fail_msg("%s %s: exit status %d, should be 2", r->args[0],
				 r->args[1] ? r->args[1] : "", out->status);
		if (strncmp(out->text, "pfstat", 6) || !strstr(out->text, r->says))
			fail_msg("%s %s: says \"%s\", should say \"%s\"", r->args[0],
				 r->args[1] ? r->args[1] : "", out->text, r->says);
		assert_int_equal(out->text[strlen(out->text) - 1], '\n');
	}
}

static int until_closed[2];

static void *wait_in_thread(void *tid)
{
	char byte;

	__atomic_store_n((int *)tid, gettid(), __ATOMIC_SEQ_CST);
	return read(until_closed[0], &byte, 1) ? tid : NULL;
}

/* A thread has an ID of its own, but it is no process. */
static void test_thread_is_no_process(void **state)
{
	char text[16], says[48];
	const struct parsed *out;
	pthread_t thread;
	int tid = 0;

	(void)state;
	assert_int_equal(pipe(until_closed), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, &tid), 0);
	while (!__atomic_load_n(&tid, __ATOMIC_SEQ_CST))
		sched_yield();
	snprintf(text, sizeof(text), "%d", tid);
	snprintf(says, sizeof(says), "no such process: %d\n", tid);
	assert_int_equal(PARSE("-p", self)->status, 0);
	assert_int_equal(PARSE("-t", self)->status, 0);
	out = PARSE("-t", text);
	assert_int_equal(out->status, 0);
	assert_int_equal(out->opts.run.tid, tid);
	out = PARSE("-p", text);
	close(until_closed[1]);
	pthread_join(thread, NULL);
	assert_int_equal(out->status, EXIT_USAGE);
	assert_non_null(strstr(out->text, says));
}

static void test_nothing_given(void **state)
{
	const struct parsed *out = parse((const char *const[]){ NULL });
	const struct stat_options *opts = &out->opts.stat;

	(void)state;
	assert_true(out->parsed);
	assert_string_equal(out->text, "");
	assert_ptr_equal(out->command, &stat_command);
	assert_int_equal(opts->run.attach, ATTACH_AUTO);
	assert_ptr_equal(opts->run.format, &stat_table);
	assert_int_equal(opts->run.nr_pids, 0);
	assert_int_equal(opts->run.tid, 0);
	assert_false(opts->run.no_inherit || opts->histogram || opts->timestamp ||
		     opts->run.verbose || opts->run.gup || opts->check || opts->run.dry_run);
	assert_true(!opts->run.duration_ns && !opts->interval_ns && !opts->count);
	assert_null(opts->run.output);
	assert_null(opts->run.workload);
}

static void test_everything_given(void **state)
{
	const struct parsed *out =
		PARSE("-vHT", "-o", "file", "--attach=fentry", "--no-inherit", "--gup", "--check",
		      "--dry-run", "-d", "2.5", "-p", self, "0.5", "7");
	const struct stat_options *opts = &out->opts.stat;

	(void)state;
	assert_true(out->parsed);
	assert_true(opts->run.verbose && opts->histogram && opts->timestamp &&
		    opts->run.no_inherit && opts->run.gup && opts->check && opts->run.dry_run);
	assert_non_null(opts->run.output);
	assert_int_equal(opts->run.attach, ATTACH_FENTRY);
	assert_int_equal(opts->run.duration_ns, 2500000000);
	assert_int_equal(opts->interval_ns, 500000000);
	assert_int_equal(opts->count, 7);
	assert_int_equal(opts->run.nr_pids, 1);
	assert_int_equal(out->pids[0], getpid());
}

static void test_each_way(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--attach=auto")->opts.run.attach, ATTACH_AUTO);
	assert_int_equal(PARSE("--attach=fentry")->opts.run.attach, ATTACH_FENTRY);
	assert_int_equal(PARSE("--attach", "kprobe")->opts.run.attach, ATTACH_KPROBE);
	assert_int_equal(PARSE("--attach=tracepoint")->opts.run.attach, ATTACH_TRACEPOINT);
}

static void test_each_format(void **state)
{
	(void)state;
	assert_ptr_equal(PARSE("--json")->opts.run.format, &stat_json);
	assert_ptr_equal(PARSE("--csv")->opts.run.format, &stat_csv);
	/* Said twice is not a contradiction. */
	assert_ptr_equal(PARSE("--json", "--json")->opts.run.format, &stat_json);
}

static void test_interval_and_count(void **state)
{
	const struct parsed *out = PARSE("0.25");

	(void)state;
	assert_true(out->opts.stat.interval_ns == 250000000 && out->opts.stat.count == 0);
	out = PARSE("2", "3");
	assert_true(out->opts.stat.interval_ns == 2000000000 && out->opts.stat.count == 3);
	/* Options may follow, and a command may. */
	out = PARSE("1", "-T", "4", "--", "make", "-j4");
	assert_true(out->opts.stat.interval_ns == 1000000000 && out->opts.stat.count == 4);
	assert_true(out->opts.stat.timestamp);
	assert_int_equal(out->nr_child, 2);
}

/* Whatever is behind the first -- is the command's, options and more -- too. */
static void test_command_is_split_off(void **state)
{
	const struct parsed *out = PARSE("-v", "--", "sh", "-x", "--", "--json");

	(void)state;
	assert_true(out->parsed);
	assert_true(out->opts.run.verbose);
	assert_ptr_equal(out->opts.run.format, &stat_table);
	assert_int_equal(out->nr_child, 4);
	assert_string_equal(out->child[0], "sh");
	assert_string_equal(out->child[1], "-x");
	assert_string_equal(out->child[2], "--");
	assert_string_equal(out->child[3], "--json");

	out = PARSE("--", "doctor");
	assert_ptr_equal(out->command, &stat_command);
	assert_string_equal(out->child[0], "doctor");

	/* An option that lacks its value does not eat the command. */
	out = PARSE("-o", "--", "true");
	assert_int_equal(out->status, EXIT_USAGE);
}

static void test_doctor(void **state)
{
	(void)state;
	assert_ptr_equal(PARSE("doctor")->command, &doctor_command);
	assert_false(PARSE("doctor")->opts.run.verbose);
	assert_true(PARSE("doctor", "-v")->opts.run.verbose);
}

static void test_by(void **state)
{
	static const char *const names[DIM_NR] = {
		[DIM_PROCESS] = "process", [DIM_THREAD] = "thread",   [DIM_COMM] = "comm",
		[DIM_CGROUP] = "cgroup",   [DIM_MAPPING] = "mapping", [DIM_FILE] = "file",
		[DIM_CPU] = "cpu",         [DIM_NODE] = "node",       [DIM_PATH] = "path",
	};
	static const char *const sorts[SORT_NR] = { "total", "count", "major", "avg",
						    "p50",   "p99",   "max" };
	const struct parsed *out = PARSE("--by", "process");

	(void)state;
	assert_int_equal(out->opts.stat.sort, SORT_TOTAL);
	assert_int_equal(out->opts.stat.top, 20);
	assert_int_equal(out->opts.stat.by_limit, 16384);
	for (int dim = 1; dim < DIM_NR; dim++) {
		char both[32];

		out = PARSE("--by", names[dim]);
		assert_int_equal(out->opts.stat.by[0], dim);
		assert_int_equal(out->opts.stat.by[1], DIM_NONE);
		if (dim == DIM_PATH)
			continue;
		snprintf(both, sizeof(both), "%s,path", names[dim]);
		out = PARSE("--by", both);
		assert_int_equal(out->opts.stat.by[0], dim);
		assert_int_equal(out->opts.stat.by[1], DIM_PATH);
	}
	for (int sort = 0; sort < SORT_NR; sort++)
		assert_int_equal(PARSE("--by=cpu", "--sort", sorts[sort])->opts.stat.sort, sort);
	out = PARSE("--by=cpu", "-n", "7", "--by-limit=1048576", "--json");
	assert_int_equal(out->opts.stat.top, 7);
	assert_int_equal(out->opts.stat.by_limit, 1 << 20);
	assert_int_equal(PARSE("--by=cpu", "-n0")->opts.stat.top, 0);
}

static void test_filters(void **state)
{
	const struct parsed *out = parse((const char *const[]){ NULL });
	const struct fault_filter *only = &out->opts.run.only;

	(void)state;
	assert_false(only->of_fault || only->of_task);
	out = PARSE("--path=anon,swap", "--path", "numa", "--origin=user,gup", "--major",
		    "--min-latency=1.5ms");
	assert_true(only->of_fault);
	assert_false(only->of_task);
	assert_true(only->paths == (1ull << PATH_ANON | 1ull << PATH_SWAP | 1ull << PATH_NUMA));
	assert_int_equal(only->origins, 1 << ORIGIN_USER | 1 << ORIGIN_GUP);
	assert_true(only->major);
	assert_int_equal(only->min_ns, 1500000);
	/* Cut as the kernel cuts it. */
	out = PARSE("-C", "a-name-that-is-too-long", "-p", self);
	assert_true(only->of_task);
	assert_false(only->of_fault);
	assert_string_equal(only->comm, "a-name-that-is-");
	assert_int_equal(only->comm_len, 16);
	out = PARSE("-c", "/system.slice", "-C", "sh");
	assert_true(only->of_task);
	assert_non_null(out->opts.run.cgroup);
	assert_int_equal(only->comm_len, 3);
}

static void test_serve(void **state)
{
	const struct parsed *out = PARSE("serve");

	(void)state;
	assert_ptr_equal(out->command, &serve_command);
	assert_int_equal(out->opts.serve.nr_listen, 1);
	assert_true(out->opts.serve.slow_ns == 10000000);
	assert_false(out->opts.serve.by_cgroup);
	assert_true(PARSE("serve", "--slower", "0")->opts.serve.slow_ns == 0);
	assert_true(PARSE("serve", "--slower=1.5ms")->opts.serve.slow_ns == 1500000);
	out = PARSE("serve", "--web.listen-address=127.0.0.1:1", "--web.listen-address=[::1]:2");
	assert_int_equal(out->opts.serve.nr_listen, 2);
	out = PARSE("serve", "--by", "cgroup", "--attach=fentry", "--gup");
	assert_true(out->opts.serve.by_cgroup);
	assert_int_equal(out->opts.serve.cgroup_limit, 4096);
	assert_int_equal(out->opts.run.attach, ATTACH_FENTRY);
	assert_true(out->opts.run.gup);
	assert_int_equal(PARSE("serve", "--by=cgroup", "--cgroup-limit=7")->opts.serve.cgroup_limit,
			 7);
	out = PARSE("serve", "--web.systemd-socket");
	assert_true(out->opts.serve.systemd_socket);
	assert_int_equal(out->opts.serve.nr_listen, 0);
	assert_non_null(strstr(PARSE("serve", "--help")->text, "--web.config.file"));
}

static void test_ring(void **state)
{
	static const struct {
		const char *text;
		unsigned int bytes;
	} good[] = {
		{ "1", 4096 },         { "4096B", 4096 },   { "4K", 4096 },
		{ "512", 2 << 20 },    { "0512", 2 << 20 }, { "64M", 64 << 20 },
		{ "262144", 1 << 30 }, { "1G", 1 << 30 },   { "1073741824B", 1 << 30 },
	};

	(void)state;
	assert_int_equal(PARSE("trace")->opts.trace.ring_bytes, 4 << 20);
	assert_int_equal(PARSE("trace", "-g")->opts.trace.ring_bytes, 16 << 20);
	for (size_t i = 0; i < NR(good); i++) {
		assert_int_equal(PARSE("trace", "-m", good[i].text)->opts.trace.ring_bytes,
				 good[i].bytes);
		assert_int_equal(PARSE("trace", "-m", good[i].text, "-g")->opts.trace.ring_bytes,
				 good[i].bytes);
	}
}

static void test_help_and_version(void **state)
{
	static const char *const options[] = {
		"-p, --pid=", "-t, --tid=",      "--no-inherit",    "--gup",
		"--check",    "-d, --duration=", "-H, --histogram", "--json",
		"--csv",      "-T, --timestamp", "-o, --output=",   "--attach=",
		"--dry-run",  "-v, --verbose",   "-V, --version",   "--help",
		"doctor",     "-- COMMAND",      "--by=DIM",        "--sort=",
		"-n, --top=", "--by-limit=",     "-c, --cgroup=",   "-C, --comm=",
		"--path=",    "--origin=",       "--major",         "--min-latency=",
		"INTERVAL",   "COUNT",           "fentry, kprobe",  "Exit status",
	};
	const struct parsed *out = PARSE("--help");

	(void)state;
	assert_int_equal(out->status, 0);
	assert_false(out->parsed);
	for (size_t i = 0; i < NR(options); i++)
		if (!strstr(out->text, options[i]))
			fail_msg("--help does not mention %s", options[i]);
	out = PARSE("-V");
	assert_int_equal(out->status, 0);
	assert_string_equal(out->text, "pfstat " PFSTAT_VERSION "\n");
	out = PARSE("doctor", "--help");
	assert_int_equal(out->status, 0);
	assert_non_null(strstr(out->text, "pfstat doctor"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_thread_is_no_process),
		cmocka_unit_test(test_nothing_given),
		cmocka_unit_test(test_everything_given),
		cmocka_unit_test(test_each_way),
		cmocka_unit_test(test_each_format),
		cmocka_unit_test(test_interval_and_count),
		cmocka_unit_test(test_command_is_split_off),
		cmocka_unit_test(test_doctor),
		cmocka_unit_test(test_by),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_serve),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_help_and_version),
	};

	snprintf(self, sizeof(self), "%d", getpid());
	return cmocka_run_group_tests_name("opts", tests, NULL, NULL);
}
