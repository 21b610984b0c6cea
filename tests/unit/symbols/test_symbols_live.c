// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * test_symbols_live.c: a real program, built in several ways, says where its
 * functions are; the symbolizer must find them, with the kernel's records of
 * mappings and without, while it lives and after it exited.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "symbols/symbols_dso_open.h"
#include "symbols/symbols_user.h"

#define SOURCE "tests/unit/symbols/symbols_target.c"
/* As a distribution would: the names apart. */
#define SPLIT(name)                                                                                \
	"objcopy --only-keep-debug " name " " name ".debug && strip -s " name                      \
	" && objcopy --add-gnu-debuglink=" name ".debug " name

struct fixture {
	char folder[64];
	struct address_spaces *spaces;
	struct symbols_user *symbols;
	int events;
	/* The program that runs. */
	pid_t pid, speaker; /* speaker: its child, when it forks */
	int to, from;
	struct said {
		char name[32];
		uint64_t address;
	} said[16];
	unsigned int nr_said;
};

static void shell(const struct fixture *f, const char *command)
{
	char line[4096];

	snprintf(line, sizeof(line), "D=%s; %s", f->folder, command);
	if (system(line))
		fail_msg("%s", line);
}

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->folder, "/tmp/pfstat-symbols.XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	*state = f;
	return 0;
}

static void forget(struct fixture *f)
{
	char map[64];

	/* What it wrote as a JIT compiler. */
	snprintf(map, sizeof(map), "/tmp/perf-%d.map", f->speaker);
	if (f->speaker)
		unlink(map);
	symbols_user_close(f->symbols);
	address_spaces_close(f->spaces);
	f->symbols = NULL;
	f->spaces = NULL;
	f->nr_said = 0;
}

static void stop(struct fixture *f)
{
	if (!f->pid)
		return;
	close(f->to);
	close(f->from);
	waitpid(f->pid, NULL, 0);
	f->pid = 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	stop(f);
	forget(f);
	shell(f, "rm -rf $D");
	free(f);
	return 0;
}

/* root: a folder to be the program's root, or NULL. */
static void child(int go, int in, int out, const char *root, char *const argv[])
{
	char c;

	dup2(in, 0);
	dup2(out, 1);
	if (read(go, &c, 1) != 1 || (root && (unshare(CLONE_NEWNS) || chroot(root) || chdir("/"))))
		_exit(9);
	execv(argv[0], argv);
	_exit(8);
}

static void listen_to(struct fixture *f)
{
	FILE *from = fdopen(dup(f->from), "r");
	char line[128];

	f->speaker = f->pid;
	while (fgets(line, sizeof(line), from)) {
		struct said *said = &f->said[f->nr_said];

		if (sscanf(line, "%31s %lx", said->name, &said->address) != 2)
			fail_msg("it says %s", line);
		if (!strcmp(said->name, "ready"))
			break;
		if (!strcmp(said->name, "pid"))
			f->speaker = (pid_t)said->address;
		else
			f->nr_said++;
	}
	fclose(from);
	if (!f->nr_said)
		fail_msg("the program did not run");
}

/* Files have the time of the last tick: what was built is older from the next on. */
static void wait_for_tick(void)
{
	struct timespec first, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &first);
	do {
		usleep(500);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (now.tv_sec == first.tv_sec && now.tv_nsec == first.tv_nsec);
}

/* Records begin before the program does, as those of pfstat -- COMMAND. */
static void start(struct fixture *f, bool events, const char *root, char *const argv[])
{
	struct address_spaces_options options = { .no_events = !events };
	int go[2], in[2], out[2], tid;

	wait_for_tick();
	assert_int_equal(pipe(go) | pipe(in) | pipe(out), 0);
	f->pid = fork();
	if (!f->pid) {
		close(in[1]);
		child(go[0], in[0], out[1], root, argv);
	}
	close(in[0]);
	close(out[1]);
	f->to = in[1];
	f->from = out[0];
	tid = f->pid;
	options.tids = &tid;
	options.nr_tids = 1;
	assert_int_equal(address_spaces_open(&f->spaces, &options, &f->events), 0);
	assert_int_equal(symbols_user_open(&f->symbols, f->spaces), 0);
	if (events && f->events)
		fail_msg("perf events are refused: %s", strerror(-f->events));
	assert_int_equal(write(go[1], "x", 1), 1);
	close(go[0]);
	close(go[1]);
	listen_to(f);
	if (address_spaces_read(f->spaces) < 0)
		fail_msg("records cannot be read");
}

static void find(struct fixture *f, unsigned int i, struct user_symbol *out)
{
	/* Not the first byte, to see the offset. */
	symbols_user_find(f->symbols, f->speaker, f->said[i].address + 1, UINT64_MAX, out);
}

static void expect_names(struct fixture *f, const char *module)
{
	unsigned int i;

	for (i = 0; i < f->nr_said; i++) {
		struct user_symbol s;

		find(f, i, &s);
		if (!s.name || strcmp(s.name, f->said[i].name) || s.offset != 1)
			fail_msg("%s at %lx is %s+%lu of %s", f->said[i].name, f->said[i].address,
				 s.name ? s.name : "?", s.offset, s.module ? s.module : "?");
		if (module && !strstr(s.module, module))
			fail_msg("%s is in %s", s.name, s.module);
	}
}

static void expect_no_names(struct fixture *f, const char *module)
{
	unsigned int i;

	for (i = 0; i < f->nr_said; i++) {
		struct user_symbol s;

		find(f, i, &s);
		if (s.name || !s.module || !strstr(s.module, module) || !s.module_offset)
			fail_msg("%s at %lx is %s of %s", f->said[i].name, f->said[i].address,
				 s.name ? s.name : "?", s.module ? s.module : "?");
	}
}

/* Alive with and without records, and exited. */
static void all_ways(struct fixture *f, char *const argv[], const char *module)
{
	start(f, true, NULL, argv);
	expect_names(f, module);
	stop(f);
	forget(f);
	start(f, false, NULL, argv);
	expect_names(f, module);
	stop(f);
	forget(f);
	start(f, true, NULL, argv);
	stop(f);
	address_spaces_read(f->spaces);
	expect_names(f, module);
	forget(f);
}

static char *path(struct fixture *f, const char *name)
{
	static char paths[4][128];
	static int next;

	snprintf(paths[next], sizeof(paths[0]), "%s/%s", f->folder, name);
	next = (next + 1) % 4;
	return paths[(next + 3) % 4];
}

static void pie(void **state)
{
	struct fixture *f = *state;

	shell(f, "gcc -pie -fPIE -o $D/pie " SOURCE);
	all_ways(f, (char *[]){ path(f, "pie"), NULL }, "/pie");
}

static void fixed_address(void **state)
{
	struct fixture *f = *state;

	shell(f, "gcc -no-pie -fno-pie -o $D/fixed " SOURCE);
	all_ways(f, (char *[]){ path(f, "fixed"), NULL }, "/fixed");
}

static void without_build_id(void **state)
{
	struct fixture *f = *state;

	shell(f, "gcc -Wl,--build-id=none -o $D/plain " SOURCE);
	all_ways(f, (char *[]){ path(f, "plain"), NULL }, "/plain");
}

static void stripped_with_debug_link(void **state)
{
	struct fixture *f = *state;

	shell(f, "gcc -g -o $D/split " SOURCE " && cd $D && " SPLIT("split"));
	all_ways(f, (char *[]){ path(f, "split"), NULL }, "/split");
}

/* Without a build-id the checksum decides. */
static void debug_link_by_checksum(void **state)
{
	struct fixture *f = *state;

	shell(f, "gcc -g -Wl,--build-id=none -o $D/crc " SOURCE " && cd $D && " SPLIT("crc"));
	all_ways(f, (char *[]){ path(f, "crc"), NULL }, "/crc");
	shell(f, "printf x >>$D/crc.debug");
	start(f, true, NULL, (char *[]){ path(f, "crc"), NULL });
	expect_no_names(f, "/crc");
}

static void debug_file_of_another_build(void **state)
{
	struct fixture *f = *state;

	shell(f, "gcc -g -o $D/mine " SOURCE " && cd $D && " SPLIT("mine"));
	shell(f, "gcc -g -O2 -o $D/other " SOURCE " && mv $D/other $D/mine.debug");
	start(f, true, NULL, (char *[]){ path(f, "mine"), NULL });
	expect_no_names(f, "/mine");
}

static void library_by_dlopen(void **state)
{
	struct fixture *f = *state;

	shell(f, "gcc -o $D/loader " SOURCE " && gcc -DLIBRARY -shared -fPIC -o $D/lib.so " SOURCE);
	all_ways(f, (char *[]){ path(f, "loader"), path(f, "lib.so"), NULL }, NULL);
}

static void forked_child(void **state)
{
	struct fixture *f = *state;

	shell(f, "gcc -o $D/forks " SOURCE);
	all_ways(f, (char *[]){ path(f, "forks"), "fork", NULL }, "/forks");
}

static void deleted_program(void **state)
{
	struct fixture *f = *state;
	int events;

	for (events = 0; events < 2; events++) {
		shell(f, "gcc -o $D/gone " SOURCE);
		start(f, events, NULL, (char *[]){ path(f, "gone"), NULL });
		shell(f, "rm $D/gone");
		expect_names(f, "/gone");
		stop(f);
		forget(f);
	}
}

/* Exited, and its file is another one now: no name is better than a wrong one. */
static void replaced_program(void **state)
{
	struct fixture *f = *state;
	struct mapping mapping;
	int build_id;

	for (build_id = 0; build_id < 2; build_id++) {
		shell(f, build_id ? "gcc -o $D/changes " SOURCE :
				    "gcc -Wl,--build-id=none -o $D/changes " SOURCE);
		start(f, true, NULL, (char *[]){ path(f, "changes"), NULL });
		stop(f);
		address_spaces_read(f->spaces);
		shell(f, "gcc -O2 -Wl,--build-id=none -o $D/changes " SOURCE);
		expect_no_names(f, "/changes");
		assert_int_equal(address_spaces_find(f->spaces, f->speaker, f->said[0].address,
						     UINT64_MAX, &mapping),
				 0);
		assert_int_equal(dso_open(&mapping, 0), -ESTALE);
		forget(f);
	}
}

/* In its own root and mount namespace, with another file at the same path outside. */
static void container(void **state)
{
	struct fixture *f = *state;
	int events;

	if (geteuid()) {
		print_message("chroot needs root\n");
		skip();
	}
	shell(f, "mkdir -p $D/root$D $D/root/usr/lib/debug && "
		 "gcc -g -static -o $D/root$D/inside " SOURCE " 2>$D/log && "
		 "gcc -O2 -o $D/inside " SOURCE " && cd $D/root$D && " SPLIT("inside"));
	for (events = 0; events < 2; events++) {
		start(f, events, path(f, "root"), (char *[]){ path(f, "inside"), NULL });
		expect_names(f, "/inside");
		stop(f);
		forget(f);
	}
	/* When it has exited, its root is gone, and the file at its path is another. */
	start(f, true, path(f, "root"), (char *[]){ path(f, "inside"), NULL });
	stop(f);
	address_spaces_read(f->spaces);
	expect_no_names(f, "/inside");
}

static void compiled_at_run_time(void **state)
{
	struct fixture *f = *state;

	shell(f, "gcc -o $D/jit " SOURCE);
	all_ways(f, (char *[]){ path(f, "jit"), "jit", NULL }, NULL);
}

/* A pipe, a link to a device: what a program calls its symbols is not to be trusted. */
static void hostile_files(void **state)
{
	struct fixture *f = *state;
	char map[64];

	shell(f, "gcc -g -o $D/bad " SOURCE
		 " && cd $D && " SPLIT("bad") " && rm bad.debug && mkfifo bad.debug");
	start(f, true, NULL, (char *[]){ path(f, "bad"), "jit", NULL });
	snprintf(map, sizeof(map), "/tmp/perf-%d.map", f->pid);
	unlink(map);
	assert_int_equal(mkfifo(map, 0600), 0);
	/* An alarm, lest a pipe keeps us for ever. */
	alarm(20);
	for (unsigned int i = 0; i < f->nr_said; i++) {
		struct user_symbol s;

		find(f, i, &s);
		assert_null(s.name);
	}
	alarm(0);
	unlink(map);
}

static void vdso(void **state)
{
	struct fixture *f = *state;
	char line[256];
	unsigned long start_at = 0;
	struct user_symbol s;
	bool found = false;
	FILE *maps;

	shell(f, "gcc -o $D/time " SOURCE);
	start(f, false, NULL, (char *[]){ path(f, "time"), NULL });
	snprintf(line, sizeof(line), "/proc/%d/maps", f->pid);
	maps = fopen(line, "r");
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "[vdso]"))
			start_at = strtoul(line, NULL, 16);
	fclose(maps);
	for (unsigned long at = start_at; at < start_at + 8192 && !found; at += 16)
		found = !symbols_user_find(f->symbols, f->pid, at, UINT64_MAX, &s) &&
			strstr(s.name, "gettime") && !strcmp(s.module, "[vdso]");
	assert_true(found);
}

static void demangled(void **state)
{
	struct fixture *f = *state;

	shell(f,
	      "sed 's/hidden_function/_ZN3foo3barIiEEvv/g; "
	      "s/pfstat_test_exported/_RNvNtCs1234_7mycrate3foo3bar/g' " SOURCE " >$D/mangled.c && "
	      "gcc -o $D/mangled $D/mangled.c");
	start(f, true, NULL, (char *[]){ path(f, "mangled"), NULL });
	for (unsigned int i = 0; i < 2; i++) {
		struct user_symbol s;

		find(f, i, &s);
		assert_string_equal(s.name, i ? "mycrate::foo::bar" : "foo::bar<int>");
	}
}

/* Garbage is no function, and no reason to fall over. */
static void addresses_of_nothing(void **state)
{
	struct fixture *f = *state;
	struct user_symbol s;

	shell(f, "gcc -o $D/any " SOURCE);
	start(f, true, NULL, (char *[]){ path(f, "any"), NULL });
	assert_int_equal(symbols_user_find(f->symbols, f->pid, 0, UINT64_MAX, &s), -ENOENT);
	assert_null(s.module);
	assert_int_equal(symbols_user_find(f->symbols, f->pid, UINT64_MAX, UINT64_MAX, &s),
			 -ENOENT);
	assert_int_equal(symbols_user_find(f->symbols, 1 << 22, 0x401000, UINT64_MAX, &s), -ENOENT);
}

/* The function of libc that calls a thread's is known without a name. */
static void *who_called(void *result)
{
	*(void **)result = __builtin_return_address(0);
	return NULL;
}

static void start_of_a_thread(void **state)
{
	struct fixture *f = *state;
	struct user_symbol s;
	pthread_t thread;
	void *caller;

	shell(f, "gcc -o $D/any " SOURCE);
	start(f, false, NULL, (char *[]){ path(f, "any"), NULL });
	assert_int_equal(pthread_create(&thread, NULL, who_called, &caller), 0);
	pthread_join(thread, NULL);
	symbols_user_find(f->symbols, getpid(), (uintptr_t)caller - 1, UINT64_MAX, &s);
	assert_true(s.starts_thread);
	symbols_user_find(f->symbols, getpid(), (uintptr_t)caller, UINT64_MAX, &s);
	assert_false(s.starts_thread);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pie),
		TEST(fixed_address),
		TEST(without_build_id),
		TEST(stripped_with_debug_link),
		TEST(debug_link_by_checksum),
		TEST(debug_file_of_another_build),
		TEST(library_by_dlopen),
		TEST(forked_child),
		TEST(deleted_program),
		TEST(replaced_program),
		TEST(container),
		TEST(compiled_at_run_time),
		TEST(hostile_files),
		TEST(vdso),
		TEST(demangled),
		TEST(addresses_of_nothing),
		TEST(start_of_a_thread),
	};

	return cmocka_run_group_tests_name("symbols_live", tests, NULL, NULL);
}
