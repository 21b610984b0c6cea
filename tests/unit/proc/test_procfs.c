// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_procfs.c: files of /proc: made-up ones, and those of this process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/kallsyms.h"
#include "proc/procfs.h"
#include "proc/self_usage.h"
#include "util/array.h"

/* An id that no process or thread has: above the largest kernel.pid_max. */
#define NO_ID ((1 << 22) + 1)

static void stat_fields(void **state)
{
	struct procfs_stat s;

	(void)state;
	assert_int_equal(procfs_parse_stat("12 (a) S 9 (b) R 1 2 3 4 5 77 100 6 101 7 8 9 10 11 12 "
					   "13 5 0 4242 123456789012 -3 18446744073709551615 1",
					   &s),
			 0);
	assert_int_equal(s.state, 'R');
	assert_int_equal(s.flags, 77);
	assert_int_equal(s.faults[0], 100);
	assert_int_equal(s.faults[1], 101);
	assert_int_equal(s.num_threads, 5);
	assert_int_equal(s.starttime, 4242);
	assert_int_equal(s.vsize, 123456789012);
	assert_int_equal(s.rss, -3);
}

static void broken_stat(void **state)
{
	static const char *const texts[] = { "", "12", "12 (a", "12 (a) S 1 2 3",
					     "12 (a) S x 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16" };
	struct procfs_stat s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(procfs_parse_stat(texts[i], &s), -EINVAL);
}

static int count_child(void *context, int id)
{
	*(int *)context += id > 0;
	return 0;
}

static int stop_at_child(void *context, int id)
{
	*(int *)context = id;
	return -EINTR;
}

static void children_of_this_process(void **state)
{
	int nr = 0, pid, err = procfs_each_child(getpid(), count_child, &nr);

	(void)state;
	if (err == -ESRCH)
		skip(); /* no CONFIG_PROC_CHILDREN */
	assert_int_equal(err, 0);
	assert_int_equal(nr, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		pause();
		_exit(0);
	}
	assert_int_equal(procfs_each_child(getpid(), count_child, &nr), 0);
	assert_int_equal(nr, 1);
	assert_int_equal(procfs_each_child(getpid(), stop_at_child, &nr), -EINTR);
	assert_int_equal(nr, pid);
	assert_int_equal(procfs_each_child(NO_ID, count_child, &nr), -ESRCH);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void stat_of_this_process(void **state)
{
	struct procfs_stat s;

	(void)state;
	assert_int_equal(procfs_read_stat(&s, "/proc/self/stat"), 0);
	assert_int_equal(s.state, 'R');
	assert_true(s.faults[0] && s.vsize && s.rss && s.starttime);
	assert_int_equal(s.num_threads, 1);
	assert_int_equal(procfs_read_stat(&s, "/proc/%d/stat", NO_ID), -ESRCH);
}

static void status_lines(void **state)
{
	char value[64], pid[16];

	(void)state;
	snprintf(pid, sizeof(pid), "%d", getpid());
	assert_int_equal(procfs_status(getpid(), "Tgid", value, sizeof(value)), 0);
	assert_string_equal(value, pid);
	assert_int_equal(procfs_status(getpid(), "Name", value, sizeof(value)), 0);
	assert_string_equal(value, "test_procfs");
	assert_int_equal(procfs_status(getpid(), "Name", value, 5), 0);
	assert_string_equal(value, "test");
	assert_int_equal(procfs_status(getpid(), "Nam", value, sizeof(value)), -ENOENT);
	assert_int_equal(procfs_status(NO_ID, "Name", value, sizeof(value)), -ESRCH);
}

struct search {
	int id, found, nr;
};

static int find_id(void *context, int id)
{
	struct search *s = context;

	assert_true(id > 0);
	s->found += id == s->id;
	s->nr++;
	return 0;
}

static int fail_at_once(void *context, int id)
{
	(void)id;
	++*(int *)context;
	return -EXFULL;
}

static void processes(void **state)
{
	struct search s = { .id = getpid() };
	int calls = 0;

	(void)state;
	assert_int_equal(procfs_each_process(find_id, &s), 0);
	assert_int_equal(s.found, 1);
	assert_int_equal(procfs_each_process(fail_at_once, &calls), -EXFULL);
	assert_int_equal(calls, 1);
}

static void *end_when_told(void *fd)
{
	char c;
	int tid = (int)syscall(SYS_gettid);

	assert_int_equal(write(((int *)fd)[1], &tid, sizeof(tid)), sizeof(tid));
	assert_int_equal(read(((int *)fd)[2], &c, 1), 1);
	return NULL;
}

static void *do_nothing(void *arg)
{
	return arg;
}

static void threads(void **state)
{
	struct search s = { 0 }, before = { 0 };
	int fds[4], tid;
	pthread_t thread;

	(void)state;
	/* ThreadSanitizer has one of its own from the first pthread_create() on. */
	assert_int_equal(pthread_create(&thread, NULL, do_nothing, NULL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(procfs_each_thread(getpid(), find_id, &before), 0);
	/* fds[1]: of the thread to say its id; fds[2]: to wait. */
	assert_int_equal(pipe(fds) | pipe(fds + 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, end_when_told, fds), 0);
	assert_int_equal(read(fds[0], &tid, sizeof(tid)), sizeof(tid));
	s.id = tid;
	assert_int_equal(procfs_each_thread(getpid(), find_id, &s), 0);
	assert_int_equal(s.found, 1);
	assert_int_equal(s.nr, before.nr + 1);
	assert_int_equal(procfs_tgid(tid), getpid());
	assert_int_equal(write(fds[3], "x", 1), 1);
	pthread_join(thread, NULL);
	assert_int_equal(procfs_each_thread(NO_ID, find_id, &s), -ESRCH);
}

static void tgid(void **state)
{
	(void)state;
	assert_int_equal(procfs_tgid(getpid()), getpid());
	assert_int_equal(procfs_tgid(NO_ID), 0);
}

/* --- kallsyms */

struct seen {
	char text[256];
	int stop_at;
};

static int note_symbol(void *context, const struct kallsym *symbol)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%lx %c <%s> <%s>\n",
		 (unsigned long)symbol->address, symbol->type, symbol->name, symbol->module);
	return --seen->stop_at ? 0 : -EXFULL;
}

static int read_symbols(struct seen *seen, const char *text)
{
	FILE *f = fmemopen((char *)text, strlen(text), "r");
	int err = kallsyms_read(f, note_symbol, seen);

	fclose(f);
	return err;
}

static void kallsyms_lines(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(read_symbols(&seen, "ffffffff81000000 T _stext\n"
					     "0000000000000000 A zero\n"
					     "ffffffffc0000000 t xfs_init\t[xfs]\n"
					     "\n"
					     "not a line\n"
					     "ffffffff81000000\n"
					     "ffffffff81000000 T\n"
					     "ffffffff81000000 T \n"
					     "ffffffff81000000 TT name\n"
					     "ffffffffc0000010 b last\t[zfs]"),
			 0);
	assert_string_equal(seen.text, "ffffffff81000000 T <_stext> <>\n"
				       "0 A <zero> <>\n"
				       "ffffffffc0000000 t <xfs_init> <[xfs]>\n"
				       "ffffffffc0000010 b <last> <[zfs]>\n");
}

static void kallsyms_end_early(void **state)
{
	struct seen seen = { .stop_at = 2 };

	(void)state;
	assert_int_equal(read_symbols(&seen, "1 T a\n2 T b\n3 T c\n"), -EXFULL);
	assert_string_equal(seen.text, "1 T <a> <>\n2 T <b> <>\n");
}

/* --- this process */

static void usage_of_this_process(void **state)
{
	struct self_usage before, after;
	const size_t len = 64 << 20;
	int fds[2];
	char *p;

	(void)state;
	self_usage(&before);
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(p != MAP_FAILED);
	memset(p, 1, len);
	assert_int_equal(pipe(fds), 0);
	self_usage(&after);
	assert_true(after.virtual_bytes >= before.virtual_bytes + len);
	assert_true(after.resident_bytes >= before.resident_bytes + len / 2);
	assert_true(after.cpu_ns > before.cpu_ns);
	assert_int_equal(after.open_fds, before.open_fds + 2);
	assert_true(after.max_fds >= after.open_fds);
	assert_true(after.start_time > 1e9);
	assert_true(after.start_time == before.start_time);
	munmap(p, len);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_fields),
		cmocka_unit_test(broken_stat),
		cmocka_unit_test(children_of_this_process),
		cmocka_unit_test(stat_of_this_process),
		cmocka_unit_test(status_lines),
		cmocka_unit_test(processes),
		cmocka_unit_test(threads),
		cmocka_unit_test(tgid),
		cmocka_unit_test(kallsyms_lines),
		cmocka_unit_test(kallsyms_end_early),
		cmocka_unit_test(usage_of_this_process),
	};

	return cmocka_run_group_tests_name("procfs", tests, NULL, NULL);
}
