// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * main.c: the command line of causegen, the clock around an access, and what is printed.
 */
#include "causegen.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SKIPPED 77

static const struct {
	const char *name;
	void (*run)(void);
	struct options defaults;
	const char *what;
} cases[] = {
	{ "lock",
	  case_lock,
	  { 5, 2000000, 64, NULL },
	  "another thread has mmap_lock for mprotect" },
	{ "lock_fork",
	  case_lock_fork,
	  { 5, 2000000, 64, NULL },
	  "another thread has mmap_lock for fork" },
	{ "lock_file",
	  case_lock_file,
	  { 5, 20000000, 0, NULL },
	  "another thread punches a hole into --file, on a slow disk" },
	{ "memcg",
	  case_memcg,
	  { 10, 300000, 96, NULL },
	  "the memory cgroup is at memory.max (its maker's work)" },
	{ "reclaim", case_reclaim, { 10, 500000, 0, NULL }, "all memory is in use" },
	{ "throttle",
	  case_throttle,
	  { 5, 4000000, 0, NULL },
	  "the same, of a real-time task, which takes the last reserves" },
	{ "compaction",
	  case_compaction,
	  { 4, 20000000, 0, NULL },
	  "free memory is in pieces, and a huge page is wanted" },
	{ "io_swap", case_io_swap, { 10, 10000000, 1, NULL }, "the swap device is slow" },
	{ "io_file", case_io_file, { 10, 10000000, 1, NULL }, "the disk of --file is slow" },
	{ "uffd_missing",
	  case_uffd_missing,
	  { 5, 30000000, 1, NULL },
	  "a userfaultfd's handler sleeps: missing pages" },
	{ "uffd_wp",
	  case_uffd_wp,
	  { 5, 30000000, 1, NULL },
	  "a userfaultfd's handler sleeps: write-protected pages" },
	{ "preempt", case_preempt, { 5, 120000000, 2, NULL }, "a real-time task takes the CPU" },
	{ "clear", case_clear, { 8, 100000, 16, NULL }, "nothing is waited for: hugetlb pages" },
};

struct options opt;

/* Touched before the first fault that counts, and written to within fault-making code. */
static struct fault faults[MAX_FAULTS];
static unsigned int nr_faults;
static char text[1 << 16];

static void message(const char *fmt, va_list args)
{
	fputs("causegen: ", stderr);
	vfprintf(stderr, fmt, args);
}

void die(const char *fmt, ...)
{
	int err = errno;
	va_list args;

	va_start(args, fmt);
	message(fmt, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(1);
}

void skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message(fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(SKIPPED);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

void sleep_ns(uint64_t ns)
{
	struct timespec ts = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("cannot run on CPU %d", cpu);
}

void go_real_time(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		die("cannot become a real-time task");
}

int last_cpu(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) - 1;
}

void *map(size_t len, int flags)
{
	void *p =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		die("cannot map %zu bytes", len);
	return p;
}

char *map_small(size_t len)
{
	char *p = map(len, MAP_NORESERVE);

	/* Fails where the kernel has no huge pages at all. */
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

char *map_huge(size_t len)
{
	char *p = map(len + HUGE_PAGE, MAP_NORESERVE);

	p = (char *)(((uintptr_t)p + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	if (madvise(p, len, MADV_HUGEPAGE))
		skip("this kernel has no transparent huge pages");
	return p;
}

void populate(char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += 4096)
		*(volatile size_t *)(p + i) = i + 1;
}

pthread_t start(void *(*thread)(void *), void *arg)
{
	pthread_t id;

	errno = pthread_create(&id, NULL, thread, arg);
	if (errno)
		die("cannot start a thread");
	return id;
}

static uint64_t note(const volatile char *p, uint64_t ns)
{
	if (ns >= opt.slow_ns && nr_faults < MAX_FAULTS)
		faults[nr_faults++] = (struct fault){ (uintptr_t)p, ns };
	return ns;
}

uint64_t touch_read(const volatile char *p)
{
	uint64_t begin = now_ns();

	(void)*p;
	return note(p, now_ns() - begin);
}

uint64_t touch_write(volatile char *p)
{
	uint64_t begin = now_ns();

	*p = 1;
	return note(p, now_ns() - begin);
}

void forget(const volatile char *p)
{
	if (nr_faults && faults[nr_faults - 1].address == (uintptr_t)p)
		nr_faults--;
}

bool enough(void)
{
	return nr_faults >= opt.count;
}

bool half_enough(void)
{
	return 2 * nr_faults >= opt.count;
}

static void print(const char *name)
{
	unsigned int i;

	printf("{\"case\":\"%s\",\"pid\":%d,\"tid\":%ld,\"slow_ns\":%" PRIu64 ",\"faults\":[", name,
	       (int)getpid(), syscall(SYS_gettid), opt.slow_ns);
	for (i = 0; i < nr_faults; i++)
		printf("%s{\"address\":\"0x%" PRIxPTR "\",\"ns\":%" PRIu64 "}", i ? "," : "",
		       faults[i].address, faults[i].ns);
	puts("]}");
	if (fflush(stdout))
		die("stdout");
}

static void usage(FILE *f)
{
	size_t i;

	fputs("Usage: causegen [--count N] [--slow USEC] [--mib N] [--file FILE] CASE\n\n"
	      "Makes faults that are slow for the CASE's reason until N took USEC or longer, and\n"
	      "prints them as JSON. Status: 0 half of N at least, 1 failed, 2 wrong usage, 77 not on this machine.\n\n",
	      f);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		fprintf(f, "  %-13s %s\n", cases[i].name, cases[i].what);
}

static unsigned long number(const char *name, const char *s)
{
	char *end = NULL;
	unsigned long n;

	errno = 0;
	n = s ? strtoul(s, &end, 10) : 0;
	if (!s || *s < '0' || *s > '9' || *end || errno || !n || n > 1000000000) {
		fprintf(stderr, "causegen: %s takes a number of 1 to 1000000000, not '%s'\n", name,
			s ? s : "");
		exit(2);
	}
	return n;
}

static int run(int argc, char **argv, size_t c)
{
	int i;

	opt = cases[c].defaults;
	for (i = 1; i < argc - 1; i += 2) {
		const char *value = i + 1 < argc - 1 ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--count"))
			opt.count = number(argv[i], value);
		else if (!strcmp(argv[i], "--slow"))
			opt.slow_ns = number(argv[i], value) * 1000;
		else if (!strcmp(argv[i], "--mib"))
			opt.mib = number(argv[i], value);
		else if (!strcmp(argv[i], "--file") && value)
			opt.file = value;
		else
			return usage(stderr), 2;
	}
	memset(faults, 0, sizeof(faults));
	setvbuf(stdout, text, _IOFBF, sizeof(text));
	cases[c].run();
	print(cases[c].name);
	if (half_enough())
		return 0;
	fprintf(stderr, "causegen: %u of %lu faults took %" PRIu64 " us or longer\n", nr_faults,
		opt.count, opt.slow_ns / 1000);
	return 1;
}

int main(int argc, char **argv)
{
	size_t c;

	if (argc > 1 && !strcmp(argv[1], "--help"))
		return usage(stdout), 0;
	for (c = 0; argc > 1 && c < sizeof(cases) / sizeof(cases[0]); c++)
		if (!strcmp(argv[argc - 1], cases[c].name))
			return run(argc, argv, c);
	usage(stderr);
	return 2;
}
