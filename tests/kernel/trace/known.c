// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * known.c: page faults whose place and stack are known, for the tests of pfstat trace and
 * profile.
 *
 *   known places DIR     faults once in memory of every kind, having printed one JSON line
 *                        for each with what /proc/self/maps says of it; files go below DIR
 *   known chain A B C    outer > middle > leaf_a: A faults, outer > leaf_b: B, and C that
 *                        the kernel takes in outer > leaf_c; nothing else in those
 *   known walk N         N faults while the frame pointer leads to memory that the walk of
 *                        the stack cannot read
 *
 * Built without optimization and red zone: each function has a frame. Exit status: 0, or 1 with a
 * message.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/prctl.h of 5.17 */
#ifndef PR_SET_VMA
#define PR_SET_VMA           0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

#define PAGE 4096ul
#define HUGE (2ul << 20)

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *fmt, ...)
{
	int error = errno;
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(error));
	exit(1);
}

static void put_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = *s;

		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void skip_place(const char *what, const char *why)
{
	printf("{\"place\":\"%s\",\"skip\":", what);
	put_string(why);
	puts("}");
}

/* The line of address in /proc/self/maps: its fields, and its name. */
static char *find_map(unsigned long address, unsigned long *start, unsigned long *end,
		      unsigned long *offset, char **line)
{
	FILE *f = fopen("/proc/self/maps", "re");
	size_t size = 0;
	char *name;
	int at;

	if (!f)
		die("/proc/self/maps");
	while (getline(line, &size, f) > 0) {
		at = 0;
		if (sscanf(*line, "%lx-%lx %*s %lx %*s %*s %n", start, end, offset, &at) < 3)
			die("/proc/self/maps: %s", *line);
		if (*start > address || address >= *end)
			continue;
		fclose(f);
		name = *line + at;
		name[strcspn(name, "\n")] = '\0';
		return name;
	}
	die("/proc/self/maps has no %lx", address);
}

/* Says where it is, and faults there. */
static void place(const char *what, void *memory, bool write)
{
	unsigned long address = (unsigned long)memory, start, end, offset;
	char *line = NULL, *name;

	if (memory == MAP_FAILED) {
		skip_place(what, strerror(errno));
		return;
	}
	name = find_map(address, &start, &end, &offset, &line);
	printf("{\"place\":\"%s\",\"address\":\"0x%lx\",\"start\":\"0x%lx\",\"end\":\"0x%lx\","
	       "\"offset\":%lu,\"write\":%s,\"maps\":",
	       what, address, start, end, offset + address - start, write ? "true" : "false");
	put_string(name);
	puts("}");
	fflush(stdout);
	free(line);
	if (write)
		*(volatile char *)memory = 1;
	else
		(void)*(volatile char *)memory;
}

static void *anonymous(size_t size, int flags)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);

	/* Or one fault takes 512 pages. */
	if (p != MAP_FAILED && !(flags & MAP_HUGETLB))
		madvise(p, size, MADV_NOHUGEPAGE);
	return p;
}

static void stack_mapping_of(void)
{
	char deep[64 * PAGE];

	/* Its begin is where place() has its own frame. */
	place("stack", deep + 32 * PAGE, true);
}

static void named_place(void)
{
	void *p = anonymous(4 * PAGE, MAP_PRIVATE);

	if (p != MAP_FAILED && prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, p, 4 * PAGE, "a known name"))
		skip_place("named", "PR_SET_VMA_ANON_NAME: no CONFIG_ANON_VMA_NAME");
	else
		place("named", p, true);
}

static void *map_fd(int fd, size_t size)
{
	void *p;

	if (fd < 0)
		return MAP_FAILED;
	if (ftruncate(fd, size))
		die("ftruncate");
	/* Of the file's third page, so that its offset is seen. */
	p = mmap(NULL, size - 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 2 * PAGE);
	close(fd);
	return p;
}

static void *map_file(const char *path)
{
	return map_fd(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), 16 * PAGE);
}

static void *map_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	if (fd >= 0)
		close(fd);
	return p;
}

static void make_dir(const char *path)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		die("%s", path);
}

static void file_places(void)
{
	void *p;

	place("file", map_file("plain"), false);
	place("spaces", map_file("two  words "), true);
	place("newline", map_file("new\nline"), true);
	place("escape", map_file("\033[31mred\a\t"), true);
	place("octal", map_file("back\\012slash"), true);
	place("utf8", map_file("na\303\257ve"), true);
	p = map_file("deleted");
	unlink("deleted");
	place("deleted", p, true);
	place("memfd", map_fd(memfd_create("mem fd", MFD_CLOEXEC), 16 * PAGE), true);
}

/* 8 names of 200 bytes, more than a fault has room for. */
static void long_place(void)
{
	char name[201];
	int i, home = open(".", O_PATH | O_CLOEXEC);

	memset(name, 'n', 200);
	name[200] = '\0';
	for (i = 0; i < 8; i++) {
		name[0] = 'a' + i;
		make_dir(name);
		if (chdir(name))
			die("chdir");
	}
	place("long", map_file("end"), true);
	if (fchdir(home))
		die("fchdir");
	close(home);
}

/* 50 directories, more than are looked at. */
static void deep_place(void)
{
	int i, home = open(".", O_PATH | O_CLOEXEC);

	for (i = 0; i < 50; i++) {
		char name[8];

		snprintf(name, sizeof(name), "d%d", i);
		make_dir(name);
		if (chdir(name))
			die("chdir");
	}
	place("deep", map_file("end"), true);
	if (fchdir(home))
		die("fchdir");
	close(home);
}

static bool mount_overlay(const char *where, const char *options)
{
	make_dir(where);
	return !mount("overlay", where, "overlay", 0, options);
}

/* Containers: what is mapped is a file of a layer, and its name that in the overlay. */
static void overlay_file_places(void)
{
	void *p;

	place("overlay", map_read("merged/below"), false);
	/* To open it for writing copies it up: the mapping stays the lower file's. */
	p = map_read("merged/below");
	close(open("merged/below", O_RDWR | O_CLOEXEC));
	place("overlay_copied", p, false);
	place("overlay_upper", map_file("merged/above"), true);
	p = map_file("merged/gone");
	unlink("merged/gone");
	place("overlay_deleted", p, true);
}

static void overlay_places(void)
{
	make_dir("lower");
	make_dir("upper");
	make_dir("work");
	make_dir("beside");
	if (map_file("lower/below") == MAP_FAILED)
		die("lower/below");
	if (!mount_overlay("merged", "lowerdir=lower,upperdir=upper,workdir=work")) {
		skip_place("overlay", strerror(errno));
		return;
	}
	overlay_file_places();
	/* A container within a container. */
	if (!mount_overlay("nested", "lowerdir=merged:beside"))
		skip_place("overlay_nested", strerror(errno));
	else
		place("overlay_nested", map_read("nested/below"), false);
}

static void mount_places(void)
{
	make_dir("source");
	make_dir("source/sub");
	make_dir("bound");
	make_dir("second");
	if (mount("source/sub", "bound", NULL, MS_BIND, NULL))
		die("a bind mount");
	place("bind", map_file("bound/file"), true);
	if (mount("none", "second", "tmpfs", 0, NULL))
		die("a second tmpfs");
	place("mount", map_file("second/file"), true);
	/* Over it: the file of the one below stays. */
	if (mount("none", "bound", "tmpfs", 0, NULL))
		die("a tmpfs above");
	place("above", map_file("bound/file"), true);
	overlay_places();
}

static void shm_places(void)
{
	int id = shmget(IPC_PRIVATE, 4 * PAGE, IPC_CREAT | 0600);
	void *p = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	place("sysv", p, true);
	place("shared", anonymous(4 * PAGE, MAP_SHARED), true);
	place("hugetlb", anonymous(HUGE, MAP_PRIVATE | MAP_HUGETLB), true);
}

static int places(const char *dir)
{
	/* What is mounted here ends with this process. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", dir, "tmpfs", 0, NULL) || chdir(dir)) {
		fprintf(stderr, "a file system on %s: %s\n", dir, strerror(errno));
		return 77;
	}
	place("heap", sbrk(8 * PAGE), true);
	stack_mapping_of();
	place("anon", anonymous(4 * PAGE, MAP_PRIVATE), true);
	named_place();
	file_places();
	long_place();
	deep_place();
	mount_places();
	shm_places();
	return 0;
}

/* --- stacks */

static void leaf_a(char *p, unsigned long n)
{
	for (; n; n--, p += PAGE)
		*(volatile char *)p = 1;
}

static void leaf_b(char *p, unsigned long n)
{
	for (; n; n--, p += PAGE)
		*(volatile char *)p = 1;
}

/* The system call by itself: the C library's has no frame. */
static void leaf_c(char *p, unsigned long n, int zero)
{
	for (; n; n--, p += PAGE) {
		long got = SYS_read;

		__asm__ volatile("syscall"
				 : "+a"(got)
				 : "D"(zero), "S"(p), "d"(8l)
				 : "rcx", "r11", "memory");
		if (got != 8)
			die("read");
	}
}

static void middle(char *p, unsigned long n)
{
	leaf_a(p, n);
}

static void outer(char *p, const unsigned long n[3], int zero)
{
	middle(p, n[0]);
	leaf_b(p + n[0] * PAGE, n[1]);
	leaf_c(p + (n[0] + n[1]) * PAGE, n[2], zero);
}

static int chain(char **argv)
{
	const unsigned long n[3] = { atol(argv[0]), atol(argv[1]), atol(argv[2]) };
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char *p = anonymous((n[0] + n[1] + n[2] + 1) * PAGE, MAP_PRIVATE);

	if (zero < 0 || p == MAP_FAILED)
		die("memory");
	outer(p, n, zero);
	return 0;
}

static void lost(char *p, unsigned long n, char *frame)
{
	for (; n; n--, p += PAGE)
		__asm__ volatile("push %%rbp\n\t"
				 "mov %1, %%rbp\n\t"
				 "movb $1, (%0)\n\t"
				 "pop %%rbp"
				 :
				 : "r"(p), "r"(frame)
				 : "memory");
}

static int walk(char **argv)
{
	unsigned long n = atol(argv[0]);
	char *p = anonymous((n + 2) * PAGE, MAP_PRIVATE);
	/* Never present: the walk faults there each time. */
	char *frame = anonymous(PAGE, MAP_PRIVATE);

	if (p == MAP_FAILED || frame == MAP_FAILED)
		die("memory");
	lost(p, n, frame + 64);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "places"))
		return places(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "chain"))
		return chain(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "walk"))
		return walk(argv + 2);
	fprintf(stderr, "known places DIR | chain A B C | walk N\n");
	return 2;
}
