// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * main.c: the command line, and what is printed: the faults that getrusage
 * counted from the line on stdin to the end of the load.
 */
#include "load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct mode {
	const char *name;
	void (*run)(uint64_t n, uint64_t step, struct outcome *out);
	const char *what;
} modes[] = {
	{ "thrash", run_thrash,
	  "4 threads touch N pages each while a fifth pages them out, until one came back" },
	{ "races", run_races, "N times mprotect, munmap or mmap below 4 threads that fault" },
	{ "hints", run_hints,
	  "4 threads touch the same memory until there were N NUMA hints, 60 s at most" },
	{ "forks", run_forks, "N children and grandchildren that write what they share" },
	{ "procs", run_procs, "N processes that live for one fault, 32 at a time" },
	{ "blocked", run_blocked,
	  "N processes with a fault open at once, twice; STEP: their tids are that far apart" },
};

static char text[4096];

void die(const char *fmt, ...)
{
	int err = errno;
	va_list args;

	fputs("stressload: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(1);
}

static void usage(FILE *f)
{
	size_t i;

	fputs("Usage: stressload [--pause] MODE N [STEP]\n"
	      "       stressload updater             two threads update a BPF map till stdin ends\n"
	      "       stressload deny CPU ERRNO COMMAND...\n"
	      "                                      perf_event_open(2) for that CPU fails\n\n"
	      "With --pause: prints \"ready PID\", waits for a line on stdin, runs, prints JSON,\n"
	      "waits for another line. Status: 0 done, 1 failed, 2 wrong usage.\n\n",
	      f);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		fprintf(f, "  %-8s %s\n", modes[i].name, modes[i].what);
}

/* Of the process, its threads, and the children that it has waited for. */
static void faults(long sum[2])
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	sum[0] = self.ru_minflt + children.ru_minflt;
	sum[1] = self.ru_majflt + children.ru_majflt;
}

static void put(size_t len)
{
	if (write(STDOUT_FILENO, text, len) != (ssize_t)len)
		die("stdout");
}

static size_t format(const struct mode *mode, const long before[2], const long after[2],
		     const struct outcome *out)
{
	return snprintf(
		text, sizeof(text),
		"{\"mode\":\"%s\",\"minflt\":%ld,\"majflt\":%ld,\"segv\":%llu,\"open\":%llu}\n",
		mode->name, after[0] - before[0], after[1] - before[1],
		(unsigned long long)out->segv, (unsigned long long)out->open);
}

static void wait_line(void)
{
	char c = 0;

	while (c != '\n')
		if (read(STDIN_FILENO, &c, 1) != 1)
			exit(1);
}

/* All that is run between the two counts was run before: its text is in memory. */
static int run(const struct mode *mode, uint64_t n, uint64_t step, bool pause)
{
	struct outcome out = { 0 };
	long before[2], after[2];

	faults(before);
	faults(after);
	format(mode, before, after, &out);
	if (pause) {
		put(snprintf(text, sizeof(text), "ready %d\n", (int)getpid()));
		wait_line();
	}
	faults(before);
	mode->run(n, step, &out);
	/* Twice: after a fork, the first time copies the pages that it writes. */
	faults(after);
	format(mode, before, after, &out);
	faults(after);
	put(format(mode, before, after, &out));
	if (pause)
		wait_line();
	return 0;
}

int main(int argc, char **argv)
{
	bool pause = argc > 1 && !strcmp(argv[1], "--pause");
	size_t i;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		usage(stdout);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "updater"))
		return run_updater();
	if (argc > 4 && !strcmp(argv[1], "deny"))
		return run_deny(argv + 2);
	argc -= pause;
	argv += pause;
	for (i = 0; argc >= 3 && argc <= 4 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name))
			return run(&modes[i], strtoull(argv[2], NULL, 10),
				   argc > 3 ? strtoull(argv[3], NULL, 10) : 0, pause);
	usage(stderr);
	return 2;
}
