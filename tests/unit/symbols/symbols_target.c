// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * symbols_target.c: a program whose functions test_symbols_live.c looks for. It
 * says what is where, "NAME ADDRESS" in lines, then "ready", and ends with its
 * standard input. What it is asked to do is in its arguments.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int pfstat_test_exported(int n);
int pfstat_test_library(int n);

#ifdef LIBRARY
int pfstat_test_library(int n)
{
	volatile int sum = 0;

	while (n--)
		sum += n;
	return sum;
}
#else
static __attribute__((noinline)) int hidden_function(int n)
{
	volatile int sum = n;

	return sum * 3;
}

__attribute__((noinline)) int pfstat_test_exported(int n)
{
	return hidden_function(n) + 1;
}

/* The line of a JIT compiler: one page that can be run. */
static void be_a_compiler(void)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	f = fopen(path, "w");
	if (code == MAP_FAILED || !f)
		exit(3);
	fprintf(f, "%lx 40 compiled_function\n", (unsigned long)code);
	fclose(f);
	printf("compiled_function %p\n", code);
}

static void load_library(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);

	if (!library)
		exit(4);
	printf("pfstat_test_library %p\n", dlsym(library, "pfstat_test_library"));
}

int main(int argc, char **argv)
{
	char c;
	int i;

	setvbuf(stdout, NULL, _IONBF, 0);
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "fork")) {
			/* The child speaks for itself; its parent waits for it. */
			if (fork()) {
				wait(NULL);
				return 0;
			}
			printf("pid 0x%x\n", getpid());
		} else if (!strcmp(argv[i], "jit")) {
			be_a_compiler();
		} else {
			load_library(argv[i]);
		}
	}
	printf("hidden_function %p\n", (void *)hidden_function);
	printf("pfstat_test_exported %p\n", (void *)pfstat_test_exported);
	printf("main %p\n", (void *)main);
	printf("ready 0\n");
	while (read(0, &c, 1) > 0)
		;
	return pfstat_test_exported(argc) & 1;
}
#endif
